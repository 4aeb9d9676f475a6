"""What another person writes arrives on the open case without a press."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import Enter, Look


def test_a_comment_of_the_requester_arrives_while_the_agent_writes(
    enter: Enter, look: Look, addresses: dict[str, str]
) -> None:
    agent, employee = look("case"), enter("employee")
    number = addresses["case"].rpartition("/")[2]
    mine = agent.locator("#reply textarea")
    mine.fill("Пишу ответ, ещё не отправлен")
    employee.goto(f"/requests/{number}")
    employee.locator("#reply textarea").fill("Заработало после перезагрузки")
    employee.locator("#reply footer button.push").click()
    expect(employee.get_by_text("Заработало после перезагрузки")).to_be_visible()
    expect(agent.locator("#thread")).to_contain_text("Заработало после перезагрузки")
    expect(mine).to_have_value("Пишу ответ, ещё не отправлен")
