"""The value of a gauge in words."""

from __future__ import annotations

from decimal import Decimal

from acm.kpi.declarations import Gauge
from acm.kpi.gauges import Part
from acm.web import words


def say(gauge: Gauge, part: Part | None, lang: str) -> str:
    """The value in words: a number, a share, or the sum in each currency."""
    if part is None or part.value(gauge) is None:
        return "–" if gauge.of == "share" else words.number(0, lang)
    if gauge.of == "share":
        return words.percent(part.value(gauge) or 0.0, lang)
    if gauge.of == "sum":
        return " + ".join(_amount(total, currency, lang) for currency, total in _sums(part)) or words.number(0, lang)
    return words.number(part.count, lang)


def _sums(part: Part) -> list[tuple[str, Decimal]]:
    return sorted(((c, t) for c, t in part.totals.items() if t or c), key=lambda one: -one[1])


def _amount(total: Decimal, currency: str, lang: str) -> str:
    return words.money(total, currency, lang) if currency else words.number(total, lang, 2)
