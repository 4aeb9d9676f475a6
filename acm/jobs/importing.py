"""``acm import FORMAT FILE``: finds who reads the format, shows how far it is, gives the report."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from acm.db import Database
from acm.errors import Problem
from acm.jobs.imports import Import, Importer, Interrupted
from acm.progress import telling
from acm.snapshot import Snapshot


def bring_in(db: Database, snapshot: Snapshot, key: str, path: Path, *, timezone: str, console: Console) -> list[str]:
    """Run one import and return its report as sentences; an unknown format names those that are known."""
    importer: Importer | None = snapshot.find("importer", key)
    if importer is None:
        known = ", ".join(c.key for c in snapshot.each("importer"))
        raise Problem(f"Nothing here reads the format {key!r}. Known are: {known}")
    if not path.is_file():
        raise Problem(f"There is no file {path}")
    with telling(console) as tell:
        run = Import(path, db, snapshot, timezone, tell=partial(tell, f"Importing {path.name}"))
        with _interruptible():
            lines = importer.run(run).lines()
    db.analyze()
    return lines


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C stops the import with a sentence: the batch in hand is undone, those before it stay."""

    def stop(_signal: int, _frame: Any) -> None:
        raise Interrupted

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    except Interrupted:
        raise Problem("Interrupted: run the same command again, and it goes on from where it was") from None
    finally:
        signal.signal(signal.SIGINT, before)
