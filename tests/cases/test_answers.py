"""Correcting the answers of a case: the form it was filed with, by the rules of filing."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import select

from acm import clock
from acm.catalog.filing import Filing, file_request
from acm.catalog.publishing import publish
from acm.journal import Event, Origin
from acm.pages.models import File
from acm.pages.visibility import inside
from tests.catalog.conftest import define, question

FORM = [
    question("city", required=True),
    question("hotel", "yes_no"),
    question("wishes", required=True, shown_when="hotel"),
    question("guide", "person"),
    question("leaves", "datetime"),
    question("ticket", "file"),
    question("stops", "group", fields=[question("town", required=True), question("map", "file")]),
    question("cost", "number", internal=True),
]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def filed(session, person, runtime):
    """``filed({"city": "Perm"})`` is Maria's request to Networks with these answers."""

    def file(values, form=FORM):
        service = publish(session, define(form=form), Origin(None, clock.now()))
        maria = person("maria")
        case = file_request(
            session, Filing(service, values, maria, maria, "en"), Origin(maria, clock.now()), runtime.snapshot, "UTC"
        )
        session.commit()
        return case

    return file


def opened(browser, case):
    """The form of a case and what it hides: what the page showed and asked."""
    html = browser.get(f"/cases/{case.number}/answers").text
    hidden = {
        name: unescape(value) for name, value in re.findall(r'type="hidden" name="(seen|asked)" value="([^"]*)"', html)
    }
    return html, hidden


def changes(session, case):
    statement = select(Event).where(Event.page_id == case.id, Event.kind == "field.changed").order_by(Event.id)
    return [(e.data["field"], e.data["from"], e.data["to"], e.audience) for e in session.scalars(inside(statement))]


def test_an_answer_is_corrected_and_the_journal_keeps_both(browse, filed, session, person):
    case = filed({"city": "Perm", "guide": person("lev").id, "leaves": "2026-03-02T06:30:00Z"})
    oleg = browse("oleg")
    assert f'href="/cases/{case.number}/answers"' in oleg.get(f"/cases/{case.number}").text

    html, hidden = opened(oleg, case)
    guide = unescape(re.search(r'name="guide" value="([^"]*)"', html)[1])
    sent = {"city": "Kazan", "guide": guide, "leaves": "2.3.2026", "leaves_time": "9:30", "cost": "12"}
    saved = oleg.submit(f"/cases/{case.number}/answers", {**hidden, **sent})
    session.refresh(case)

    assert 'value="Perm"' in html
    assert saved.headers["location"] == f"/cases/{case.number}"
    assert case.fields["city"] == "Kazan"
    assert case.fields["leaves"] == "2026-03-02T06:30:00Z"
    assert changes(session, case) == [("city", "Perm", "Kazan", "all"), ("cost", None, 12, "internal")]
    told = oleg.get(f"/cases/{case.number}/history").text
    assert "City" in told
    assert "from “Perm” to “Kazan”" in told


def test_the_rules_of_filing_hold(browse, filed, session):
    case = filed({"city": "Perm"})
    oleg = browse("oleg")
    _html, hidden = opened(oleg, case)

    refused = oleg.submit(
        f"/cases/{case.number}/answers", {**hidden, "city": " ", "leaves": "never", "leaves_time": ""}
    )
    asked = oleg.submit(f"/cases/{case.number}/answers", {**hidden, "city": "Kazan", "hotel": "yes"})
    session.refresh(case)

    assert refused.status_code == 422
    assert re.findall(r'<li><a href="#([\w-]+)"', refused.text) == ["city", "leaves"]
    assert 'value="never"' in refused.text
    assert asked.status_code == 200
    assert 'name="wishes"' in asked.text
    assert case.fields == {"city": "Perm"}


def test_a_change_of_conditions_draws_the_form_alone(browse, filed):
    case = filed({"city": "Perm", "hotel": True, "wishes": "a view"})
    oleg = browse("oleg")
    _html, hidden = opened(oleg, case)

    drawn = oleg.submit(f"/cases/{case.number}/answers", {**hidden, "hotel": "no", "refresh": "1"}, headers=HTMX).text

    assert drawn.lstrip().startswith("<form")
    assert 'name="wishes"' not in drawn


