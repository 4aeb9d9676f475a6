"""Gauges as a panel shows them, and the lists behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from acm.i18n import _, ngettext, translator
from acm.i18n import words as in_language
from acm.kpi.declarations import Gauge, Widget
from acm.kpi.gauge_lines import line_view
from acm.kpi.gauge_words import say
from acm.kpi.gauges import Gauged, Part
from acm.kpi.views import Cell, Material, Table, View
from acm.pages.types import CaseType, PageType
from acm.web import charts, words
from acm.web.charts import Sample


def gauge_view(widget: Widget, found: Gauged, material: Material) -> View:
    """One widget of a gauge. A line is made of when something happened to its pages (``over``)."""
    title = in_language(widget.titles or found.gauge.names, material.lang)
    if widget.kind == "figure":
        return _figure(widget, found, title, material)
    if widget.kind == "line":
        return line_view(widget, found, title, material)
    parts = _ordered(widget, found)
    if not parts:
        return View(widget, title, "empty")
    table = _table(widget, found, parts, title, material)
    most = parts if widget.kind == "funnel" else parts[: widget.most]
    samples = _samples(widget, found, most, material)
    bars = tuple(replace(bar, is_hot=False) for bar in charts.stage_bars(samples))
    shown = replace(table, rows=table.rows[: widget.most]) if widget.kind == "table" else table
    return View(widget, title, tabled=lambda: table, parts={"bars": bars, "table": shown})


def say_pages(count: int, lang: str) -> str:
    return translator(lang).say(ngettext("%(num)s record", "%(num)s records", count))


def _figure(widget: Widget, found: Gauged, title: str, material: Material) -> View:
    gauge, lang = found.gauge, material.lang
    now, past = _whole(found.now), _whole(found.past)
    note = in_language(gauge.note, lang)
    if gauge.target is not None:
        target = words.percent(gauge.target, lang) if gauge.of == "share" else words.number(gauge.target, lang)
        note = material.say(_("target %(target)s", target=target))
    elif gauge.over and not note:
        note = material.say(_("was %(past)s", past=say(gauge, past, lang)))
    href = _href(widget, gauge, material) if now and now.count else ""
    shown = {
        "units": _units(gauge, now, lang), "href": href, "count": now.count if now else 0, "change": None,
        "note": note, "spark": charts.sparkline([]), "bad": False,
    }  # fmt: skip
    said = say(gauge, now, lang)
    cells = [Cell(title, title), Cell(said, now.value(gauge) if now else 0, href, now.count if now else None)]
    head = [material.say(_("Figure")), material.say(_("Now"))]
    return View(widget, title, tabled=lambda: Table(head, [cells]), parts=shown)


def _ordered(widget: Widget, found: Gauged) -> list[Part]:
    """The greatest first; of a funnel in the order of the process, and those who went on are counted with those before."""
    if widget.kind != "funnel":
        return sorted(found.now, key=lambda part: (-(part.value(found.gauge) or 0.0), part.key))
    there = {part.key: part for part in found.now}
    return [there.get(key, Part(key, 0)) for key in _process(found.definition, widget.by)]


def _process(definition: PageType, by: str) -> Sequence[str]:
    if by == "state" and isinstance(definition, CaseType):
        return [state.key for state in definition.states]
    field = definition.field(by.removeprefix("field."))
    return [option.id for option in field.options] if field else []


def _samples(widget: Widget, found: Gauged, parts: Sequence[Part], material: Material) -> list[Sample]:
    gauge, samples, passed = found.gauge, [], 0.0
    whole = sum(part.value(gauge) or 0.0 for part in found.now) or 1.0
    for part in parts:
        value = part.value(gauge) or 0.0
        passed += value
        said = say(gauge, part, material.lang)
        if widget.kind == "pareto":
            said = f"{said} · {words.percent(passed / whole * 100, material.lang, 0)}"
        href = _href(widget, gauge, material, part.key) if part.count else ""
        samples.append(Sample(_name(part, found, material), value, said, href, part.count if href else None))
    return samples


def _table(widget: Widget, found: Gauged, parts: Sequence[Part], title: str, material: Material) -> Table:
    gauge, rows = found.gauge, []
    before = {part.key: part for part in found.past}
    for part in parts:
        name = _name(part, found, material)
        href = _href(widget, gauge, material, part.key) if part.count else ""
        row = [
            Cell(name, name),
            Cell(say(gauge, part, material.lang), part.value(gauge), href, part.count if href else None),
        ]
        if gauge.over:
            past = before.get(part.key)
            row.append(Cell(say(gauge, past, material.lang), past.value(gauge) if past else 0))
        rows.append(row)
    head = [material.say(_("Part")), title, *([material.say(_("Period before"))] if gauge.over else [])]
    return Table(head, rows)


def _name(part: Part, found: Gauged, material: Material) -> str:
    return found.names.get(part.key) or (material.say(_("not said")) if part.key in ("none", "") else part.key)


def _href(widget: Widget, gauge: Gauge, material: Material, part: str | None = None) -> str:
    given: dict[str, Any] = {"panel": material.links.panel, "gauge": gauge.key, **material.links.filters}
    if gauge.over:
        given |= {"from": material.choice.now.first.isoformat(), "to": material.choice.now.last.isoformat()}
    if part is not None:
        given |= {"by": widget.by, "part": part}
    return "/kpi/pages?" + urlencode(given)


def _units(gauge: Gauge, part: Part | None, lang: str) -> list[tuple[str, str]]:
    if gauge.of == "share":
        return [(words.number(part.value(gauge) or 0.0, lang, 1), "%")] if part and part.count else [("–", "")]
    return [(say(gauge, part, lang), "")]


def _whole(parts: Sequence[Part]) -> Part | None:
    """All parts together; a figure has one."""
    if not parts:
        return None
    totals: dict[str, Decimal] = {}
    for part in parts:
        for currency, total in part.totals.items():
            totals[currency] = totals.get(currency, Decimal(0)) + total
    return Part("", sum(p.count for p in parts), sum(p.kept for p in parts), totals)
