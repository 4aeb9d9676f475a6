"""Dates, durations and figures in words of both languages."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from acm.web import words

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 21, 11, 20, tzinfo=UTC)  # 14:20 in Moscow
TODAY = date(2026, 11, 21)


def plainly(text):
    """Let spaces be spaces, to read the expectations."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("day", "ru", "en"),
    [
        (date(2026, 11, 21), "сегодня", "today"),
        (date(2026, 11, 20), "вчера", "yesterday"),
        (date(2026, 11, 22), "завтра", "tomorrow"),
        (date(2026, 11, 27), "27 ноября", "27 November"),
        (date(2025, 5, 9), "9 мая 2025", "9 May 2025"),
    ],
)
def test_a_day_is_near_or_has_a_date_and_a_year_only_when_it_is_another(day, ru, en):
    assert plainly(words.day(day, "ru", TODAY)) == ru
    assert plainly(words.day(day, "en", TODAY)) == en


def test_a_month_bears_its_year():
    assert plainly(words.month(TODAY, "ru")) == "ноябрь 2026"
    assert plainly(words.month(TODAY, "en")) == "November 2026"


def test_a_moment_is_told_in_the_readers_zone():
    evening = datetime(2026, 11, 21, 15, tzinfo=UTC)

    assert words.moment(evening, "ru", MOSCOW, NOW) == "сегодня, 18:00"
    assert words.moment(evening, "en", ZoneInfo("Asia/Vladivostok"), NOW) == "tomorrow, 01:00"
    assert plainly(words.moment(datetime(2026, 11, 27, 9, tzinfo=UTC), "ru", MOSCOW, NOW)) == "27 ноября, 12:00"


def test_in_a_list_a_moment_is_short():
    assert words.short_moment(NOW, "ru", MOSCOW, NOW) == "14:20"
    assert words.short_moment(NOW - timedelta(days=1), "ru", MOSCOW, NOW) == "вчера"
    assert plainly(words.short_moment(NOW + timedelta(days=6), "ru", MOSCOW, NOW)) == "27 ноя"
    assert plainly(words.short_moment(NOW - timedelta(days=400), "en", MOSCOW, NOW)) == "17 Oct 2025"


@pytest.mark.parametrize(
    ("past", "ru", "en"),
    [
        (timedelta(seconds=30), "только что", "just now"),
        (timedelta(minutes=14, seconds=59), "14 мин назад", "14 min ago"),
        (timedelta(hours=2, minutes=30), "2 ч назад", "2 h ago"),
        (timedelta(days=1), "вчера", "yesterday"),
    ],
)
def test_what_was_a_while_ago_is_told_by_the_while(past, ru, en):
    assert plainly(words.ago(NOW - past, "ru", MOSCOW, NOW)) == ru
    assert plainly(words.ago(NOW - past, "en", MOSCOW, NOW)) == en


@pytest.mark.parametrize(
    ("first", "last", "ru"),
    [
        (date(2026, 11, 1), date(2026, 11, 21), "1–21 ноября"),
        (date(2026, 11, 28), date(2026, 12, 3), "28 ноября – 3 декабря"),
        (date(2025, 12, 22), date(2026, 1, 2), "22 декабря 2025 – 2 января"),
        (date(2025, 2, 1), date(2025, 3, 2), "1 февраля – 2 марта 2025"),
        (date(2026, 11, 1), date(2026, 11, 1), "1 ноября"),
    ],
)
def test_a_period_names_each_thing_once(first, last, ru):
    assert plainly(words.period(first, last, "ru", TODAY)) == ru


@pytest.mark.parametrize(
    ("time", "ru", "en"),
    [
        (timedelta(hours=6, minutes=20), "осталось 6 ч 20 мин", "6 h 20 min left"),
        (-timedelta(hours=3, minutes=12), "просрочено на 3 ч 12 мин", "3 h 12 min overdue"),
        (timedelta(hours=2), "осталось 2 ч", "2 h left"),
        (-timedelta(hours=52), "просрочено на 52 ч", "52 h overdue"),
        (timedelta(seconds=20), "осталось меньше минуты", "less than a minute left"),
    ],
)
def test_time_left_or_overdue(time, ru, en):
    assert plainly(words.time_left(time, "ru")) == ru
    assert plainly(words.time_left(time, "en")) == en


@pytest.mark.parametrize(
    ("value", "digits", "ru", "en"),
    [
        (1284, 0, "1 284", "1,284"),
        (1234567.891, 2, "1 234 567,89", "1,234,567.89"),
        (91.4, 1, "91,4", "91.4"),
        (95.0, 1, "95", "95"),
        (-0.04, 1, "0", "0"),
        (-2.45, 1, "−2,5", "−2.5"),
        (Decimal("0.5"), 0, "1", "1"),
    ],
)
def test_a_number_is_grouped_and_keeps_no_empty_digits(value, digits, ru, en):
    assert plainly(words.number(value, "ru", digits)) == ru
    assert words.number(value, "en", digits) == en
    assert "\u202f" in words.number(1284, "ru")


def test_shares_and_their_changes():
    assert words.percent(91.44, "ru") == "91,4%"
    assert words.percent(95, "en") == "95%"
    assert plainly(words.points(-3.2, "ru")) == "3,2 п.п."
    assert plainly(words.points(3.2, "en")) == "3.2 pp"
    assert [words.signed(value, "ru") for value in (0.2, -2.4, 0, -0.01)] == ["+0,2", "−2,4", "0", "0"]


@pytest.mark.parametrize(
    ("amount", "currency", "ru", "en"),
    [
        ("148900", "RUB", "148 900 ₽", "₽148,900"),
        ("148900.50", "RUB", "148 900,50 ₽", "₽148,900.50"),
        (Decimal("-12.05"), "USD", "−12,05 $", "−$12.05"),
        ("10", "CHF", "10 CHF", "CHF 10"),
    ],
)
def test_money_has_its_sign_where_the_language_puts_it(amount, currency, ru, en):
    assert plainly(words.money(amount, currency, "ru")) == ru
    assert plainly(words.money(amount, currency, "en")) == en


@pytest.mark.parametrize(
    ("count", "ru"),
    [(0, "0 Б"), (512, "512 Б"), (49_152, "48 КБ"), (1_258_291, "1,2 МБ"), (1023, "1 КБ"), (5 * 2**40, "5 ТБ")],
)
def test_a_size_has_two_figures_that_matter(count, ru):
    assert plainly(words.size(count, "ru")) == ru
    assert plainly(words.size(48 * 1024, "en")) == "48 KB"


def test_days_of_the_week():
    assert words.weekdays("ru") == ["Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс"]
    assert words.weekdays("en") == ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]
    assert words.weekday(TODAY, "ru") == "суббота"
