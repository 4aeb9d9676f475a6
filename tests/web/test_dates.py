"""Dates and times as people type them."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acm.web.dates import read_date, read_moment, read_time

TODAY = date(2026, 11, 21)  # a Saturday


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1.12.2026", date(2026, 12, 1)),
        ("01.12.26", date(2026, 12, 1)),
        ("1/12/2026", date(2026, 12, 1)),
        ("1-12-2026", date(2026, 12, 1)),
        ("2026-12-01", date(2026, 12, 1)),
        ("1.12.2026 г.", date(2026, 12, 1)),
        ("1.12", date(2026, 12, 1)),
        ("20.11", date(2026, 11, 20)),
        ("1.2", date(2027, 2, 1)),
        ("29.02", date(2028, 2, 29)),
        (" Завтра ", date(2026, 11, 22)),
        ("tomorrow", date(2026, 11, 22)),
        ("сегодня", TODAY),
        ("позавчера", date(2026, 11, 19)),
        ("27 ноября", date(2026, 11, 27)),
        ("27 нояб. 2025", date(2025, 11, 27)),
        ("9 мая", date(2027, 5, 9)),
        ("27 Nov", date(2026, 11, 27)),
        ("1st December 2026", date(2026, 12, 1)),
        ("December 1, 2026", date(2026, 12, 1)),
        ("пятница", date(2026, 11, 27)),
        ("в среду", date(2026, 11, 25)),
        ("во вторник", date(2026, 11, 24)),
        ("сб", date(2026, 11, 28)),
        ("on Monday", date(2026, 11, 23)),
        ("через 3 дня", date(2026, 11, 24)),
        ("через неделю", date(2026, 11, 28)),
        ("in 2 weeks", date(2026, 12, 5)),
        ("+10", date(2026, 12, 1)),
    ],
)
def test_a_date_is_read_as_people_type_it(text, day):
    assert read_date(text, TODAY) == day


@pytest.mark.parametrize(
    "text",
    ["", "скоро", "31.02.2026", "0.12", "12.2026", "1.13.2026", "2026-13-01", "1.12.0026", "99.99", "27 ноябрёв",
     "27 маркетинг", "1.12.20266", "in 3 years", "через 5 часов", "١.١٢.٢٠٢٦x", "x" * 10_000],
)  # fmt: skip
def test_what_is_no_date_is_not_guessed(text):
    assert read_date(text, TODAY) is None


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("18:00", time(18)),
        ("18.30", time(18, 30)),
        ("9", time(9)),
        ("09:05", time(9, 5)),
        ("в 9", time(9)),
        ("9 ч", time(9)),
        ("9 утра", time(9)),
        ("6 вечера", time(18)),
        ("12 ночи", time(0)),
        ("6:30 pm", time(18, 30)),
        ("12am", time(0)),
        ("полдень", time(12)),
        ("midnight", time(0)),
        ("0:00", time(0)),
    ],
)
def test_a_time_is_read_as_people_type_it(text, at):
    assert read_time(text) == at


@pytest.mark.parametrize("text", ["", "24:00", "9:60", "99", "после обеда", "13 pm", "1800", "9::00"])
def test_what_is_no_time_is_not_guessed(text):
    assert read_time(text) is None


def test_a_date_and_a_time_make_a_moment_of_the_readers_zone():
    now = datetime(2026, 11, 21, 21, 30, tzinfo=UTC)  # in Moscow it is the 22nd already

    moment = read_moment("завтра", "9", ZoneInfo("Europe/Moscow"), now)

    assert moment == datetime(2026, 11, 23, 6, tzinfo=UTC)
    assert read_moment("завтра", "", ZoneInfo("Europe/Moscow"), now) is None


def test_a_time_that_the_clock_change_skips_moves_on():
    moment = read_moment("29.3.2026", "2:30", ZoneInfo("Europe/Berlin"), datetime(2026, 3, 1, tzinfo=UTC))

    assert moment == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@given(st.text(max_size=30))
def test_any_text_is_a_date_or_is_not(text):
    assert isinstance(read_date(text, TODAY), date | None)
    assert isinstance(read_time(text), time | None)


@given(st.dates(date(1950, 1, 1), date(2150, 1, 1)))
def test_a_date_with_its_year_is_read_in_every_order(day):
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y"):
        assert read_date(day.strftime(form), TODAY) == day
