"""No screen breaks a rule of WCAG 2.0 to 2.2, level A and AA, that axe can check: in both themes, wide and narrow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page

from tests.browser.screens import SCREENS, settle

if TYPE_CHECKING:
    from tests.browser.conftest import Look

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]


def violations(page: Page) -> list[str]:
    """What axe finds: the rule, the element, what to do."""
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})", RULES
    )
    return [
        f"{rule['id']} {node['target']} {node['html'][:160]} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("name", SCREENS)
def test_no_rule_is_broken(look: Look, name: str, width: int) -> None:
    page = look(name, width=width)
    page.evaluate(AXE.read_text())
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        settle(page)
        assert not violations(page), theme


def test_axe_finds_what_is_broken(look: Look) -> None:
    page = look("login")
    page.evaluate("() => document.querySelector('label[for=login]').remove()")
    page.evaluate(AXE.read_text())
    assert any(found.startswith("label") for found in violations(page))
