"""The one indexer: turns events of the journal into changed documents, and writes the index anew when asked.

Any process may try; the lease on the consumer's row elects one. Each engine has a cursor of its own, so that one
that is taken to use again catches up. The index is committed before the cursor moves, so
that after a kill the same events are indexed again, which changes nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm import clock
from acm.db import Database
from acm.errors import Conflict
from acm.jobs.queue import holder
from acm.journal import Consumer, Event, after, settled
from acm.search.backends import BATCH, Progress, SearchBackend
from acm.search.batches import in_batches
from acm.search.documents import Change
from acm.search.sources import CHUNK, SOURCES, everything
from acm.snapshot import Snapshot

log = structlog.get_logger("acm.search")

LEASE = timedelta(seconds=30)
MOST_EVENTS = 5_000
SMALL_BATCH = 100
PAUSE = 1.0
"""Seconds between two batches while fewer than :data:`SMALL_BATCH` events wait."""

RETRY = 30.0
"""Seconds before a first index that failed is tried again."""

SAY_NOTHING = frozenset(
    {"person.signed_in", "person.signed_out", "person.password_reset", "person.password_changed"}
    | {"person.role_granted", "person.role_taken", "person.token_revoked"}
)
"""Events that change nothing that can be found."""

Cursor = tuple[int, int]


class Indexer:
    """Feeds one backend. :meth:`step` is the consumer that the worker calls again and again."""

    def __init__(self, backend: SearchBackend) -> None:
        self.backend = backend
        self.name = f"search:{backend.name}"
        self._me = f"{holder()}:{id(self)}"
        self._is_current = False
        self._last = 0.0
        self._rebuild: threading.Thread | None = None
        self._not_before = 0.0

    def step(self, db: Database, _snapshot: Snapshot | None = None) -> int:
        """Index what waits; returns the number of events. A missing index is built beside, without waiting."""
        if self._rebuild and self._rebuild.is_alive():
            return 0
        if not self._is_current:
            self._is_current = self.backend.status().is_current and _has_cursor(db, self.name)
        if not self._is_current:
            if time.monotonic() < self._not_before:
                return 0
            self._rebuild = threading.Thread(target=self._first, args=(db,), name="acm-reindex", daemon=True)
            self._rebuild.start()
            return 0
        waiting = _waiting(db, self.name)
        if not waiting or (waiting < SMALL_BATCH and time.monotonic() - self._last < PAUSE):
            return 0
        return self.index(db)

    def index(self, db: Database) -> int:
        """What waits, up to :data:`MOST_EVENTS`, if this process may; returns the number of events.

        A page that many of them touched is read once; the index is written in batches of up to :data:`BATCH`.
        """
        cursor = take_lease(db, self.name, self._me)
        if cursor is None:
            return 0
        with db.reading() as session:
            events = after(session, *cursor, limit=MOST_EVENTS)
            wanted = touched(events)
            last = (events[-1].tx, events[-1].id) if events else cursor
        for number, batch in enumerate(in_batches(_changes(db, wanted), BATCH)):
            if number:
                take_lease(db, self.name, self._me)
            self.backend.apply(batch)
        self._last = time.monotonic()
        if events:
            move_cursor(db, self.name, self._me, last)
        return len(events)

    def reindex(self, db: Database, progress: Progress | None = None) -> int:
        """Write the index anew; raises :class:`Conflict` while another process is at it."""
        if take_lease(db, self.name, self._me) is None:
            raise Conflict("Another process is writing the search index: try again in half a minute")
        with db.reading() as session:
            head = _head(session)

        def go_on(done: int) -> None:
            take_lease(db, self.name, self._me)
            if progress:
                progress(done)

        done = self.backend.rebuild(everything(db), go_on)
        move_cursor(db, self.name, self._me, head)
        self._is_current = True
        return done

    def _first(self, db: Database) -> None:
        try:
            log.info("search index is built", documents=self.reindex(db))
        except Conflict:
            self._not_before = time.monotonic() + RETRY
            log.info("search index is built by another process")
        except Exception as error:  # a full disk, a database away: the worker tries again later
            self._not_before = time.monotonic() + RETRY
            log.warning("search index could not be built", exc_info=error)


def touched(events: Iterable[Event]) -> dict[str, set[int]]:
    """Ids of the pages, people and terms that these events changed."""
    ids: dict[str, set[int]] = {kind: set() for kind in SOURCES}
    for event in events:
        if event.kind in SAY_NOTHING:
            continue
        if event.page_id is not None:
            ids["page"].add(event.page_id)
        kind, _, number = event.stream.partition(":")
        if kind in ids and number.isdigit():
            ids[kind].add(int(number))
        ids["term"].update(_numbers(event.data.get("term")))
    return ids


def _changes(db: Database, wanted: Mapping[str, set[int]]) -> Iterator[Change]:
    """The documents as they are now, read in chunks with a transaction each."""
    for kind, ids in wanted.items():
        for some in in_batches(sorted(ids), CHUNK):
            with db.reading() as session:
                changes = SOURCES[kind][1](session, some)
            yield from changes


def take_lease(db: Database, name: str, me: str) -> Cursor | None:
    """The cursor, with the lease taken or prolonged; None while another process holds it."""
    now = clock.now()
    with db.writing() as session:
        row = session.get(Consumer, name, with_for_update=True)
        if row is None:
            row = Consumer(name=name, tx=0, event_id=0, holder="")
            session.add(row)
        if row.holder not in ("", me) and row.lease_until is not None and row.lease_until > now:
            return None
        row.holder, row.lease_until = me, now + LEASE
        return row.tx, row.event_id


def move_cursor(db: Database, name: str, me: str, cursor: Cursor) -> None:
    """Note how far the index is; nothing when the lease was lost meanwhile: the new holder goes over it again."""
    with db.writing() as session:
        row = session.get(Consumer, name, with_for_update=True)
        if row is not None and row.holder == me:
            row.tx, row.event_id = cursor


def _has_cursor(db: Database, name: str) -> bool:
    """False where the database is new and the index is another database's."""
    with db.reading() as session:
        return session.get(Consumer, name) is not None


def _waiting(db: Database, name: str) -> int:
    """How many events wait, up to :data:`SMALL_BATCH`; a look without a lock."""
    with db.reading() as session:
        row = session.get(Consumer, name)
        tx, event_id = (row.tx, row.event_id) if row else (0, 0)
        return len(after(session, tx, event_id, limit=SMALL_BATCH))


def _head(session: Session) -> Cursor:
    """The last event that no running transaction can overtake."""
    statement = select(Event).prefix_with("/*door:system:indexer*/").order_by(Event.tx.desc(), Event.id.desc())
    last = session.scalars(settled(statement.limit(1), session)).first()
    return (last.tx, last.id) if last else (0, 0)


def _numbers(value: object) -> Iterable[int]:
    if isinstance(value, bool):
        return ()
    if isinstance(value, int):
        return (value,)
    return (number for number in value if isinstance(number, int)) if isinstance(value, list) else ()
