"""Searching, filing, answering and approving work where no script runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from acm.i18n import translator

if TYPE_CHECKING:
    from tests.browser.conftest import Enter

ru = translator("ru").gettext
LETTER = {"name": "вызов.txt", "mimeType": "text/plain", "buffer": "Справка-вызов на сессию".encode()}


def press(page: Page, words: str) -> None:
    page.get_by_role("button", name=ru(words), exact=True).first.click()


def test_a_person_signs_in_and_searches(enter: Enter) -> None:
    page = enter(scripts=False)
    page.goto("/login")
    page.locator("#login").fill("employee")
    page.locator("#password").fill("demo")
    press(page, "Sign in")
    page.locator("#q").fill("отпуск")
    press(page, "Find")
    page.locator("#found-service").get_by_role("link", name="Отпуск", exact=True).click()
    expect(page.locator("h1")).to_have_text("Отпуск")


def test_a_request_with_a_file_is_filed_and_faults_lose_nothing(enter: Enter) -> None:
    page = enter("approver", scripts=False)
    page.goto("/services/hr-004")
    page.get_by_role("link", name=ru("Order"), exact=True).click()
    errors, file = page.locator(".errsum"), page.locator("input[type=file]")
    page.locator("[name=leave_type][value=study]").check()
    page.locator("[name=date_from]").fill("1.12.2027")
    press(page, "Next")  # the second date is missing
    expect(errors).to_be_visible()
    expect(page.locator("[name=leave_type][value=study]")).to_be_checked()
    expect(page.locator("[name=date_from]")).to_have_value("01.12.2027")
    errors.get_by_role("link").first.click()
    page.locator("[name=date_to]").fill("2.12.2027")
    press(page, "Next")
    file.first.set_input_files([LETTER])  # study leave asks for it
    page.locator("[name=substitute]").fill("Никто Неизвестный")
    press(page, "Next")
    expect(errors).to_be_visible()
    expect(page.get_by_text("вызов.txt")).to_be_visible()
    page.locator("[name=substitute]").fill("")
    press(page, "Next")
    expect(page.locator("h1")).to_have_text(ru("Check your answers"))
    expect(page.get_by_role("link", name="вызов.txt")).to_be_visible()
    press(page, "Send")
    expect(page.locator("h1")).to_have_text(ru("The request is sent"))
    page.get_by_role("link", name=ru("Open the request"), exact=True).click()
    expect(page.get_by_role("link", name="вызов.txt").first).to_be_visible()


def test_the_requester_answers(enter: Enter) -> None:
    page = enter("employee", scripts=False)
    page.goto("/")
    page.locator("#my a.req.ask").first.click()
    page.locator("form.askbox textarea").fill("Меня заменит коллега из отдела")
    press(page, "Answer")
    expect(page.locator("form.askbox")).to_have_count(0)
    expect(page.get_by_text("Меня заменит коллега из отдела")).to_be_visible()


def test_an_approver_refuses_with_a_word_and_approves(enter: Enter) -> None:
    page = enter("approver", scripts=False)
    page.goto("/approvals")
    before = page.locator("ul.pick > li").count()
    press(page, "Reject")  # without the word it needs
    expect(page.locator("form.decide .err")).to_be_visible()
    press(page, "Approve")
    page.goto("/approvals")
    expect(page.locator("ul.pick > li")).to_have_count(before - 1)
