"""The rule of a segment: conditions on a company's fields and figures, one a line; a company belongs when all hold.

    industry in trade, transport
    won_year > 0
    days_since_talk > 30

Nothing is executed: each line is read into a name that is known here, a sign and a value, and asked of the database.
Only what is on no confidential record counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from acm.sdk import Context, _

from . import talks
from .complaints import KEY as COMPLAINT
from .deals import DEAL
from .parties import COMPANY, COMPANY_TYPE, INDUSTRIES
from .words import Words, words

LINE = re.compile(r"(\w+)\s*(<=|>=|!=|=|<|>|in\b|has\b)\s*(.*)")
MOST_LINES = 10
MOST_NUMBER = Decimal("1e15")
YEAR, QUARTER = 365, 90
RUB = "RUB"
OPEN_TO_ALL = {"confidential": False}
ORDERED: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "=": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip
Ids = set[int]
Figures = Mapping[int, Decimal]


@dataclass(frozen=True)
class Condition:
    """One line: what is asked, how, and of which value; None is what is not filled in."""

    name: str
    sign: str
    value: Any


@dataclass(frozen=True)
class Named:
    """What a rule may ask about: its words, its signs and a line to copy."""

    names: Words
    signs: tuple[str, ...]
    example: str


def _label(key: str) -> Words:
    field = COMPANY_TYPE.field(key)
    return dict(field.label) if field else {}


TEXT, NUMBERS = ("=", "!=", "has"), tuple(ORDERED)
FIELDS = {
    "name": Named(words("Название", "Name"), TEXT, "name has завод"),
    "industry": Named(_label("industry"), ("=", "!=", "in"), "industry in trade, transport"),
    "tax_id": Named(_label("tax_id"), TEXT, "tax_id != "),
    "phone": Named(_label("phone"), TEXT, "phone has +7 495"),
    "email": Named(_label("email"), TEXT, "email = "),
    "site": Named(_label("site"), TEXT, "site has .example"),
    "address": Named(_label("address"), TEXT, "address has Москва"),
}
FIGURES = {
    "open_deals": Named(words("Открытых сделок", "Open deals, how many"), NUMBERS, "open_deals >= 1"),
    "open_amount": Named(words("Открытые сделки, руб.", "Open deals, RUB"), NUMBERS, "open_amount > 500000"),
    "won_amount": Named(words("Выиграно за всё время, руб.", "Won in all, RUB"), NUMBERS, "won_amount > 1000000"),
    "won_year": Named(words("Выиграно за 365 дней, руб.", "Won in 365 days, RUB"), NUMBERS, "won_year > 0"),
    "complaints_90": Named(words("Жалоб за 90 дней", "Complaints in 90 days"), NUMBERS, "complaints_90 >= 2"),
    "days_since_talk": Named(words("Дней с последнего общения; если его не было, больше любого числа",
                                   "Days since the last talk; without any, more than every figure"),
                             NUMBERS, "days_since_talk > 30"),
}  # fmt: skip
NAMED = {**FIELDS, **FIGURES}


def read_rule(text: str) -> tuple[list[Condition], list[Any]]:
    """The conditions of a rule, and what is wrong with it: a message for each faulty line, with its number."""
    found: list[Condition] = []
    faults: list[Any] = []
    lines = [(place, line.strip()) for place, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if not lines:
        faults.append(_("Write at least one condition"))
    if len(lines) > MOST_LINES:
        faults.append(_("A rule has at most %(most)s conditions", most=MOST_LINES))
    for place, line in lines[:MOST_LINES]:
        read = _read(line)
        if isinstance(read, Condition):
            found.append(read)
        else:
            faults.append(_("Line %(line)s: %(fault)s", line=place, fault=read))
    return found, faults


def members_of(ctx: Context, conditions: list[Condition]) -> Ids:
    """The companies that meet all conditions at ``ctx.now()``, by id: a statement for each condition and one more."""
    found = _companies(ctx, {})
    for one in conditions:
        if one.name in FIELDS:
            name = "title" if one.name == "name" else one.name
            found &= _companies(ctx, {f"{name} {one.sign}": one.value})
        elif one.name == "days_since_talk":
            found &= _silent(ctx, one, found)
        else:
            figures, holds = COUNTED[one.name](ctx), ORDERED[one.sign]
            found = {company for company in found if holds(figures.get(company, Decimal(0)), one.value)}
    return found


def _read(line: str) -> Any:
    """The condition, or the words for what is wrong with it."""
    parts = LINE.fullmatch(line)
    if parts is None:
        return _("write a name, a sign and a value, such as “open_deals >= 1”")
    name, sign, value = parts[1], parts[2], parts[3].strip()
    known = NAMED.get(name)
    if known is None:
        return _("“%(name)s” is not known; the names stand below", name=name)
    if sign not in known.signs:
        return _("“%(name)s” takes %(signs)s", name=name, signs=" ".join(known.signs))
    if name in FIGURES:
        return _number(name, sign, value)
    if name == "industry" and value:
        return _industry(sign, value)
    if not value and sign in ("has", "in"):
        return _("“%(name)s” needs a value", name=name)
    return Condition(name, sign, value or None)


def _number(name: str, sign: str, value: str) -> Any:
    try:
        number = Decimal(re.sub(r"[\s\u00a0]", "", value).replace(",", "."))
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or not 0 <= number < MOST_NUMBER:
        return _("“%(name)s” needs a figure, such as 30", name=name)
    if name == "days_since_talk" and (number != number.to_integral_value() or number > YEAR * 100):
        return _("“%(name)s” needs whole days, such as 30", name=name)
    return Condition(name, sign, number)


def _industry(sign: str, value: str) -> Any:
    """Industries by their keys, or by their words in either language."""
    known = {said.casefold(): one.id for one in INDUSTRIES for said in (one.id, *one.label.values())}
    asked = [part.strip() for part in value.split(",")] if sign == "in" else [value]
    for part in asked:
        if part.casefold() not in known:
            return _("there is no industry “%(name)s”; there are %(known)s", name=part,
                     known=", ".join(one.id for one in INDUSTRIES))  # fmt: skip
    ids = [known[part.casefold()] for part in asked]
    return Condition("industry", sign, ids if sign == "in" else ids[0])


def _companies(ctx: Context, where: Mapping[str, Any]) -> Ids:
    asked = {"merged_into": None, **OPEN_TO_ALL, **where}
    return {int(one.part) for one in ctx.pages.tally(COMPANY, by="id", where=asked)}


def _by_company(asked: Any, key: str, where: Mapping[str, Any], of: str = "") -> Figures:
    """How many cases or pages each company has, or the sum of a money field over them."""
    found = asked.tally(key, by="company", of=of, where={"company !=": None, **OPEN_TO_ALL, **where})
    if of:
        return {int(one.part): one.total for one in found if one.currency == RUB}
    return {int(one.part): Decimal(one.count) for one in found}


def _won(ctx: Context, days: int = 0) -> Figures:
    since = {"closed >": ctx.now() - timedelta(days=days)} if days else {}
    return _by_company(ctx.cases, DEAL, {"state": "won", "closed <=": ctx.now(), **since}, "amount")


def _complained(ctx: Context) -> Figures:
    within = {"opened >": ctx.now() - timedelta(days=QUARTER), "opened <=": ctx.now()}
    return _by_company(ctx.cases, COMPLAINT, within)


def _silent(ctx: Context, asked: Condition, among: Ids) -> Ids:
    """Those whose last talk lies as many days back as is asked: found by who had one within so many days."""

    def within(days: int) -> Ids:
        if days < 0:
            return set()
        held = {"held_on >=": ctx.today() - timedelta(days=days), "held_on <=": ctx.today()}
        return set(_by_company(ctx.pages, talks.KEY, held))

    days = int(asked.value)
    if asked.sign in ("<=", ">"):
        near = within(days)
    elif asked.sign in ("<", ">="):
        near = within(days - 1)
    else:
        near = within(days) - within(days - 1)
    return among & near if asked.sign in ("<=", "<", "=") else among - near


COUNTED: dict[str, Callable[[Context], Figures]] = {
    "open_deals": lambda ctx: _by_company(ctx.cases, DEAL, {"is_open": True}),
    "open_amount": lambda ctx: _by_company(ctx.cases, DEAL, {"is_open": True}, "amount"),
    "won_amount": _won,
    "won_year": lambda ctx: _won(ctx, YEAR),
    "complaints_90": _complained,
}
