"""Court cases: hearings by day, in the case and in a calendar, for those alone who may see the case."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from acm import clock
from acm.journal import Origin
from acm.kernel import lifecycle
from acm.kernel.models import Plugin
from acm.pages.fields import stored
from tests.legal.conftest import module

rules = module("rules")


@pytest.fixture
def lawsuit(itself, session, person, follow):
    """A court case in Lev's hands, with hearings so many days from now."""

    def make(*days, vendor="Vector", owner="lev", **fields):
        case = itself.cases.open(
            "legal.court_case", title="Debt", requester=person("maria"), owner=person(owner),
            fields={"vendor": vendor, "amount": 900_000, "procedure": "arbitration", **fields},
        )  # fmt: skip
        heard = [
            {
                "at": itself.now() + timedelta(days=number),
                "court": "Arbitration Court, Moscow",
                "room": f"room {number}",
            }
            for number in days
        ]
        case.answer("hearings", stored(case.definition.field("hearings"), heard), Origin(person("lev"), clock.now()))
        session.commit()
        follow()
        return case

    return make


def test_a_court_case_is_confidential_from_its_first_moment(lawsuit, browse):
    case = lawsuit(3)

    assert case.confidential
    assert browse("lev").get(f"/cases/{case.number}").status_code == 200
    assert browse("irina").get(f"/cases/{case.number}").status_code == 404


def test_the_list_shows_the_hearings_to_come_by_day(lawsuit, browse):
    lawsuit(20, 3, -5)

    page = browse("lev").get("/p/legal/hearings").text
    earlier = browse("lev").get("/p/legal/hearings?when=past").text

    assert page.index("room 3") < page.index("room 20")
    assert "room -5" not in page
    assert "room -5" in earlier
    assert "room 20" not in earlier


def test_nobody_finds_the_hearings_of_a_case_they_may_not_see(lawsuit, browse):
    lawsuit(3)

    assert "Vector" in browse("lev").get("/p/legal/hearings").text
    assert "Vector" not in browse("irina").get("/p/legal/hearings").text


def test_the_side_of_the_case_names_the_next_hearing_and_the_terms_that_run(lawsuit, browse, itself):
    decided = itself.now().date() - timedelta(days=2)
    case = lawsuit(7, 14, instances=[{"level": "first", "court": "A", "decided": decided}])

    side = browse("lev").get(f"/cases/{case.number}").text.partition('<aside class="aside"')[2]

    assert "Next hearing" in side
    assert "room 7" in side
    assert "room 14" not in side
    assert "Appeal (art. 259 (1) APC)" in side


def feed(browser) -> str:
    return re.search(r'href="[^"]*(/feeds/legal/hearings/[^"]+)"', browser.get("/p/legal/hearings").text)[1]


def test_a_calendar_needs_no_sign_in_and_shows_its_persons_hearings_alone(lawsuit, browse):
    case = lawsuit(3, 9)
    lawsuit(5, vendor="Secret", owner="irina")

    answer = browse().get(feed(browse("lev")))

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/calendar")
    assert answer.text.count("BEGIN:VEVENT") == 2
    assert f"UID:{case.number}-1@" in answer.text
    assert f"UID:{case.number}-2@" in answer.text
    assert "Secret" not in answer.text
    assert "Secret" in browse().get(feed(browse("irina"))).text


def test_whoever_loses_the_case_loses_its_hearings(lawsuit, browse, person, session):
    case = lawsuit(3)
    address = feed(browse("lev"))
    case.change("owner", person("irina").id, Origin(None, clock.now()))
    session.commit()

    assert "Vector" not in browse().get(address).text


def test_a_made_up_calendar_address_opens_nothing(legal, browse):
    address = feed(browse("lev"))

    assert browse().get(address[:-2]).status_code == 404


def test_hearings_taken_away_leave_the_list(lawsuit, browse, follow, person, session):
    case = lawsuit(3)
    case.answer("hearings", None, Origin(person("lev"), clock.now()))
    session.commit()
    follow()

    assert case.fields.get("last_hearing") is None
    assert "Vector" not in browse("lev").get("/p/legal/hearings").text


def test_the_course_of_a_case_is_told_in_tables_to_those_who_work_it(lawsuit, browse, itself):
    decided = itself.now().date() - timedelta(days=2)
    case = lawsuit(
        -5, 7, instances=[{"level": "first", "court": "Court A", "case_no": "A40-1/2026", "decided": decided}],
        events=[{"what": "order", "on": decided}, {"what": "summary", "on": decided}],
    )  # fmt: skip
    page = browse("lev").get(f"/p/legal/court/{case.number}").text

    assert page.count("data-row") == 2
    assert "not written down" in page, "what a past hearing decided is missing"
    assert "A40-1/2026" in page
    assert "art. 259 (1) APC" in page
    assert browse("irina").get(f"/p/legal/court/{case.number}").status_code == 404


@pytest.mark.parametrize(
    ("on", "relied"), [("", False), ("2026-01-01", False), ("2026-13-40", False), ("2099-01-01", True)]
)
def test_nobody_relies_on_terms_that_no_lawyer_confirmed(lawsuit, browse, legal, session, itself, on, relied):
    decided = itself.now().date() - timedelta(days=2)
    case = lawsuit(7, instances=[{"level": "first", "court": "A", "decided": decided}])
    with legal.db.writing(legal.snapshot) as writing:
        given = {"terms_confirmed_by": "Lev Belov", "terms_confirmed_on": on}
        seen = writing.scalars(select(Plugin.generation).where(Plugin.slug == "legal")).one()
        lifecycle.configure(writing, "legal", given, Origin(None, clock.now()), generation=seen)
    lifecycle.publish(legal)
    lev = browse("lev")

    told = "No lawyer has confirmed the table"
    assert (told not in lev.get("/p/legal/terms").text) is relied
    assert (told not in lev.get(f"/p/legal/court/{case.number}").text) is relied
    assert ("Terms not confirmed" not in lev.get(f"/cases/{case.number}").text) is relied


def heard(case, days):
    """When the hearing in that room is."""
    return next(datetime.fromisoformat(h["at"]) for h in case.fields["hearings"] if h["room"] == f"room {days}")


def test_a_case_is_due_at_its_next_hearing_or_the_last_day_of_a_term(lawsuit, itself, follow):
    case = lawsuit(-3, 60)
    assert case.due_at == heard(case, 60)

    decided = itself.now().date() - timedelta(days=2)
    course = [{"level": "first", "court": "A", "decided": decided}]
    itself.cases.change(case, fields={"instances": course})
    follow()

    assert case.due_at < heard(case, 60), "a month to appeal ends before the hearing"


def test_at_night_a_case_whose_hearing_has_passed_is_promised_for_the_next(lawsuit, itself):
    case = lawsuit(2, 30)
    first, second = heard(case, 2), heard(case, 30)
    assert case.due_at == first

    with time_machine.travel(first + timedelta(hours=8), tick=False):
        rules.look_ahead(itself)
        assert case.due_at == second
    with time_machine.travel(second + timedelta(hours=8), tick=False):
        rules.look_ahead(itself)
        assert case.due_at is None, "nothing is ahead: it is late for nothing"
