"""Names a panel shows: branches and services to choose from, services in its figures, and how old its data is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, String, and_, cast, func, literal, null, or_, select, tuple_, union_all
from sqlalchemy.orm import Session

from acm.db import Json, UTCDateTime
from acm.i18n import words
from acm.journal import Consumer, Event
from acm.kpi.counting import KINDS
from acm.kpi.keeping import NAME
from acm.kpi.scope import Scope
from acm.pages.models import Page
from acm.pages.visibility import door, inside
from acm.people.models import Branch


@dataclass(frozen=True)
class Names:
    """Names in the reader's language; ``waiting`` is the moment of the first event not counted yet."""

    branches: dict[int, str]
    services: dict[int, str]
    waiting: datetime | None


def names_of(session: Session, scope: Scope, found: Iterable[int], lang: str) -> Names:
    """In one statement. ``found`` are services of cases that were counted for this viewer."""
    nothing: Any = cast(null(), Json)
    never: Any = cast(null(), UTCDateTime())
    branches: Any = select(literal("branch", String), Branch.id, Branch.names, literal("", String), nothing, never)
    # Services are few, cases of a department many: an expression keeps the planner from the department's index.
    mine = and_(func.coalesce(Page.department_id, 0).in_(sorted(scope.departments)), door(scope.grants))
    chosen = [*found, scope.filters.get("service", 0)]
    services: Any = select(literal("service", String), Page.id, nothing, Page.title, Page.texts, never)
    services = services.where(Page.kind == "service", or_(mine, Page.id.in_(chosen)))
    newer: Any = Event.id > Consumer.event_id
    order: tuple[Any, ...] = (Event.id,)
    if session.get_bind().dialect.name == "postgresql":
        newer = tuple_(Event.tx, Event.id) > tuple_(Consumer.tx, Consumer.event_id)
        order = (Event.tx, Event.id)
    fresh: Any = (
        select(
            literal("waiting", String), literal(0, Integer), nothing, literal("", String), nothing, Event.recorded_at
        )
        .select_from(Event)
        .join(Consumer, and_(Consumer.name == NAME, newer))
        .where(Event.kind.in_(KINDS))
        .order_by(*order)
        .limit(1)
    )
    joined: Any = union_all(branches, inside(services), select(inside(fresh).subquery()))
    branches_found: dict[int, str] = {}
    services_found: dict[int, str] = {}
    waiting = None
    for what, id_, names, title, texts, at in session.execute(joined):
        if what == "waiting":
            waiting = at
        elif what == "branch":
            branches_found[id_] = words(names, lang)
        else:
            services_found[id_] = ((texts or {}).get(lang) or {}).get("title") or title
    return Names(_by_name(branches_found), _by_name(services_found), waiting)


def _by_name(names: dict[int, str]) -> dict[int, str]:
    return dict(sorted(names.items(), key=lambda one: one[1].lower()))
