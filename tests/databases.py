"""Databases for tests: each test gets a copy of a migrated template that holds the cast."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

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
    url = _create(f"acm_test_{uuid4().hex[:10]}", template=str(make_url(template).database))
    database = Database(url, pool_size=10)
    try:
        yield database
    finally:
        database.dispose()
        drop(url)


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
