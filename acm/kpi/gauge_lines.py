"""A gauge as a line: by the days, weeks or months in which something happened to its pages."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from acm.i18n import _
from acm.i18n import words as in_language
from acm.kpi.declarations import Gauge, Widget
from acm.kpi.gauge_words import say
from acm.kpi.gauges import Gauged, Part
from acm.kpi.marks import events_on
from acm.kpi.periods import Period
from acm.kpi.views import Cell, Material, Table, View, label, say_period
from acm.web import charts, words
from acm.web.charts import Sample


def line_view(widget: Widget, found: Gauged, title: str, material: Material) -> View:
    """Each part of the period with the part of the one before that stands at the same place."""
    gauge = found.gauge
    if not gauge.over:
        text = material.say(_("A line needs to know when something happened: the figure says only what there is now"))
        return View(widget, title, "error", text)
    if not found.now:
        return View(widget, title, "empty")
    now, past = ({part.key: part for part in parts} for parts in (found.now, found.past))
    parts = material.choice.now.parts()
    samples = [_sample(gauge, period, str(n), now, past, material) for n, period in enumerate(parts)]
    known = [sample.value is not None for sample in samples]
    chart = charts.line_chart(
        samples, lambda value: words.number(value, material.lang), target=gauge.target,
        events=events_on(material.marks, parts, known, material.lang, material.today),
        bounds=(0, 100) if gauge.of == "share" else (0, None), least=1 if gauge.of == "count" else 0, gaps="bridged",
    )  # fmt: skip
    shown = {
        "chart": chart, "what": in_language(gauge.names, material.lang), "now": say_period(material.choice.now, material),
        "past": say_period(material.choice.past, material), "target": _target(gauge, material),
    }  # fmt: skip
    head = [material.say(_("Period")), title, material.say(_("Period before"))]
    rows = [
        _row(period, sample, gauge, past.get(str(n)), material)
        for n, (period, sample) in enumerate(zip(parts, samples, strict=True))
    ]
    return View(widget, title, tabled=lambda: Table(head, rows), parts=shown)


def _sample(
    gauge: Gauge, period: Period, key: str, now: Mapping[str, Part], past: Mapping[str, Part], material: Material
) -> Sample:
    part, before = now.get(key) or Part(key, 0), past.get(key) or Part(key, 0)
    given = {"panel": material.links.panel, "gauge": gauge.key, **material.links.filters}
    given |= {"from": period.first.isoformat(), "to": period.last.isoformat()}
    href = "/kpi/pages?" + urlencode(given) if part.count else ""
    said = say(gauge, part, material.lang)
    return Sample(
        label(period, material), part.value(gauge), said, href, part.count if href else None, before.value(gauge)
    )


def _row(period: Period, sample: Sample, gauge: Gauge, before: Part | None, material: Material) -> list[Cell]:
    return [
        Cell(sample.label, period.first.isoformat()),
        Cell(sample.said, sample.value, sample.href, sample.count),
        Cell(say(gauge, before, material.lang), before.value(gauge) if before else 0),
    ]


def _target(gauge: Gauge, material: Material) -> str:
    if gauge.target is None:
        return ""
    target = (
        words.percent(gauge.target, material.lang) if gauge.of == "share" else words.number(gauge.target, material.lang)
    )
    return material.say(_("target %(target)s", target=target))
