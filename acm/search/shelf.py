"""Where an index lies on disk: one folder per generation and a pointer to the one in use.

A rebuild fills a new folder and swaps the pointer by one rename; whoever dies in the middle leaves the old
index in use and a folder that the next rebuild clears away.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from uuid import uuid4

POINTER = "current"


class Shelf:
    """The generations of one index under ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def current(self) -> Path | None:
        """The folder in use, or None when there is no index yet."""
        try:
            name = (self.root / POINTER).read_text()
        except FileNotFoundError:
            return None
        return self.root / name

    def new(self) -> Path:
        """An empty folder for a generation that nobody reads yet; what a killed rebuild left is cleared away."""
        for left in self._others(self.current()):
            shutil.rmtree(left, ignore_errors=True)
        folder = self.root / uuid4().hex
        folder.mkdir()
        return folder

    def swap(self, folder: Path) -> None:
        """Put a complete generation to use and clear all others away; readers keep the files they have open."""
        beside = self.root / f"{POINTER}.{folder.name}"
        with beside.open("w") as file:
            file.write(folder.name)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, self.root / POINTER)
        for other in self._others(folder):
            shutil.rmtree(other, ignore_errors=True)

    def _others(self, folder: Path | None) -> list[Path]:
        return [entry for entry in self.root.iterdir() if entry.is_dir() and entry != folder]

    def size(self) -> int:
        """Bytes of the generation in use."""
        folder = self.current()
        try:
            return sum(file.stat().st_size for file in folder.iterdir()) if folder else 0
        except FileNotFoundError:  # a file merged away, or the generation swapped, while we looked
            return self.size() if self.current() != folder else 0
