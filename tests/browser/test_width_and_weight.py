"""Every main screen fits 320 px in both languages and speaks only its language; the first visit is light."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from acm.i18n import translator
from acm.web import assets
from tests.browser.screens import SCREENS, settle

if TYPE_CHECKING:
    from tests.browser.conftest import Enter, Look, Site

KB = 1024
CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
NAME = re.compile(r"[a-z_]+\.[a-z_]+")
"""A name of the kernel: a permission, a job."""
ENGLISH = re.compile(r"\b[A-Za-z]{3,}\b")
OF_BOTH = {
    "English", "Русский", "CSV", "Ctrl", "VPN", "VDI", "SIM", "Esc", "Enter", "Shift", "Python", "ACM",
    "Markdown", "Page", "Down", "Tab", "Space",
}  # fmt: skip
"""Words that are the same in both languages: names of languages, keys, formats."""

TEXTS = """() => {
  const skipped = "title, script, style, noscript, svg, [data-user-content], .ava, code, kbd, option[value^='acm']"
  const texts = []
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const node = walker.currentNode
    if (node.data.trim() && !node.parentElement.closest(skipped)) texts.push(node.data.trim().replace(/\\s+/g, " "))
  }
  for (const element of document.querySelectorAll("[aria-label], [title], [placeholder], [alt]"))
    if (!element.closest("[data-user-content], .ava"))
      for (const name of ["aria-label", "title", "placeholder", "alt"])
        if (element.getAttribute(name)) texts.push(element.getAttribute(name))
  return texts
}"""

WIDEST = """() => [...document.querySelectorAll("body *")]
  .filter(e => e.getClientRects().length && !e.closest(".chips, .tabs, .filters, nav") && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map(e => e.tagName + "." + e.className + " " + Math.round(e.getBoundingClientRect().right)).slice(0, 12)"""


def foreign(page: Page, lang: str) -> list[str]:
    """Texts of ours that are in the other language."""
    ru = translator("ru")
    english = {text for text, said in ru.texts.items() if said[0] != text}
    found = []
    for text in page.evaluate(TEXTS):
        if text in OF_BOTH or NAME.fullmatch(text):
            continue
        if lang == "en" and CYRILLIC.search(text):
            found.append(text)
        if lang == "ru" and (text in english or (not CYRILLIC.search(text) and set(ENGLISH.findall(text)) - OF_BOTH)):
            found.append(text)
    return found


@pytest.mark.parametrize("lang", ["ru", "en"])
@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_fits_the_smallest_phone_and_speaks_one_language(look: Look, name: str, lang: str) -> None:
    page = look(name, lang=lang, width=320, height=640)
    assert page.locator("html").get_attribute("lang") == lang
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, page.evaluate(WIDEST)
    assert not foreign(page, lang)


def test_the_first_visit_of_the_portal_is_light(site: Site, enter: Enter) -> None:
    page = enter("employee")
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    kinds: dict[str, str] = {}
    urls: dict[str, str] = {}
    weight: Counter[str] = Counter()

    def noted(event: dict[str, Any]) -> None:
        urls[event["requestId"]], kinds[event["requestId"]] = event["request"]["url"], event.get("type", "")

    wire.on("Network.requestWillBeSent", noted)
    wire.on(
        "Network.loadingFinished",
        lambda event: weight.update({kinds[event["requestId"]]: int(event["encodedDataLength"])}),
    )
    page.goto("/")
    settle(page)
    page.wait_for_timeout(300)
    assert {urlsplit(url).netloc for url in urls.values() if not url.startswith("data:")} == {site.host}
    assert len(urls) <= 20
    assert weight.total() <= 150 * KB, weight
    assert weight["Script"] <= 60 * KB, weight
    print(f"portal, first visit: {weight.total() / KB:.0f} KB, {len(urls)} requests, {dict(weight)}")


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_is_a_small_page_of_few_elements(enter: Enter, addresses: dict[str, str], name: str) -> None:
    page = enter(SCREENS[name].login)
    answer = page.goto(addresses[name])
    assert answer is not None
    assert answer.status == 200
    assert len(answer.body()) <= 40 * KB
    settle(page)
    assert page.evaluate("document.querySelectorAll('*').length") <= 1500


SHIFTED = """() => new Promise(told => {
  let moved = 0
  new PerformanceObserver(list => list.getEntries().forEach(e => moved += e.hadRecentInput ? 0 : e.value)).observe({type: "layout-shift", buffered: true})
  setTimeout(() => told(moved), 500)
})"""


@pytest.mark.parametrize("name", ["portal", "request", "queue", "case", "kpi"])
def test_nothing_moves_while_a_screen_comes(look: Look, name: str) -> None:
    assert look(name).evaluate(SHIFTED) <= 0.05


def test_all_style_sheets_together_stay_within_what_is_reached() -> None:
    """The design asks for 40 KB, 12 KB compressed; this holds the way there."""
    sheets = [(assets.STATIC / name).read_bytes() for name in assets.manifest().values() if name.endswith(".css")]
    assert len(sheets) == 4
    assert sum(map(len, sheets)) <= 64 * KB
    assert sum(len(gzip.compress(sheet)) for sheet in sheets) <= 17.5 * KB
