"""What is seen of an order and its parts: one progress, who holds what, who is held up; and what is not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy.orm import Session

from acm.cases.models import Case
from acm.db import Database
from acm.pages.types import StateCategory
from acm.people.models import Person
from acm.web.runtime import Runtime
from tests.cast import MONDAY
from tests.catalog.test_bundles import World
from tests.statements import listening

LATER = MONDAY + timedelta(days=14)
Browse = Callable[..., Any]


@pytest.fixture
def world(session: Session, runtime: Runtime, person: Callable[[str], Person]) -> Iterator[World]:
    with time_machine.travel(MONDAY, tick=False):
        yield World(session, runtime, person)


def told(page: str) -> str:
    """The words of the parts' section."""
    section = re.search(r'<section class="stack bundle".*?</section>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", section[0]).split()) if section else ""


def test_the_requester_sees_one_progress_and_every_part_with_its_holder(world: World, browse: Browse) -> None:
    order = world.order()

    section = told(browse("maria").get(f"/requests/{order.number}").text)

    assert "0 of 3 done" in section
    assert "Account New Networks · by" in section
    assert "Laptop waits its turn" in section
    assert "after: Account" in section


@pytest.mark.parametrize(("lang", "said"), [("en", "1 of 3 done"), ("ru", "1 из 3 выполнено")])
def test_the_progress_is_said_in_both_languages(world: World, browse: Browse, lang: str, said: str) -> None:
    order = world.order()
    world.end(world.parts(order)["desk"])

    assert said in told(browse("maria", lang=lang).get(f"/requests/{order.number}").text)


def test_the_agent_of_the_order_sees_how_far_parts_are_that_are_not_theirs_to_read(
    world: World, browse: Browse
) -> None:
    order = world.order()
    account = world.parts(order)["account"]

    page = browse("vera").get(f"/cases/{order.number}").text

    assert "Account in work Networks" in told(page)
    assert account.number not in page
    assert browse("vera").get(f"/cases/{account.number}").status_code == 404


def test_a_part_says_to_its_agent_what_comes_after_it_without_the_order_that_is_hidden(
    world: World, browse: Browse
) -> None:
    order = world.order()
    account = world.parts(order)["account"]

    page = browse("oleg").get(f"/cases/{account.number}").text

    assert "Part of a larger order" in page
    assert "After it come:" in page
    assert "Laptop (Networks)" in re.sub(r"<[^>]+>", "", page)
    assert order.number not in page


def test_a_part_leads_its_requester_to_the_order(world: World, browse: Browse) -> None:
    order = world.order()
    account = world.parts(order)["account"]

    assert f'href="/requests/{order.number}"' in browse("maria").get(f"/requests/{account.number}").text


def test_a_late_part_names_whom_it_holds_up_on_the_order_and_on_its_own_page(world: World, browse: Browse) -> None:
    order = world.order(car=True)
    account = world.parts(order)["account"]

    with time_machine.travel(LATER, tick=False):
        on_order = told(browse("maria").get(f"/requests/{order.number}").text)
        on_part = re.sub(r"<[^>]+>", "", browse("oleg").get(f"/cases/{account.number}").text)

    assert "running late" in on_order
    assert "Holds up: Laptop (Networks) , Car (Networks)" in on_order
    assert "Late, and holds up: Laptop (Networks), Car (Networks)" in on_part


def test_what_waits_for_a_late_part_is_held_up_and_not_late_itself(world: World, browse: Browse) -> None:
    order = world.order()
    world.end(world.parts(order)["desk"])

    with time_machine.travel(LATER, tick=False):
        section = told(browse("maria").get(f"/requests/{order.number}").text)

    assert section.count("running late") == 1
    assert "Laptop waits its turn Networks" in section


def test_the_order_stands_in_my_requests_once_and_a_part_only_when_it_asks_me(world: World, browse: Browse) -> None:
    order = world.order()
    account, desk = world.parts(order).values()
    waiting = account.case_type.state_in(StateCategory.WAITING)
    assert waiting is not None

    before = browse("maria").get("/requests").text
    account.enter(waiting, world.by("oleg"))
    after = browse("maria").get("/requests").text

    assert order.number in before
    assert account.number not in before
    assert account.number in after
    assert desk.number not in after


def test_whoever_withdraws_an_order_is_told_of_its_parts(world: World, browse: Browse) -> None:
    order = world.order()

    assert "Its open parts are withdrawn with it." in browse("maria").get(f"/requests/{order.number}").text


@pytest.mark.parametrize(("login", "path"), [("maria", "/requests/{}"), ("vera", "/cases/{}")])
def test_the_pages_of_an_order_and_of_a_part_take_few_statements(
    world: World, browse: Browse, database: Database, login: str, path: str
) -> None:
    order = world.order(car=True)
    desk = world.parts(order)["desk"]

    for one in (order, desk):
        sent = _sent(browse(login), path.format(one.number), database)
        assert len(sent) <= 12, "\n".join(sent)


def _sent(browser: Any, path: str, database: Database) -> list[str]:
    browser.get(path)
    with listening(database.read_engine) as heard:
        assert browser.get(path).status_code == 200
    return [one for one in heard if "inside*/ notification.id" not in one]


def test_the_case_of_an_order_can_be_worked_but_not_finished(world: World, browse: Browse) -> None:
    order: Case = world.order()
    vera = browse("vera")

    assert vera.submit(f"/cases/{order.number}/state", {"state": "in_progress"}).status_code == 303
    refused = vera.submit(f"/cases/{order.number}/state", {"state": "resolved"})

    assert refused.status_code == 409
    assert "Parts of this order are not done yet" in refused.text


def test_the_service_tells_what_one_order_does_and_that_the_day_is_the_readers(world: World, browse: Browse) -> None:
    world.offer()

    page = re.sub(r"<[^>]+>", " ", browse("maria").get("/services/hr-001").text)

    assert "What one order does" in page
    assert "Laptop" in page
    assert "Car, if needed" in page
    assert "to the day you name" in page
    assert "the day you name" in browse("maria").get("/services/hr-001/new").text


def test_the_api_tells_the_parts_of_an_order(world: World, browse: Browse) -> None:
    order = world.order()
    world.end(world.parts(order)["account"])

    parts = browse("maria").get(f"/api/v1/cases/{order.number}").json()["parts"]

    assert [(part["key"], part["state"], part["after"]) for part in parts] == [
        ("account", "done", []), ("laptop", "open", ["account"]), ("desk", "open", []),
    ]  # fmt: skip
    assert parts[0]["ended"] is not None
