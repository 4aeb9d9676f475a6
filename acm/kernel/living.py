"""What one load of a plugin begins and ends by itself: ``p.on_start``, ``p.on_stop``, and its background tasks.

Only processes that answer requests start a load. What was begun is ended once: after the last request that began with
the load, or after 30 s. Whatever still runs in the background then is cancelled.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from acm.errors import Problem
from acm.kernel.guard import begin, guarded, is_our_cancelling, spawn
from acm.kernel.isolation import Cell, here
from acm.sdk.context import Context
from acm.snapshot import Snapshot

if TYPE_CHECKING:
    from acm.web.runtime import Runtime


class Life:
    """The life of one generation in this process. ``loop`` is the one that answers requests, where there is one."""

    def __init__(self, slug: str) -> None:
        self.slug = slug
        self.starts: list[Callable[..., Any]] = []
        self.stops: list[Callable[..., Any]] = []
        self.loop: asyncio.AbstractEventLoop | None = None
        self.is_started = False
        self._started = 0
        self._is_begun = self._is_ended = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = threading.Lock()

    @property
    def needs_an_end(self) -> bool:
        """Whether there is something to stop before the code may go."""
        return bool(self._tasks or (self._is_begun and self.stops))

    def begin(self, runtime: Runtime, snapshot: Snapshot, loop: asyncio.AbstractEventLoop) -> None:
        """Call what was given to ``on_start``, in order; begun again, it goes on where it was not ready.

        Raises what the plugin said on purpose, among it :class:`NotReady`, or :class:`PluginFailed`.
        """
        self.loop, self._is_begun = loop, True
        for start in self.starts[self._started :]:
            self._call(runtime, snapshot, "start", start)
            self._started += 1
        self.is_started = True

    def end(self, runtime: Runtime, snapshot: Snapshot) -> None:
        """Call what was given to ``on_stop``, once, and cancel what still runs; a failure holds nothing up."""
        with self._lock:
            if self._is_ended:
                return
            self._is_ended = True
        for stop in self.stops if self._is_begun else ():
            with suppress(Problem):  # noted; there is nobody to be told
                self._call(runtime, snapshot, "stop", stop)
        for task in list(self._tasks):
            with suppress(RuntimeError):  # its loop is closed, and the task gone with it
                task.get_loop().call_soon_threadsafe(task.cancel)

    def spawn(self, coro: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine in the loop of this process, from whatever thread; it is cancelled when the load ends."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            if self.loop is None or not self.loop.is_running():
                coro.close()
                raise LookupError("no event loop runs in this process: ask for a job with ctx.enqueue") from None
            self.loop.call_soon_threadsafe(self._spawn, coro)
        else:
            self._spawn(coro)

    def _spawn(self, coro: Coroutine[Any, Any, Any]) -> None:
        if self._is_ended:
            coro.close()
            return
        task = spawn(self.slug, coro)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _call(self, runtime: Runtime, snapshot: Snapshot, kind: str, fn: Callable[..., Any]) -> None:
        """One of them in the plugin's own threads, an ``async`` one in the loop, within its budget."""
        point = f"{kind} {getattr(fn, '__name__', kind)}"
        cell = here().cell(self.slug, point)

        def called(context: Context) -> None:
            result = fn(context)
            if inspect.iscoroutine(result):
                self._awaited(cell, result)

        call = guarded(self.slug, point, called)

        def work() -> None:
            with runtime.db.writing(snapshot) as session:
                session.info.update(settings=runtime.settings, runtime=runtime)
                call(Context(self.slug, session, snapshot))

        begin(self.slug, point, work).result()

    def _awaited(self, cell: Cell, coro: Coroutine[Any, Any, Any]) -> None:
        """Wait in this thread for a coroutine in the loop of the process."""
        if self.loop is None or not self.loop.is_running():
            coro.close()
            raise RuntimeError("the process ends: nothing runs in its loop any more")
        future = asyncio.run_coroutine_threadsafe(_held(cell, coro), self.loop)
        try:
            error = future.result(cell.patience + 0.5)
        except Late:  # whoever waits for this thread has given it up and counted it
            future.cancel()
            return
        if error is not None:
            raise error


async def _held(cell: Cell, coro: Coroutine[Any, Any, Any]) -> BaseException | None:
    """What a coroutine raised, given back: SystemExit in a task would end the process. The watchdog reads ``cell``."""
    try:
        await coro
    except BaseException as error:  # a stranger's coroutine
        if is_our_cancelling(error):
            raise
        return error
    return None
