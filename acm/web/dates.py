"""Reading the dates and times that people type, in both languages at once.

Nothing is guessed silently: what cannot be read is None, and the form asks again with an example. Day comes before
month. A date without a year is the next such day, or the last one if that was within a month.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

RECENT = timedelta(days=31)
FIRST_YEAR, LAST_YEAR = 1900, 2199

_NEAR = {
    "сегодня": 0, "today": 0, "завтра": 1, "tomorrow": 1, "послезавтра": 2, "day after tomorrow": 2,
    "вчера": -1, "yesterday": -1, "позавчера": -2, "day before yesterday": -2,
}  # fmt: skip
_MONTHS = (
    ("янв", "jan"), ("фев", "feb"), ("мар", "mar"), ("апр", "apr"), ("мая", "май", "may"), ("июн", "jun"),
    ("июл", "jul"), ("авг", "aug"), ("сен", "sep"), ("окт", "oct"), ("ноя", "nov"), ("дек", "dec"),
)  # fmt: skip
_MONTH_ENDINGS = re.compile(
    r"(?:янв(?:ар[яь])?|фев(?:р(?:ал[яь])?)?|март?а?|апр(?:ел[яь])?|ма[йя]|июн[яь]?|июл[яь]?|авг(?:уста?)?|"
    r"сен(?:т(?:ябр[яь])?)?|окт(?:ябр[яь])?|ноя(?:б(?:р[яь])?)?|дек(?:абр[яь])?|jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|"
    r"apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAYS = (
    ("понедельник", "пн", "monday", "mon"), ("вторник", "вт", "tuesday", "tue"),
    ("среда", "среду", "ср", "wednesday", "wed"), ("четверг", "чт", "thursday", "thu"),
    ("пятница", "пятницу", "пт", "friday", "fri"),
    ("суббота", "субботу", "сб", "saturday", "sat"), ("воскресенье", "вс", "sunday", "sun"),
)  # fmt: skip
_UNITS = (
    (re.compile(r"(?:день|дня|дней|дн|days?)\.?"), 1),
    (re.compile(r"(?:недел[юия]|недель|нед|weeks?)\.?"), 7),
)

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DAY_MONTH = re.compile(r"(\d{1,2})\s?[./\-]\s?(\d{1,2})(?:\s?[./\-]\s?(\d{4}|\d{2}))?\.?")
_DAY_WORD = re.compile(r"(\d{1,2})(?:st|nd|rd|th|-?го|-?е)?\s+([^\W\d_]{3,9}\.?)(?:,?\s+(\d{4}))?")
_WORD_DAY = re.compile(r"([^\W\d_]{3,9}\.?)\s+(\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(\d{4}))?")
_IN_DAYS = re.compile(r"(?:через|in)\s+(?:(\d{1,3})\s+)?([^\W\d_]{2,7}\.?)|\+(\d{1,3})")
_TIME = re.compile(
    r"(?:в\s+|at\s+|к\s+|by\s+)?(\d{1,2})(?:\s?[:.\-]\s?(\d{2})|\s?ч(?:ас(?:ов|а)?)?\.?)?\s*([^\W\d_.]*)\.?"
)
_HALVES = {
    "": None, "утра": 0, "ночи": 0, "am": 0, "дня": 12, "вечера": 12, "pm": 12,
}  # fmt: skip


def read_date(text: str, today: date) -> date | None:
    """Read "1.12.2026", "1.12", "завтра", "tomorrow", "2026-12-01", "27 ноября", "пятница", "in 3 days"."""
    text = _tidied(text)
    if not text or len(text) > 40:
        return None
    if text in _NEAR:
        return today + timedelta(days=_NEAR[text])
    if match := _ISO.fullmatch(text):
        return _date(match[1], match[2], match[3], today)
    if match := _DAY_MONTH.fullmatch(text):
        return _date(match[3], match[2], match[1], today)
    if match := _DAY_WORD.fullmatch(text):
        return _date(match[3], _month(match[2]), match[1], today)
    if match := _WORD_DAY.fullmatch(text):
        return _date(match[3], _month(match[1]), match[2], today)
    if match := _IN_DAYS.fullmatch(text):
        return _in_days(match, today)
    return _weekday(text, today)


def read_time(text: str) -> time | None:
    """Read "18:00", "18.00", "9", "9 утра", "6 вечера", "6:30 pm", "полдень", "noon"."""
    text = _tidied(text)
    if text in ("полдень", "noon"):
        return time(12)
    if text in ("полночь", "midnight"):
        return time(0)
    match = _TIME.fullmatch(text)
    if match is None or match[3] not in _HALVES:
        return None
    hour, minute, half = int(match[1]), int(match[2] or 0), _HALVES[match[3]]
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + half
    return time(hour, minute) if hour < 24 and minute < 60 else None


def read_moment(on: str, at: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Read a date and a time of the reader's zone as a moment in UTC; a time that a clock change skips moves on."""
    day, clock = read_date(on, now.astimezone(zone).date()), read_time(at)
    if day is None or clock is None:
        return None
    return datetime.combine(day, clock, zone).astimezone(UTC)


def _tidied(text: str) -> str:
    text = " ".join(text.casefold().replace("ё", "е").split())
    return re.sub(r"\s?(?:г|года?)\.?$", "", text) if text[:1].isdigit() else text


def _date(year: str | None, month: str | int | None, day: str, today: date) -> date | None:
    if month is None:
        return None
    try:
        if year is not None:
            number = int(year) + (2000 if len(year) == 2 else 0)
            return date(number, int(month), int(day)) if FIRST_YEAR <= number <= LAST_YEAR else None
        return _next(int(month), int(day), today)
    except ValueError:
        return None


def _next(month: int, day: int, today: date) -> date | None:
    """Find the first such day from a month ago on; 29 February may be years ahead."""
    for year in range(today.year - 1, today.year + 9):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= today - RECENT:
            return found
    return None


def _month(word: str) -> int | None:
    if not _MONTH_ENDINGS.fullmatch(word):
        return None
    return next((number for number, names in enumerate(_MONTHS, 1) if word[:3] in names), None)


def _in_days(match: re.Match[str], today: date) -> date | None:
    if match[3]:
        return today + timedelta(days=int(match[3]))
    days = next((days for unit, days in _UNITS if unit.fullmatch(match[2])), None)
    return None if days is None else today + timedelta(days=days * int(match[1] or 1))


def _weekday(text: str, today: date) -> date | None:
    """Read a day of the week as the next such day after today."""
    word = re.sub(r"^(?:во?|on|next)\s+", "", text)
    number = next((n for n, names in enumerate(_WEEKDAYS, 1) if word in names), None)
    return None if number is None else today + timedelta(days=(number - today.isoweekday() - 1) % 7 + 1)
