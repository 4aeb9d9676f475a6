"""An order of the company waits for a part that this plugin serves, while the plugin is away."""

from __future__ import annotations

import time_machine

from acm import clock
from acm.cases.bundle import parts_of
from acm.cases.models import Case
from acm.catalog.publishing import publish
from acm.journal import Origin
from acm.kernel import lifecycle
from tests.cast import MONDAY
from tests.catalog.bundles import joiner, part
from tests.hr_onboarding.conftest import Company

BRIEFING = part("briefing", "ON-007", answers={"employee": "requester.id", "date": "date"})


def switch(company: Company, verb: str) -> None:
    company.session.commit()
    with company.runtime.db.writing(company.runtime.snapshot) as db:
        getattr(lifecycle, verb)(db, company.runtime, "hr_onboarding", Origin(None, clock.now()))
    lifecycle.publish(company.runtime)
    company.session.info["snapshot"] = company.runtime.snapshot


def state(order: Case) -> str:
    return parts_of(order.facts)[0].state


def test_the_part_is_opened_when_the_plugin_returns(company: Company) -> None:
    publish(company.session, joiner(id="AA-001", bundle=[BRIEFING]), Origin(None, MONDAY))
    company.session.commit()

    switch(company, "disable")
    order = company.order("AA-001", name="Lena", date="2026-12-01")
    assert state(order) == "away"

    switch(company, "enable")
    for minute in (3, 4):
        with time_machine.travel(MONDAY.replace(minute=minute), tick=False):
            company.follow()

    assert state(order) == "open"
    assert company.steps(order)["briefing"].fields["employee"] == order.requester_id


def test_an_order_of_the_plugin_can_be_read_while_it_is_away(company: Company, browse: object) -> None:
    pavel, anna = company.person("pavel"), company.person("anna")
    order = company.order("HR-001", employee=pavel.id, position="Analyst", date="2026-12-01", manager=anna.id)

    switch(company, "disable")
    page = browse("maria").get(f"/requests/{order.number}")  # type: ignore[operator]

    assert page.status_code == 200
    assert "Workplace" in page.text
