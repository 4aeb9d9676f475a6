"""Leave: how many days it is, and what cannot be asked for.

Public holidays are no part of leave (Labour Code, article 120). They are those of article 112, which fall on the same
days every year; days off that the government moves are no holidays.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from acm.sdk import CaseType, Context, Event, Opening, _

from .types import VACATION

HOLIDAYS = frozenset(
    {*((1, day) for day in range(1, 9)), (2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)}
)  # fmt: skip
LONGEST = timedelta(days=366 * 3)


def days_of_leave(first: date, last: date) -> int:
    """Calendar days from the first to the last, both with them, public holidays apart."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return sum((day.month, day.day) not in HOLIDAYS for day in days)


def count_days(ctx: Context, event: Event) -> None:
    """Write the number of days into a request for leave, when it is opened and when its dates are corrected."""
    case = ctx.cases.of(event)
    if case is None or case.type != VACATION.key or (span := span_of(case.fields)) is None:
        return
    ctx.cases.change(case, fields={"days": days_of_leave(*span)})


def check_leave(ctx: Context, definition: CaseType, opening: Opening) -> object:
    """Refuse leave that ends before it begins, or in which one stands in for oneself."""
    if definition.key != VACATION.key:
        return None
    first, last = (_day(opening.fields, name) for name in ("date_from", "date_to"))
    if first and last and last < first:
        return _("The leave ends before it begins: check the dates")
    if first and last and last - first > LONGEST:
        return _("Leave of more than three years cannot be asked for here")
    absent = opening.beneficiary or opening.requester
    if absent is not None and opening.fields.get("substitute") == absent.id:
        return _("Somebody else has to stand in for the one who is on leave")
    return None


def span_of(fields: Mapping[str, Any]) -> tuple[date, date] | None:
    """The first and the last day of a request for leave, where both are known and in order."""
    first, last = _day(fields, "date_from"), _day(fields, "date_to")
    return (first, last) if first and last and first <= last and last - first <= LONGEST else None


def _day(fields: Mapping[str, Any], name: str) -> date | None:
    try:
        return date.fromisoformat(str(fields.get(name, ""))[:10])
    except ValueError:
        return None
