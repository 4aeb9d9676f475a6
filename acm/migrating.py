"""Bringing a database to the present schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from acm.db import Database

ROOT = Path(__file__).parents[1]


def config() -> Config:
    found = Config()
    found.set_main_option("script_location", str(ROOT / "migrations"))
    return found


def migrate(database: Database) -> None:
    """Run what is missing, in one transaction; nothing is left half done."""
    settings = config()
    with database.write_engine.connect() as connection, connection.begin():
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


def is_current(database: Database) -> bool:
    """Whether the database has every migration of this version."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    with database.read_engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head