def test_the_second_of_two_sees_both_texts(browse, filed, session):
    case = filed({"city": "Perm"})
    oleg, irina = browse("oleg"), browse("irina")
    _html, first = opened(oleg, case)
    _html, second = opened(irina, case)

    oleg.submit(f"/cases/{case.number}/answers", {**first, "city": "Kazan"})
    stale = irina.submit(f"/cases/{case.number}/answers", {**second, "city": "Sochi"})
    session.refresh(case)

    assert stale.status_code == 409
    assert "Kazan" in stale.text
    assert "Sochi" in stale.text
    assert case.fields["city"] == "Kazan"


def test_another_change_meanwhile_is_no_conflict(browse, filed, session):
    case = filed({"city": "Perm"})
    _html, hidden = opened(browse("irina"), case)
    browse("oleg").submit(f"/cases/{case.number}/assignment", {"owner": "me"})

    saved = browse("irina").submit(f"/cases/{case.number}/answers", {**hidden, "city": "Sochi"})

    assert saved.status_code == 303


def test_only_those_who_work_it_correct(browse, filed):
    case = filed({"city": "Perm"})

    assert browse("maria").get(f"/cases/{case.number}/answers").status_code == 403
    assert browse("maria").submit(f"/cases/{case.number}/answers", {"city": "x"}).status_code == 403
    assert browse("lev").get(f"/cases/{case.number}/answers").status_code == 404


def test_files_come_with_a_fault_and_stay(browse, filed, session):
    case = filed({"city": "Perm", "stops": [{"town": "Ufa"}]})
    oleg = browse("oleg")
    _html, hidden = opened(oleg, case)
    files = {"ticket": ("ticket.txt", b"a seat", "text/plain"), "stops[0].map": ("map.txt", b"roads", "text/plain")}

    faulty = oleg.submit(
        f"/cases/{case.number}/answers", {**hidden, "city": "", "stops[0].town": "Ufa", "stops_rows": "1"}, files=files
    )
    kept = re.findall(r'name="stops\[0\]\.map" value="(\d+)"', faulty.text)
    again = {**hidden, "city": "Kazan", "stops[0].town": "Ufa", "stops[0].map": kept, "stops_rows": "1"}
    saved = oleg.submit(f"/cases/{case.number}/answers", again)
    session.refresh(case)

    assert faulty.status_code == 422
    assert "ticket.txt" in faulty.text
    assert saved.status_code == 303
    names = dict(session.execute(inside(select(File.id, File.name).where(File.page_id == case.id))).all())
    assert [names[i] for i in case.fields["ticket"]] == ["ticket.txt"]
    assert [names[i] for i in case.fields["stops"][0]["map"]] == ["map.txt"]

    _html, hidden = opened(oleg, case)
    gone = oleg.submit(f"/cases/{case.number}/answers", {**hidden, **again, "remove": kept[0]})
    assert gone.status_code == 200
    assert "map.txt" not in gone.text


def test_an_answer_for_own_people_is_told_to_them_alone(browse, filed):
    case = filed({"city": "Perm"})
    _html, hidden = opened(browse("oleg"), case)
    browse("oleg").submit(f"/cases/{case.number}/answers", {**hidden, "city": "Perm", "cost": "731"})

    events = f"/api/v1/pages/{case.number}/events"
    assert "731" in browse("oleg").get(events).text
    assert "731" not in browse("maria").get(events).text


def test_a_program_corrects_by_the_same_rules(browse, filed, session):
    case = filed({"city": "Perm", "hotel": True, "wishes": "a view"})
    oleg, path = browse("oleg"), f"/api/v1/cases/{case.number}"
    version = {"If-Match": oleg.get(path).headers["etag"]}

    refused = oleg.patch(path, json={"fields": {"city": None}}, headers=version)
    unknown = oleg.patch(path, json={"fields": {"planet": "Mars"}}, headers=version)
    changed = oleg.patch(path, json={"fields": {"hotel": False}}, headers=version)

    assert refused.json()["errors"] == {"city": ["Write an answer"]}
    assert unknown.status_code == 422
    assert changed.json()["fields"] == {"city": "Perm", "hotel": False}
    assert oleg.patch(path, json={"fields": {"city": "Ufa"}}, headers=version).status_code == 412
