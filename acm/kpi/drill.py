"""The list behind a figure: the very facts that were counted, with their cases, for this viewer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

from sqlalchemy import ColumnElement, and_, func, or_, select, union_all
from sqlalchemy.orm import Session

from acm.cases.listing import row_parts
from acm.cases.models import Case
from acm.errors import Invalid
from acm.i18n import _
from acm.kpi.declarations import FactKind, Measure
from acm.kpi.models import Fact
from acm.kpi.periods import Period
from acm.kpi.scope import Scope, seen_apart, seen_whole, selected
from acm.pages.models import Page
from acm.pages.visibility import inside, through

NONE = "none"
_quoted = lru_cache(1024)(quote_plus)
"""A panel has hundreds of links, and few values in them."""


@dataclass(frozen=True)
class Behind:
    """What a figure counted: the facts of a measure in a period; ``verdict`` 0 narrows to broken promises, ``weekday``
    (0 is Monday) and ``hour`` to a cell of the heat map."""

    measure: Measure
    period: Period
    verdict: int | None = None
    weekday: int | None = None
    hour: int | None = None

    def conditions(self, scope: Scope) -> list[ColumnElement[bool]]:
        found = selected(scope, [self.measure.fact.value], self.period)
        if self.verdict is not None:
            found.append(Fact.bucket == self.verdict)
        if self.hour is not None:
            found.append(Fact.bucket == self.hour)
        if self.weekday is not None:
            found.append(Fact.day.in_([day for day in self.period.each_day() if day.weekday() == self.weekday]))
        return found


@dataclass(frozen=True)
class Links:
    """Addresses of lists behind the figures of one panel, under the filters chosen."""

    panel: str
    filters: Mapping[str, str] = field(default_factory=dict)

    def to(self, measure: str, period: Period, **narrower: object) -> str:
        given: dict[str, object] = {
            "panel": self.panel,
            "measure": measure,
            "from": period.first.isoformat(),
            "to": period.last.isoformat(),
            **self.filters,
            **narrower,
        }
        return "/kpi/cases?" + "&".join(f"{name}={_quoted(str(value))}" for name, value in given.items())


@dataclass(frozen=True)
class Line:
    """A counted occurrence with its case."""

    fact: Fact
    case: Case


@dataclass(frozen=True)
class Listed:
    """One page of a list; ``next`` is the cursor of the following one."""

    lines: list[Line]
    total: int
    next: str


def behind(session: Session, scope: Scope, asked: Behind, *, cursor: str = "", limit: int = 50) -> Listed:
    """The latest first; ``total`` is exact, in one statement of its own."""
    statement = select(Fact, Case).join(Case, Case.id == Fact.page_id).where(*asked.conditions(scope))
    statement = statement.where(Fact.department_id.in_(sorted(scope.departments)))
    if cursor:
        at, last = _place(cursor)
        statement = statement.where(or_(Fact.at < at, and_(Fact.at == at, Fact.id < last)))
    statement = statement.order_by(Fact.at.desc(), Fact.id.desc()).limit(limit + 1).options(*row_parts())
    rows = [Line(*row) for row in session.execute(through(statement, scope.grants)).unique()]
    more = len(rows) > limit
    rows = rows[:limit]
    following = f"{rows[-1].fact.at.isoformat()}~{rows[-1].fact.id}" if more else ""
    return Listed(rows, how_many(session, scope, asked), following)


def how_many(session: Session, scope: Scope, asked: Behind) -> int:
    """How many facts this viewer may see, counted from the facts themselves."""
    conditions = asked.conditions(scope)
    parts: list[Any] = [inside(select(func.count()).select_from(Fact).where(seen_whole(scope), *conditions))]
    for apart in seen_apart(scope):
        counted = select(func.count()).select_from(Fact).join(Page, Page.id == Fact.page_id)
        parts.append(through(counted.where(apart, *conditions), scope.grants))
    return int(sum(session.scalars(union_all(*parts))))


def _place(cursor: str) -> tuple[datetime, int]:
    moment, _sign, last = cursor.partition("~")
    try:
        at = datetime.fromisoformat(moment.replace(" ", "+"))
        if at.tzinfo is None or not last.isdecimal() or len(last) > 15:
            raise ValueError(cursor)
        return at, int(last)
    except ValueError:
        raise Invalid({"after": [_("This place in the list is unknown")]}) from None


def read_behind(given: Mapping[str, str], measure: Measure, period: Period) -> Behind:
    """The narrower conditions of an address; :class:`Invalid` for what cannot be meant."""
    verdict = _number(given, "verdict", 1)
    hour = _number(given, "hour", 23)
    if verdict is not None and measure.fact is not FactKind.JUDGED:
        raise Invalid({"verdict": [_("This measure judges no promise")]})
    if hour is not None and measure.fact is not FactKind.OPENED:
        raise Invalid({"hour": [_("Only openings are known by the hour")]})
    return Behind(measure, period, verdict, _number(given, "weekday", 6), hour)


def _number(given: Mapping[str, str], name: str, most: int) -> int | None:
    text = given.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 3 or int(text) > most:
        raise Invalid({name: [_("Choose one of the offered values")]})
    return int(text)


def read_filters(given: Mapping[str, str]) -> dict[str, int]:
    """``service`` ``branch`` ``group`` ``priority`` by id; ``none`` for cases without one."""
    found = {}
    for name in ("service", "branch", "group", "priority"):
        text = given.get(name, "")
        if not text:
            continue
        if text != NONE and not (text.isascii() and text.isdecimal() and len(text) < 10):
            raise Invalid({name: [_("Choose one of the offered values")]})
        found[name] = 0 if text == NONE else int(text)
    return found
