"""Who confirmed the table of terms: nobody should rely on days that no lawyer has checked against the law."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from acm.sdk import Context

from .terms import table_changed


@dataclass(frozen=True)
class Confirmation:
    """Who says that the terms are those of the law in force, and since when."""

    by: str
    on: date


def confirmed(ctx: Context) -> Confirmation | None:
    """The confirmation that the settings hold, also one of an older table."""
    by, on = (str(ctx.settings.get(name, "")).strip() for name in ("terms_confirmed_by", "terms_confirmed_on"))
    try:
        return Confirmation(by, date.fromisoformat(on)) if by and on else None
    except ValueError:
        return None


def may_rely(ctx: Context) -> bool:
    """Whether the table of today was confirmed: a confirmation from before its last change counts no more."""
    found = confirmed(ctx)
    return found is not None and found.on >= table_changed()
