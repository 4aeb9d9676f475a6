"""The audit of the journal: seals each hour, a walk over every chain, and erasure that leaves the chain whole.

A changed, removed or slipped-in event is found by the chain of its stream; an event cut off the end of a stream by the
head on the row it belongs to; both at once (a head set back with its events) by the seals, which hash the heads of
all streams that moved since the seal before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, cast, func, literal, select, text
from sqlalchemy.orm import Session, aliased
from sqlalchemy.types import String

from acm import clock
from acm.db import Base, encode, moment
from acm.journal import GENESIS, Event, Journaled, Origin, Seal, Stream, chain_hash, digest, record, system_stream
from acm.snapshot import Contribution

MARK = "/*door:system:audit*/"
ERASED = {"erased": True}
EVERY_SECONDS = 3600
BATCH = 500


@dataclass(frozen=True)
class Tampering:
    """A row of the journal that is not what was written."""

    event_id: int | None
    stream: str
    seq: int
    reason: str

    def __str__(self) -> str:
        name = f"event {self.event_id}" if self.event_id is not None else f"event {self.seq}"
        return f"{name} of {self.stream}: {self.reason}"


def contributions() -> list[Contribution]:
    return [Contribution("schedule", "journal.seal", (EVERY_SECONDS, seal_heads))]


def seal_heads(session: Session) -> Seal | None:
    """Seal the heads of all streams that moved since the last seal; None when nothing did.

    On PostgreSQL writers wait for this short moment, so that no event with a lower id can still come.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE event IN SHARE ROW EXCLUSIVE MODE"))
    before = session.scalars(select(Seal).order_by(Seal.id.desc()).limit(1)).first()
    start = before.last_event_id if before else 0
    last = session.scalar(select(func.max(Event.id)).prefix_with(MARK))
    if last is None or last <= start:
        return None
    at = clock.now()
    seal = Seal(at=at, last_event_id=last, hash=_sealed(session, before.hash if before else GENESIS, at, start, last))
    session.add(seal)
    session.flush()
    return seal


def verify(session: Session) -> Iterator[Tampering]:
    """Every row that was changed, removed or slipped in, and every seal that no longer fits."""
    yield from _chains(session)
    for table, prefix in _head_tables():
        yield from _tails(session, table, prefix)
    yield from _strangers(session)
    yield from _seals(session)


def erase(session: Session, events: Sequence[Event], origin: Origin, reason: str) -> None:
    """Replace the data of events by a tombstone, with a note of it in the journal; the chain stays whole."""
    for start in range(0, len(events), BATCH):
        batch = events[start : start + BATCH]
        for event in batch:
            event.data = dict(ERASED)
        ids = [event.id for event in batch]
        record(session, system_stream(session), "journal.erased", origin, data={"events": ids, "reason": reason})


def _chains(session: Session) -> Iterator[Tampering]:
    erased = _erased(session)
    seq, head, stream = 0, GENESIS, ""
    statement = select(Event).prefix_with(MARK).order_by(Event.stream, Event.seq)
    for event in session.scalars(statement.execution_options(yield_per=1000)):
        if event.stream != stream:
            stream, seq, head = event.stream, 0, GENESIS
        if event.seq != seq + 1:
            yield Tampering(None, stream, seq + 1, "it is missing")
        elif event.prev_hash != head:
            yield Tampering(event.id, stream, event.seq, "it does not follow its predecessor")
        if event.hash != chain_hash(event):
            yield Tampering(event.id, stream, event.seq, "it was changed")
        if event.data == ERASED and event.id in erased:
            pass
        elif event.data_hash != digest(encode(event.data)):
            yield Tampering(event.id, stream, event.seq, "its data was changed")
        if stream.startswith("page:") and stream != f"page:{event.page_id}":
            yield Tampering(event.id, stream, event.seq, "it was moved to another page")
        seq, head = event.seq, event.hash


def _erased(session: Session) -> set[int]:
    """Events whose data was erased on purpose, as the journal itself tells."""
    statement = select(Event.data).prefix_with(MARK).where(Event.kind == "journal.erased", Event.stream == "system")
    return {int(id_) for data in session.scalars(statement) for id_ in data.get("events", [])}


def _head_tables() -> list[tuple[Table, str]]:
    """Tables whose rows bear heads, with what their streams begin with."""
    tables = {
        mapper.local_table
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, Journaled) and mapper.inherits is None
    }
    return sorted(((table, f"{table.name}:") for table in tables if isinstance(table, Table)), key=lambda t: t[1])


def _tails(session: Session, table: Table, prefix: str) -> Iterator[Tampering]:
    """Heads whose event is gone or another, and events after the head."""
    yield from _compared(session, table.c, literal(prefix).concat(cast(table.c.id, String)))


def _strangers(session: Session) -> Iterator[Tampering]:
    yield from _compared(session, Stream.__table__.c, Stream.__table__.c.key)


def _compared(session: Session, columns: Any, stream: ColumnElement[str]) -> Iterator[Tampering]:
    event = aliased(Event)
    at_head = (event.stream == stream) & (event.seq == columns.journal_seq)
    missing = (
        select(stream, columns.journal_seq, event.id, event.hash)
        .prefix_with(MARK)
        .outerjoin(event, at_head)
        .where(columns.journal_seq > 0, event.id.is_(None) | (event.hash != columns.journal_head))
    )
    for name, seq, id_, _hash in session.execute(missing):
        yield Tampering(id_, name, seq, "the end of the stream was cut off" if id_ is None else "it is not the head")
    after = (event.stream == stream) & (event.seq > columns.journal_seq)
    for name, seq, id_ in session.execute(select(stream, event.seq, event.id).prefix_with(MARK).join(event, after)):
        yield Tampering(id_, name, seq, "it was slipped in after the end")


def _seals(session: Session) -> Iterator[Tampering]:
    before, start = GENESIS, 0
    for seal in session.scalars(select(Seal).order_by(Seal.id)):
        if seal.hash != _sealed(session, before, seal.at, start, seal.last_event_id):
            reason = f"events {start + 1} to {seal.last_event_id} are not those that were sealed at {moment(seal.at)}"
            yield Tampering(None, "seal", seal.id, reason)
        before, start = seal.hash, seal.last_event_id


def _sealed(session: Session, before: str, at: datetime, start: int, last: int) -> str:
    """The hash over the seal before, the moment, and the heads among the events of the range."""
    inside = (Event.id > start) & (Event.id <= last)
    newest = select(Event.stream, func.max(Event.seq).label("seq")).where(inside).group_by(Event.stream).subquery()
    statement = (
        select(Event.stream, Event.seq, Event.hash)
        .prefix_with(MARK)
        .join(newest, (newest.c.stream == Event.stream) & (newest.c.seq == Event.seq))
    )
    heads = sorted(f"{stream} {seq} {hash_}" for stream, seq, hash_ in session.execute(statement))
    return digest("\n".join([before, moment(at), str(last), *heads]))
