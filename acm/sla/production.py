"""The production calendar of Russia: what kind of day a day is.

Until `production_calendar_last_day()` from our own table (Labour Code art. 95 and 112, with moved days and the days
off by decree of 2020 and 2021); outside of it from the package `holidays` plus the rule of art. 95, and marked
provisional: the government moves days off each year.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from holidays import HolidayBase

DayType = Literal[
    "workday", "short_workday", "workday_moved", "weekend", "holiday", "day_off_moved", "nonworking_by_decree"
]

TABLE = "ru_production_calendar_2013_2026.csv"
WORKED = frozenset({"workday", "short_workday", "workday_moved"})
_PUBLIC_HOLIDAYS = frozenset(  # month and day, Labour Code art. 112
    {*((1, day) for day in range(1, 9)), (2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)}
)


def day_type(on: date) -> DayType:
    """Tell the kind of a day."""
    return _table().get(on) or estimated_day_type(on)


def is_working_day(on: date) -> bool:
    """Whether a day is worked by the production calendar; beyond its last day as far as can be told."""
    return day_type(on) in WORKED


def production_calendar_last_day() -> date:
    """Return the last day that the table knows; from the next one on deadlines are provisional."""
    return max(_table())


def is_provisional(on: date) -> bool:
    """Say whether a day lies outside of the table."""
    return on not in _table()


@lru_cache(maxsize=20_000)
def estimated_day_type(on: date) -> DayType:
    """Tell the kind of a day without the table: known holidays and moves, and an hour less before a holiday."""
    days_off = _days_off()
    if (on.month, on.day) in _PUBLIC_HOLIDAYS:
        return "holiday"
    if not days_off.is_working_day(on):
        return "day_off_moved" if on in days_off else "weekend"
    if _is_eve(_day_off_for(on) or on):
        return "short_workday"
    return "workday_moved" if on.isoweekday() > 5 else "workday"


def _is_eve(on: date) -> bool:
    tomorrow = on + timedelta(days=1) if on < date.max else on
    return (tomorrow.month, tomorrow.day) in _PUBLIC_HOLIDAYS


def _day_off_for(worked: date) -> date | None:
    """Find the weekday that is off because this Saturday is worked: the Saturday takes over its shortness."""
    if worked.isoweekday() < 6:
        return None
    written = worked.strftime("%d.%m.%Y")  # "Выходной (перенесено с 20.02.2027)"
    return next((off for off, name in _days_off().items() if off.year == worked.year and written in name), None)


@cache
def _table() -> dict[date, DayType]:
    lines = files("acm.sla").joinpath("data").joinpath(TABLE).read_text(encoding="utf-8").splitlines()
    return {date.fromisoformat(row["date"]): cast(DayType, row["day_type"]) for row in csv.DictReader(lines)}


@cache
def _days_off() -> HolidayBase:
    from holidays import country_holidays  # here, because it takes 60 ms and most deadlines lie within the table

    return country_holidays("RU", language="ru")
