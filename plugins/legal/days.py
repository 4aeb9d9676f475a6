"""Days of the company, and days as fields hold them."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from acm.sdk import Case, Context

HOME = ZoneInfo("Europe/Moscow")
END_OF_DAY = time(18, 0)


def zone_of(case: Case) -> ZoneInfo:
    """The zone of the branch a case belongs to."""
    return ZoneInfo(case.branch.timezone) if case.branch else HOME


def today(ctx: Context, zone: ZoneInfo = HOME) -> date:
    return ctx.now().astimezone(ctx.user.zone if ctx.user else zone).date()


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The end of a working day: 18:00."""
    return datetime.combine(day, END_OF_DAY, zone)


def day_of(text: str | None) -> date | None:
    """A day as a field holds it."""
    return date.fromisoformat(text) if text else None
