"""Charts as geometry: pure functions from samples to places in a 0–100 box, drawn by `components/chart.html`.

The box stretches to any width (`preserveAspectRatio="none"`), labels stand around it in HTML. A sample carries what
it says and which list it opens, so a point, a bar and a cell know their cases. y grows downwards, as in SVG.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Place = tuple[float, float]


@dataclass(frozen=True)
class Sample:
    """One value of a chart: where it belongs (`label`), what it says in words, and the list of exactly `count` cases."""

    label: str
    value: float | None
    said: str = ""
    href: str = ""
    count: int | None = None
    past: float | None = None
    """The same of the period compared with."""


@dataclass(frozen=True)
class Tick:
    """A line of the grid: its place in the box and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Dot:
    """A point of a line: the middle of its strip, the strip's left edge and width, its height, and its sample."""

    x: float
    y: float
    left: float
    width: float
    sample: Sample


@dataclass(frozen=True)
class Event:
    """Something that explains a change: the index of its sample, a date and words."""

    index: int
    title: str
    text: str


@dataclass(frozen=True)
class Callout:
    """An event with its place; `side` says on which side of the point its words have room."""

    x: float
    y: float
    side: Literal["left", "right"]
    title: str
    text: str


@dataclass(frozen=True)
class Sparkline:
    """A small line without axes; `end` is the place of its last value, None where there is no value at all."""

    line: str
    area: str
    end: Place | None


@dataclass(frozen=True)
class LineChart:
    """A line over time with grid, past period, target, points and events. `first` … `highest` serve its sentence."""

    line: str
    area: str
    past: str
    target: float | None
    grid: tuple[Tick, ...]
    axis: tuple[str, ...]
    dots: tuple[Dot, ...]
    callouts: tuple[Callout, ...]
    first: Sample | None
    last: Sample | None
    lowest: Sample | None
    highest: Sample | None


@dataclass(frozen=True)
class Bar:
    """A contribution: its length in percent of the box, and whether it is good or bad."""

    sample: Sample
    length: float
    is_good: bool

    @property
    def is_gain(self) -> bool:
        """Gains go to the right of zero, losses to the left."""
        return _value(self.sample) > 0


@dataclass(frozen=True)
class Contributions:
    """Bars on both sides of zero, which stands at `zero` percent of the box."""

    zero: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class StageBar:
    """The time of a stage, and of the past period, in percent of the axis; the hot one is the bottleneck."""

    sample: Sample
    length: float
    past: float | None
    is_hot: bool


@dataclass(frozen=True)
class Cell:
    """A cell of a heat map: its strength in percent of the strongest."""

    sample: Sample
    strength: int


