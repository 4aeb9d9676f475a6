"""Numbers: all that a panel asks, in one statement, and the value of a measure from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Integer, literal, union_all
from sqlalchemy.orm import Session

from acm.kpi.buckets import median
from acm.kpi.declarations import Measure
from acm.kpi.periods import Period
from acm.kpi.scope import Scope, remainder, sums

Classes = dict[int, tuple[int, float]]


@dataclass(frozen=True)
class Question:
    """Sums of some kinds of facts in a period: by ``day``, by ``part`` of ``by`` (a service …), or in all."""

    kinds: frozenset[str]
    period: Period
    by_day: bool = False
    by: str = ""

    @property
    def columns(self) -> list[str]:
        return ["kind", "bucket", *(["day"] if self.by_day else []), *(["part"] if self.by else [])]


@dataclass
class Sums:
    """The answer: how many and how much, by kind, day and part, and within these by class."""

    cells: dict[str, dict[tuple[date | None, int], Classes]] = field(default_factory=dict)

    def add(self, kind: str, day: date | None, part: int, bucket: int, count: int, total: float) -> None:
        there = self.cells.setdefault(kind, {}).setdefault((day, part), {})
        known = there.get(bucket)
        there[bucket] = (known[0] + count, known[1] + total) if known else (count, total)

    def classes(self, kind: str, part: int | None = None) -> Classes:
        """One kind, of one part or of all."""
        cells = self.cells.get(kind, {})
        if part is not None and (None, part) in cells:
            return cells[None, part]
        found: Classes = {}
        for (_day, piece), there in cells.items():
            if part is None or piece == part:
                _add(found, there)
        return found

    def within(self, kind: str, period: Period) -> Classes:
        """One kind in some of the days asked for."""
        found: Classes = {}
        there = self.cells.get(kind, {})
        for day in period.each_day():
            _add(found, there.get((day, 0), {}))
        return found

    def by_day(self, kind: str) -> dict[date, Classes]:
        return {day: there for (day, _part), there in self.cells.get(kind, {}).items() if day is not None}

    def parts(self, kind: str) -> set[int]:
        return {part for _day, part in self.cells.get(kind, {})}


def _add(there: Classes, more: Classes) -> None:
    for bucket, (count, total) in more.items():
        known = there.get(bucket)
        there[bucket] = (known[0] + count, known[1] + total) if known else (count, total)


@dataclass(frozen=True)
class Number:
    """The value of a measure (None when nothing happened) and how many facts stand behind it; ``late`` are those
    whose promise was not kept."""

    value: float | None
    count: int
    late: int = 0


def ask(session: Session, scope: Scope, questions: Sequence[Question]) -> list[Sums]:
    """Answer all questions of a panel in one statement."""
    parts: list[Any] = []
    for place, question in enumerate(questions):
        statement = sums(scope, question.columns, question.kinds, question.period, question.by)
        if statement is not None:
            parts.append(statement.add_columns(literal(place, Integer).label("place")))
    kinds = {kind for question in questions for kind in question.kinds}
    span = Period(min(q.period.first for q in questions), max(q.period.last for q in questions))
    by = next((q.by for q in questions if q.by), "")
    for statement in remainder(scope, kinds, span, by):
        parts.append(statement.add_columns(literal(-1, Integer).label("place")))
    answers = [Sums() for _ in questions]
    joined: Any = union_all(*parts) if len(parts) > 1 else parts[0]
    for kind, day, bucket, part, count, total, place in session.execute(joined).all():
        if place >= 0:
            answers[place].add(kind, day, part, bucket, int(count), float(total))
            continue
        for question, answer in zip(questions, answers, strict=True):
            if kind in question.kinds and day in question.period:
                where = (day if question.by_day else None, part if question.by else 0)
                answer.add(kind, *where, bucket, int(count), float(total))
    return answers


def number(measure: Measure, found: Sums, part: int | None = None) -> Number:
    """The value of a measure in what was asked, of one part or of all."""
    per = found.classes(measure.per, part) if measure.per else {}
    return number_of(measure, found.classes(measure.fact, part), per)


def number_within(measure: Measure, found: Sums, period: Period) -> Number:
    """The value of a measure in some of the days asked for."""
    per = found.within(measure.per, period) if measure.per else {}
    return number_of(measure, found.within(measure.fact, period), per)


def number_of(measure: Measure, classes: Classes, per: Classes) -> Number:
    count = sum(there[0] for there in classes.values())
    if measure.of == "count":
        return Number(float(count), count)
    if measure.of == "median":
        return Number(median(classes), count)
    if measure.of == "ratio":
        base = sum(there[0] for there in per.values())
        return Number(count / base * 100 if base else None, count)
    kept = sum(there[1] for there in classes.values())
    return Number(kept / count * 100 if count else None, count, count - round(kept))


def kinds_of(measures: Iterable[Measure]) -> frozenset[str]:
    return frozenset(kind.value for m in measures for kind in (m.fact, m.per) if kind is not None)


def figure(session: Session, scope: Scope, measure: Measure, period: Period) -> Number:
    """One measure over a period, as this viewer sees it."""
    [found] = ask(session, scope, [Question(kinds_of([measure]), period)])
    return number(measure, found)


def breakdown(session: Session, scope: Scope, measure: Measure, period: Period, by: str) -> Mapping[Any, Number]:
    """One measure by ``day``, ``service``, ``branch``, ``group`` or ``priority``; only where something happened."""
    daily = by == "day"
    question = Question(kinds_of([measure]), period, by_day=daily, by="" if daily else by)
    [found] = ask(session, scope, [question])
    if daily:
        return {day: number_within(measure, found, Period(day, day)) for day in sorted(found.by_day(measure.fact))}
    return {part: number(measure, found, part=part) for part in sorted(found.parts(measure.fact))}
