"""Alembic's environment: all tables of the core, on the database the settings name (or on a given connection)."""

from alembic import context

from acm import tables
from acm.db import Base, Database
from acm.settings import from_environment

tables.load()


def run(connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        include_object=lambda obj, name, kind, reflected, other: (
            kind != "table" or not name.startswith(("pl_", "search_fts"))
        ),
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with Database(from_environment().url).write_engine.begin() as connection:
        run(connection)
