"""Which facts a figure counts, and for whom.

What a viewer sees whole (all that is not confidential in departments whose pages they may read) comes from the sums;
the rest of what they see, page by page, is counted from the facts through the door. The two never overlap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Select,
    SmallInteger,
    String,
    and_,
    cast,
    func,
    literal,
    null,
    select,
)
from sqlalchemy.orm import Session

from acm.kpi.declarations import HOURS
from acm.kpi.models import GRAINS, Fact, Rollup
from acm.kpi.periods import Period
from acm.pages.models import Page
from acm.pages.visibility import inside, through
from acm.people.models import Department
from acm.people.rights import Grants


@dataclass(frozen=True)
class Scope:
    """A viewer, departments (0 is none), case types (none given: all) and filters: ``service`` ``branch`` ``group``
    ``priority`` by id, where 0 stands for cases that have none."""

    grants: Grants
    departments: frozenset[int]
    types: tuple[str, ...] = ()
    filters: Mapping[str, int] = field(default_factory=dict)

    @property
    def whole(self) -> list[int]:
        """Departments of which this viewer sees all that is not confidential."""
        return sorted(d for d in self.departments if self.grants.holds("page.read", d))

    @property
    def apart(self) -> list[int]:
        """Departments of which this viewer sees single pages at most."""
        return sorted(d for d in self.departments if not self.grants.holds("page.read", d))

    def having(self, **filters: int) -> Scope:
        """The same with further filters."""
        return Scope(self.grants, self.departments, self.types, {**self.filters, **filters})


def company(session: Session, grants: Grants, types: tuple[str, ...] = (), **filters: int) -> Scope:
    """Everything in the company that this person may see."""
    departments = session.scalars(select(Department.id))
    return Scope(grants, frozenset(departments) | {0}, types, filters)


def sums(
    scope: Scope, columns: Iterable[str], kinds: Iterable[str], period: Period, by: str = ""
) -> Select[Any] | None:
    """What is seen whole, summed up by ``columns`` (kind, day, bucket, part); ``by`` names what ``part`` is."""
    whole = scope.whole
    if not whole:
        return None
    if scope.filters or (by and HOURS & set(kinds)):
        return _from_facts(scope, list(columns), kinds, period, by)
    conditions: list[ColumnElement[bool]] = [
        Rollup.grain == (by or "all"),
        Rollup.department_id.in_(whole),
        *_common(Rollup, kinds, period, scope.types),
    ]
    return _summed(Rollup, list(columns), by, conditions)


def _from_facts(scope: Scope, columns: list[str], kinds: Iterable[str], period: Period, by: str) -> Select[Any]:
    return inside(_summed(Fact, columns, by, [seen_whole(scope), *selected(scope, kinds, period)]))


def remainder(scope: Scope, kinds: Iterable[str], period: Period, by: str) -> list[Select[Any]]:
    """What is seen page by page, through the door, by kind, day, bucket and part."""
    columns = ["kind", "day", "bucket", "part"]
    common = selected(scope, kinds, period)
    return [
        through(_summed(Fact, columns, by, [condition, *common]).join(Page, Page.id == Fact.page_id), scope.grants)
        for condition in seen_apart(scope)
    ]


def selected(scope: Scope, kinds: Iterable[str], period: Period) -> list[ColumnElement[bool]]:
    """Conditions on facts, apart from who may see them."""
    found = _common(Fact, kinds, period, scope.types)
    for name, value in scope.filters.items():
        column: Any = GRAINS[name]
        found.append(column == value)
    return found


def seen_whole(scope: Scope) -> ColumnElement[bool]:
    return and_(Fact.confidential.is_(False), Fact.department_id.in_(scope.whole))


def seen_apart(scope: Scope) -> list[ColumnElement[bool]]:
    """Disjoint conditions on facts whose pages must pass the door one by one."""
    confidential = and_(Fact.confidential.is_(True), Fact.department_id.in_(sorted(scope.departments)))
    if not scope.apart:
        return [confidential]
    return [confidential, and_(Fact.confidential.is_(False), Fact.department_id.in_(scope.apart))]


def _common(table: Any, kinds: Iterable[str], period: Period, types: tuple[str, ...]) -> list[ColumnElement[bool]]:
    found = [table.kind.in_(sorted(kinds)), table.day >= period.first, table.day <= period.last]
    return [*found, table.type.in_(types)] if types else found


def _summed(table: Any, columns: list[str], by: str, conditions: list[ColumnElement[bool]]) -> Select[Any]:
    nothing: dict[str, Any] = {
        "kind": literal("", String),
        "day": cast(null(), Date),
        "bucket": literal(0, SmallInteger),
        "part": literal(0, Integer),
    }
    part = GRAINS[by] if by and table is Fact else table.part if by else None
    real = {"kind": table.kind, "day": table.day, "bucket": table.bucket, "part": part}
    chosen = [name for name in columns if real[name] is not None]
    shown = [(real[name] if name in chosen else nothing[name]).label(name) for name in nothing]
    count: Any = func.count() if table is Fact else func.sum(Rollup.count)
    total: Any = func.coalesce(func.sum(Fact.value), 0.0) if table is Fact else func.sum(Rollup.total)
    statement: Select[Any] = select(*shown, count.label("count"), total.label("total"))
    return statement.where(*conditions).group_by(*(real[name] for name in chosen))
