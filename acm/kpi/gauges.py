"""Gauges: numbers about pages of one type by their own fields, as they stand or by when something happened to them.

All gauges of a panel are read in one statement, through the door; the list behind a figure has the same conditions,
so it is exactly as long. Names of people and pages that parts bear take one statement each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, func, literal, null, select, union_all
from sqlalchemy.orm import Session

from acm.errors import Invalid
from acm.i18n import _
from acm.kpi.declarations import Gauge, Widget
from acm.kpi.periods import Choice, Period
from acm.kpi.scope import Scope
from acm.pages.fields import COLUMNS, comparable, conditions, currency_of, named, value_of
from acm.pages.models import Page, PageTerm
from acm.pages.types import CaseType, FieldKind, PageType
from acm.pages.visibility import through
from acm.people.models import Department, Group, Person
from acm.snapshot import Snapshot
from acm.taxonomy.models import Term, Vocabulary

NONE = "none"
TERM = "term:"
WHEN = "when"
"""By the parts of the period, which a line is made of: their keys count from 0."""
MOVED = {"opened": Page.opened_at, "resolved": Page.resolved_at, "closed": Page.closed_at}
FILTERED = {"service": Page.service_id, "branch": Page.branch_id, "group": Page.group_id, "priority": Page.priority}
RELATIVE = re.compile(r"today(?:([+-]\d{1,4}))?")
PEOPLE = ("owner", "requester", "beneficiary")


@dataclass(frozen=True)
class Part:
    """What one value of the dimension has: pages, those of them that meet ``part``, and the sum by currency."""

    key: str
    count: int
    kept: int = 0
    totals: Mapping[str, Decimal] = field(default_factory=dict)

    def value(self, gauge: Gauge) -> float | None:
        """The number itself; a sum is that of the currency most is in."""
        if gauge.of == "share":
            return self.kept / self.count * 100 if self.count else None
        if gauge.of == "sum":
            return float(max(self.totals.values(), default=Decimal(0)))
        return self.count


@dataclass(frozen=True)
class Asked:
    """One question: a gauge, in a period, by a dimension."""

    gauge: Gauge
    period: Period
    by: str = ""


@dataclass(frozen=True)
class Gauged:
    """What a widget needs: its gauge with its type, the parts now and before, and the names of the parts."""

    gauge: Gauge
    definition: PageType
    now: Sequence[Part]
    past: Sequence[Part]
    names: Mapping[str, str]


def gauged(
    session: Session,
    snapshot: Snapshot,
    scope: Scope,
    widgets: Sequence[Widget],
    choice: Choice,
    lang: str,
    today: date,
) -> dict[str, Gauged]:
    """Everything the gauges of a panel show, by the key of the widget."""
    found = {w.key: (w, g) for w in widgets if (g := gauge_of(snapshot, w.measure)) is not None}
    asked: dict[tuple[str, int], Asked] = {}
    for key, (widget, gauge) in found.items():
        by = WHEN if widget.kind == "line" and gauge.over else widget.by
        asked[key, 0] = Asked(gauge, choice.now, by)
        if gauge.over:
            asked[key, 1] = Asked(gauge, choice.past, by)
    answers = dict(zip(asked, ask(session, snapshot, scope, list(asked.values()), today), strict=True))
    naming = _Names(session, scope, lang)
    for (key, _when), parts in answers.items():
        naming.want(_type(snapshot, found[key][1]), found[key][0].by, parts)
    naming.load()
    return {
        key: Gauged(
            gauge, _type(snapshot, gauge), answers[key, 0], answers.get((key, 1), ()),
            naming.names(_type(snapshot, gauge), widget.by, [*answers[key, 0], *answers.get((key, 1), ())]),
        )
        for key, (widget, gauge) in found.items()
    }  # fmt: skip


def gauge_of(snapshot: Snapshot, key: str) -> Gauge | None:
    """The gauge of that key, while its type is served."""
    gauge: Gauge | None = snapshot.find("gauge", key)
    return gauge if gauge is not None and snapshot.find("page_type", gauge.type) is not None else None


def ask(
    session: Session, snapshot: Snapshot, scope: Scope, questions: Sequence[Asked], today: date
) -> list[list[Part]]:
    """The answers to several questions in one statement, each with its greatest part first."""
    if not questions:
        return []
    rows = session.execute(
        union_all(*(_counted(session, snapshot, scope, n, one, today) for n, one in enumerate(questions)))
    )
    found: list[dict[str, Part]] = [{} for _one in questions]
    for place, raw, currency, count, kept, total in rows:
        key = _key(raw)
        there = found[place].get(key, Part(key, 0))
        totals = {**there.totals, currency or "": _exact(total)} if total is not None else there.totals
        found[place][key] = Part(key, there.count + count, there.kept + int(kept or 0), totals)
    return [sorted(parts.values(), key=lambda part: (-part.count, part.key)) for parts in found]


def behind(
    session: Session, snapshot: Snapshot, scope: Scope, asked: Asked, part: str | None, today: date
) -> Select[Any]:
    """The pages that a figure counted, or one part of it, for this viewer."""
    definition = _type(snapshot, asked.gauge)
    statement = select(Page).where(*_conditions(session, definition, scope, asked, today))
    if part is not None and asked.by.startswith(TERM):
        tagged = select(PageTerm.page_id).join(Term, Term.id == PageTerm.term_id)
        tagged = tagged.join(Vocabulary, Vocabulary.id == Term.vocabulary_id)
        tagged = tagged.where(Vocabulary.key == asked.by.removeprefix(TERM), Term.key == part)
        statement = statement.where(Page.id.in_(tagged))
    elif part is not None and asked.by:
        column, of = named(session, definition, asked.by)
        statement = statement.where(column.is_(None) if part == NONE else column == _typed(session, column, of, part))
    return through(statement, scope.grants)


def _counted(session: Session, snapshot: Snapshot, scope: Scope, place: int, asked: Asked, today: date) -> Select[Any]:
    gauge, definition = asked.gauge, _type(snapshot, asked.gauge)
    nothing: Any = null()
    dialect = session.get_bind().dialect.name
    part: Any = literal("", String)
    if asked.by.startswith(TERM):
        part = Term.key
    elif asked.by == WHEN:
        part = _when(session, asked)
    elif asked.by:
        part = cast(named(session, definition, asked.by)[0], String)
    summed = definition.field(gauge.field) if gauge.of == "sum" else None
    currency: Any = literal("", String)
    if summed is not None and summed.kind is FieldKind.MONEY:
        currency = currency_of(summed, dialect)
    total = func.sum(value_of(summed, dialect)) if summed is not None else cast(nothing, COLUMNS["id"].type)
    kept: Any = literal(0)
    if gauge.of == "share":
        meets = and_(*conditions(session, definition, _dated(gauge.part, today)))
        kept = func.sum(case((meets, 1), else_=0))
    columns = [literal(place).label("place"), part.label("part"), currency.label("currency"), func.count(Page.id)]
    statement: Select[Any] = select(*columns, kept.label("kept"), total.label("total")).select_from(Page)
    if asked.by.startswith(TERM):
        statement = statement.join(PageTerm, PageTerm.page_id == Page.id).join(Term, Term.id == PageTerm.term_id)
        statement = statement.join(Vocabulary, Vocabulary.id == Term.vocabulary_id)
        statement = statement.where(Vocabulary.key == asked.by.removeprefix(TERM))
    statement = statement.where(*_conditions(session, definition, scope, asked, today))
    return through(statement.group_by(part, currency), scope.grants)


def _conditions(
    session: Session, definition: PageType, scope: Scope, asked: Asked, today: date
) -> list[ColumnElement[bool]]:
    gauge = asked.gauge
    found = list(conditions(session, definition, _dated(gauge.where, today), gauge.terms))
    for name, value in scope.filters.items():
        found.append(FILTERED[name] == value if value else FILTERED[name].is_(None))
    if gauge.over:
        first, end = _moments(session, asked.period)
        found += [MOVED[gauge.over] >= first, MOVED[gauge.over] < end]
    return found


def _moments(session: Session, period: Period) -> tuple[datetime, datetime]:
    """The moment a period begins at, and that at which it is over, in the zone of the installation."""
    zone = ZoneInfo(session.info["settings"].timezone)
    first = datetime.combine(period.first, time(), zone).astimezone(UTC)
    return first, datetime.combine(period.last + timedelta(days=1), time(), zone).astimezone(UTC)


def _when(session: Session, asked: Asked) -> ColumnElement[str]:
    """The number of the part of the period in which it happened to a page, as text."""
    ends = [_moments(session, part)[1] for part in asked.period.parts()]
    return case(
        *((MOVED[asked.gauge.over] < end, literal(str(number), String)) for number, end in enumerate(ends)), else_=""
    )


def _dated(where: Mapping[str, Any], today: date) -> dict[str, Any]:
    """``today``, ``today+30`` and ``today-7`` as the days they are."""

    def day(value: Any) -> Any:
        meant = RELATIVE.fullmatch(value) if isinstance(value, str) else None
        return today + timedelta(days=int(meant[1] or 0)) if meant else value

    return {name: day(value) for name, value in where.items()}


def _typed(session: Session, column: Any, of: Any, part: str) -> Any:
    if of is not None:
        try:
            return comparable(session, of, True if part == "true" else part)
        except ArithmeticError:
            raise Invalid({"part": [_("Choose one of the offered values")]}) from None
    if column.type.python_type is not int:
        return part
    if not part.isdecimal() or len(part) > 9:
        raise Invalid({"part": [_("Choose one of the offered values")]})
    return int(part)


class _Names:
    """What parts are called: options, states, terms, people and pages, read together."""

    def __init__(self, session: Session, scope: Scope, lang: str) -> None:
        self.session, self.scope, self.lang = session, scope, lang
        self.wanted: dict[str, set[int]] = {"person": set(), "page": set(), "department": set(), "group": set()}
        self.terms: set[tuple[str, str]] = set()
        self.found: dict[tuple[str, str], str] = {}

    def want(self, definition: PageType, by: str, parts: Sequence[Part]) -> None:
        sort = _sort(definition, by)
        if sort in self.wanted:
            self.wanted[sort] |= {int(part.key) for part in parts if part.key.isdecimal()}
        elif sort.startswith(TERM):
            self.terms |= {(sort.removeprefix(TERM), part.key) for part in parts}

    def load(self) -> None:
        session, lang = self.session, self.lang
        if ids := self.wanted["person"]:
            for person in session.scalars(select(Person).where(Person.id.in_(ids))):
                self.found["person", str(person.id)] = person.name_in(lang)
        if ids := self.wanted["page"]:
            seen = through(select(Page.id, Page.title).where(Page.id.in_(ids)), self.scope.grants)
            self.found |= {("page", str(id_)): title for id_, title in session.execute(seen)}
        for sort, model in (("department", Department), ("group", Group)):
            if ids := self.wanted[sort]:
                rows = session.scalars(select(model).where(model.id.in_(ids)))
                self.found |= {(sort, str(row.id)): row.name(lang) for row in rows}  # type: ignore[attr-defined]
        if self.terms:
            asked = select(Vocabulary.key, Term).join(Vocabulary, Vocabulary.id == Term.vocabulary_id)
            asked = asked.where(
                Vocabulary.key.in_({v for v, _term in self.terms}), Term.key.in_({t for _v, t in self.terms})
            )
            self.found |= {(TERM + key, term.key): term.name(lang) for key, term in session.execute(asked)}

    def names(self, definition: PageType, by: str, parts: Sequence[Part]) -> dict[str, str]:
        sort = _sort(definition, by)
        known: dict[str, Mapping[str, str]] = {}
        one = definition.field(by.removeprefix("field."))
        if by == "state" and isinstance(definition, CaseType):
            known = {state.key: state.names for state in definition.states}
        elif one is not None:
            known = {option.id: option.label for option in one.options}
        names = {key: said.get(self.lang, "") for key, said in known.items()}  # a funnel draws empty stages too
        return names | {p.key: self.found.get((sort, p.key)) or names.get(p.key, "") for p in parts}


def _sort(definition: PageType, by: str) -> str:
    if by in PEOPLE:
        return "person"
    if by.startswith(TERM) or by in ("department", "group"):
        return by
    one = definition.field(by.removeprefix("field."))
    if one is not None and one.vocabulary:
        return TERM + one.vocabulary
    if one is None:
        return "page" if by in ("parent", "service") else ""
    return one.kind.value


def _type(snapshot: Snapshot, gauge: Gauge) -> PageType:
    definition: PageType = snapshot.points["page_type"][gauge.type].value
    return definition


def _key(raw: Any) -> str:
    """A value as text, the same from both databases: ``2.0`` and ``2`` are one number."""
    if raw is None:
        return NONE
    text = str(raw)
    return text.removesuffix(".0") if re.fullmatch(r"-?\d+\.0", text) else text


def _exact(total: Any) -> Decimal:
    number = total if isinstance(total, Decimal) else Decimal(repr(float(total)))
    return round(number, 2)
