"""What people bring to every page's layout, and to the importers."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import select

from acm.people import importing, importing_places
from acm.people.models import Installation
from acm.people.signin import identify
from acm.snapshot import Contribution
from acm.web.templating import UI

COMPANY = "company"
FRESH_SECONDS = 60.0


def contributions() -> list[Contribution]:
    return [
        Contribution("layout", "people", company),
        Contribution("reader", "people", identify),
        *importing.contributions(),
        *importing_places.contributions(),
    ]


def company(ui: UI) -> dict[str, Any]:
    """The company's name, in the reader's language; kept for a minute, it hardly changes."""
    at, names = ui.runtime.parts.get("company", (0.0, {}))
    if not at or time.monotonic() - at > FRESH_SECONDS:
        rows = ui.db.scalars(select(Installation).where(Installation.key.in_([f"{COMPANY}_ru", f"{COMPANY}_en"])))
        names = {row.key: row.value for row in rows}
        ui.runtime.parts["company"] = (time.monotonic(), names)
    return {"company": {"name": names.get(f"{COMPANY}_{ui.lang}") or "ACM"}}
