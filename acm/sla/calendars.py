"""Working calendars: when an hour of a promise runs, and the moment at which so many hours have run.

A due moment is the first moment at which the working time since the start equals the target: 18:00 of a day rather
than 09:00 of the next. Working time is real time inside the windows of a day, so the hour that a change to summer
time takes away is not counted and the one it brings is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from acm.sla.production import DayType, day_type, is_provisional

MINUTES_A_DAY = 24 * 60
HORIZON = timedelta(days=20 * 366)
_CACHED_DAYS = 20_000
_NOTHING = timedelta(0)

Span = tuple[datetime, datetime]


class NoWorkingTime(ValueError):
    """The target cannot be reached within twenty years."""


@dataclass(frozen=True)
class Deadline:
    """A due moment (UTC). `provisional`: it lies behind the last day of the published production calendar."""

    at: datetime
    provisional: bool


@dataclass(frozen=True)
class Day:
    """The working windows of a day in minutes since local midnight, and what kind of day it is."""

    date: date
    type: DayType
    windows: tuple[tuple[int, int], ...]
    provisional: bool

    @property
    def is_working(self) -> bool:
        return bool(self.windows)


@dataclass(frozen=True)
class Calendar:
    """Hours of work: every day the same (`all`), or by the production calendar with lunch and short days.

    `from_` and `to` are minutes since local midnight (24:00 is 1440); `short_day` is taken off the end of a working
    day before a public holiday.
    """

    key: str
    days: Literal["all", "production_calendar"] = "all"
    from_: int = 0
    to: int = MINUTES_A_DAY
    lunch: tuple[int, int] | None = None
    short_day: timedelta = _NOTHING
    _spans: dict[tuple[ZoneInfo, int], tuple[Span, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if not 0 <= self.from_ < self.to <= MINUTES_A_DAY:
            raise ValueError(f"calendar {self.key}: the day must begin before it ends")
        if self.lunch and not self.from_ <= self.lunch[0] < self.lunch[1] <= self.to:
            raise ValueError(f"calendar {self.key}: lunch must lie within the day")
        if self.days not in ("all", "production_calendar"):
            raise ValueError(f"calendar {self.key}: days are 'all' or 'production_calendar', not {self.days!r}")

    def add(self, start: datetime, working: timedelta, zone: ZoneInfo) -> Deadline:
        """Return the first moment at which `working` time has run since `start` (an aware moment)."""
        at = _utc(start)
        if working <= _NOTHING:
            return Deadline(at, self._is_provisional(at.astimezone(zone).date()))
        day = (
            at.astimezone(zone).date().toordinal() - 1
        )  # a window of yesterday may reach past midnight of a moved clock
        last = min(day + HORIZON.days, date.max.toordinal() - 1)
        left = working
        while day <= last:
            for begin, end in self._spans_of(day, zone):
                if end <= at:
                    continue
                begin = max(begin, at)
                if left <= end - begin:
                    return Deadline(begin + left, self._is_provisional(date.fromordinal(day)))
                left -= end - begin
            day += 1
        raise NoWorkingTime(f"calendar {self.key} has no {working} of working time within twenty years")

    def between(self, a: datetime, b: datetime, zone: ZoneInfo) -> timedelta:
        """Return the working time from `a` to `b`; less than nothing when `b` is the earlier."""
        a, b = _utc(a), _utc(b)
        if b < a:
            return -self.between(b, a, zone)
        total = _NOTHING
        first = a.astimezone(zone).date().toordinal() - 1
        last = b.astimezone(zone).date().toordinal() + 1
        for day in range(max(first, 2), min(last, date.max.toordinal() - 1) + 1):
            for begin, end in self._spans_of(day, zone):
                if end > a and begin < b:
                    total += min(end, b) - max(begin, a)
        return total

    def is_working(self, at: datetime, zone: ZoneInfo) -> bool:
        """Say whether the clock runs at a moment; it does at 09:00 and no more at 18:00."""
        at = _utc(at)
        today = at.astimezone(zone).date().toordinal()
        days = (today - 1, today, today + 1)
        return any(begin <= at < end for day in days for begin, end in self._spans_of(day, zone))

    def day(self, on: date) -> Day:
        """Tell what kind of day it is and when it is worked."""
        if self.days == "all":
            return Day(on, "workday", self._windows(self.to), provisional=False)
        type_ = day_type(on)
        windows: tuple[tuple[int, int], ...] = ()
        if type_ == "short_workday":
            windows = self._windows(self.to - int(self.short_day.total_seconds() // 60))
        elif type_ in ("workday", "workday_moved"):
            windows = self._windows(self.to)
        return Day(on, type_, windows, is_provisional(on))

    def _windows(self, to: int) -> tuple[tuple[int, int], ...]:
        if not self.lunch:
            return ((self.from_, to),) if self.from_ < to else ()
        halves = ((self.from_, min(self.lunch[0], to)), (self.lunch[1], to))
        return tuple((begin, end) for begin, end in halves if begin < end)

    def _is_provisional(self, on: date) -> bool:
        return self.days == "production_calendar" and is_provisional(on)

    def _spans_of(self, ordinal: int, zone: ZoneInfo) -> tuple[Span, ...]:
        """Return the windows of a day as moments in UTC."""
        found = self._spans.get((zone, ordinal))
        if found is None:
            if len(self._spans) > _CACHED_DAYS:
                self._spans.clear()
            found = self._spans[zone, ordinal] = self._moments(date.fromordinal(ordinal), zone)
        return found

    def _moments(self, on: date, zone: ZoneInfo) -> tuple[Span, ...]:
        spans: list[Span] = []
        for window in self.day(on).windows:
            begin, end = (_moment(on, minutes, zone) for minutes in window)
            if spans:
                begin = max(begin, spans[-1][1])  # a bound inside the hour that a clock change skips
            if begin < end:
                spans.append((begin, end))
        return tuple(spans)


def read_calendar(entry: Mapping[str, object]) -> Calendar:
    """Read an entry of `calendars` in taxonomies.yaml; raise ValueError that names the calendar and the key."""
    key = str(entry.get("id", ""))
    try:
        lunch = entry.get("lunch")
        return Calendar(
            key=key,
            days="all" if entry.get("days", "all") == "all" else "production_calendar",
            from_=_minutes(entry.get("from", "00:00")),
            to=_minutes(entry.get("to", "24:00")),
            lunch=(_minutes(lunch[0]), _minutes(lunch[1])) if isinstance(lunch, Sequence) else None,
            short_day=timedelta(hours=1) if entry.get("short_day") else _NOTHING,
        )
    except (IndexError, TypeError) as error:
        raise ValueError(f"calendar {key}: {error}") from error


ROUND_THE_CLOCK = Calendar("24x7")
EVERY_DAY = Calendar("12x7", from_=8 * 60, to=20 * 60)
OFFICE_HOURS = Calendar(
    "8x5",
    days="production_calendar",
    from_=9 * 60,
    to=18 * 60,
    lunch=(13 * 60, 14 * 60),
    short_day=timedelta(hours=1),
)


def _minutes(clock: object) -> int:
    """Read "09:30" as 570. YAML reads 12:00 without quotes as the number 720, which is right as it is."""
    if isinstance(clock, int):
        return clock
    hours, _, minutes = str(clock).partition(":")
    if not (hours.isdecimal() and minutes.isdecimal() and int(minutes) < 60):
        raise ValueError(f"{clock!r} is not a time of day")
    return int(hours) * 60 + int(minutes)


def _moment(on: date, minutes: int, zone: ZoneInfo) -> datetime:
    days, minutes = divmod(minutes, MINUTES_A_DAY)
    local = datetime.combine(on + timedelta(days), time(minutes // 60, minutes % 60), zone)
    return local.astimezone(UTC)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return at.astimezone(UTC)
