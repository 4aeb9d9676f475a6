"""Queues: saved filters with their columns, order and grouping. Declared by plugins, saved by people, one per own group.

A queue is open to everybody who works cases, unless its audience names some: ``r:<role>``, ``g:<group>``,
``d:<department>``, by key or by id. The queue of a group has the group's key as its slug.
"""

from __future__ import annotations

import re
import secrets
import time
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Executable, func, literal, select, union_all
from sqlalchemy.orm import Session

from acm.cases.filtering import CaseFilter, Vantage, apply, counting
from acm.cases.labels import Key, Labels, labels_of, units
from acm.cases.listing import GROUPINGS, SORTS
from acm.cases.models import Case, Queue
from acm.errors import Forbidden, Invalid, NotFound
from acm.i18n import _, words
from acm.pages.visibility import through
from acm.people.rights import Grants, may
from acm.snapshot import CORE, Snapshot

MENU_CAP = 999
SAVED_SECONDS = 30.0


@dataclass(frozen=True, eq=False)
class QueueDefinition:
    """A queue that the core or a plugin declares: ``Contribution("queue", slug, QueueDefinition(...))``."""

    slug: str
    names: Mapping[str, str]
    filters: Mapping[str, Any] = field(default_factory=dict)
    icon: str = "list"
    sort: str = "due"
    grouping: str = "due"
    columns: Sequence[str] = ()
    audience: Sequence[str] = ()
    order: int = 100


@dataclass(frozen=True)
class OpenQueue:
    """A queue as its reader sees it."""

    slug: str
    names: Mapping[str, str]
    icon: str
    filter: CaseFilter
    sort: str
    grouping: str
    columns: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    order: int = 100
    plugin: str = CORE
    owner_id: int | None = None
    id: int | None = None
    is_shared: bool = True

    def name(self, lang: str) -> str:
        return words(self.names, lang)


def queues_for(session: Session, snapshot: Snapshot, grants: Grants) -> list[OpenQueue]:
    """The queues this person may open, in order; read once a request, saved ones at most half a minute old."""
    known: list[OpenQueue] | None = session.info.get("queues")
    if known is None:
        found = {q.slug: q for q in _of_groups(session, grants)}
        found |= {c.key: _declared(c.value, c.plugin) for c in snapshot.each("queue")}
        found |= {q.slug: q for q in _kept(session) if q.is_shared or q.owner_id == grants.person_id}
        audience = [key for q in found.values() for key in _audience_keys(q)]
        labels = labels_of(session, grants, "ru", audience) if audience else None
        known = [q for q in found.values() if _is_open_to(q, grants, labels)]
        known.sort(key=lambda q: (q.owner_id is not None, q.order, q.slug))
        session.info["queues"] = known
    return known


def queue_of(session: Session, snapshot: Snapshot, grants: Grants, slug: str) -> OpenQueue:
    """The queue of that slug; :class:`NotFound` when there is none for this person."""
    for _again in range(2):
        found = next((q for q in queues_for(session, snapshot, grants) if q.slug == slug), None)
        if found is not None:
            return found
        forget_saved(session)  # it may have been saved by another process a moment ago
    raise NotFound()


def forget_saved(session: Session) -> None:
    """Read saved queues anew at the next need."""
    session.info.pop("queues", None)
    if runtime := session.info.get("runtime"):
        runtime.parts.pop("saved queues", None)


def open_counts(session: Session, filters: Sequence[CaseFilter], vantage: Vantage) -> list[int]:
    """How many cases each filter lets through, at most :data:`MENU_CAP` + 1 each, in one statement."""
    if not filters:
        return []

    def each(at: Vantage) -> Executable:
        parts = []
        for place, one in enumerate(filters):
            inner = apply(through(select(Case.id), at.grants), session, [one], at).limit(MENU_CAP + 1)
            number = select(func.count()).select_from(inner.subquery()).scalar_subquery()
            parts.append(select(literal(place), number))
        return union_all(*parts) if len(parts) > 1 else parts[0]

    counts = {row[0]: row[1] for row in counting(session, filters, vantage, each)}
    return [counts.get(place, 0) for place in range(len(filters))]


