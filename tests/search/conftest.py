"""One specification, every engine. PostgreSQL takes part where ACM_TEST_DATABASE_URL gives a login."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from acm.db import Database
from acm.search.backends import SearchBackend, open_on_disk
from acm.search.postgres_backend import PostgresBackend
from acm.search.question import synonyms

POSTGRES = os.environ.get("ACM_TEST_DATABASE_URL", "")

SYNONYMS = synonyms([["vpn", "впн", "удалённый доступ"], ["компьютер", "рабочая станция", "computer"]])


@pytest.fixture(scope="session")
def search_database() -> Iterator[Database]:
    """An empty PostgreSQL database of this process's own."""
    url = make_url(POSTGRES.replace("+psycopg", ""))
    name = f"acm_search_test_{os.getpid()}"
    server = url.render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    database = Database(url.set(database=name).render_as_string(hide_password=False))
    yield database
    database.dispose()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


ENGINES = ["whoosh", "sqlite", "postgres"] if POSTGRES.startswith("postgresql") else ["whoosh", "sqlite"]


@pytest.fixture(params=ENGINES)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SearchBackend]:
    """An engine without an index."""
    if request.param == "postgres":
        database: Database = request.getfixturevalue("search_database")
        with database.write_engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA IF EXISTS acm_search CASCADE")
            names = connection.exec_driver_sql(
                "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, 'acm_search_')"
            )
            for name in names.scalars().all():
                connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
        opened: SearchBackend = PostgresBackend(database, SYNONYMS)
    else:
        opened = open_on_disk(request.param, tmp_path / "search", SYNONYMS)
    yield opened
    opened.close()
