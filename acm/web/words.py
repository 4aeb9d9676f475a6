"""Saying dates, times, durations and figures in the reader's language (UI §7–9).

Every function takes the language, and what else it depends on, as arguments: nothing reads a clock or a setting.
Groups of digits are parted by a narrow no-break space in Russian, numbers and their units by a no-break one.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import get_day_names, get_month_names

from acm.i18n import translator

THIN = "\u202f"
TIE = "\u00a0"
MINUS = "\u2212"
_SIGNS = {"RUB": "₽", "USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "KZT": "₸", "BYN": "Br"}
_DAY = timedelta(days=1)
_NEAR = {-1: "yesterday", 0: "today", 1: "tomorrow"}
_SIZES = ("B", "KB", "MB", "GB", "TB")


def day(on: date, lang: str, today: date) -> str:
    """Say "сегодня", "вчера", "27 ноября"; the year only when it is another one."""
    near = _NEAR.get((on - today).days)
    return translator(lang).gettext(near) if near else full_day(on, lang, today)


def full_day(on: date, lang: str, today: date) -> str:
    """Say "27 ноября" even when it is today."""
    year = "" if on.year == today.year else f"{TIE}{on.year}"
    return f"{on.day}{TIE}{_months(lang)[on.month]}{year}"


def short_day(on: date, lang: str, today: date) -> str:
    """Say "27 ноя", for rows and axes."""
    year = "" if on.year == today.year else f"{TIE}{on.year}"
    return f"{on.day}{TIE}{_months(lang)[on.month][:3]}{year}"


def month(on: date, lang: str) -> str:
    """Say "ноябрь 2026", for rows and headings."""
    return f"{get_month_names('wide', 'stand-alone', locale=lang)[on.month]}{TIE}{on.year}"


def moment(at: datetime, lang: str, zone: ZoneInfo, now: datetime) -> str:
    """Say "сегодня, 18:00", "вчера, 17:42", "27 ноября, 12:00"."""
    local = at.astimezone(zone)
    return f"{day(local.date(), lang, now.astimezone(zone).date())}, {local:%H:%M}"


def short_moment(at: datetime, lang: str, zone: ZoneInfo, now: datetime) -> str:
    """Say "14:34" of today, else "вчера" or "27 ноя": for lists."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    near = _NEAR.get((local.date() - today).days)
    return translator(lang).gettext(near) if near else short_day(local.date(), lang, today)


def ago(at: datetime, lang: str, zone: ZoneInfo, now: datetime) -> str:
    """Say "14 мин назад" within a day, "только что" within a minute, else the day."""
    _ = translator(lang).gettext
    past = now - at
    if past < timedelta(minutes=1):
        return _("just now")
    if past < _DAY:
        whole = past - past % (timedelta(hours=1) if past >= timedelta(hours=1) else timedelta(minutes=1))
        return _("%(time)s ago") % {"time": duration(whole, lang)}
    return day(at.astimezone(zone).date(), lang, now.astimezone(zone).date())


def period(first: date, last: date, lang: str, today: date) -> str:
    """Say "1–21 ноября", "28 ноября – 3 декабря"."""
    if first == last:
        return full_day(first, lang, today)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{full_day(last, lang, today)}"
    same_year = last if first.year == last.year else today
    return f"{full_day(first, lang, same_year)} – {full_day(last, lang, today)}"


def duration(time: timedelta, lang: str) -> str:
    """Say "6 ч 20 мин": hours are never made into days, for a working day is not 24 of them."""
    _ = translator(lang).gettext
    hours, minutes = divmod(int(abs(time).total_seconds()) // 60, 60)
    parts = [f"{number(hours, lang)}{TIE}{_('h')}"] if hours else []
    if minutes or not hours:
        parts.append(f"{minutes}{TIE}{_('min')}")
    return " ".join(parts)


def time_left(time: timedelta, lang: str) -> str:
    """Say "осталось 6 ч 20 мин", or "просрочено на 3 ч 12 мин" for less than nothing."""
    _ = translator(lang).gettext
    words = duration(time, lang) if abs(time) >= timedelta(minutes=1) else _("less than a minute")
    return (_("%(time)s overdue") if time < timedelta(0) else _("%(time)s left")) % {"time": words}


def number(value: float | Decimal, lang: str, digits: int = 0) -> str:
    """Say "1 284" or "1,284", with at most `digits` behind the comma."""
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    text = f"{abs(rounded):,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if lang == "ru":
        text = text.replace(",", THIN).replace(".", ",")
    return (MINUS if rounded < 0 else "") + text


def signed(value: float | Decimal, lang: str, digits: int = 1) -> str:
    """Say "+0,2" or "−2,4"; nothing is "0"."""
    text = number(value, lang, digits)
    return text if text in ("0", f"{MINUS}0") or text.startswith(MINUS) else f"+{text}"


def percent(value: float | Decimal, lang: str, digits: int = 1) -> str:
    """Say "91,4%" of 91.4."""
    return f"{number(value, lang, digits)}%"


def points(value: float | Decimal, lang: str, digits: int = 1) -> str:
    """Say "3,2 п.п.": the distance of two percentages, without its sign."""
    return f"{number(value, lang, digits).removeprefix(MINUS)}{TIE}{translator(lang).gettext('pp')}"


def money(amount: Decimal | float | str, currency: str, lang: str) -> str:
    """Say "148 900 ₽" or "₽148,900"; the hundredths only when there are some."""
    value = Decimal(str(amount))
    digits = 0 if value == value.to_integral_value() else 2
    text = number(abs(value), lang, digits)
    if digits and (comma := "," if lang == "ru" else ".") in text and len(text.rsplit(comma, 1)[1]) == 1:
        text += "0"
    sign, minus = _SIGNS.get(currency, currency), MINUS if value < 0 else ""
    if lang == "ru":
        return f"{minus}{text}{TIE}{sign}"
    return f"{minus}{sign}{TIE if sign.isalpha() else ''}{text}"


def size(count: int, lang: str) -> str:
    """Say "48 КБ", "1,2 МБ" of a number of bytes."""
    value, step = float(count), 0
    while value >= 999.5 and step < len(_SIZES) - 1:
        value, step = value / 1024, step + 1
    digits = 1 if step and value < 9.95 else 0
    return f"{number(value, lang, digits)}{TIE}{translator(lang).gettext(_SIZES[step])}"


def weekday(on: date, lang: str) -> str:
    """Say "понедельник"."""
    return _weekdays("wide", lang)[on.weekday()]


def short_weekday(on: date, lang: str) -> str:
    """Say "пн"."""
    return _weekdays("abbreviated", lang)[on.weekday()]


def weekdays(lang: str) -> list[str]:
    """Say the seven days as axes do: "Пн" … "Вс"."""
    names = _weekdays("abbreviated" if lang != "ru" else "short", lang)
    return [names[n][:2].capitalize() for n in range(7)]


@cache
def in_sentence(text: str) -> str:
    """A name as it stands inside a sentence: small at first, unless it is an abbreviation."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


@cache
def _weekdays(width: Literal["wide", "abbreviated", "short"], lang: str) -> dict[int, str]:
    return {number: str(name) for number, name in get_day_names(width, "format", locale=lang).items()}


@cache
def _months(lang: str) -> dict[int, str]:
    return {number: str(name) for number, name in get_month_names("wide", "format", locale=lang).items()}
