"""Bringing a database to the present schema."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import column, inspect, select, table

from acm.db import Database

ROOT = Path(__file__).parents[1]
_REVISION = re.compile(r'^(revision|down_revision) = "(\w+)"', re.MULTILINE)


def migrate(database: Database) -> None:
    """Run what is missing, in one transaction; nothing is left half done."""
    from alembic import command
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(ROOT / "migrations"))
    with database.write_engine.connect() as connection, connection.begin():
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


def is_current(database: Database) -> bool:
    """Whether the database has every migration of this version. Asked at each start, and so without Alembic."""
    with database.read_engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        done: set[str] = set(connection.scalars(select(column("version_num")).select_from(table("alembic_version"))))
    return done == _heads()


def _heads() -> set[str]:
    """The migrations that no other one follows."""
    files = (ROOT / "migrations" / "versions").glob("*.py")
    named = [found for file in files for found in _REVISION.findall(file.read_text(encoding="utf-8"))]
    return {name for key, name in named if key == "revision"} - {n for key, n in named if key == "down_revision"}
