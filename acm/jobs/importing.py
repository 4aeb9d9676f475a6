"""``acm import FORMAT FILE``: finds who reads the format, shows how far it is, gives the report."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from acm.db import Database
from acm.errors import Problem
from acm.jobs.imports import Import, Importer, Interrupted
from acm.snapshot import Snapshot


def bring_in(db: Database, snapshot: Snapshot, key: str, path: Path, *, timezone: str, console: Console) -> list[str]:
    """Run one import and return its report as sentences; an unknown format names those that are known."""
    importer: Importer | None = snapshot.find("importer", key)
    if importer is None:
        known = ", ".join(c.key for c in snapshot.each("importer"))
        raise Problem(f"Nothing here reads the format {key!r}. Known are: {known}")
    if not path.is_file():
        raise Problem(f"There is no file {path}")
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(f"Importing {path.name}", total=None)
        run = Import(
            path, db, snapshot, timezone,
            tell=lambda done, total: progress.update(task, completed=done, total=total),
        )  # fmt: skip
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
