"""The registry of powers of attorney: issue, list, end, and reminders before an end; reminders of all sorts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from acm import clock
from acm.journal import Event, Origin
from acm.pages.visibility import unrestricted
from tests.legal.conftest import module

reminders, rules = module("reminders"), module("rules")


@pytest.fixture
def power(itself, session, person, group):
    """A power of attorney of Oleg's in Lev's hands; ``days`` from today to its last day."""

    def make(days=90, *, holder="oleg", issued=True, **fields):
        today = itself.today()
        known = {"powers": ["contracts"], "date_from": today - timedelta(days=200), **fields}
        case = itself.cases.open(
            "legal.power", title=f"Power for {holder}", requester=person("maria"), owner=person("lev"),
            group=group("legal"),
            fields={"employee": person(holder), "date_to": today + timedelta(days=days), **known},
        )  # fmt: skip
        for state in ("in_progress", "issued") if issued else ():
            case.move(state, Origin(person("lev"), clock.now()))
        session.commit()
        return case

    return make


def test_the_registry_shows_what_is_in_force_the_next_to_end_first(power, browse):
    late, early, draft = power(300), power(60), power(30, issued=False)

    page = browse("lev").get("/p/legal/powers").text

    assert page.index(early.number) < page.index(late.number)
    assert draft.number not in page
    assert draft.number in browse("lev").get("/p/legal/powers?view=all").text


def test_the_registry_narrows_by_power_end_and_title(power, browse):
    signs, goes = power(20), power(200, holder="vera", powers=["court"])
    lev = browse("lev")

    def shown(query):
        page = lev.get(f"/p/legal/powers?{query}").text
        return {number for number in (signs.number, goes.number) if f"/cases/{number}" in page}

    assert shown("view=soon") == {signs.number}
    assert shown("power=court") == {goes.number}
    assert shown("q=vera") == {goes.number}
    assert shown("view=ended") == set()


def test_others_see_no_powers_but_the_one_they_hold(power, browse, follow):
    mine, other = power(), power(holder="vera")
    follow()

    page = browse("oleg").get("/p/legal/powers").text

    assert mine.number in page
    assert other.number not in page
    assert browse("pavel").get(f"/cases/{mine.number}").status_code == 404


def test_a_power_closes_by_itself_after_its_last_day(power, itself, session):
    today, over = power(0), power(-1)

    rules.expire(itself)

    session.refresh(today)
    assert (today.state, over.state) == ("issued", "closed")


def test_a_revoked_power_bears_its_day(power, follow, session, person, itself):
    case = power()
    case.move("revoked", Origin(person("lev"), clock.now()), comment="He left")
    follow()

    assert case.fields["revoked_on"] == itself.today().isoformat()


@pytest.fixture
def reminded(itself, session):
    """Who is told what by today's reminders: pairs of login and kind."""

    def run():
        reminders.remind(itself)
        session.commit()
        told = session.scalars(
            unrestricted(select(Event).where(Event.kind == "person.told").order_by(Event.id), "test")
        ).all()
        names = {person.id: person.login for person in itself.people.by_ids(e.data["person"] for e in told)
                 .values()}  # fmt: skip
        return [(names[e.data["person"]], e.data["kind"], e.data["said"]["en"]) for e in told]

    return run


@pytest.mark.parametrize("days", [30, 3])
def test_the_lawyer_and_the_holder_are_told_before_a_power_ends(power, reminded, days):
    case = power(days)

    told = reminded()

    assert [(who, kind) for who, kind, _said in told] == [("lev", "legal.power_ends"), ("oleg", "legal.power_ends")]
    assert case.number in told[0][2]


@pytest.mark.parametrize("days", [31, 29, 0])
def test_on_other_days_nobody_is_told(power, reminded, days):
    power(days)

    assert reminded() == []


def test_a_power_that_is_not_in_force_reminds_nobody(power, reminded):
    power(30, issued=False)

    assert reminded() == []


def test_hearings_and_terms_of_tomorrow_are_told_to_the_lawyer(itself, session, person, reminded):
    tomorrow = itself.now() + timedelta(days=1)
    decided = itself.today() - timedelta(days=400)
    itself.cases.open(
        "legal.court_case", title="Debt", owner=person("lev"), requester=person("maria"),
        fields={
            "procedure": "arbitration", "instances": [{"level": "first", "court": "A", "decided": decided}],
            "hearings": [{"at": tomorrow, "court": "Court", "room": "room 5"}],
        },
    )  # fmt: skip

    told = reminded()

    assert [(who, kind) for who, kind, _said in told] == [("lev", "legal.hearing")]
    assert "Court, room 5" in told[0][2]