@dataclass(frozen=True)
class HeatMap:
    """Rows of cells under one row of column labels; `peak` is the strongest sample."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    peak: Sample | None


def ticks(low: float, high: float, wanted: int = 5, least: float = 0.0) -> tuple[float, ...]:
    """Return about `wanted` round values (steps of 1, 2 or 5) that span low to high; no step below `least`."""
    low, high = min(low, high), max(low, high)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("an axis needs finite bounds")
    span = high - low or abs(high) or 1.0
    rough = max(span / max(wanted - 1, 1), least, abs(high) * 1e-9, abs(low) * 1e-9, 1e-12)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    start = math.floor(low / step + 1e-9)
    stop = max(math.ceil(high / step - 1e-9), start + 1)
    return tuple(round(n * step, 12) for n in range(start, stop + 1))


def smooth(places: Sequence[Place | None]) -> str:
    """Return a path through the places that never goes beyond its values; None parts it."""
    return " ".join(_curve(run) for run in _runs(places))


def area(places: Sequence[Place | None]) -> str:
    """Return the path of the ground under the line."""
    return " ".join(f"{_curve(run)}V100H{_text(run[0][0])}Z" for run in _runs(places) if len(run) > 1)


def sparkline(values: Sequence[float | None]) -> Sparkline:
    """Draw values between their own lowest and highest, with a little air."""
    known = [value for value in values if value is not None]
    if not known:
        return Sparkline("", "", None)
    low, high = min(known), max(known)
    air = (high - low) * 0.12 or 1.0
    places = _places(values, low - air, high + air)
    return Sparkline(smooth(places), area(places), next(place for place in reversed(places) if place))


def line_chart(
    samples: Sequence[Sample],
    say: Callable[[float], str],
    *,
    target: float | None = None,
    events: Sequence[Event] = (),
    bounds: tuple[float | None, float | None] = (None, None),
    least: float = 0.0,
    gaps: Literal["open", "bridged"] = "open",
) -> LineChart:
    """Draw samples over time, with the past of each where it has one.

    `say` words the grid; `bounds` are limits no axis goes beyond (0 and 100 for shares); `least` is the smallest
    step of the grid (1 for counts); `gaps` where there is no value stay open or are bridged by the line.
    """
    values = [sample.value for sample in samples]
    past = [sample.past for sample in samples]
    grid = _grid([*values, *past, target], bounds, least)
    bottom, top = grid[0], grid[-1]
    places = _places(values, bottom, top)
    width = 100 / max(len(samples), 1)
    known = [sample for sample in samples if sample.value is not None]
    drawn, before = places, _places(past, bottom, top)
    if gaps == "bridged":
        drawn, before = [place for place in places if place], [place for place in before if place]
    return LineChart(
        line=smooth(drawn),
        area=area(drawn),
        past=smooth(before),
        target=None if target is None else _height(target, bottom, top),
        grid=tuple(Tick(_height(value, bottom, top), say(value)) for value in reversed(grid)),
        axis=_axis([sample.label for sample in samples]),
        dots=tuple(
            Dot(*place, left=_strip(place[0], width), width=round(width, 2), sample=sample)
            for place, sample in zip(places, samples, strict=True)
            if place
        ),
        callouts=_callouts(events, places),
        first=known[0] if known else None,
        last=known[-1] if known else None,
        lowest=min(known, key=_value, default=None),
        highest=max(known, key=_value, default=None),
    )


def contribution_bars(samples: Sequence[Sample], good: Literal["up", "down"] = "up") -> Contributions:
    """Draw what each part added to a change, those that follow the whole first; `good` is the welcome direction."""
    known = [sample for sample in samples if sample.value is not None]
    loss = max((-_value(sample) for sample in known), default=0.0)
    gain = max((_value(sample) for sample in known), default=0.0)
    loss, gain = max(loss, 0.0), max(gain, 0.0)
    whole = loss + gain or 1.0
    falls = sum(_value(sample) for sample in known) < 0
    bars = (
        Bar(sample, round(abs(_value(sample)) / whole * 100, 1), (_value(sample) > 0) == (good == "up"))
        for sample in sorted(known, key=lambda sample: _value(sample) if falls else -_value(sample))
    )
    return Contributions(round(loss / whole * 100, 1), tuple(bars))


def stage_bars(samples: Sequence[Sample]) -> tuple[StageBar, ...]:
    """Draw the time of each stage in the order of the process; zero stays in view."""
    known = [_value(sample) for sample in samples if sample.value is not None]
    longest = max(known, default=0.0)
    top = ticks(0, max([longest, *(sample.past or 0.0 for sample in samples)]) or 1.0)[-1]
    return tuple(
        StageBar(
            sample,
            length=round((sample.value or 0.0) / top * 100, 1),
            past=None if sample.past is None else round(sample.past / top * 100, 1),
            is_hot=len(known) > 1 and 0 < longest == sample.value,
        )
        for sample in samples
    )


def heatmap(columns: Sequence[str], rows: Sequence[tuple[str, Sequence[Sample]]]) -> HeatMap:
    """Draw a table of samples by their strength; every row has as many samples as there are columns."""
    samples = [sample for _, cells in rows for sample in cells]
    if any(len(cells) != len(columns) for _, cells in rows):
        raise ValueError("every row of a heat map needs a sample for each column")
    peak = max((sample for sample in samples if sample.value), key=_value, default=None)
    strongest = _value(peak) if peak else 1.0
    return HeatMap(
        columns=tuple(columns),
        rows=tuple(
            (label, tuple(Cell(sample, round(_value(sample) / strongest * 100)) for sample in cells))
            for label, cells in rows
        ),
        peak=peak,
    )


def _value(sample: Sample) -> float:
    return sample.value or 0.0


def _grid(values: Sequence[float | None], bounds: tuple[float | None, float | None], least: float) -> list[float]:
    known = [value for value in values if value is not None] or [0.0]
    low, high = min(known), max(known)
    if low == high:
        low, high = (0.0, high) if high > 0 else (low, low + max(least, 1.0))
    floor, ceiling = bounds
    inner = [
        value
        for value in ticks(low, high, least=least)
        if (floor is None or value >= floor) and (ceiling is None or value <= ceiling)
    ]
    if ceiling is not None and (not inner or inner[-1] < high):
        inner.append(ceiling)
    if floor is not None and inner[0] > low:
        inner.insert(0, floor)
    return inner if len(inner) > 1 else [inner[0], inner[0] + max(least, 1.0)]


def _places(values: Sequence[float | None], bottom: float, top: float) -> list[Place | None]:
    step = 100 / (len(values) - 1) if len(values) > 1 else 0.0
    return [
        None if value is None else (round(n * step if step else 50.0, 2), _height(value, bottom, top))
        for n, value in enumerate(values)
    ]


def _height(value: float, bottom: float, top: float) -> float:
    return round(min(100.0, max(0.0, (top - value) / ((top - bottom) or 1.0) * 100)), 1)


def _runs(places: Sequence[Place | None]) -> list[list[Place]]:
    runs: list[list[Place]] = [[]]
    for place in places:
        if place is None:
            runs.append([])
        else:
            runs[-1].append(place)
    return [run for run in runs if run]


def _curve(run: Sequence[Place]) -> str:
    """Join places by curves that leave and arrive level, so that none overshoots."""
    path = [f"M{_text(run[0][0])} {_text(run[0][1])}"]
    if len(run) == 1:
        return path[0] + "h.01"  # a round cap makes it a point
    before = 0.0
    for (x0, y0), (x1, y1) in pairwise(run):
        middle, step = _text((x0 + x1) / 2), x1 - x0
        # S leaves as the curve before has arrived
        start = "S" if abs(step - before) < 0.05 else f"C{middle} {_text(y0)} "
        path.append(f"{start}{middle} {_text(y1)} {_text(x1)} {_text(y1)}")
        before = step
    return "".join(path)


def _text(value: float) -> str:
    """A tenth of a percent of the box is finer than a pixel of any chart."""
    return f"{value:.1f}".removesuffix(".0")


def _strip(x: float, width: float) -> float:
    """Return the left edge of the strip around a point, kept within the box."""
    return round(min(100 - width, max(0.0, x - width / 2)), 2)


def _axis(labels: Sequence[str]) -> tuple[str, ...]:
    """Choose four to six labels at even distances, the first and the last among them."""
    gaps = len(labels) - 1
    if gaps < 6:
        return tuple(labels)
    wanted = next((parts for parts in (5, 4, 3) if gaps % parts == 0), 4)
    return tuple(labels[round(n * gaps / wanted)] for n in range(wanted + 1))


def _callouts(events: Sequence[Event], places: Sequence[Place | None]) -> tuple[Callout, ...]:
    found = []
    for event in events:
        place = places[event.index] if 0 <= event.index < len(places) else None
        if place:
            found.append(Callout(*place, "left" if place[0] >= 50 else "right", event.title, event.text))
    return tuple(found)
