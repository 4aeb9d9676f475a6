"""Reading one answer of each kind: from what was typed, or from JSON, to the value that is stored.

A reader gets text as typed (or a JSON value) and returns the stored value; :class:`Wrong` says in words what to
correct. Nothing is guessed: what can mean two things is asked again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from acm.db import moment
from acm.i18n import Message, _, ngettext
from acm.pages.types import Field, FieldKind
from acm.people.models import Branch, Department, Person
from acm.web import dates
from acm.web.words import full_day, number

LONGEST_LINE = 500
LONGEST_TEXT = 20_000
MOST_VALUES = 100
_EMAIL = re.compile(r"[^@\s<>]{1,64}@[^@\s<>.]+(\.[^@\s<>.]+)+")
_DIGITS = re.compile(r"\D+")
_BLANKS = re.compile(r"[\s\u00a0\u202f_']+")
_FIGURE = re.compile(r"[-+]?\d{1,15}(\.\d{1,10})?")


class Wrong(Exception):
    """An answer that cannot be taken; the message says what to correct."""

    def __init__(self, message: Message) -> None:
        super().__init__(str(message))
        self.message = message


@dataclass
class Known:
    """What answers may name, looked up beforehand in one statement per sort."""

    lang: str
    zone: ZoneInfo
    now: datetime
    people: list[Person] = field(default_factory=list)
    near: list[int] = field(default_factory=list)
    departments: list[Department] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    pages: dict[str, int] = field(default_factory=dict)
    files: set[int] = field(default_factory=set)
    terms: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()


def read(asked: Field, raw: object, known: Known) -> Any:
    """The value of one answer, None when nothing was answered; raises :class:`Wrong`."""
    if asked.kind is FieldKind.FILE or asked.kind is FieldKind.MULTI_CHOICE:
        return _many(asked, raw, known)
    if asked.multiple and asked.kind is not FieldKind.GROUP:
        return _many(asked, raw, known)
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    return READERS[asked.kind](asked, raw, known)


def _many(asked: Field, raw: object, known: Known) -> Any:
    given = [raw] if isinstance(raw, (str, int)) else list(raw) if isinstance(raw, Sequence) else []
    given = [one for one in given if one not in ("", None)]
    if len(given) > MOST_VALUES:
        raise Wrong(_("Choose at most %(most)s", most=MOST_VALUES))
    values = [READERS[asked.kind](asked, one, known) for one in given]
    return list(dict.fromkeys(values)) or None


def _line(asked: Field, raw: object, known: Known) -> str:
    return _limited(" ".join(_text(raw).split()), asked.max_length or LONGEST_LINE)


def _long_text(asked: Field, raw: object, known: Known) -> str:
    return _limited(_text(raw).strip(), asked.max_length or LONGEST_TEXT)


def _text(raw: object) -> str:
    if not isinstance(raw, (str, int, float)) or isinstance(raw, bool):
        raise Wrong(_("Write an answer in words"))
    return str(raw)


def _limited(text: str, longest: int) -> str:
    if len(text) > longest:
        over = len(text) - longest
        raise Wrong(ngettext("Make it %(num)s character shorter", "Make it %(num)s characters shorter", over))
    return text


def figure(raw: object, lang: str) -> Decimal:
    """A figure as people type it: "1 284,50", "1,284.50", "-3". Raises :class:`Wrong`."""
    if isinstance(raw, bool):
        raise Wrong(_("Enter a figure, for example 12.5"))
    text = _BLANKS.sub("", str(raw)).replace("−", "-")
    comma, dot = text.rfind(","), text.rfind(".")
    if comma >= 0 and dot >= 0:
        text = text.replace("," if dot > comma else ".", "").replace(",", ".")
    elif comma >= 0:
        thousands = lang == "en" and re.fullmatch(r"-?\d{1,3}(,\d{3})+", text)
        text = text.replace(",", "" if thousands else ".")
    if not _FIGURE.fullmatch(text):
        raise Wrong(_("Enter a figure, for example 12.5"))
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise Wrong(_("Enter a figure, for example 12.5")) from error


def _number(asked: Field, raw: object, known: Known) -> int | float:
    value = figure(raw, known.lang)
    if asked.step is not None and (value - Decimal(str(asked.min or 0))) % Decimal(str(asked.step)):
        if asked.step == 1:
            raise Wrong(_("Enter a whole number"))
        raise Wrong(_("Enter a multiple of %(step)s", step=number(asked.step, known.lang, 6)))
    _within(asked, value, known)
    return int(value) if value == value.to_integral_value() else float(value)


def _within(asked: Field, value: Decimal, known: Known) -> None:
    if asked.min is not None and value < Decimal(str(asked.min)):
        raise Wrong(_("Enter %(least)s or more", least=number(asked.min, known.lang, 6)))
    if asked.max is not None and value > Decimal(str(asked.max)):
        raise Wrong(_("Enter %(most)s or less", most=number(asked.max, known.lang, 6)))


def _money(asked: Field, raw: object, known: Known) -> dict[str, str] | None:
    amount, currency = (raw.get("amount"), raw.get("currency")) if isinstance(raw, Mapping) else (raw, None)
    if amount is None or (isinstance(amount, str) and not amount.strip()):
        return None
    value = figure(re.sub(r"(?i)\s*(₽|руб\.?|р\.|rub|\$|€)\s*$", "", str(amount)), known.lang)
    if value != value.quantize(Decimal("0.01")):
        raise Wrong(_("Enter at most two digits after the point"))
    _within(asked, value, known)
    currency = str(currency or asked.currency or "RUB")
    if not re.fullmatch("[A-Z]{3}", currency):
        raise Wrong(_("Choose a currency"))
    return {"amount": str(value.quantize(Decimal("0.01"))), "currency": currency}


def _date(asked: Field, raw: object, known: Known) -> str:
    found = dates.read_date(_text(raw), known.today)
    if found is None:
        raise Wrong(_("Write the date like 1.12.2026 or “tomorrow”"))
    return found.isoformat()


def _time(asked: Field, raw: object, known: Known) -> str:
    found: time | None = dates.read_time(_text(raw))
    if found is None:
        raise Wrong(_("Write the time like 15:30"))
    return found.strftime("%H:%M")


def _datetime(asked: Field, raw: object, known: Known) -> str | None:
    if isinstance(raw, str):
        return _moment_of(raw)
    if not isinstance(raw, Mapping):
        raise Wrong(_("Write the date like 1.12.2026 or “tomorrow”"))
    day, clock = str(raw.get("date") or "").strip(), str(raw.get("time") or "").strip()
    if not day and not clock:
        return None
    if not day or dates.read_date(day, known.today) is None:
        raise Wrong(_("Write the date like 1.12.2026 or “tomorrow”"))
    found = dates.read_moment(day, clock, known.zone, known.now) if clock else None
    if found is None:
        raise Wrong(_("Write the time like 15:30"))
    return moment(found)


def _moment_of(text: str) -> str:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Wrong(_("Write the date and the time like 1.12.2026 and 15:30")) from error
    if found.tzinfo is None:
        raise Wrong(_("A moment needs a time zone, for example 2026-12-01T12:00:00Z"))
    return moment(found)


def _choice(asked: Field, raw: object, known: Known) -> str:
    among = known.terms.get(asked.vocabulary, frozenset()) if asked.vocabulary else {o.id for o in asked.options}
    if str(raw) not in among:
        raise Wrong(_("Choose one of the offered answers"))
    return str(raw)


def _person(asked: Field, raw: object, known: Known) -> int:
    found = [p for p in known.people if (p.id == raw if isinstance(raw, int) else names(p, str(raw)))]
    exact = [p for p in found if isinstance(raw, str) and (p.login == raw.casefold() or _addressed(p, raw))]
    found = exact or [p for p in found if p.id in known.near] or found
    if not found:
        raise Wrong(_("We know nobody of that name. Write the surname, the e-mail or the login"))
    if len({p.id for p in found}) > 1:
        raise Wrong(_("Several people have this name. Write the e-mail or the login"))
    return found[0].id


def _addressed(person: Person, text: str) -> bool:
    return bool(person.email) and person.email.casefold() == address_in(text).casefold()


def address_in(text: str) -> str:
    """What identifies a person in "Name (login)", "Name <e-mail>" or the bare thing."""
    inner = re.search(r"[(<]([^()<>]+)[)>]\s*$", text)
    return (inner[1] if inner else text).strip()


def names(person: Person, text: str) -> bool:
    """Whether a typed text names this person: login, e-mail, surname, or surname and given name in any order."""
    token = address_in(text).casefold()
    if token in {(person.login or "").casefold(), person.email.casefold()} - {""}:
        return True
    if token != text.strip().casefold():
        return False
    said = sorted(token.split())
    parts = [p.casefold() for p in (person.family, person.given, person.middle) if p]
    known = [parts[:1], sorted(parts[:2]), sorted(parts), sorted(person.latin.casefold().split())]
    return bool(said) and said in known


def _department(asked: Field, raw: object, known: Known) -> int:
    return _listed(raw, known.departments, _("Choose a department of the list"))


def _branch(asked: Field, raw: object, known: Known) -> int:
    return _listed(raw, known.branches, _("Choose a branch of the list"))


def _listed(raw: object, rows: Sequence[Department] | Sequence[Branch], refusal: Message) -> int:
    said = str(raw).strip()
    for row in rows:
        if said in (str(row.id), row.key) or said.casefold() in {n.casefold() for n in row.names.values()}:
            return row.id
    raise Wrong(refusal)


def _page(asked: Field, raw: object, known: Known) -> int | str:
    """A page by its number; assets and the like are words until their pages come."""
    if asked.page_kind in ("asset", "ci", "account"):
        return _line(asked, raw, known)
    found = known.pages.get(str(raw).strip().upper())
    if found is None:
        raise Wrong(_("There is no page of that number"))
    return found


def _file(asked: Field, raw: object, known: Known) -> int:
    said = str(raw)
    if not said.isdecimal() or int(said) not in known.files:
        raise Wrong(_("The file is not there any more. Attach it again"))
    return int(said)


def _yes_no(asked: Field, raw: object, known: Known) -> bool:
    if raw in (True, "yes", "true", "on", "1"):
        return True
    if raw in (False, "no", "false", "0"):
        return False
    raise Wrong(_("Choose yes or no"))


def _email(asked: Field, raw: object, known: Known) -> str:
    text = _text(raw).strip()
    if len(text) > 200 or not _EMAIL.fullmatch(text):
        raise Wrong(_("Write the e-mail like name@company.com"))
    return text


def _phone(asked: Field, raw: object, known: Known) -> str:
    text = " ".join(_text(raw).split())
    digits = _DIGITS.sub("", text)
    if len(text) > 40 or re.search(r"[^\d\s+().,\-–доб extx#*]", text, re.IGNORECASE) or not 3 <= len(digits) <= 18:
        raise Wrong(_("Write the number like +7 917 555-01-23 or 4400"))
    short = 11 - len(digits)
    if text.startswith(("+7", "8 ", "8(")) and 0 < short <= 5:
        raise Wrong(
            ngettext(
                "The number is %(num)s digit short: add the last one",
                "The number is %(num)s digits short: add the last ones",
                short,
            )
        )
    return text


def _url(asked: Field, raw: object, known: Known) -> str:
    text = _text(raw).strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = parts.hostname
    except ValueError:
        parts, host = None, None
    if parts is None or parts.scheme not in ("http", "https") or not host or "." not in host or re.search(r"\s", text):
        raise Wrong(_("Write the address like https://example.com/page"))
    return _limited(parts.geturl(), 2000)


def not_before(asked: Field, start: date, known: Known) -> Message:
    """What to say of an end before its beginning."""
    return _("Enter an end date from %(day)s on", day=full_day(start, known.lang, known.today))


READERS: dict[FieldKind, Callable[[Field, Any, Known], Any]] = {
    FieldKind.TEXT: _line,
    FieldKind.LONG_TEXT: _long_text,
    FieldKind.NUMBER: _number,
    FieldKind.MONEY: _money,
    FieldKind.DATE: _date,
    FieldKind.DATETIME: _datetime,
    FieldKind.TIME: _time,
    FieldKind.CHOICE: _choice,
    FieldKind.MULTI_CHOICE: _choice,
    FieldKind.PERSON: _person,
    FieldKind.DEPARTMENT: _department,
    FieldKind.BRANCH: _branch,
    FieldKind.PAGE: _page,
    FieldKind.FILE: _file,
    FieldKind.YES_NO: _yes_no,
    FieldKind.EMAIL: _email,
    FieldKind.PHONE: _phone,
    FieldKind.URL: _url,
}
