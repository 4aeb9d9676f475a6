"""What each kind of widget shows: its chart and its table, from the sums of the panel's two periods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from acm.i18n import Message, _, ngettext, translator
from acm.i18n import words as in_language
from acm.kpi import saying
from acm.kpi.declarations import STAYS, FactKind, Measure, Widget
from acm.kpi.drill import Links
from acm.kpi.figures import Number, Sums, number, number_within
from acm.kpi.marks import Mark, events_on
from acm.kpi.names import Names
from acm.kpi.periods import Choice, Period
from acm.web import charts, words
from acm.web.charts import Sample

OFFICE = range(8, 20)
MOST_CAUSES = 6
LEAST_CAUSE = 0.05
UNTIL_SOLVED = tuple(kind for kind in STAYS if kind is not FactKind.STAYED_RESOLVED)
"""Where time goes until the solution; how long the requester takes to confirm it is no part of it."""


@dataclass(frozen=True)
class Cell:
    """A place in a table: what it says, the plain value for CSV, and the list behind it."""

    said: str
    value: object = None
    href: str = ""
    count: int | None = None


@dataclass(frozen=True)
class Table:
    head: list[str]
    rows: list[list[Cell]]


@dataclass(frozen=True)
class View:
    """A widget as shown; ``state`` is ok, empty or error, ``parts`` what its template draws, ``tabled`` makes its
    table when that is looked at, and is not there where the table would have no rows."""

    widget: Widget
    title: str
    state: str = "ok"
    text: str = ""
    tabled: Callable[[], Table] | None = None
    parts: dict[str, Any] = field(default_factory=dict)

    @property
    def table(self) -> Table:
        return self.tabled() if self.tabled else Table([], [])


@dataclass(frozen=True)
class Material:
    """All that is known about a panel's cases: of the period and the one before it, sums by day, of stays, and by
    service."""

    choice: Choice
    daily: tuple[Sums, Sums]
    stays: tuple[Sums, Sums]
    causes: tuple[Sums, Sums]
    names: Names
    links: Links
    measures: dict[str, Measure]
    lang: str
    today: date
    gauges: dict[str, Any] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()

    def say(self, message: Message | str) -> str:
        return translator(self.lang).say(message)

    def numbers(self, measure: Measure) -> tuple[Number, Number]:
        """The measure now and in the past period."""
        return number(measure, self.daily[0]), number(measure, self.daily[1])

    def trend(self, measure: Measure) -> list[tuple[Period, Number, Number | None]]:
        """The measure in each part of the period, with the part of the past one that stands at the same place."""
        past = self.choice.past.parts()
        found = []
        for place, part in enumerate(self.choice.now.parts()):
            before = number_within(measure, self.daily[1], past[place]) if place < len(past) else None
            found.append((part, number_within(measure, self.daily[0], part), before))
        return found

    def cell(self, measure: Measure, found: Number, period: Period, **narrower: object) -> Cell:
        href = self.links.to(measure.key, period, **narrower) if found.count else ""
        said = saying.say_value(measure, found.value, self.lang)
        return Cell(said, _plain(found.value), href, found.count if href else None)


def view(widget: Widget, material: Material) -> View:
    """One widget; an error in words where its measure went away with its plugin."""
    measure = material.measures.get(widget.measure)
    if widget.kind == "stages":
        return _stages(widget, material)
    if measure is None:
        said = _("There is no measure %(measure)s here: the plugin that gives it may be off", measure=widget.measure)
        return View(widget, in_language(widget.titles, material.lang) or widget.key, "error", material.say(said))
    title = in_language(widget.titles or measure.names, material.lang)
    return _KINDS[widget.kind](widget, measure, title, material)


def _figure(widget: Widget, measure: Measure, title: str, material: Material) -> View:
    now, past = material.numbers(measure)
    parts = [number_within(measure, material.daily[0], part) for part in material.choice.now.parts()]
    changed = saying.change(measure, now, past, material.lang)
    shown = {
        "units": saying.units(measure, now.value, material.lang),
        "href": material.links.to(measure.key, material.choice.now) if now.count else "",
        "count": now.count,
        "change": changed,
        "note": _note(measure, past, material),
        "spark": charts.sparkline([found.value for found in parts if found.value is not None]),
        "bad": changed is not None and changed.good is False,
    }
    return View(widget, title, tabled=partial(_trend_table, measure, title, material), parts=shown)


def _note(measure: Measure, past: Number, material: Material) -> str:
    if measure.target is not None:
        return material.say(_("target %(target)s", target=saying.say_value(measure, measure.target, material.lang)))
    if measure.note:
        return in_language(measure.note, material.lang)
    return material.say(_("was %(past)s", past=saying.say_value(measure, past.value, material.lang)))


def _line(widget: Widget, measure: Measure, title: str, material: Material) -> View:
    trend = material.trend(measure)
    if not any(found.count for _part, found, _before in trend):
        return View(widget, title, "empty")
    samples = []
    for part, found, before in trend:
        cell = material.cell(measure, found, part)
        samples.append(
            Sample(
                label(part, material), found.value, cell.said, cell.href, cell.count, before.value if before else None
            )
        )
    chart = charts.line_chart(
        samples,
        lambda value: saying.short(measure, value, material.lang),
        target=measure.target,
        events=_events(trend, material),
        bounds=(0, 100) if measure.of == "share" else (0, None),
        least=1 if measure.of == "count" else 0,
        gaps="bridged",
    )
    shown = {
        "chart": chart,
        "what": in_language(measure.names, material.lang),
        "now": say_period(material.choice.now, material),
        "past": say_period(material.choice.past, material),
        "target": _note(measure, trend[0][1], material) if measure.target is not None else "",
    }
    return View(widget, title, tabled=partial(_trend_table, measure, title, material), parts=shown)


def _events(trend: list[tuple[Period, Number, Number | None]], material: Material) -> list[charts.Event]:
    parts, known = [part for part, _now, _past in trend], [now.value is not None for _part, now, _past in trend]
    return events_on(material.marks, parts, known, material.lang, material.today)


def _trend_table(measure: Measure, title: str, material: Material) -> Table:
    head = [material.say(_("Period")), title, material.say(_("Cases")), material.say(_("Period before"))]
    rows = []
    for part, found, before in material.trend(measure):
        cell = material.cell(measure, found, part)
        past = saying.say_value(measure, before.value, material.lang) if before else ""
        rows.append(
            [
                Cell(label(part, material), part.first.isoformat()),
                cell,
                Cell(words.number(found.count, material.lang), found.count),
                Cell(past, _plain(before.value) if before else None),
            ]
        )
    return Table(head, rows)


def _why(widget: Widget, measure: Measure, title: str, material: Material) -> View:
    """What each service added: with shares wᵢ of all and results sᵢ, wᵢ(sᵢ − S₀) now less the same in the past."""
    now, past = material.numbers(measure)
    changed = saying.change(measure, now, past, material.lang)
    if not widget.titles:
        title = material.say(_why_title(changed))
    if changed is None or past.value is None:
        return View(widget, title, "empty", material.say(_("There is no earlier period to compare with")))
    causes = contributions(measure, material, now, past)
    samples, rows = [], []
    for service, added in causes:
        found = number(measure, material.causes[0], part=service)
        before = number(measure, material.causes[1], part=service)
        narrower: dict[str, object] = {"service": service or "none"}
        count = found.count
        if added < 0 and measure.of == "share" and found.late:
            narrower["verdict"], count = 0, found.late
        href = material.links.to(measure.key, material.choice.now, **narrower) if count else ""
        name = service_name(service, material)
        said = words.signed(added, material.lang)
        samples.append(Sample(name, added, said, href, count if href else None))
        rows.append(
            [
                Cell(name, name),
                Cell(said, _plain(round(added, 2)), href, count if href else None),
                Cell(saying.say_value(measure, found.value, material.lang), _plain(found.value)),
                Cell(saying.say_value(measure, before.value, material.lang), _plain(before.value)),
            ]
        )
    head = [_("Service"), _("Added"), _("Now"), _("Period before")]
    table = Table([material.say(word) for word in head], rows)
    telling = [sample for sample in samples if abs(sample.value or 0.0) >= LEAST_CAUSE][:MOST_CAUSES]
    bars = charts.contribution_bars(telling, "down" if measure.good == "down" else "up")
    shown = {"bars": bars, "lead": _why_lead(changed, bars, material), "first": bars.bars[0] if bars.bars else None}
    return View(widget, title, tabled=lambda: table, parts=shown)


def contributions(measure: Measure, material: Material, now: Number, past: Number) -> list[tuple[int, float]]:
    """What each service added to the change of a share, or of a number, the greatest first; they sum up to it."""
    kind, base = measure.fact.value, past.value or 0.0
    services = material.causes[0].parts(kind) | material.causes[1].parts(kind)
    found = []
    for service in services:
        added = 0.0
        for sign, sums, whole in ((1, material.causes[0], now.count), (-1, material.causes[1], past.count)):
            one = number(measure, sums, part=service)
            if measure.of == "share" and one.value is not None and whole:
                added += sign * one.count / whole * (one.value - base)
            elif measure.of == "count":
                added += sign * one.count
        found.append((service, added))
    return sorted(found, key=lambda one: (-abs(one[1]), one[0]))


def _why_title(changed: saying.Change | None) -> Message:
    if changed is None or not changed.way:
        return _("What moved it")
    return _("Why it dropped") if changed.way == "down" else _("Why it rose")


def _why_lead(changed: saying.Change, bars: charts.Contributions, material: Material) -> str:
    if not changed.way or not bars.bars:
        return material.say(_("It has hardly changed"))
    first = bars.bars[0].sample
    return material.say(
        _(
            "“%(service)s” gave %(part)s of %(change)s",
            change=saying.signed_points(changed.amount, material.lang),
            part=saying.signed_points(first.value or 0.0, material.lang),
            service=first.label,
        )
    )


def _stages(widget: Widget, material: Material) -> View:
    title = in_language(widget.titles, material.lang)
    samples, rows = [], []
    for kind in UNTIL_SOLVED:
        measure = material.measures.get(kind.value)
        now, past = material.stays[0].classes(kind.value), material.stays[1].classes(kind.value)
        if measure is None or not (now or past):
            continue
        found, before = number(measure, material.stays[0]), number(measure, material.stays[1])
        cell = material.cell(measure, found, material.choice.now)
        name = in_language(measure.names, material.lang)
        said = saying.short(measure, found.value, material.lang) if found.value is not None else "–"
        samples.append(Sample(name, found.value, said, cell.href, cell.count, before.value))
        past_said = saying.short(measure, before.value, material.lang) if before.value is not None else "–"
        rows.append(
            [
                Cell(name, name),
                Cell(said, _plain(found.value), cell.href, cell.count),
                Cell(past_said, _plain(before.value)),
                Cell(words.number(found.count, material.lang), found.count),
            ]
        )
    head = [_("Stage"), _("Median, working hours"), _("Period before"), _("Stays")]
    table = Table([material.say(word) for word in head], rows)
    if not any(sample.count for sample in samples):
        return View(widget, title, "empty", tabled=(lambda: table) if rows else None)
    shown = {"bars": charts.stage_bars(samples), "past": say_period(material.choice.past, material)}
    return View(widget, title, tabled=lambda: table, parts=shown)


def _heatmap(widget: Widget, measure: Measure, title: str, material: Material) -> View:
    cells: dict[tuple[int, int], int] = {}
    for day, classes in material.daily[0].by_day(measure.fact.value).items():
        for hour, (count, _total) in classes.items():
            cells[day.weekday(), hour] = cells.get((day.weekday(), hour), 0) + count
    used = {hour for (_day, hour), count in cells.items() if count}
    if not used:
        return View(widget, title, "empty")
    hours = range(min(OFFICE[0], *used), max(OFFICE[-1], *used) + 1)
    names = words.weekdays(material.lang)
    grid, rows = [], []
    for weekday in range(7):
        samples = []
        for hour in hours:
            count = cells.get((weekday, hour), 0)
            href = material.links.to(measure.key, material.choice.now, weekday=weekday, hour=hour) if count else ""
            samples.append(Sample(f"{names[weekday]}, {hour}:00", count, say_cases(count, material), href, count))
        grid.append((names[weekday], samples))
        cells_of_day = [
            Cell(str(int(s.value or 0)), int(s.value or 0), s.href, s.count if s.href else None) for s in samples
        ]
        rows.append([Cell(names[weekday], names[weekday]), *cells_of_day])
    chart = charts.heatmap([str(hour) for hour in hours], grid)
    table = Table([material.say(_("Day")), *(f"{hour}:00" for hour in hours)], rows)
    shown = {"chart": chart, "peak": _peak(cells, material)}
    return View(widget, title, tabled=lambda: table, parts=shown)


def _peak(cells: dict[tuple[int, int], int], material: Material) -> str:
    (weekday, hour), count = max(cells.items(), key=lambda one: (one[1], -one[0][0], -one[0][1]))
    name = words.weekday(date(2024, 1, 1 + weekday), material.lang)  # the first of January 2024 was a Monday
    return material.say(
        _("peak: %(day)s, %(hour)s:00, %(cases)s", day=name, hour=hour, cases=say_cases(count, material))
    )


def say_cases(count: int, material: Material) -> str:
    return material.say(ngettext("%(num)s request", "%(num)s requests", count))


def say_period(period: Period, material: Material) -> str:
    return words.period(period.first, period.last, material.lang, material.today)


def service_name(service: int, material: Material) -> str:
    return material.names.services.get(service) or material.say(_("Without a service"))


def label(part: Period, material: Material) -> str:
    if part.days == 1:
        return words.short_day(part.first, material.lang, material.today)
    return f"{words.short_day(part.first, material.lang, part.last)} – {words.short_day(part.last, material.lang, material.today)}"


def _plain(value: float | None) -> float | int | None:
    if value is None:
        return None
    return int(value) if float(value).is_integer() else round(value, 4)


_KINDS = {"figure": _figure, "line": _line, "why": _why, "heatmap": _heatmap}
