"""Claims: the day of the answer by the law or the contract, in calendar or working days; it follows what is corrected."""

from __future__ import annotations

import pytest

from acm import clock
from acm.journal import Origin
from tests.legal.conftest import day, module

rules = module("rules")


@pytest.mark.parametrize(
    ("fields", "by"),
    [
        ({"claimant": "business"}, "2026-12-10"),
        ({}, "2026-12-10"),
        ({"claimant": "consumer"}, "2026-11-20"),
        ({"term_days": 10}, "2026-11-20"),
        ({"term_days": 12}, "2026-11-23"),  # 22 November is a Sunday
        ({"term_days": 10, "term_kind": "working"}, "2026-11-24"),
    ],
)
def test_the_day_of_the_answer(fields, by):
    assert rules.answer_by({"date": "2026-11-10", **fields}) == day(by)


def test_without_a_day_there_is_no_term():
    assert rules.answer_by({"claimant": "business"}) is None


@pytest.fixture
def claim(itself, session, person, group):
    def make(**fields):
        case = itself.cases.open(
            "legal.claim", title="Defects", requester=person("maria"), owner=person("lev"), group=group("legal"),
            fields={"vendor": "Vector", "date": "2026-11-10", **fields},
        )  # fmt: skip
        session.commit()
        return case

    return make


def test_a_claim_is_promised_by_the_end_of_that_day(claim, follow, session):
    case = claim(claimant="consumer")
    follow()

    session.refresh(case)
    assert case.fields["respond_by"] == "2026-11-20"
    assert case.due_at.astimezone(clock.now().tzinfo).isoformat() == "2026-11-20T15:00:00+00:00"  # 18:00 in Moscow


def test_a_corrected_term_moves_the_promise(claim, follow, session, person):
    case = claim()
    follow()
    for key, value in (("term_days", 10), ("term_kind", "working")):
        case.answer(key, value, Origin(person("lev"), clock.now()))
    session.commit()
    follow()

    session.refresh(case)
    assert (case.fields["respond_by"], case.due_at.date().isoformat()) == ("2026-11-24", "2026-11-24")


def test_an_answered_claim_keeps_its_verdict(claim, follow, session, person):
    case = claim(date="2020-01-10")
    follow()
    session.refresh(case)
    for state in ("in_progress", "answered"):
        case.move(state, Origin(person("lev"), clock.now()))
    case.answer("date", "2026-11-10", Origin(person("lev"), clock.now()))
    session.commit()
    follow()

    session.refresh(case)
    assert (case.made_sla, case.fields["respond_by"]) == (False, "2020-02-10")


def test_the_side_of_the_case_says_it(claim, follow, browse):
    case = claim(claimant="consumer")
    follow()

    page = browse("lev").get(f"/cases/{case.number}").text

    assert "Term of the answer" in page
    assert "20\u00a0November" in page


def test_working_days_follow_the_production_calendar():
    """Three working days from 28 December pass over the long holidays of January."""
    assert rules.answer_by({"date": "2026-12-28", "term_days": 5, "term_kind": "working"}) > day("2027-01-09")
