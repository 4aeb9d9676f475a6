"""The database floor: engines, sessions, column types.

Two engines on one database. The read engine's transactions are read only; the write engine's take the
write lock at once on SQLite (``BEGIN IMMEDIATE``), so that a write never fails half-way for a lock.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, DateTime, Dialect, Engine, MetaData, create_engine, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import DataError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from acm.snapshot import Snapshot

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UTCDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC on both databases. Naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        try:
            value = value.astimezone(UTC)
        except OverflowError:  # within a day of the calendar's ends: no moment of ours lies beyond them
            value = value.replace(tzinfo=UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON().with_variant(JSONB(), "postgresql")


class Base(DeclarativeBase):
    """Every table of the core. A plugin's own tables have their own metadata."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {
        datetime: UTCDateTime(),
        dict[str, Any]: Json,
        list[Any]: Json,
        dict[str, str]: Json,
        list[str]: Json,
    }


def encode(value: object) -> str:
    """JSON as it is stored and hashed: sorted keys, no blanks, moments in UTC with ``Z``, decimals as text."""
    return json.dumps(value, default=_plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Decimal):
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")


def moment(value: datetime) -> str:
    """A moment as stored in JSON: UTC, with ``Z``."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Database:
    """One database with its two engines. Open sessions with :meth:`reading` and :meth:`writing`."""

    def __init__(self, url: str, *, pool_size: int = 20) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        if self.is_sqlite and (path := make_url(url).database):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self.write_engine = _engine(url, pool_size=pool_size, read_only=False)
        self.read_engine = _engine(url, pool_size=pool_size, read_only=True)
        self._writing = sessionmaker(self.write_engine, expire_on_commit=False, autoflush=True)
        self._reading = sessionmaker(self.read_engine, expire_on_commit=False, autoflush=False)

    def session(self, *, read_only: bool, snapshot: Snapshot | None = None) -> Session:
        """A new session; models reach the snapshot through ``object_session(self).info["snapshot"]``."""
        session = (self._reading if read_only else self._writing)()
        session.info["snapshot"] = snapshot
        session.info["read_only"] = read_only
        return session

    @contextmanager
    def reading(self, snapshot: Snapshot | None = None) -> Iterator[Session]:
        """A read-only session, closed at the end."""
        with self.session(read_only=True, snapshot=snapshot) as session:
            yield session

    @contextmanager
    def writing(self, snapshot: Snapshot | None = None) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back on an error."""
        with self.session(read_only=False, snapshot=snapshot) as session:
            yield session
            session.commit()

    def analyze(self) -> None:
        """Tell the query planner how much there is now, after much was brought in; without it SQLite guesses."""
        with self.write_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("PRAGMA analysis_limit=1000")
            connection.exec_driver_sql("ANALYZE")

    def dispose(self) -> None:
        self.write_engine.dispose()
        self.read_engine.dispose()


def _engine(url: str, *, pool_size: int, read_only: bool) -> Engine:
    if url.startswith("sqlite"):
        engine = create_engine(
            url,
            json_serializer=encode,
            connect_args={"timeout": 5, "check_same_thread": False},
            pool_size=pool_size,
            max_overflow=20,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_reading if read_only else _begin_writing)
        event.listen(engine, "handle_error", _name_unstorable, retval=True)
        return engine
    url = url.replace("postgresql://", "postgresql+psycopg://")
    options = "-c statement_timeout=15000 -c lock_timeout=5000 -c timezone=UTC"
    if read_only:
        options += " -c default_transaction_read_only=on"
    return create_engine(
        url,
        json_serializer=encode,
        pool_pre_ping=True,
        pool_size=pool_size // 2,
        max_overflow=10,
        pool_timeout=2,
        connect_args={"options": options, "connect_timeout": 5},
    )


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "busy_timeout=5000",
        "foreign_keys=ON",
        "cache_size=-16000",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _name_unstorable(context: ExceptionContext) -> BaseException | None:
    """Numbers beyond 64 bits and halves of surrogate pairs fail in the driver: the same error as on PostgreSQL."""
    error = context.original_exception
    if isinstance(error, (OverflowError, UnicodeEncodeError)):
        return DataError(context.statement, context.parameters, error)
    return None


def _begin_reading(connection: Any) -> None:
    connection.exec_driver_sql("PRAGMA query_only=ON")
    connection.exec_driver_sql("BEGIN")


def _begin_writing(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
