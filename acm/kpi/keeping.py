"""Keeping facts and sums true to the journal: the consumer ``kpi`` and the rebuilding of everything.

Whatever happened to a case, all its facts are made anew from its journal and compared with those kept; the
difference goes to the facts and to the sums. So the same event twice, an old event read again, or a changed property
of the case need no care of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Table, delete, func, insert, literal, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, joinedload

from acm.cases.models import Case
from acm.db import Base, Database
from acm.jobs.consumers import Handler, consume
from acm.journal import Consumer, Event, settled
from acm.kpi.counting import KINDS, Happening, bucket_for, clock_of, day_of, occurrences
from acm.kpi.declarations import HOURS
from acm.kpi.models import GRAINS, Fact, Rollup
from acm.pages.types import CaseType
from acm.pages.visibility import unrestricted
from acm.snapshot import Snapshot

NAME = "kpi"
BATCH = 200
COLUMNS = (
    "page_id", "event_id", "nth", "kind", "at", "day", "value", "bucket", "type", "department_id", "group_id",
    "branch_id", "service_id", "priority", "confidential",
)  # fmt: skip
PARTS = {"group": "group_id", "branch": "branch_id", "service": "service_id", "priority": "priority"}
Row = tuple[Any, ...]
SumKey = tuple[Any, ...]


def counter(zone: ZoneInfo) -> Callable[[Database, Snapshot], int]:
    """The consumer ``kpi``; days are those of ``zone``, the installation's."""
    handle = _handler(zone)

    def count(db: Database, snapshot: Snapshot) -> int:
        return consume(db, snapshot, NAME, handle, kinds=KINDS)

    return count


def _handler(zone: ZoneInfo) -> Handler:
    def handle(session: Session, events: Sequence[Event]) -> None:
        pages = sorted({event.page_id for event in events if event.page_id is not None})
        for first in range(0, len(pages), BATCH):
            refresh(session, pages[first : first + BATCH], zone)

    return handle


def refresh(session: Session, page_ids: Sequence[int], zone: ZoneInfo) -> None:
    """Make the facts of some cases anew and carry the difference into the sums."""
    wanted = set(_wanted(session, page_ids, zone))
    statement = select(Fact.id, *(getattr(Fact, name) for name in COLUMNS)).where(Fact.page_id.in_(page_ids))
    kept = {tuple(row[1:]): row[0] for row in session.execute(unrestricted(statement, NAME))}
    gone = [kept[row] for row in kept.keys() - wanted]
    new = [dict(zip(COLUMNS, row, strict=True)) for row in sorted(wanted - kept.keys(), key=lambda row: row[:4])]
    if gone:
        session.execute(delete(Fact).where(Fact.id.in_(gone)))
    if new:
        session.connection().execute(insert(_table(Fact)), new)
    lost = [dict(zip(COLUMNS, row, strict=True)) for row in kept.keys() - wanted]
    _sum_up(session, new, lost)


def _wanted(session: Session, page_ids: Sequence[int], zone: ZoneInfo) -> Iterator[Row]:
    journals = _journals(session, page_ids)
    statement = select(Case).options(joinedload(Case.type_version)).where(Case.id.in_(page_ids))
    for case in session.scalars(unrestricted(statement, NAME)):
        if isinstance(case.definition, CaseType):
            clock = clock_of(case.facts, zone)
            for found in occurrences(case.definition, journals.get(case.id, []), clock, made_sla=case.made_sla):
                yield (
                    case.id, found.event_id, found.nth, found.kind.value, found.at, day_of(found.at, zone), found.value,
                    bucket_for(found, zone), case.type, case.department_id or 0, case.group_id or 0,
                    case.branch_id or 0, case.service_id or 0, case.priority or 0, case.confidential,
                )  # fmt: skip


def _journals(session: Session, page_ids: Sequence[int]) -> dict[int, list[Happening]]:
    statement = (
        select(Event.page_id, Event.id, Event.kind, Event.at, Event.data, Event.source)
        .where(Event.page_id.in_(page_ids), Event.kind.in_(KINDS))
        .order_by(Event.page_id, Event.seq)
    )
    found: dict[int, list[Happening]] = defaultdict(list)
    for page_id, *happened in session.execute(unrestricted(statement, NAME)):
        found[page_id].append(Happening(*happened))
    return found


