"""A deal goes from stage to stage by the mouse and by the keyboard; who loses one is asked why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from acm.people.models import Department, Person

if TYPE_CHECKING:
    from tests.browser.conftest import Enter, Site

SELLERS = select(Department.head_id).where(Department.key == "sales").scalar_subquery()


@pytest.fixture
def board(site: Site, enter: Enter) -> Page:
    """The board of deals as the head of sales sees it, who signs in like everybody of the demo company."""
    with site.runtime.db.writing(site.runtime.snapshot) as session:
        known = session.scalar(select(Person.password_hash).where(Person.login == "agent"))
        session.execute(update(Person).where(Person.id == SELLERS).values(password_hash=known))
        login = session.scalars(select(Person.login).where(Person.id == SELLERS)).one()
    page = enter(login)
    page.goto("/p/crm/deals")
    page.wait_for_selector("[data-deal][draggable=true]")
    return page


def test_a_deal_is_moved_by_the_mouse_and_by_the_keyboard(board: Page) -> None:
    card = str(board.locator("[data-stage=lead] [data-deal]").first.get_attribute("id"))

    board.drag_and_drop(f"#{card}", "[data-stage=proposal]", target_position={"x": 20, "y": 20})
    expect(board.locator(f"[data-stage=proposal] #{card}")).to_be_visible()

    board.locator(f"#{card} a").first.focus()
    board.keyboard.press("Shift+ArrowLeft")
    expect(board.locator(f"[data-stage=qualified] #{card}")).to_be_focused()


def test_who_drops_a_deal_on_lost_is_asked_why(board: Page) -> None:
    card = str(board.locator("[data-stage=lead] [data-deal]").last.get_attribute("id"))
    ending = board.locator("[data-endings] [data-stage=lost]")
    expect(ending).to_be_hidden()

    board.locator(f"#{card}").hover()
    board.mouse.down()
    board.mouse.move(400, 300, steps=5)
    expect(ending).to_be_visible()
    ending.hover()
    board.mouse.up()

    expect(board.locator(f"#{card} [name=comment]")).to_be_focused()
    board.keyboard.type("Цена")
    board.keyboard.press("Enter")
    expect(board.locator(f"#{card}")).to_have_count(0)
