"""Consumers of the journal: a cursor each, one process at a time, at least once.

What a handler writes to this database and the cursor are one transaction; a handler that writes elsewhere (a search
index) must be idempotent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from acm import clock
from acm.db import Database
from acm.jobs.queue import holder
from acm.journal import Consumer, Event, after
from acm.snapshot import Snapshot

LEASE = timedelta(seconds=30)
Handler = Callable[[Session, Sequence[Event]], None]


def consume(
    db: Database,
    snapshot: Snapshot,
    name: str,
    handle: Handler,
    *,
    limit: int = 500,
    kinds: Sequence[str] = (),
    settings: object = None,
) -> int:
    """Handle the next events of a consumer, those of its ``kinds``, in one transaction; returns how many were passed."""
    if not _has_news(db, name):
        return 0
    with db.writing(snapshot) as session:
        session.info["settings"] = settings
        cursor = _take(session, name)
        if cursor is None:
            return 0
        events = after(session, cursor.tx, cursor.event_id, limit=limit)
        if wanted := [event for event in events if not kinds or event.kind in kinds]:
            handle(session, wanted)
        if events:
            cursor.tx, cursor.event_id = events[-1].tx, events[-1].id
        return len(events)


def rewind(session: Session, name: str) -> None:
    """Let a consumer begin again from the first event."""
    cursor = session.get(Consumer, name)
    if cursor is not None:
        cursor.tx = cursor.event_id = 0


def _has_news(db: Database, name: str) -> bool:
    """A look without a lock, so that an idle consumer costs two small reads."""
    with db.reading() as session:
        cursor = session.get(Consumer, name)
        tx, event_id = (cursor.tx, cursor.event_id) if cursor else (0, 0)
        return bool(after(session, tx, event_id, limit=1))


def _take(session: Session, name: str) -> Consumer | None:
    """The cursor row, locked for this transaction; None while another process holds the lease."""
    now, me = clock.now(), holder()
    cursor = session.get(Consumer, name, with_for_update=True)
    if cursor is None:
        cursor = Consumer(name=name, tx=0, event_id=0, holder="")
        session.add(cursor)
        session.flush()
    if cursor.holder not in ("", me) and cursor.lease_until is not None and cursor.lease_until > now:
        return None
    cursor.holder, cursor.lease_until = me, now + LEASE
    return cursor
