"""Databases for tests: each test gets a copy of a migrated template that holds the cast."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, create_engine, event, text
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
    """A database of one's own that holds what a template holds. The next test gets the same engines: they remember
    how their statements read as SQL, and to find out takes a third of a test's time."""
    database = _spare.pop(template, None) or _new_copy(template)
    if database.is_sqlite:
        database.url = f"sqlite:///{folder / 'acm.db'}"
        shutil.copyfile(str(make_url(template).database), folder / "acm.db")
        database.dispose()  # a thread of the test before may have opened that one's copy since
    try:
        yield database
    finally:
        database.dispose()
        if database.is_sqlite or _restore(database.url):
            _spare[template] = database
        else:
            drop(database.url)


_spare: dict[str, Database] = {}
"""The copy of each template that waits for a next test. To create and drop a database for each takes PostgreSQL a
second or more, to put the rows back into one a few hundredths."""
MANY_ROWS = 20_000


def drop_spares() -> None:
    """Remove the copies that wait for a next test."""
    while _spare:
        drop(_spare.popitem()[1].url)


def _new_copy(template: str) -> Database:
    if not template.startswith("sqlite"):
        return Database(_copy_that_can_be_restored(template), pool_size=10)
    database = Database(template, pool_size=5)

    def connect_to_copy(_dialect: object, _record: object, places: list[object], _options: object) -> None:
        places[0] = make_url(database.url).database

    for engine in (database.read_engine, database.write_engine):
        event.listen(engine, "do_connect", connect_to_copy)
    return database


def _copy_that_can_be_restored(template: str) -> str:
    """A copy of a template that keeps its rows and sequences in a schema of its own."""
    url = _create(f"acm_test_{uuid4().hex[:10]}", template=str(make_url(template).database))
    with _inside(url) as connection:
        connection.execute(text("CREATE SCHEMA kept"))
        found = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"))
        for table in found.scalars().all():
            connection.execute(text(f'CREATE TABLE kept."{table}" AS TABLE public."{table}"'))
        connection.execute(text("CREATE VIEW kept_shape AS " + SHAPE))
        connection.execute(text("CREATE TABLE kept.acm_shape AS TABLE kept_shape"))
        connection.execute(text("DROP VIEW kept_shape"))
        for statement in KEEPING:
            connection.execute(text(statement))
    return url


KEEPING = (
    "CREATE TABLE kept.acm_index AS SELECT indexname FROM pg_indexes WHERE schemaname = 'public'",
    "CREATE TABLE kept.acm_sequence AS"
    " SELECT sequencename, last_value, start_value FROM pg_sequences WHERE schemaname = 'public'",
    """CREATE FUNCTION kept.restore() RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE one name; gone bigint := 0; count bigint;
    BEGIN
        FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
            EXECUTE format('DELETE FROM public.%I', one);
            GET DIAGNOSTICS count = ROW_COUNT;
            gone := gone + count;
            EXECUTE format('INSERT INTO public.%I SELECT * FROM kept.%I', one, one);
        END LOOP;
        PERFORM setval(quote_ident(sequencename), coalesce(last_value, start_value), last_value IS NOT NULL)
            FROM kept.acm_sequence;
        RETURN gone;
    END $$""",
)
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
            return int(connection.execute(text("SELECT kept.restore()")).scalar_one()) <= MANY_ROWS
    except DBAPIError:
        return False


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
