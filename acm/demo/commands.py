"""``acm demo [--reset]``: building the demo company with progress, and beginning anew."""

from __future__ import annotations

import shutil
from pathlib import Path

from rich.console import Console
from sqlalchemy import MetaData
from sqlalchemy.engine import make_url

from acm import migrating
from acm.db import Database
from acm.demo.building import Building, NotADemo
from acm.demo.marks import DEMO, fact
from acm.people.models import Installation
from acm.progress import telling
from acm.settings import Settings
from acm.web.runtime import Runtime


def build(runtime: Runtime, console: Console) -> None:
    """Build what is missing; interrupted, it goes on at the next run."""
    with telling(console, stays=True) as tell:
        Building(runtime, tell).build()
    console.print("The demo company is ready. Logins: employee, head, agent, approver …, password demo", soft_wrap=True)


def reset(settings: Settings) -> None:
    """Empty the database of a demo and bring it to the present schema; anything else is refused."""
    database = Database(settings.url)
    if not _is_demo(database):
        raise NotADemo("Only the database of a demo can be reset, and this is none")
    if database.is_sqlite:
        database.dispose()
        file = make_url(settings.url).database or ""
        for suffix in ("", "-wal", "-shm"):
            Path(file + suffix).unlink(missing_ok=True)
    else:
        _drop_everything(database)
    shutil.rmtree(settings.data_dir / "search", ignore_errors=True)
    migrating.migrate(Database(settings.url))


def _is_demo(database: Database) -> bool:
    """A database without tables is one too: nothing is lost with it."""
    with database.read_engine.connect() as connection:
        found = MetaData()
        found.reflect(connection)
    if Installation.__tablename__ not in found.tables:
        return not found.tables
    with database.reading() as session:
        return bool(fact(session, DEMO))


def _drop_everything(database: Database) -> None:
    found = MetaData()
    with database.write_engine.begin() as connection:
        found.reflect(connection)
        found.drop_all(connection)
    database.dispose()
