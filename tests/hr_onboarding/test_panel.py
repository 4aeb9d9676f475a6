"""The head of HR sees how joining goes, and which group keeps the others waiting."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import time_machine

from tests.cast import MONDAY
from tests.hr_onboarding.conftest import Company


def test_late_steps_are_counted_by_department_and_each_figure_opens_its_steps(company: Company, browse: Any) -> None:
    pavel, anna = company.person("pavel"), company.person("anna")
    order = company.order(
        "HR-001", employee=pavel.id, position="Analyst", department=pavel.department_id, branch=pavel.branch_id,
        date="2026-12-01", manager=anna.id, model="office",
    )  # fmt: skip
    company.do(order, "desk")

    with time_machine.travel(MONDAY + timedelta(days=14), tick=False):
        head = browse("anna")
        page = head.get("/kpi/hr_onboarding").text
        told = page[page.index("Late steps by department") :]
        figures = re.findall(r'href="(/p/hr_onboarding/steps[^"]*)" data-count="(\d+)"', told)
        opened = {address: head.get(address.replace("&amp;", "&")).text for address, _count in figures}

    assert "IT" in told
    assert {a: int(n) for a, n in figures} == {a: text.count("data-row") for a, text in opened.items()}
    late = opened["/p/hr_onboarding/steps?department=hr&amp;late=true"]
    assert "Contract and order" in late
    assert "Account" not in late, "what waits for the contract is not late itself"


def test_others_find_no_steps(company: Company, browse: Any) -> None:
    pavel, anna = company.person("pavel"), company.person("anna")
    company.order(
        "HR-001", employee=pavel.id, position="Analyst", department=pavel.department_id, branch=pavel.branch_id,
        date="2026-12-01", manager=anna.id, model="office",
    )  # fmt: skip

    assert "data-row" not in browse("lev").get("/p/hr_onboarding/steps?department=hr").text


def test_its_panels_and_queues_answer(company: Company, browse: Any) -> None:
    for login, path in (
        ("anna", "/kpi/hr_onboarding"), ("anna", "/kpi/hr_leave"), ("vera", "/queues/hr-joining"),
        ("vera", "/queues/hr-steps"), ("vera", "/queues/hr-steps-late"), ("vera", "/queues/hr-leave"),
    ):  # fmt: skip
        assert browse(login).get(path).status_code == 200, path
