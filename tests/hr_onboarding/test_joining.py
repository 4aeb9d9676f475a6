"""A new colleague: one order, and every department prepares its part for the first day."""

from __future__ import annotations

from typing import Any

import pytest

from acm.cases.bundle import parts_of
from acm.cases.models import Case
from tests.hr_onboarding.conftest import Company

FIRST_DAY = "2026-12-01"
OFFICE = ["contract", "account", "laptop", "desk", "pass", "payroll", "mentor", "safety", "course"]


def joiner(company: Company, **answers: Any) -> Case:
    pavel = company.person("pavel")
    known = {"employee": pavel.id, "position": "Analyst", "department": pavel.department_id, "branch": pavel.branch_id,
             "date": FIRST_DAY, "manager": company.person("anna").id, "model": "office"}  # fmt: skip
    return company.order("HR-001", **known | answers)


def keys(order: Case) -> list[str]:
    return [part.key for part in parts_of(order.facts)]


def test_the_order_is_named_after_the_colleague(company: Company) -> None:
    order = joiner(company)

    assert order.title == "New employee onboarding: Pavel Latin"
    assert order.title_in("ru") == "Выход нового сотрудника: Павел Громов"
    assert company.steps(order)["desk"].title_in("en") == "Workplace: Pavel Latin"
    assert company.steps(order)["desk"].title_in("ru") == "Рабочее место: Павел Громов"


def test_nothing_is_opened_before_the_order_is_approved(company: Company) -> None:
    assert company.steps(company.order("HR-001", approved=False, date=FIRST_DAY)) == {}


def test_what_waits_for_nothing_is_opened_in_every_department(company: Company) -> None:
    steps = company.steps(joiner(company))

    assert {key: case.group.key for key, case in steps.items()} == {
        "contract": "hr-ops", "desk": "adm-off", "mentor": "hr-ld", "safety": "hr-hse",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "more", "less"),
    [
        ({"remote": True, "address": "Samara"}, {"vpn"}, {"desk", "pass"}),
        ({"foreign": True}, {"permit"}, set()),
        ({"car": True, "car_reason": "Clients"}, {"car"}, set()),
    ],
    ids=["remote", "foreign citizen", "company car"],
)
def test_some_parts_depend_on_who_comes(company: Company, answers: Any, more: set[str], less: set[str]) -> None:
    assert set(keys(joiner(company, **answers))) == (set(OFFICE) | more) - less


def test_the_contract_of_a_foreign_citizen_waits_for_the_permit(company: Company) -> None:
    order = joiner(company, foreign=True)
    assert "contract" not in company.steps(order)

    company.do(order, "permit")

    assert "contract" in company.steps(order)


def test_the_laptop_is_set_up_when_the_account_is_there(company: Company) -> None:
    order = joiner(company)

    company.do(order, "contract")
    assert "laptop" not in company.steps(order)
    company.do(order, "account")

    assert company.steps(order)["laptop"].fields["model"] == "office"


def test_every_step_is_dated_from_the_first_day(company: Company) -> None:
    order = joiner(company)

    days = {part.key: part.due.date().isoformat() for part in parts_of(order.facts) if part.due}

    assert days["contract"] == "2026-11-25"
    assert days["account"] == "2026-11-27"
    assert days["desk"] == "2026-11-30"
    assert days["safety"] == FIRST_DAY
    assert days["course"] == "2026-12-08"


def test_a_later_first_day_moves_the_steps_and_the_days_they_were_given(company: Company) -> None:
    order = joiner(company)
    company.do(order, "desk")
    company.steps(order)["mentor"].answer("date", "2026-11-20", company.by("vera"))

    order.answer("date", "2026-12-15", company.by("vera"))
    company.follow()

    steps, parts = company.steps(order), {part.key: part for part in parts_of(order.facts)}
    assert steps["contract"].due_at.date().isoformat() == "2026-12-09"
    assert steps["contract"].fields["date"] == "2026-12-09"
    assert steps["safety"].fields["date"] == "2026-12-15"
    assert steps["mentor"].fields["date"] == "2026-11-20", "what was corrected on the step stays"
    assert steps["desk"].fields["date"] == "2026-11-30", "what is done stays"
    assert parts["account"].due.date().isoformat() == "2026-12-11", "what is to come moves too"

    order.answer("date", "2026-12-22", company.by("vera"))
    company.follow()
    assert company.steps(order)["contract"].fields["date"] == "2026-12-16"


def test_a_withdrawn_order_withdraws_its_open_steps(company: Company) -> None:
    order = joiner(company)
    company.do(order, "desk")

    order.enter(order.case_type.state("cancelled"), company.by("maria"))
    company.follow()

    states = {key: step.state for key, step in company.steps(order).items()}
    assert states == {"contract": "cancelled", "desk": "resolved", "mentor": "cancelled", "safety": "cancelled"}


def test_a_company_car_is_approved_by_finance(company: Company) -> None:
    order = joiner(company, car=True, car_reason="Clients")

    company.do(order, "contract")

    assert company.steps(order)["car"].category == "approval"


def test_all_is_ready_when_every_step_is_done(company: Company) -> None:
    order = joiner(company)

    company.do(order, "contract", "account", *(key for key in OFFICE if key not in ("contract", "account")))

    assert order.current.names["en"] == "All is ready"
    assert order.made_sla is True


def test_the_steps_are_not_on_the_portal(company: Company, browse: Any) -> None:
    page = browse("maria").get("/services?department=hr").text

    assert "New employee onboarding" in page
    assert "Account and access" not in page
