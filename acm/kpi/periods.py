"""Periods of a panel: which days are looked at, and with which they are compared."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from acm.errors import Invalid
from acm.i18n import _
from acm.web.dates import read_date

DAY = timedelta(days=1)
LONGEST = 3 * 366
CHOICES = ("month", "30d", "previous", "quarter", "custom")
COMPARISONS = ("previous", "year")
YOUNG = 7
"""Days for which a month says too little to begin with."""


@dataclass(frozen=True)
class Period:
    """Days from ``first`` to ``last``, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def each_day(self) -> Iterator[date]:
        return (self.first + DAY * n for n in range(self.days))

    def parts(self) -> list[Period]:
        """The points of a line: days of up to two months, weeks of up to fourteen months, else four weeks each."""
        step = 1 if self.days <= 62 else 7 if self.days <= 430 else 28
        starts = range(0, self.days, step)
        return [Period(self.first + DAY * n, min(self.first + DAY * (n + step - 1), self.last)) for n in starts]


@dataclass(frozen=True)
class Choice:
    """What the reader chose, as it stands in the address."""

    period: str = "month"
    compare: str = "previous"
    now: Period = Period(date.min, date.min)
    past: Period = Period(date.min, date.min)
    usual: str = "month"

    def query(self) -> dict[str, str]:
        """The choice as names and values of an address, without what is usual."""
        found = {} if self.period == self.usual else {"period": self.period}
        if self.period == "custom":
            found |= {"from": self.now.first.isoformat(), "to": self.now.last.isoformat()}
        return found if self.compare == "previous" else {**found, "compare": self.compare}


def read_choice(given: Mapping[str, str], today: date) -> Choice:
    """The period of an address; :class:`Invalid` for one that cannot be meant. Without one it is the month so far, or
    the last thirty days while the month is young."""
    usual = "30d" if today.day <= YOUNG else "month"
    named = given.get("period") or ("custom" if given.get("from") or given.get("to") else usual)
    compare = given.get("compare") or "previous"
    if named not in CHOICES or compare not in COMPARISONS:
        raise Invalid({"period": [_("Choose one of the offered values")]})
    now = read_period(given, today) if named == "custom" else _named(named, today)
    return Choice(named, compare, now, _a_year_before(now) if compare == "year" else _before(named, now), usual)


def read_period(given: Mapping[str, str], today: date) -> Period:
    """The days ``from`` … ``to``; a missing one is the month's first day, or today."""
    last = _read("to", given.get("to", ""), today) or today
    first = _read("from", given.get("from", ""), today) or last.replace(day=1)
    if first > last:
        raise Invalid({"to": [_("The period must begin before it ends")]})
    if (last - first).days >= LONGEST or first.year < 1990 or last.year > 9000:
        raise Invalid({"from": [_("Choose a period of at most three years")]})
    return Period(first, last)


def _read(name: str, text: str, today: date) -> date | None:
    if not text.strip():
        return None
    found = read_date(text, today)
    if found is None:
        raise Invalid({name: [_("Write the date like 1.12.2026 or “tomorrow”")]})
    return found


def _named(name: str, today: date) -> Period:
    month = today.replace(day=1)
    if name == "30d":
        return Period(today - 29 * DAY, today)
    if name == "previous":
        return Period((month - DAY).replace(day=1), month - DAY)
    if name == "quarter":
        return Period(date(today.year, (today.month - 1) // 3 * 3 + 1, 1), today)
    return Period(month, today)


def _before(name: str, now: Period) -> Period:
    """The period before: the same days of the month or quarter before, or as many days before."""
    if name in ("month", "previous", "quarter"):
        months = 3 if name == "quarter" else 1
        first = _months_back(now.first, months)
        whole = name == "previous"
        return Period(first, now.first - DAY if whole else min(first + DAY * (now.days - 1), now.first - DAY))
    return Period(now.first - now.days * DAY, now.first - DAY)


def _a_year_before(now: Period) -> Period:
    return Period(_months_back(now.first, 12), _months_back(now.last, 12))


def _months_back(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
