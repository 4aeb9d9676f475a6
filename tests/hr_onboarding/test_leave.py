"""Leave: its days without public holidays, somebody who stands in, and the manager's word."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from acm.cases.models import Case
from acm.cases.vetoes import Refused
from tests.hr_onboarding.conftest import Company

DATES = {"leave_type": "annual", "date_from": "2026-12-28", "date_to": "2027-01-10"}


def leave(company: Company, **answers: Any) -> Case:
    return company.order("HR-004", approved=False, **DATES | {"substitute": company.person("vera").id} | answers)


def test_the_days_are_counted_without_public_holidays(company: Company) -> None:
    case = leave(company)

    assert case.fields["days"] == 14 - 8


def test_the_days_are_counted_again_when_the_dates_are_corrected(company: Company) -> None:
    case = leave(company)

    case.answer("date_to", "2026-12-31", company.by("vera"))
    company.follow()

    assert case.fields["days"] == 4


def test_the_manager_approves(company: Company) -> None:
    case = leave(company)

    (step,) = case.approvals()
    assert (case.category, step.approver_id) == ("approval", company.person("anna").id)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"date_to": "2026-12-20"}, "ends before it begins"),
        ({"date_to": "2036-12-20"}, "more than three years"),
    ],
)
def test_leave_that_cannot_be_is_refused_with_a_reason(company: Company, answers: Any, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        leave(company, **answers)


def test_nobody_stands_in_for_oneself(company: Company) -> None:
    with pytest.raises(Refused, match="Somebody else has to stand in"):
        leave(company, substitute=company.person("maria").id)


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        (date(2026, 7, 1), date(2026, 7, 14), 14),
        (date(2026, 6, 10), date(2026, 6, 14), 4),
        (date(2027, 1, 1), date(2027, 1, 8), 0),
    ],
)
def test_public_holidays_are_no_part_of_leave(company: Company, first: date, last: date, days: int) -> None:
    case = leave(company, date_from=first.isoformat(), date_to=last.isoformat())

    assert case.fields["days"] == days
