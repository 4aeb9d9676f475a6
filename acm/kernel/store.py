"""The content store: each version of a plugin that was ever enabled, once, under the hash of its bytes.

``<data_dir>/plugins/<slug>/<sha256>/`` is written when the version is enabled and never changed afterwards. Every
process loads from here and never from the plugin's folder, so that all run the same bytes, an edit changes nothing
until it is enabled, and going back is a matter of naming an older hash. A plugin is missing only when neither the
store nor its folder holds the hash that the database names.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from acm.kernel.discovery import Discovered, content_hash, examine, files

KEPT = 10


class NotKept(ValueError):
    """The version could not be copied as it was seen; the text is for the administrator."""


@dataclass(frozen=True)
class Store:
    """The versions kept for one installation."""

    folder: Path

    def path(self, slug: str, hash_: str) -> Path:
        return self.folder / slug / hash_

    def keep(self, found: Discovered) -> Discovered:
        """The stored copy of what was found, made now if it is not there; raises :class:`NotKept`."""
        target = self.path(found.slug, found.hash)
        if not target.is_dir() or content_hash(target) != found.hash:
            self._copy(found, target)
            self._drop_old(found.slug, spare=found.hash)
        os.utime(target)
        return examine(target, found.slug)

    def find(self, slug: str, hash_: str) -> Discovered | None:
        """The stored version with that hash, or None; one whose bytes were changed bears a fault."""
        target = self.path(slug, hash_)
        if not hash_ or not target.is_dir():
            return None
        found = examine(target, slug)
        if found.is_valid and found.hash != hash_:
            return Discovered(slug, target, found.manifest, "its stored files were changed: enable it again", hash_)
        return found

    def versions(self, slug: str) -> list[tuple[Discovered, datetime]]:
        """The versions kept of a plugin with the time they were last enabled, newest first."""
        there = sorted((self.folder / slug).glob("[0-9a-f]*"), key=lambda path: path.stat().st_mtime, reverse=True)
        return [(examine(path, slug), datetime.fromtimestamp(path.stat().st_mtime, UTC)) for path in there]

    def drop(self, slug: str) -> None:
        """Forget every version of a plugin."""
        if (self.folder / slug).is_dir():
            _remove(self.folder / slug)

    def _copy(self, found: Discovered, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=".half-", dir=target.parent))
        for file in files(found.path):
            place = half / file.relative_to(found.path)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
            place.chmod(0o444)
        if content_hash(half) != found.hash:
            _remove(half)
            raise NotKept("its files changed while they were copied: try again")
        for folder in (half, *(p for p in half.rglob("*") if p.is_dir())):
            folder.chmod(0o755 if folder is half else 0o555)
        if target.is_dir():
            _remove(target)
        try:
            half.rename(target)
        except OSError:  # another process was as fast with the same bytes
            _remove(half)
        target.chmod(0o555)

    def _drop_old(self, slug: str, *, spare: str) -> None:
        there = sorted((self.folder / slug).glob("[0-9a-f]*"), key=lambda path: path.stat().st_mtime)
        for path in there[:-KEPT]:
            if path.name != spare:
                _remove(path)


def _remove(folder: Path) -> None:
    """Remove a read-only tree."""
    for path in (folder, *(p for p in folder.rglob("*") if p.is_dir())):
        path.chmod(stat.S_IRWXU)
    shutil.rmtree(folder)
