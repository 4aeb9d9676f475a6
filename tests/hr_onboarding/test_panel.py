"""The head of HR sees how joining goes, and which group keeps the others waiting."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import time_machine

from tests.cast import MONDAY
from tests.hr_onboarding.conftest import Company


def test_late_steps_are_counted_by_the_group_that_does_them(company: Company, browse: Any) -> None:
    pavel, anna = company.person("pavel"), company.person("anna")
    order = company.order(
        "HR-001", employee=pavel.id, position="Analyst", department=pavel.department_id, branch=pavel.branch_id,
        date="2026-12-01", manager=anna.id, model="office",
    )  # fmt: skip
    company.do(order, "desk")

    with time_machine.travel(MONDAY + timedelta(days=14), tick=False):
        page = browse("anna").get("/kpi/hr_onboarding").text

    told = " ".join(re.sub(r"<[^>]+>", " ", page[page.index("Late steps by group") :]).split())
    assert "HR operations 1 1 100" in told
    assert "adm-off 1 0 0" in told


def test_its_panels_and_queues_answer(company: Company, browse: Any) -> None:
    for login, path in (
        ("anna", "/kpi/hr_onboarding"), ("anna", "/kpi/hr_leave"), ("vera", "/queues/hr-joining"),
        ("vera", "/queues/hr-steps"), ("vera", "/queues/hr-steps-late"), ("vera", "/queues/hr-leave"),
    ):  # fmt: skip
        assert browse(login).get(path).status_code == 200, path
