"""Lists of cases: order, place in the list, counts and groups of what a filter lets through."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Executable, and_, false, func, literal, or_, select
from sqlalchemy import case as sql_case
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from acm.cases.filtering import CaseFilter, Vantage, apply, counting, matching
from acm.cases.labels import labels_of
from acm.cases.models import Case
from acm.db import UTCDateTime, encode
from acm.errors import Invalid
from acm.i18n import _
from acm.pages.visibility import through

CAP = 10_000
ASC, DESC = False, True
SORTS: dict[str, tuple[tuple[Any, bool], ...]] = {
    "due": ((Case.due_at, ASC), (Case.id, ASC)),
    "opened": ((Case.opened_at, DESC), (Case.id, DESC)),
    "updated": ((Case.updated_at, DESC), (Case.id, DESC)),
    "priority": ((Case.priority, ASC), (Case.due_at, ASC), (Case.id, ASC)),
    "number": ((Case.id, DESC),),
}
GROUPINGS: dict[str, Any] = {"state": Case.state, "owner": Case.owner_id, "service": Case.service_id}
DUE_GROUPS = ("overdue", "today", "week", "later", "none", "done")


@dataclass(frozen=True)
class Listing:
    """What to list: the filters that must all hold, the order, the groups, the page."""

    filters: Sequence[CaseFilter]
    sort: str = "due"
    grouping: str = ""
    limit: int = 50
    cursor: str = ""
    exact: bool = False

    @property
    def groups_by_due(self) -> bool:
        return self.grouping == "due" and self.sort == "due"

    @property
    def open_only(self) -> bool:
        return any(one.is_open_only for one in self.filters)


@dataclass(frozen=True)
class Count:
    """How many, at most :data:`CAP` unless counted exactly; ``groups`` by the value of the grouping."""

    number: int
    capped: bool = False
    overdue: int = 0
    groups: dict[Any, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """One page of a list. ``next`` is the cursor of the following page or empty."""

    cases: list[Case]
    next: str


def order_of(sort: str, grouping: str, *, open_only: bool) -> list[tuple[Any, bool]]:
    """The columns a list is ordered by, each with its direction; missing values always come last."""
    keys = list(SORTS.get(sort, SORTS["due"]))
    if grouping in GROUPINGS:
        keys.insert(0, (GROUPINGS[grouping], ASC))
    elif sort == "due" and not open_only:
        keys.insert(0, (Case.is_open, DESC))
    return keys


def find(session: Session, listing: Listing, vantage: Vantage) -> Found:
    """One page of cases with the people and groups their rows show, in one statement."""
    keys = order_of(listing.sort, listing.grouping, open_only=listing.open_only)
    statement = matching(session, listing.filters, vantage)
    if listing.cursor:
        statement = statement.where(_after(keys, read_cursor(listing.cursor, keys)))
    statement = statement.order_by(*(_ordered(column, desc) for column, desc in keys)).limit(listing.limit + 1)
    cases = list(session.scalars(statement.options(*row_parts())).unique())
    more = len(cases) > listing.limit
    cases = cases[: listing.limit]
    return Found(cases, make_cursor(cases[-1], keys) if more else "")


def row_parts() -> tuple[ORMOption, ...]:
    """What a row of a list shows besides the case itself."""
    return (
        joinedload(Case.type_version),
        joinedload(Case.owner),
        joinedload(Case.requester),
        joinedload(Case.group),
        joinedload(Case.branch),
    )


def count(session: Session, listing: Listing, vantage: Vantage) -> Count:
    """How many cases the filters let through, in all and by group, in one statement."""

    def totals(at: Vantage) -> Executable:
        group: Any = due_group(at) if listing.groups_by_due else GROUPINGS.get(listing.grouping, literal(""))
        late = and_(Case.is_open.is_(True), Case.due_at < at.now)
        columns = select(late.label("late"), group.label("grp"))
        inner = apply(through(columns, at.grants), session, listing.filters, at)
        rows = (inner if listing.exact else inner.limit(CAP + 1)).subquery()
        overdue = func.coalesce(func.sum(sql_case((rows.c.late, 1), else_=0)), 0)
        return select(rows.c.grp, func.count(), overdue).group_by(rows.c.grp)

    asked = ("due" if listing.groups_by_due else listing.grouping, listing.exact)
    counted = counting(session, listing.filters, vantage, totals, *asked).all()
    groups = {value: number for value, number, _late in counted}
    overdue = sum(late for _value, _number, late in counted)
    is_grouped = listing.groups_by_due or listing.grouping in GROUPINGS
    return _counted(sum(groups.values()), overdue, groups if is_grouped else {}, listing.exact)


def tally(session: Session, base: Sequence[CaseFilter], tabs: Sequence[CaseFilter], vantage: Vantage) -> list[Count]:
    """How many cases each of several narrower filters lets through, in one statement."""

    def sums(at: Vantage) -> Executable:
        labels = labels_of(session, at.grants, at.lang, [key for tab in tabs for key in tab.named()])
        columns: list[Any] = [and_(*tab.conditions(at, labels)).label(f"t{n}") for n, tab in enumerate(tabs) if tab]
        inner = apply(through(select(*(columns or [Case.is_open])), at.grants), session, base, at)
        rows = inner.limit(CAP + 1).subquery()
        return select(*(
            func.coalesce(func.sum(sql_case((rows.c[f"t{n}"], 1), else_=0)), 0) if tab else func.count()
            for n, tab in enumerate(tabs)
        )).select_from(rows)  # fmt: skip

    numbers = counting(session, [*base, *tabs], vantage, sums, len(base)).one()
    return [_counted(int(number), 0, {}, exact=False) for number in numbers]


def due_group(vantage: Vantage) -> ColumnElement[str]:
    """In which group by due date a case stands."""
    return sql_case(
        (Case.is_open.is_(False), "done"),
        (Case.due_at.is_(None), "none"),
        (Case.due_at < vantage.now, "overdue"),
        (Case.due_at < vantage.tomorrow, "today"),
        (Case.due_at < vantage.next_week, "week"),
        else_="later",
    )


def due_group_of(case: Case, vantage: Vantage) -> str:
    """The same for a case at hand."""
    if not case.is_open:
        return "done"
    if case.due_at is None:
        return "none"
    ends = (("overdue", vantage.now), ("today", vantage.tomorrow), ("week", vantage.next_week))
    return next((name for name, end in ends if case.due_at < end), "later")


def make_cursor(case: Case, keys: Sequence[tuple[Any, bool]]) -> str:
    """The place behind a case, opaque to its holder."""
    place = [getattr(case, column.key) for column, _desc in keys]
    marked = [{"at": value} if isinstance(value, datetime) else value for value in place]
    return urlsafe_b64encode(encode(marked).encode()).decode().rstrip("=")


def read_cursor(cursor: str, keys: Sequence[tuple[Any, bool]]) -> list[Any]:
    """The values of a cursor; :class:`Invalid` for one that was not made for this order."""
    try:
        place = json.loads(urlsafe_b64decode(cursor[:2000] + "=" * (-len(cursor) % 4)))
        values = [datetime.fromisoformat(v["at"]) if isinstance(v, dict) else v for v in place]
        fits = all(_fits(value, column) for value, (column, _desc) in zip(values, keys, strict=True))
    except (ValueError, TypeError, KeyError, RecursionError):
        fits, values = False, []
    if not fits:
        raise Invalid({"cursor": [_("This place in the list is unknown")]})
    return values


def _fits(value: object, column: Any) -> bool:
    wanted: type = datetime if isinstance(column.type, UTCDateTime) else column.type.python_type
    if value is None:
        return str(column.key) != "id"
    if isinstance(value, datetime):
        return wanted is datetime and value.tzinfo is not None
    return isinstance(value, wanted) and (not isinstance(value, int) or abs(value) < 2**31)


def _ordered(column: Any, desc: bool) -> Any:
    if column.key in ("due_at", "priority", "owner_id", "service_id"):
        return column.asc().nulls_last()
    return column.desc() if desc else column.asc()


def _after(keys: Sequence[tuple[Any, bool]], place: Sequence[Any]) -> ColumnElement[bool]:
    """Behind a place: greater in the first column, or equal there and greater in the next, and so on."""
    ways: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for (column, desc), value in zip(keys, place, strict=True):
        if column.key == "is_open":
            value = bool(value)
        ways.append(and_(*equal, _greater(column, desc, value)))
        equal.append(column.is_(value) if value is None or isinstance(value, bool) else column == value)
    return or_(*ways)


def _greater(column: Any, desc: bool, value: Any) -> ColumnElement[bool]:
    if value is None:
        return false()
    if isinstance(value, bool):
        return column.is_(False) if value else false()
    further: ColumnElement[bool] = column < value if desc else column > value
    return further if desc or column.key == "id" else or_(further, column.is_(None))


def _counted(number: int, overdue: int, groups: dict[Any, int], exact: bool) -> Count:
    if exact or number <= CAP:
        return Count(number, False, overdue, groups)
    return Count(CAP, True, overdue, groups)
