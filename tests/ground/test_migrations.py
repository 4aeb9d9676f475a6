"""The migrated schema is what the models say, on both databases."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from acm import tables
from acm.db import Base, Database


def test_the_migrations_make_exactly_the_tables_of_the_models(database: Database):
    tables.load()
    with database.read_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        differences = compare_metadata(context, Base.metadata)

    assert [d for d in differences if "search" not in str(d)] == []
