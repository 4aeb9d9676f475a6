"""A disabled plugin: nothing of its cases is lost, and nothing of the core breaks over them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from acm import clock
from acm.catalog.filing import Filing, file_request, find_service
from acm.journal import Origin
from acm.kernel import lifecycle


@pytest.fixture
def file_vpn(itsm, session, person, grants):
    """Maria's request "VPN does not connect", in Oleg's hands."""
    session.info["snapshot"] = itsm.snapshot

    def file():
        maria = person("maria")
        service = find_service(session, grants("maria"), "it-004")
        filing = Filing(service, {"since": "2026-11-16T07:00:00Z", "error_text": "code 809"}, maria, maria, "en")
        case = file_request(session, filing, Origin(maria, clock.now()), itsm.snapshot, "Europe/Moscow")
        case.assign(Origin(person("oleg"), clock.now()), owner=person("oleg"))
        session.commit()
        return case

    return file


@pytest.fixture
def away(itsm):
    def switch_off():
        with itsm.db.writing(itsm.snapshot) as session:
            lifecycle.disable(session, itsm, "itsm", Origin(None, clock.now()))
        lifecycle.publish(itsm)

    return switch_off


def test_every_page_over_its_cases_still_opens(file_vpn, away, browse):
    number = file_vpn().number
    away()
    oleg, maria, irina = browse("oleg"), browse("maria"), browse("irina")

    agent = ["", "/files", "/links", "/history"]
    pages = {f"/cases/{number}{tab}": oleg for tab in agent}
    pages |= dict.fromkeys(("/my", "/cases", "/queues", "/queues/it-net", "/search?q=vpn", "/services/it-004"), oleg)
    pages |= {f"/requests/{number}": maria, "/requests": maria, "/": maria, "/services/it-004/new": maria}
    pages |= {"/kpi": irina, f"/api/v1/cases/{number}": oleg, "/api/v1/cases": oleg, "/api/v1/types": oleg}
    answers = {path: browser.get(path, follow_redirects=True).status_code for path, browser in pages.items()}

    assert {path: status for path, status in answers.items() if status != 200} == {}


def test_its_cases_are_talked_about_and_not_changed(file_vpn, away, browse):
    number = file_vpn().number
    away()
    oleg, maria = browse("oleg"), browse("maria")

    assert maria.submit(f"/requests/{number}/comments", {"text": "any news?"}).status_code == 303
    assert oleg.submit(f"/cases/{number}/comments", {"text": "soon", "to": "all"}).status_code == 303
    assert oleg.submit(f"/cases/{number}/watchers", {"watch": "yes"}).status_code == 303
    attached = oleg.submit(f"/cases/{number}/files", files={"file": ("log.txt", b"a line", "text/plain")})
    assert attached.status_code == 303
    page = oleg.get(f"/cases/{number}").text
    assert "any news?" in page
    assert "can be read and commented" in page

    refused = [
        oleg.submit(f"/cases/{number}/state", {"state": "in_progress"}),
        oleg.submit(f"/cases/{number}/properties", {"name": "priority", "value": "1"}),
        oleg.submit(f"/cases/{number}/assignment", {"group": "", "owner": ""}),
        oleg.submit(f"/cases/{number}/text", {"title": "Other", "body": ""}),
        maria.submit(f"/requests/{number}/cancellation", {"reason": "no more"}),
    ]
    assert [answer.status_code for answer in refused] == [503] * 5
    assert "Not available now" in refused[0].text


def test_its_services_say_so_and_keep_the_answers(file_vpn, away, browse):
    away()
    maria = browse("maria")

    form = maria.get("/services/it-004/new")

    assert form.status_code == 200
    assert "not available now" in maria.get("/services/it-004").text.lower()


def test_what_is_solved_closes_by_itself_after_the_days_that_were_set(file_vpn, itsm, session, person):
    case = file_vpn()
    long_ago = clock.now() - timedelta(days=15)
    for state in ("in_progress", "resolved"):
        case.move(state, Origin(person("oleg"), long_ago))
    session.commit()
    _every, close_resolved = itsm.snapshot.find("schedule", "itsm.close_resolved")

    with itsm.db.writing(itsm.snapshot) as job:
        close_resolved(job)

    session.expire_all()
    assert case.state == "closed"
