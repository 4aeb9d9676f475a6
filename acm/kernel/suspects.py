"""Who was at work when a process died: a small file that the process holds locked as long as it lives.

It names the plugins that are being loaded or called for the first time. A file that nobody holds and that is not
empty is what a dead process left: its last suspect has one death more on its list.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from uuid import uuid4

import structlog

log = structlog.get_logger("acm.plugins")
DEATHS = 2
"""So many deaths in a row quarantine a plugin."""


class Suspects:
    """The marker of this process, in a folder that all processes of this machine share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = Lock()
        self._now: list[tuple[str, str]] = []
        self._marker: int | None = None

    @contextmanager
    def at_work(self, slug: str, point: str) -> Iterator[None]:
        """Around a step that may kill the process. Where the folder cannot be written, nothing is marked."""
        self._mark(slug, point, begins=True)
        try:
            yield
        finally:
            self._mark(slug, point, begins=False)
            self._survived(slug, point)

    def convicted(self) -> dict[str, str]:
        """Count what dead processes left; the plugins that killed twice, with the point at which they did."""
        if not self.folder.is_dir():
            return {}
        for marker in self.folder.glob("*.marker"):
            with contextlib.suppress(OSError, ValueError):
                self._count(marker)
        found = {}
        for deaths in self.folder.glob("*.deaths"):
            with contextlib.suppress(OSError):
                points = deaths.read_text(encoding="utf-8").splitlines()
                if len(points) >= DEATHS:
                    found[deaths.stem] = points[-1]
        return found

    def forgive(self, slug: str) -> None:
        """Begin to count anew."""
        with contextlib.suppress(OSError):
            (self.folder / f"{slug}.deaths").unlink(missing_ok=True)

    def close(self) -> None:
        """This process ends well."""
        with self._lock:
            if self._marker is not None:
                os.close(self._marker)
                self._marker = None

    def _mark(self, slug: str, point: str, *, begins: bool) -> None:
        with self._lock:
            if begins:
                self._now.append((slug, point))
            else:
                self._now.remove((slug, point))
            try:
                if self._marker is None:
                    self._marker = self._open()
                text = json.dumps(self._now).encode() if self._now else b""
                os.ftruncate(self._marker, 0)
                os.pwrite(self._marker, text, 0)
            except OSError as error:
                log.warning("no marker of suspects", reason=str(error))

    def _open(self) -> int:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder / f"{uuid4().hex}.marker", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return handle

    def _count(self, marker: Path) -> None:
        handle = os.open(marker, os.O_RDWR)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left = os.pread(handle, 65536, 0) if marker.exists() else b""
            marker.unlink(missing_ok=True)
            if left:
                slug, point = json.loads(left)[-1]
                with (self.folder / f"{slug}.deaths").open("a", encoding="utf-8") as deaths:
                    deaths.write(f"{point}\n")
                log.error("a process died in a plugin", plugin=slug, point=point)
        except BlockingIOError:
            pass  # its process lives
        finally:
            os.close(handle)

    def _survived(self, slug: str, point: str) -> None:
        deaths = self.folder / f"{slug}.deaths"
        with contextlib.suppress(OSError):
            if deaths.exists() and point in deaths.read_text(encoding="utf-8").splitlines():
                deaths.unlink(missing_ok=True)
