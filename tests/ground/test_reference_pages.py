"""What the reference says is what the code does: its pages are printed from it."""

from __future__ import annotations

import pytest

from tools import reference


@pytest.mark.parametrize("name", reference.PAGES)
def test_the_page_is_as_the_code_would_print_it(name):
    written = (reference.REFERENCE / f"{name}.md").read_text(encoding="utf-8")

    assert written == reference.PAGES[name](), "run .venv/bin/python tools/reference.py"
