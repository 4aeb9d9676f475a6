"""What people bring to every page's layout, and to the importers."""

from __future__ import annotations

from typing import Any

from acm.people import importing
from acm.people.models import Installation
from acm.snapshot import Contribution
from acm.web.templating import UI

COMPANY = "company"


def contributions() -> list[Contribution]:
    return [Contribution("layout", "people", company), *importing.contributions()]


def company(ui: UI) -> dict[str, Any]:
    """The company's name, in the reader's language."""
    row = ui.db.get(Installation, f"{COMPANY}_{ui.lang}")
    return {"company": {"name": row.value if row else "ACM"}}
