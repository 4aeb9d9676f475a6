"""``acm reindex``: writing the search index anew."""

from __future__ import annotations

from rich.console import Console

from acm.db import Database
from acm.errors import Problem
from acm.progress import telling
from acm.search.backends import open_backend
from acm.search.feed import Indexer
from acm.search.sources import count
from acm.settings import Settings

BACKENDS = ("whoosh", "sqlite", "postgres")


def reindex(settings: Settings, db: Database, console: Console, *, backend: str = "") -> int:
    """Write the index of an engine anew, with progress; returns the number of documents.

    The old index answers until the end. Interrupted, it goes on answering, and the next start begins anew.
    """
    if backend and (backend not in BACKENDS or (backend == "postgres" and db.is_sqlite)):
        raise Problem("Choose whoosh or sqlite, or postgres on PostgreSQL")
    chosen = settings.model_copy(update={"search": backend}) if backend else settings
    opened = open_backend(chosen, db)
    try:
        with telling(console) as tell:
            total = count(db)
            done = Indexer(opened).reindex(db, lambda number: tell(f"Indexing ({opened.name})", number, total))
    finally:
        opened.close()
    return done
