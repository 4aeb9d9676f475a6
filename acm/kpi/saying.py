"""Measures in words: values, changes, and whether a change is good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from acm.i18n import _, translator
from acm.kpi.declarations import Measure
from acm.kpi.figures import Number
from acm.web import words

LEAST = {"share": 0.05, "ratio": 0.05, "median": 1 / 60, "count": 0.5}
"""A change smaller than this is none."""


@dataclass(frozen=True)
class Change:
    """A change against the past period: words, arrow, and whether it is welcome (None: neither)."""

    said: str
    way: Literal["up", "down", ""]
    good: bool | None
    amount: float


def say_value(measure: Measure, value: float | None, lang: str) -> str:
    """``91.4%``, ``1,284``, ``6 h 40 min``; a dash for nothing."""
    if value is None:
        return "–"
    if measure.of in ("share", "ratio"):
        return words.percent(value, lang)
    if measure.of == "median":
        return words.duration(timedelta(hours=value), lang)
    return words.number(value, lang)


def units(measure: Measure, value: float | None, lang: str) -> list[tuple[str, str]]:
    """The same as numbers with their units, for big figures: ``[("6", "h"), ("40", "min")]``."""
    if value is None:
        return [("–", "")]
    if measure.of in ("share", "ratio"):
        return [(words.number(value, lang, 1), "%")]
    if measure.of == "median":
        parts = words.duration(timedelta(hours=value), lang).split(" ")
        return [(number, unit) for number, unit in (part.split(words.TIE) for part in parts)]
    return [(words.number(value, lang), "")]


def short(measure: Measure, value: float, lang: str) -> str:
    """A label of an axis or a bar: hours with one digit."""
    if measure.of == "median":
        return f"{words.number(value, lang, 1)}{words.TIE}{translator(lang).gettext('h')}"
    return say_value(measure, value, lang)


def change(measure: Measure, now: Number, past: Number, lang: str) -> Change | None:
    """How a value changed; None where one of the two is missing."""
    if now.value is None or past.value is None or (measure.of == "count" and not past.value):
        return None
    amount = now.value - past.value
    way: Literal["up", "down", ""] = ""
    if abs(amount) >= LEAST[measure.of]:
        way = "up" if amount > 0 else "down"
    good = None if not way or not measure.good else way == measure.good
    if measure.of in ("share", "ratio"):
        said = words.points(abs(amount), lang)
    elif measure.of == "median":
        said = words.duration(timedelta(hours=abs(amount)), lang)
    else:
        said = words.percent(abs(amount) / past.value * 100, lang, 0)
    return Change(said if way else translator(lang).say(_("as before")), way, good, amount)


def signed_points(amount: float, lang: str) -> str:
    """``−3.2 pp``."""
    return f"{words.signed(amount, lang)}{words.TIE}{translator(lang).gettext('pp')}"
