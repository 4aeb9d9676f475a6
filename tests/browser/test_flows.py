"""The way of one request from the portal to the panel, walked by its three users with the mouse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from acm.i18n import translator

if TYPE_CHECKING:
    from tests.browser.conftest import Counted, Enter

ru = translator("ru").gettext
en = translator("en").gettext


def find_service(page: Page, words: str, title: str) -> None:
    """Search on the portal and open a service that was found."""
    page.goto("/")
    page.locator("#q").fill(words)
    page.locator("form.search button").click()
    page.wait_for_url("**/search?*")
    page.locator("#found-service").get_by_role("link", name=title).first.click()
    expect(page.locator("h1")).to_have_text(title)


def file_vpn_trouble(page: Page, error: str) -> str:
    """From the page of the service to the number of the request."""
    say = ru if page.locator("html").get_attribute("lang") == "ru" else en
    page.get_by_role("link", name=say("Order"), exact=True).click()
    page.locator("[name=since]").fill("1.11.2026")
    page.locator("[name=since_time]").fill("9:30")
    page.locator("[name=error_text]").fill(error)
    page.get_by_role("button", name=say("Next"), exact=True).click()
    expect(page.locator("h1")).to_have_text(say("Check your answers"))
    expect(page.get_by_text(error)).to_be_visible()
    page.get_by_role("button", name=say("Send"), exact=True).click()
    expect(page.locator("h1")).to_have_text(say("The request is sent"))
    return page.locator("h1 + p b.num").inner_text()


def opened_figure(page: Page) -> int:
    page.goto("/kpi/itsm")
    return int(page.locator("#w-opened a[data-count]").get_attribute("data-count") or 0)


@pytest.mark.parametrize(
    ("lang", "words", "title"),
    [
        ("ru", "VPN", "Не подключается VPN"),
        ("ru", "впн", "Не подключается VPN"),
        ("ru", "мзт", "Не подключается VPN"),
        ("ru", "dgy", "Не подключается VPN"),
        ("en", "VPN", "VPN does not connect"),
        ("en", "cannot connect tunnel", "VPN does not connect"),
    ],
)
def test_an_employee_finds_vpn_in_own_words(enter: Enter, lang: str, words: str, title: str) -> None:
    find_service(enter("employee", lang=lang), words, title)


def test_hits_are_offered_while_one_types(enter: Enter) -> None:
    page = enter("employee")
    page.goto("/")
    page.locator("#q").press_sequentially("мзт", delay=30)
    expect(page.locator("#hits").get_by_role("link", name="Не подключается VPN", exact=True)).to_be_visible()


def test_an_english_employee_files_vpn_and_sees_who_holds_it(enter: Enter) -> None:
    page = enter("employee", lang="en")
    find_service(page, "VPN", "VPN does not connect")
    number = file_vpn_trouble(page, "Error 809 in the hotel")
    page.get_by_role("link", name=en("Open the request"), exact=True).click()
    page.wait_for_url(f"**/requests/{number}")
    expect(page.locator("#goal dl")).to_contain_text("Networks")


def test_one_request_goes_from_the_portal_to_the_panel(enter: Enter, counted: Counted) -> None:
    employee, agent, head = enter("employee"), enter("agent"), enter("head")
    counted()
    before = opened_figure(head)
    find_service(employee, "vpn", "Не подключается VPN")
    number = file_vpn_trouble(employee, "Ошибка 809 из гостиницы, значок серый")
    employee.get_by_role("link", name=ru("Open the request"), exact=True).click()
    expect(employee.locator("#goal dl")).to_contain_text("Сети и связь")

    _take_from_queue(agent, number)
    _ask(agent, "Какая гостиница и какой провайдер?")

    employee.goto("/")
    card = employee.locator("#my a.req.ask", has_text=number)
    expect(card).to_contain_text(ru("Your answer is needed"))
    card.click()
    ask = employee.locator("form.askbox")
    expect(ask).to_contain_text("Какая гостиница и какой провайдер?")
    ask.locator("textarea").fill("«Волга», городской провайдер")
    ask.get_by_role("button", name=ru("Answer"), exact=True).click()
    expect(employee.locator("form.askbox")).to_have_count(0)
    expect(employee.locator("#goal dl")).to_contain_text("Ким")

    _resolve(agent, "Добавили маршрут, проверьте.")
    employee.goto(f"/requests/{number}")
    expect(employee.get_by_role("heading", name=ru("Did it help?"))).to_be_visible()

    counted()
    _find_behind_the_figure(head, number, before)


def _take_from_queue(page: Page, number: str) -> None:
    page.goto("/my")
    page.locator("#side").get_by_role("link", name="Инциденты").click()
    page.wait_for_url("**/queues/*")
    page.locator(f"#c-{number} .t a").click()
    expect(page.locator("#peek")).to_contain_text(number)
    page.locator("#peek").get_by_role("link", name=ru("Open the whole case")).click()
    page.wait_for_url(f"**/cases/{number}*")
    page.locator("#goal").get_by_role("button", name=ru("Take"), exact=True).click()
    expect(page.locator("#goal dl")).to_contain_text("Ким")


def _ask(page: Page, words: str) -> None:
    form = page.locator("#reply")
    form.locator("textarea").fill(words)
    waiting = form.locator("#move option[value=waiting_user]").inner_text()
    form.locator("#move").select_option(label=waiting)
    form.get_by_role("button", name=re.compile(f"^{ru('Send')}")).click()
    expect(page.locator("#thread")).to_contain_text(words)
    expect(page.locator("#case-head .pill").first).not_to_have_text(ru("In progress"))


def _resolve(page: Page, words: str) -> None:
    form = page.locator("#reply")
    page.reload()
    expect(page.locator("#thread")).to_contain_text("городской провайдер")
    form.locator("textarea").fill(words)
    form.locator("#move").select_option("resolved")
    form.get_by_role("button", name=re.compile(f"^{ru('Send')}")).click()
    expect(page.locator("#case-head .pill.ok").first).to_be_visible()


def _find_behind_the_figure(page: Page, number: str, before: int) -> None:
    after = opened_figure(page)
    assert after == before + 1
    page.locator("#w-opened a[data-count]").first.click()
    page.wait_for_url("**/kpi/cases?*")
    expect(page.locator("[data-total]")).to_have_attribute("data-total", str(after))
    page.locator(f"#lines a[href='/cases/{number}']").click()
    expect(page.locator("h1")).to_contain_text("Ошибка 809 из гостиницы")
