"""Working calendars: when the promised hours run, to the minute, in every zone."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from acm.sla.calendars import (
    EVERY_DAY,
    OFFICE_HOURS,
    ROUND_THE_CLOCK,
    Calendar,
    NoWorkingTime,
    read_calendar,
)
from acm.sla.production import day_type, estimated_day_type, production_calendar_last_day

MOSCOW = ZoneInfo("Europe/Moscow")
EXAMPLES = json.loads((Path(__file__).parent / "sla_deadline_examples.json").read_text(encoding="utf-8"))["cases"]
ZONES = [ZoneInfo(name) for name in ("Europe/Moscow", "Asia/Vladivostok", "Europe/Berlin", "America/Sao_Paulo")]
CALENDARS = [OFFICE_HOURS, ROUND_THE_CLOCK, EVERY_DAY, Calendar("night", from_=0, to=150)]


def local(text, zone=MOSCOW):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["start"])
@pytest.mark.parametrize("zone", ["Europe/Kaliningrad", "Europe/Moscow", "Asia/Kamchatka"])
def test_the_published_examples_come_out_in_the_time_of_every_branch(example, zone):
    branch = ZoneInfo(zone)

    due = OFFICE_HOURS.add(local(example["start"], branch), timedelta(hours=example["hours"]), branch)

    assert due.at == local(example["due"], branch)
    assert not due.provisional


def test_the_calendars_of_the_catalogue_are_read(shared_data):
    entries = yaml.safe_load((shared_data / "catalog" / "taxonomies.yaml").read_text(encoding="utf-8"))["calendars"]

    assert [read_calendar(entry) for entry in entries] == [ROUND_THE_CLOCK, EVERY_DAY, OFFICE_HOURS]


def test_a_calendar_that_makes_no_sense_is_refused_with_its_name():
    with pytest.raises(ValueError, match="odd: the day must begin before it ends"):
        read_calendar({"id": "odd", "from": "18:00", "to": "09:00"})
    with pytest.raises(ValueError, match="'noon' is not a time of day"):
        read_calendar({"id": "odd", "from": "noon"})


def test_a_day_knows_its_kind_and_its_windows():
    assert OFFICE_HOURS.day(date(2026, 3, 6)).windows == ((540, 780), (840, 1080))
    assert OFFICE_HOURS.day(date(2026, 4, 30)).windows == ((540, 780), (840, 1020))
    assert OFFICE_HOURS.day(date(2026, 4, 30)).type == "short_workday"
    assert OFFICE_HOURS.day(date(2024, 4, 27)).type == "workday_moved"
    assert not OFFICE_HOURS.day(date(2026, 5, 1)).is_working
    assert OFFICE_HOURS.day(date(2021, 11, 3)).type == "nonworking_by_decree"
    assert ROUND_THE_CLOCK.day(date(2026, 5, 1)).windows == ((0, 1440),)


def test_the_clock_runs_at_nine_and_stands_at_lunch_and_at_six():
    times = ["08:59", "09:00", "12:59", "13:00", "14:00", "17:59", "18:00"]

    runs = [OFFICE_HOURS.is_working(local(f"2026-11-20 {at}"), MOSCOW) for at in times]

    assert runs == [False, True, True, False, True, True, False]


def test_nothing_to_do_is_due_at_once_even_at_night():
    night = local("2026-11-21 03:00")

    assert OFFICE_HOURS.add(night, timedelta(0), MOSCOW).at == night


def test_the_day_of_the_clock_change_has_23_or_25_hours():
    berlin = ZoneInfo("Europe/Berlin")
    spring, autumn = local("2026-03-29 00:00", berlin), local("2026-10-25 00:00", berlin)

    assert ROUND_THE_CLOCK.between(spring, local("2026-03-30 00:00", berlin), berlin) == timedelta(hours=23)
    assert ROUND_THE_CLOCK.between(autumn, local("2026-10-26 00:00", berlin), berlin) == timedelta(hours=25)
    assert ROUND_THE_CLOCK.add(spring, timedelta(hours=24), berlin).at == local("2026-03-30 01:00", berlin)
    assert Calendar("dawn", from_=60, to=240).between(spring, spring + timedelta(days=1), berlin) == timedelta(hours=2)


def test_the_zone_of_the_branch_decides_when_its_day_begins():
    start = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)  # 08:00 in Moscow, 15:00 in Vladivostok

    moscow = OFFICE_HOURS.add(start, timedelta(hours=1), MOSCOW).at
    vladivostok = OFFICE_HOURS.add(start, timedelta(hours=1), ZoneInfo("Asia/Vladivostok")).at

    assert (moscow.hour, vladivostok.hour) == (7, 6)


def test_deadlines_behind_the_published_calendar_are_provisional():
    last = production_calendar_last_day()
    assert last == date(2026, 12, 31)

    before = OFFICE_HOURS.add(local("2026-12-29 10:00"), timedelta(hours=2), MOSCOW)
    behind = OFFICE_HOURS.add(local("2026-12-31 16:30"), timedelta(hours=8), MOSCOW)

    assert not before.provisional
    assert behind.provisional
    assert behind.at == local("2027-01-11 18:00")
    assert not EVERY_DAY.add(local("2031-01-01 10:00"), timedelta(hours=2), MOSCOW).provisional


def test_without_the_table_the_day_before_a_holiday_is_short_and_so_is_the_saturday_worked_for_it():
    assert estimated_day_type(date(2027, 11, 3)) == "short_workday"
    assert estimated_day_type(date(2027, 2, 20)) == "short_workday"  # worked for Monday the 22nd
    assert estimated_day_type(date(2027, 2, 22)) == "day_off_moved"
    assert estimated_day_type(date(2027, 3, 5)) == "workday"  # a Friday, with two days between
    assert day_type(date(2028, 2, 29)) == "workday"


def test_the_estimate_agrees_with_the_table_but_for_decrees_and_two_days_of_2014():
    days = (date(2013, 1, 1) + timedelta(n) for n in range(14 * 365 + 3))

    differ = [day for day in days if day_type(day) not in (estimated_day_type(day), "nonworking_by_decree")]

    assert differ == [date(2014, 2, 24), date(2014, 3, 10)]


def test_a_target_that_is_never_reached_is_refused():
    short = Calendar("never", days="production_calendar", from_=0, to=30, short_day=timedelta(hours=1))

    with pytest.raises(NoWorkingTime):
        short.add(local("2026-01-01 00:00"), timedelta(days=5000), MOSCOW)


def test_moments_need_a_zone():
    with pytest.raises(ValueError, match="needs a time zone"):
        OFFICE_HOURS.add(datetime(2026, 1, 1), timedelta(hours=1), MOSCOW)  # noqa: DTZ001 - that is the point


MOMENTS = st.datetimes(datetime(2012, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
WORK = st.integers(0, 60 * 24 * 30).map(lambda minutes: timedelta(minutes=minutes)) | st.timedeltas(
    timedelta(0), timedelta(days=3)
)


@settings(max_examples=150, deadline=None)
@given(start=MOMENTS, work=WORK, zone=st.sampled_from(ZONES), calendar=st.sampled_from(CALENDARS))
def test_the_working_time_until_a_deadline_is_what_was_asked_for(start, work, zone, calendar):
    due = calendar.add(start, work, zone).at

    assert calendar.between(start, due, zone) == work
    assert calendar.between(due, start, zone) == -work
    assert due.tzinfo is UTC
    if work:
        assert calendar.between(start, due - timedelta(microseconds=1), zone) < work


@settings(max_examples=150, deadline=None)
@given(a=MOMENTS, some=WORK, more=WORK, zone=st.sampled_from(ZONES), calendar=st.sampled_from(CALENDARS))
def test_working_time_adds_up_and_never_runs_backwards(a, some, more, zone, calendar):
    b, c = a + some, a + some + more

    assert calendar.between(a, b, zone) + calendar.between(b, c, zone) == calendar.between(a, c, zone)
    assert timedelta(0) <= calendar.between(a, b, zone) <= b - a
    assert calendar.is_working(a, zone) == (calendar.between(a, a + timedelta(microseconds=1), zone) > timedelta(0))


@settings(max_examples=150, deadline=None)
@given(start=MOMENTS, later=WORK, work=WORK, more=WORK, zone=st.sampled_from(ZONES))
def test_a_later_start_or_a_longer_target_is_never_due_earlier(start, later, work, more, zone):
    due = OFFICE_HOURS.add(start, work, zone).at

    assert OFFICE_HOURS.add(start + later, work, zone).at >= due
    assert OFFICE_HOURS.add(start, work + more, zone).at >= due


def test_forty_hours_are_added_in_some_ten_microseconds():
    start, forty = local("2026-11-20 17:00"), timedelta(hours=40)
    OFFICE_HOURS.add(start, forty, MOSCOW)

    rounds = []
    for _ in range(5):
        began = perf_counter()
        for _ in range(200):
            OFFICE_HOURS.add(start, forty, MOSCOW)
        rounds.append((perf_counter() - began) / 200)

    assert min(rounds) < 100e-6
