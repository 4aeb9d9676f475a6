"""Watches the event loop: whoever blocks it for more than a second is named, and stopped where that is safe.

One thread looks whether the loop still beats. When it does not, the stack of the loop's thread says whose code runs: a
plugin's package bears its name. The failure is noted and the breaker of that extension point opens; an exception is
raised inside the plugin only while the innermost frame is its own, never inside what it called. A call into C, such as
``time.sleep``, is stopped when it returns. The time in which the loop did not beat, for want of a processor or for
whatever reason, counts for no budget: others are not to be blamed for it.
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
import threading
import time
from types import FrameType

import structlog

from acm import clock
from acm.kernel.failures import PACKAGE, Failure, failure_at
from acm.kernel.guard import LoopBlocked
from acm.kernel.isolation import Cell, here

log = structlog.get_logger("acm.plugins")
PATIENCE, LOOK = 1.0, 0.25
"""Seconds that a loop may be silent, and between two looks."""


class Watchdog:
    """Started inside the loop that it watches, by ``acm serve`` alone."""

    def __init__(self, *, patience: float = PATIENCE, look: float = LOOK) -> None:
        self.patience, self.look = patience, look
        self._stopping = threading.Event()
        self._beat = self._blamed = 0.0
        self._failure: Failure | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0

    def start(self) -> None:
        """Watch the running loop from now on."""
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._on_beat()
        threading.Thread(target=self._watch, name="acm-watchdog", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def _on_beat(self) -> None:
        now = time.monotonic()
        if self._beat and now - self._beat > 2 * self.look:
            here().lost += now - self._beat - self.look
        self._beat = now
        if self._loop and not self._stopping.is_set():
            self._loop.call_later(self.look, self._on_beat)

    def _watch(self) -> None:
        while not self._stopping.wait(self.look):
            silent = time.monotonic() - self._beat
            if silent > self.patience and (frame := sys._current_frames().get(self._thread)):
                self._accuse(frame, silent)

    def _accuse(self, innermost: FrameType, silent: float) -> None:
        slug, cell = _suspect(innermost)
        if self._blamed != self._beat:  # once for each silence
            self._blamed, self._failure = self._beat, None
            if slug:
                cell = cell or here().cell(slug, "loop")
                said = f"LoopBlocked: it held up every request of this process for {silent:.1f} s\n"
                failure = failure_at(slug, cell.point, innermost, said, clock.now())
                self._failure = here().keep(failure)
                here().count(cell, failure, timed_out=True, at_once=True)
            else:
                log.warning("event loop blocked", seconds=round(silent, 1), place=_place(innermost))
        if self._failure and slug == self._failure.plugin and _slug(innermost) == slug:
            self._interrupt(self._failure)

    def _interrupt(self, failure: Failure) -> None:
        """Raise inside the plugin, if it is its code that runs at this moment still."""
        frame = sys._current_frames().get(self._thread)
        if frame is not None and _slug(frame) == failure.plugin:
            kind = type("LoopBlocked", (LoopBlocked,), {"failure": failure})
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), ctypes.py_object(kind))


def _suspect(frame: FrameType | None) -> tuple[str, Cell | None]:
    """The plugin whose code runs, and the call of ours that began it."""
    slug = ""
    while frame is not None:
        slug = slug or _slug(frame)
        if slug and frame.f_globals.get("__name__", "").startswith("acm.kernel."):
            cell = frame.f_locals.get("cell")
            if isinstance(cell, Cell) and cell.plugin == slug:
                return slug, cell
        frame = frame.f_back
    return slug, None


def _slug(frame: FrameType) -> str:
    """The plugin whose code a frame runs; empty for anybody else's."""
    name = frame.f_globals.get("__name__", "")
    if not name.startswith(PACKAGE):
        return ""
    package: str = name.removeprefix(PACKAGE).partition(".")[0]
    return package.rpartition("_g")[0]


def _place(frame: FrameType) -> str:
    return f"{frame.f_globals.get('__name__', '')}:{frame.f_lineno}"
