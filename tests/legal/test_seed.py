"""What Legal brings into the demo company: matters of now, and what its rules would have given to those before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from acm import clock
from acm.journal import Origin
from tests.legal.conftest import day


@pytest.fixture
def planted(legal, itself, session, person):
    """A company with the people that the demo knows, two contracts registered before, and the seed of the plugin."""
    for login, name in (("lev", "lawyer"), ("maria", "employee"), ("anna", "approver"), ("irina", "head")):
        person(login).login = name
    session.flush()
    now = itself.now()
    for weeks, title in ((3, "Second"), (5, "First")):
        old = itself.cases.open("legal.contract", title=title, requester=person("employee"))
        for state in ("in_progress", "agreed", "signed", "registered"):
            old.enter(old.case_type.state(state), Origin(None, now - timedelta(weeks=weeks), source="import:demo"))
    session.commit()
    with legal.db.writing(legal.snapshot) as writing:
        (given,) = [c for c in legal.snapshot.each("seed") if c.plugin == "legal"]
        given.value(writing, clock.now(), 7)
    session.expire_all()
    return itself


def test_numbers_of_the_register_follow_the_order_of_registration(planted):
    numbered = planted.cases.list("legal.contract", {"state": "registered"}, limit=100).items
    by_year: dict[str, list[tuple[str, int]]] = {}
    for case in numbered:
        number, _, year = case.fields["reg_number"].partition("/")
        by_year.setdefault(year, []).append((case.fields["registered_on"], int(number)))

    assert {case.title for case in numbered} >= {"First", "Second", "Поставка серверов"}
    for given in by_year.values():
        assert sorted(number for _day, number in given) == list(range(1, len(given) + 1))


def test_the_hearings_to_come_and_the_terms_that_run_are_seen_by_the_lawyer(planted, browse):
    page = browse("lawyer").get("/p/legal/hearings").text

    assert "ООО «Сигма Плюс»" in page
    assert page.count("data-row") == 3


def test_powers_are_in_force_and_one_ends_soon(planted):
    powers = planted.cases.list("legal.power", limit=100).items

    assert {case.state for case in powers} == {"issued"}
    soon = [p for p in powers if day(p.fields["date_to"]) <= planted.today() + timedelta(days=30)]
    assert len(soon) >= 1


def test_the_panel_of_the_head_shows_sums_in_dispute_and_what_ends_soon(planted, browse, department, person, session):
    department("legal").head_id = person("head").id
    session.commit()

    page = browse("head").get("/kpi/legal").text

    for words in ("Contracts in time", "In dispute: court", "Contracts by counterparty", "Contracts ending soon"):
        assert words in page, words


def test_nothing_of_it_tells_anybody(planted, session, follow):
    follow()

    assert planted.cases.count("legal.claim", {"respond_by !=": None}) == 1
