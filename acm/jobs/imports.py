"""Imports: long work over a file, with progress, a report, and the right to be interrupted and run again.

An importer is a contribution to ``importer``. It reads the file in batches, each batch a transaction, and leaves a
mark of how far it came, so that running it twice makes everything once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from acm.db import Database
from acm.errors import Problem
from acm.snapshot import Snapshot


class BadFile(Problem):
    """The file cannot be imported; every fault names its line, column or key, and the reason. Nothing was changed."""

    status = 422
    type = "/problems/bad-file"
    title = "The file cannot be imported"

    def __init__(self, path: Path, faults: list[str]) -> None:
        shown = "\n".join(f"  {path.name}: {fault}" for fault in faults[:50])
        super().__init__(f"The file cannot be imported:\n{shown}", faults=faults)


class Interrupted(BaseException):
    """Whoever started an import wants it to stop: nothing has failed, least of all a plugin."""


@dataclass
class Report:
    """What an import did. ``skipped`` counts by reason."""

    read: int = 0
    made: Counter[str] = field(default_factory=Counter)
    updated: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)

    def lines(self) -> list[str]:
        """The report as sentences for a terminal."""
        made = [f"made {count} {what}" for what, count in sorted(self.made.items())]
        updated = [f"updated {count} {what}" for what, count in sorted(self.updated.items())]
        skipped = [f"skipped {count}: {reason}" for reason, count in sorted(self.skipped.items())]
        return [f"read {self.read} rows", *(made or ["made nothing"]), *updated, *skipped]


@dataclass(frozen=True)
class Import:
    """One run of an importer: the file, the database, and whom to tell how far it is (done, all)."""

    path: Path
    db: Database
    snapshot: Snapshot
    timezone: str
    tell: Callable[[int, int], None] = lambda done, total: None


@dataclass(frozen=True)
class Importer:
    """A format that ``acm import FORMAT FILE`` reads. ``run`` raises :class:`BadFile` before anything is written."""

    key: str
    names: dict[str, str]
    run: Callable[[Import], Report]
