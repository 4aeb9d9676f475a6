"""Databases for tests: each test gets a copy of a migrated template that holds the cast."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from acm import tables
from acm.db import Database
from acm.migrating import migrate
from tests import cast

POSTGRES = os.environ.get("ACM_TEST_DATABASE_URL", "")


def backends() -> list[str]:
    """SQLite always; PostgreSQL where a server with the right to create databases is named."""
    return ["sqlite", "postgresql"] if POSTGRES else ["sqlite"]


def make_template(backend: str, folder: Path) -> str:
    """A migrated database with the cast; returns its URL."""
    tables.load()
    url = f"sqlite:///{folder / 'template.db'}" if backend == "sqlite" else _create(f"acm_template_{uuid4().hex[:10]}")
    database = Database(url, pool_size=2)
    migrate(database)
    with database.writing() as session:
        cast.build(session)
    if backend == "sqlite":
        with database.write_engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
    database.dispose()
    return url


@contextmanager
def copied(template: str, folder: Path) -> Iterator[Database]:
    """A database of one's own, copied from a template and removed afterwards."""
    if template.startswith("sqlite"):
        path = folder / "acm.db"
        shutil.copyfile(str(make_url(template).database), path)
        database = Database(f"sqlite:///{path}", pool_size=5)
        yield database
        database.dispose()
        return
    url = _spare.pop(template, "") or _copy_that_can_be_restored(template)
    database = Database(url, pool_size=10)
    try:
        yield database
    finally:
        database.dispose()
        if _restore(url):
            _spare[template] = url
        else:
            drop(url)


_spare: dict[str, str] = {}
"""A restored copy of each template. To create and drop a database for each test takes PostgreSQL a second or more,
to put the rows back into one a few hundredths."""
MANY_ROWS = 20_000


def drop_spares() -> None:
    """Remove the copies that wait for a next test."""
    while _spare:
        drop(_spare.popitem()[1])


def _copy_that_can_be_restored(template: str) -> str:
    """A copy of a template that keeps its rows and sequences in a schema of its own."""
    url = _create(f"acm_test_{uuid4().hex[:10]}", template=str(make_url(template).database))
    with _inside(url) as connection:
        connection.execute(text("CREATE SCHEMA kept"))
        for table in _tables(connection):
            connection.execute(text(f'CREATE TABLE kept."{table}" AS TABLE public."{table}"'))
        connection.execute(text("CREATE VIEW kept_shape AS " + SHAPE))
        connection.execute(text("CREATE TABLE kept.acm_shape AS TABLE kept_shape"))
        connection.execute(text("DROP VIEW kept_shape"))
        connection.execute(
            text("CREATE TABLE kept.acm_index AS SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")
        )
        connection.execute(
            text(
                "CREATE TABLE kept.acm_sequence AS"
                " SELECT sequencename, last_value, start_value FROM pg_sequences WHERE schemaname = 'public'"
            )
        )
    return url


SHAPE = (
    "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns"
    " WHERE table_schema NOT IN ('kept', 'pg_catalog', 'information_schema') AND table_name <> 'kept_shape'"
)


def _restore(url: str) -> bool:
    """Put a copy's rows back; False when a test has changed its shape, filled it, or left it locked."""
    try:
        with _inside(url) as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            indexes = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT IN (SELECT * FROM kept.acm_index)"
            for index in connection.execute(text(indexes)).scalars().all():
                connection.execute(text(f'DROP INDEX public."{index}"'))
            shapes = [set(map(tuple, connection.execute(text(one)))) for one in (SHAPE, "SELECT * FROM kept.acm_shape")]
            if shapes[0] != shapes[1]:
                return False
            tables = _tables(connection)
            gone = sum(connection.execute(text(f'DELETE FROM public."{table}"')).rowcount for table in tables)
            if gone > MANY_ROWS:
                return False
            for table in tables:
                connection.execute(text(f'INSERT INTO public."{table}" SELECT * FROM kept."{table}"'))
            connection.execute(
                text(
                    "SELECT setval(quote_ident(sequencename), coalesce(last_value, start_value), last_value IS NOT NULL)"
                    " FROM kept.acm_sequence"
                )
            )
    except DBAPIError:
        return False
    return True


def _tables(connection: Connection) -> list[str]:
    found = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"))
    return list(found.scalars())


@contextmanager
def _inside(url: str) -> Iterator[Connection]:
    """A transaction in a database of the tests that nobody waits to be safe on disk."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '2s'"))
        connection.execute(text("SET LOCAL synchronous_commit = off"))
        yield connection
    engine.dispose()


def drop(url: str) -> None:
    """Remove a PostgreSQL database of the tests."""
    if not url.startswith("sqlite"):
        _admin(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')


def _create(name: str, *, template: str = "template1") -> str:
    _admin(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return make_url(POSTGRES).set(database=name, drivername="postgresql").render_as_string(hide_password=False)


def _admin(statement: str) -> None:
    url = make_url(POSTGRES).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def settle(session: Session) -> None:
    """On PostgreSQL an event is read when every older transaction of the server has ended, other tests' too."""
    if session.get_bind().dialect.name != "postgresql":
        return
    open_ones = text("SELECT count(*) FROM event WHERE tx >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    for _ in range(1200):
        waiting = session.execute(open_ones).scalar_one()
        session.rollback()
        if not waiting:
            return
        time.sleep(0.05)