def _sum_up(session: Session, new: Iterable[dict[str, Any]], lost: Iterable[dict[str, Any]]) -> None:
    sums: dict[SumKey, list[float]] = defaultdict(lambda: [0, 0.0])
    for sign, facts in ((1, new), (-1, lost)):
        for fact in facts:
            if not fact["confidential"]:
                for grain in GRAINS:
                    if grain in PARTS and fact["kind"] in HOURS:
                        continue
                    part, bucket = (fact[PARTS[grain]], 0) if grain in PARTS else (0, fact["bucket"])
                    there = sums[fact["department_id"], grain, fact["kind"], fact["day"], part, fact["type"], bucket]
                    there[0] += sign
                    there[1] += sign * (fact["value"] or 0.0)
    names = ("department_id", "grain", "kind", "day", "part", "type", "bucket")
    rows = [
        {**dict(zip(names, key, strict=True)), "count": count, "total": round(total, 4)}
        for key, (count, total) in sorted(sums.items())
        if count or abs(total) > 1e-9
    ]
    if rows:
        session.connection().execute(_adding(session), rows)


def _adding(session: Session) -> Any:
    """An insert that adds to the sum that is there."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(_table(Rollup))
    return statement.on_conflict_do_update(
        index_elements=["department_id", "grain", "kind", "day", "part", "type", "bucket"],
        set_={"count": Rollup.count + statement.excluded.count, "total": Rollup.total + statement.excluded.total},
    )


def _table(model: type[Base]) -> Table:
    """The bare table, so that many rows are one statement."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


def rebuild(
    db: Database, snapshot: Snapshot, zone: ZoneInfo, *, progress: Callable[[int, int], None] | None = None
) -> int:
    """Make all facts anew from the journal, then all sums from the facts; returns the number of cases.

    Panels stay right meanwhile. Interrupted, it can be begun again; what is right already is not written.
    """
    with db.reading() as session:
        ids = list(session.scalars(unrestricted(select(Case.id).where(Case.kind == "case").order_by(Case.id), NAME)))
        newest = _newest(session)
    for first in range(0, len(ids), BATCH):
        with db.writing(snapshot) as session:
            _cursor(session)
            refresh(session, ids[first : first + BATCH], zone)
        if progress:
            progress(min(first + BATCH, len(ids)), len(ids))
    with db.writing(snapshot) as session:
        cursor = _cursor(session)
        cursor.tx, cursor.event_id = max((cursor.tx, cursor.event_id), newest)
        sum_all(session)
    return len(ids)


def _newest(session: Session) -> tuple[int, int]:
    """The last event of which it is sure that none comes before it any more."""
    statement: Any = select(Event.tx, Event.id).order_by(Event.tx.desc(), Event.id.desc()).limit(1)
    row = session.execute(settled(unrestricted(statement, NAME), session)).first()
    return (row[0], row[1]) if row else (0, 0)


def _cursor(session: Session) -> Consumer:
    """The cursor of the consumer, locked, so that the two never write at the same time."""
    cursor = session.get(Consumer, NAME, with_for_update=True)
    if cursor is None:
        cursor = Consumer(name=NAME, tx=0, event_id=0, holder="")
        session.add(cursor)
        session.flush()
    return cursor


def sum_all(session: Session) -> None:
    """Make all sums anew from the facts."""
    session.execute(delete(Rollup).where(true()))
    for grain, column in GRAINS.items():
        part, bucket = (literal(0), Fact.bucket) if column is None else (column, literal(0))
        keys: list[Any] = [Fact.department_id, literal(grain), Fact.kind, Fact.day, part, Fact.type, bucket]
        groups = [key for key in keys if hasattr(key, "class_")]
        chosen = select(*keys, func.count(), func.coalesce(func.sum(Fact.value), 0.0)).where(
            Fact.confidential.is_(False)
        )
        if column is not None:
            chosen = chosen.where(Fact.kind.not_in(sorted(HOURS)))
        session.execute(
            insert(Rollup).from_select(
                ["department_id", "grain", "kind", "day", "part", "type", "bucket", "count", "total"],
                unrestricted(chosen.group_by(*groups), NAME),
            )
        )
