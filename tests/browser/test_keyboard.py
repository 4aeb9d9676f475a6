"""Filing and working by keyboard alone: the skip link comes first, the ring is always seen, the keys do what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

from acm.i18n import translator

if TYPE_CHECKING:
    from tests.browser.conftest import Enter, Look

ru = translator("ru").gettext
MOST_STEPS = 90

FOCUSED = """() => {
  const e = document.activeElement
  if (!e || e === document.body) return null
  const ring = n => {  // the composer draws its ring as a border with a shadow
    const s = getComputedStyle(n)
    return n.matches(".composer") ? s.boxShadow !== "none" : s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2
  }
  const r = e.getBoundingClientRect()
  const seen = r.width < 2 || (r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth)
  const at = document.elementFromPoint(r.left + r.width / 2, r.top + Math.min(r.height / 2, 12))
  const bare = at === null || e.contains(at) || at.contains(e) || at.closest("label")?.contains(e)
  const near = [e, e.closest("label"), e.parentElement, e.closest("form"), e.closest("article"), e.closest("li")]
  return {html: e.outerHTML.slice(0, 120), name: e.getAttribute("name") ?? "", text: e.textContent.trim(),
          href: e.getAttribute("href") ?? "", ring: near.some(n => n && ring(n)), seen, bare: Boolean(bare)}
}"""


def walk_to(page: Page, **wanted: str) -> dict[str, Any]:
    """Press Tab until what is wanted has the focus."""
    for _step in range(MOST_STEPS):
        page.keyboard.press("Tab")
        found: dict[str, Any] | None = page.evaluate(FOCUSED)
        if found and all(value == found[key] for key, value in wanted.items()):
            assert found["ring"], found
            return found
    raise AssertionError(f"{wanted} cannot be reached with Tab")


@pytest.mark.parametrize("name", ["portal", "form", "case", "queue"])
def test_every_stop_is_seen_and_the_skip_link_is_the_first(look: Look, name: str) -> None:
    page = look(name)
    stops = []
    for _step in range(MOST_STEPS):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found is None or (stops and found["html"] == stops[0]["html"]):
            break
        stops.append(found)
    assert stops[0]["text"] == ru("Skip to content")
    assert len(stops) > 10
    assert not [stop for stop in stops if not (stop["ring"] and stop["seen"] and stop["bare"])]


def test_a_request_is_filed_by_keyboard_alone(enter: Enter) -> None:
    page, keys = enter("employee"), None
    page.goto("/")
    keys = page.keyboard
    keys.press("/")
    expect(page.locator("#q")).to_be_focused()
    keys.type("мзт")
    keys.press("Enter")
    page.wait_for_url("**/search?*")
    walk_to(page, text="Не подключается VPN")
    keys.press("Enter")
    page.wait_for_url("**/services/*")
    walk_to(page, text=ru("Order"))
    keys.press("Enter")
    page.wait_for_url("**/new")
    for name, typed in (("since", "1.11.2026"), ("since_time", "9:30"), ("error_text", "Ошибка 809 с клавиатуры")):
        walk_to(page, name=name)
        keys.press("Control+A")
        keys.type(typed)
    walk_to(page, text=ru("Next"))
    keys.press("Enter")
    expect(page.locator("h1")).to_have_text(ru("Check your answers"))
    walk_to(page, text=ru("Send"))
    keys.press("Enter")
    expect(page.locator("h1")).to_have_text(ru("The request is sent"))


def test_the_next_case_is_taken_and_commented_by_keyboard_alone(enter: Enter) -> None:
    page = enter("agent")
    page.goto("/my")
    keys = page.keyboard
    keys.press("g")
    keys.press("q")
    page.wait_for_url("**/queues**")
    walk_to(page, text=page.locator("main a[href^='/queues/']").first.inner_text().replace("\n", ""))
    keys.press("Enter")
    page.wait_for_url("**/queues/*")
    page.wait_for_load_state("load")
    keys.press("e")
    page.wait_for_url("**/cases/*")
    expect(page.locator("#goal dl")).to_contain_text("Ким")
    page.wait_for_load_state("load")
    keys.press("n")
    expect(page.locator("#reply-text")).to_be_focused()
    keys.type("Заметка для своих")
    keys.press("Control+Enter")
    expect(page.locator("#thread .msg.internal")).to_contain_text("Заметка для своих")
    expect(page.locator("#reply-text")).to_have_value("")