def save_queue(
    session: Session,
    grants: Grants,
    *,
    name: str,
    filters: CaseFilter,
    sort: str,
    grouping: str,
    shared: bool,
    audience: Sequence[str] = (),
) -> Queue:
    """Keep a view under a name: one's own, or shared with those who work cases (permission ``queue.share``)."""
    name = name.strip()
    if not name:
        raise Invalid({"name": [_("Give the view a name")]})
    if len(name) > 60:
        raise Invalid({"name": [_("This text is too long")]})
    if shared and not may(grants, "queue.share"):
        raise Forbidden()
    queue = Queue(
        slug=_slug(name),
        names={"ru": name, "en": name},
        filters=filters.stored(),
        columns=[],
        sort=sort if sort in SORTS else "due",
        grouping=grouping if grouping in (*GROUPINGS, "due") else "",
        shared=shared,
        audience=list(audience),
        owner_id=grants.person_id,
        order=200,
    )
    session.add(queue)
    session.commit()
    forget_saved(session)
    return queue


def remove_queue(session: Session, grants: Grants, queue: OpenQueue) -> None:
    """Take a saved view away; only who saved it, or who may share queues and it is shared."""
    row = session.get(Queue, queue.id) if queue.id is not None else None
    if row is None:
        raise NotFound()
    if row.owner_id != grants.person_id and not (row.shared and may(grants, "queue.share")):
        raise Forbidden()
    session.delete(row)
    session.commit()
    forget_saved(session)


@lru_cache(maxsize=500)
def _declared(definition: QueueDefinition, plugin: str) -> OpenQueue:
    return OpenQueue(
        definition.slug,
        definition.names,
        definition.icon,
        CaseFilter.read(definition.filters),
        definition.sort,
        definition.grouping,
        tuple(definition.columns),
        tuple(definition.audience),
        definition.order,
        plugin,
    )


def _saved(row: Queue) -> OpenQueue:
    return OpenQueue(
        row.slug,
        row.names,
        row.icon,
        CaseFilter.read(row.filters),
        row.sort,
        row.grouping,
        tuple(row.columns),
        tuple(row.audience),
        row.order,
        row.plugin,
        row.owner_id,
        row.id,
        row.shared,
    )


def _kept(session: Session) -> list[OpenQueue]:
    """All saved queues, at most half a minute old in this process."""
    runtime = session.info.get("runtime")
    at, kept = runtime.parts.get("saved queues", (0.0, [])) if runtime else (0.0, [])
    if not at or time.monotonic() - at > SAVED_SECONDS:
        kept = [_saved(row) for row in session.scalars(select(Queue))]
        if runtime:
            runtime.parts["saved queues"] = (time.monotonic(), kept)
    return list(kept)


def _of_groups(session: Session, grants: Grants) -> list[OpenQueue]:
    """One queue for each group of the person."""
    needed = [("group", str(id_)) for id_ in grants.groups]
    groups = [u for u in units(session, needed) if u.kind == "group" and u.id in grants.groups] if needed else []
    return [
        OpenQueue(
            u.key, u.names, "users", CaseFilter.read({"group": u.key, "category": "open"}), "due", "due", order=50
        )
        for u in groups
    ]


def _audience_keys(queue: OpenQueue) -> list[Key]:
    kinds = {"g": "group", "d": "department"}
    named = [token.partition(":") for token in queue.audience]
    return [(kinds[kind], key) for kind, _colon, key in named if kind in kinds]


def _is_open_to(queue: OpenQueue, grants: Grants, labels: Labels | None) -> bool:
    if queue.owner_id == grants.person_id:
        return True
    if not queue.audience:
        return grants.works_cases
    departments = {*grants.department_path, *grants.departments_with("case.work")}
    for token in queue.audience:
        kind, _colon, key = token.partition(":")
        if kind == "r" and key in grants.roles:
            return True
        if kind == "g" and labels and labels.id("group", key) in grants.groups:
            return True
        if kind == "d" and labels and labels.id("department", key) in departments:
            return True
    return False


_CYRILLIC = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "e",
            "zh",
            "z",
            "i",
            "y",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "kh",
            "ts",
            "ch",
            "sh",
            "sch",
            ".",
            "y",
            ".",
            "e",
            "yu",
            "ya",
        ],
        strict=True,
    )
)


def _slug(name: str) -> str:
    """Letters of the name in Latin, and a few by chance, so that nobody's view takes another's address."""
    latin = "".join(_CYRILLIC.get(c, c) for c in unicodedata.normalize("NFC", name.lower())).replace(".", "")
    return f"{re.sub('[^a-z0-9]+', '-', latin).strip('-')[:40] or 'view'}-{secrets.token_hex(2)}"
