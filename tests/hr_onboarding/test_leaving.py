"""A leaver: equipment comes back, accounts are closed, the settlement is paid, and nobody else hears of it."""

from __future__ import annotations

from typing import Any

import pytest

from acm.cases.bundle import parts_of
from acm.cases.models import Case
from tests.hr_onboarding.conftest import Company


def leaver(company: Company, ground: str = "own_wish") -> Case:
    manager = company.person("anna").id
    answers = {"employee": company.person("pavel").id, "date": "2026-12-01", "reason_kind": ground, "manager": manager}
    return company.order("HR-002", **answers)


def test_the_order_and_its_steps_are_confidential_and_name_nobody_in_lists(company: Company) -> None:
    order = leaver(company)

    assert order.confidential
    assert order.title == "Employee offboarding"
    assert all(step.confidential for step in company.steps(order).values())


@pytest.mark.parametrize(("ground", "asked"), [("own_wish", True), ("redundancy", False)])
def test_only_who_leaves_by_own_wish_is_asked_why(company: Company, ground: str, asked: bool) -> None:
    assert ("interview" in [part.key for part in parts_of(leaver(company, ground).facts)]) is asked


def test_accounts_are_closed_and_the_settlement_is_paid_when_the_equipment_is_back(company: Company) -> None:
    order = leaver(company)
    assert {"accounts", "settlement"}.isdisjoint(company.steps(order))

    company.do(order, "equipment")
    assert "accounts" in company.steps(order)
    company.do(order, "order", "advances")

    assert "settlement" in company.steps(order)


def test_a_lawyer_sees_nothing_of_it(company: Company, browse: Any) -> None:
    order = leaver(company)

    assert browse("lev").get(f"/requests/{order.number}").status_code == 404
