"""The journal: every change appends one event in the transaction of the change.

The chain is per stream; its head lies on the row that is locked anyway (a page, a person) or on a
:class:`Stream` row. ``hash`` covers ``data_hash`` and not ``data``, so that erasing a person's data leaves an
intact chain. Events are read in the order ``(tx, id)``, and on PostgreSQL only those whose transaction is older
than every running one, because commit order is not id order there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol, cast

from sqlalchemy import (
    BigInteger,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Select,
    String,
    Table,
    UniqueConstraint,
    insert,
    select,
    text,
    tuple_,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from acm import clock
from acm.db import Base, Json, encode, moment

GENESIS = "0" * 64
GATHERED = "gathered events"


class Event(Base):
    """One thing that happened. Append only."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("stream", "seq"),
        Index("ix_event_page_id_id", "page_id", "id"),
        Index("ix_event_tx_id", "tx", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    tx: Mapped[int] = mapped_column(BigInteger, default=0)
    stream: Mapped[str] = mapped_column(String(80))
    page_id: Mapped[int | None] = mapped_column(Integer)
    seq: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(60))
    kind_version: Mapped[int] = mapped_column(Integer, default=1)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    for_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(60), default="live")
    audience: Mapped[str] = mapped_column(String(10), default="all")
    data: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    data_hash: Mapped[str] = mapped_column(String(64))
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))

    @property
    def is_internal(self) -> bool:
        return self.audience == "internal"

    @property
    def is_live(self) -> bool:
        """False for imported history, which feeds search, KPI and history only."""
        return self.source == "live"


class Journaled:
    """Mixin of rows that carry the head of their own stream."""

    journal_seq: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    journal_head: Mapped[str] = mapped_column(String(64), default=GENESIS, server_default=GENESIS)

    @property
    def stream(self) -> str:
        raise LookupError("a journaled row names its stream")


class Stream(Base):
    """Head of a stream that has no row of its own: ``system``, ``plugin:<slug>``."""

    __tablename__ = "stream"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    journal_seq: Mapped[int] = mapped_column(Integer, default=0)
    journal_head: Mapped[str] = mapped_column(String(64), default=GENESIS)

    @property
    def stream(self) -> str:
        return self.key


class Seal(Base):
    """All heads at one moment, hashed: a stream cut at its tail is found by the next audit."""

    __tablename__ = "seal"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime]
    last_event_id: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))


class Consumer(Base):
    """Cursor of a consumer of the journal, and the lease of the process that runs it."""

    __tablename__ = "consumer"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    tx: Mapped[int] = mapped_column(BigInteger, default=0)
    event_id: Mapped[int] = mapped_column(BigInteger, default=0)
    holder: Mapped[str] = mapped_column(String(80), default="")
    lease_until: Mapped[datetime | None]


class Head(Protocol):
    """What :func:`record` needs of a stream's head."""

    journal_seq: Any
    journal_head: Any

    @property
    def stream(self) -> str: ...


class Actor(Protocol):
    id: Any


@dataclass(frozen=True)
class Origin:
    """Where a change comes from: who, for whom, when it happened, and whether live or imported."""

    by: Actor | None
    at: datetime
    instead_of: Actor | None = None
    source: str = "live"


def record(
    session: Session,
    head: Head,
    kind: str,
    origin: Origin,
    *,
    data: Mapping[str, Any] | None = None,
    page_id: int | None = None,
    audience: str = "all",
) -> Event:
    """Append an event to the stream of ``head``, in the caller's transaction."""
    payload: dict[str, Any] = json.loads(encode(data or {}))
    event = Event(
        tx=_transaction(session),
        stream=head.stream,
        page_id=page_id,
        seq=head.journal_seq + 1,
        kind=kind,
        kind_version=1,
        actor_id=origin.by.id if origin.by else None,
        for_id=origin.instead_of.id if origin.instead_of else None,
        at=origin.at,
        recorded_at=clock.now() if origin.source != "live" else origin.at,
        source=origin.source,
        audience=audience,
        data=payload,
        data_hash=digest(encode(payload)),
        prev_hash=head.journal_head,
    )
    event.hash = chain_hash(event)
    head.journal_seq, head.journal_head = event.seq, event.hash
    if (together := session.info.get(GATHERED)) is not None:
        together.append(event)
        return event
    session.add(event)
    session.info.setdefault("recorded", []).append(event)
    return event


@contextmanager
def gathered(session: Session) -> Iterator[None]:
    """Write the events recorded inside in one statement at the end: for imports of thousands of changes.

    Until then they are in no query and have no ids, and nothing that waits for an event of this session hears of
    them. On an error none is written.
    """
    events: list[Event] = session.info.setdefault(GATHERED, [])
    try:
        yield
    finally:
        session.info.pop(GATHERED)
    session.flush()
    if events:
        table = Event.__table__
        names = [column.key for column in table.columns if column.key != "id"]
        rows = [{name: getattr(event, name) for name in names} for event in events]
        session.execute(insert(cast(Table, table)), rows)


def system_stream(session: Session, key: str = "system") -> Stream:
    """The head of a stream without a row of its own, locked."""
    found = session.get(Stream, key, with_for_update=True)
    if found is None:
        found = Stream(key=key, journal_seq=0, journal_head=GENESIS)
        session.add(found)
        session.flush()
    return found


def digest(value: str) -> str:
    return sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def chain_hash(event: Event) -> str:
    """The hash that ties an event to its predecessor."""
    parts = (
        event.prev_hash,
        event.stream,
        event.seq,
        event.kind,
        event.kind_version,
        event.actor_id,
        event.for_id,
        moment(event.at),
        moment(event.recorded_at),
        event.source,
        event.audience,
        event.data_hash,
    )
    return digest("\x1f".join("" if part is None else str(part) for part in parts))


def _transaction(session: Session) -> int:
    if session.get_bind().dialect.name != "postgresql":
        return 0
    if (known := session.info.get("tx")) and known[0] is session.get_transaction():
        return int(known[1])
    tx = int(session.execute(text("SELECT pg_current_xact_id()::text")).scalar_one())
    session.info["tx"] = (session.get_transaction(), tx)
    return tx


def settled(statement: Select[Any], connection: Connection | Session) -> Select[Any]:
    """Only events that no running transaction can still overtake."""
    bind = connection.get_bind() if isinstance(connection, Session) else connection
    if bind.dialect.name == "postgresql":
        return statement.where(text("event.tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"))
    return statement


def after(session: Session, tx: int, event_id: int, *, limit: int = 500) -> list[Event]:
    """The next events after a cursor, for consumers. They see everything: what they show passes the door.

    Of every kind, so that the cursor moves on whatever happens and no look-up ever walks far.
    """
    statement = select(Event).prefix_with("/*door:system:consumer*/").limit(limit)
    if session.get_bind().dialect.name == "postgresql":
        statement = statement.where(tuple_(Event.tx, Event.id) > (tx, event_id)).order_by(Event.tx, Event.id)
    else:
        statement = statement.where(Event.id > event_id).order_by(Event.id)
    return list(session.scalars(settled(statement, session)))
