"""The one guard around every call into a plugin: a fault is attributed, numbered, counted, and hurts nobody else.

:func:`guarded` stands around calls that are made in the caller's thread, :func:`begin` around those that run in the
plugin's own threads with a session of their own, :class:`~acm.kernel.screens.RouteGuard` around its screens, :func:`spawn` around its
background tasks. A :class:`Problem` is said on purpose: it passes and is no failure.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session

from acm import clock
from acm.errors import Problem
from acm.jobs.imports import Interrupted
from acm.kernel.failures import Failure, failure_at, recent
from acm.kernel.isolation import CALL, Call, Cell, here
from acm.kernel.pool import Pool, Ticket
from acm.kernel.undo import keep, undo, watch

__all__ = [
    "Failure",
    "LoopBlocked",
    "Pending",
    "PluginFailed",
    "TimedOut",
    "apart",
    "begin",
    "guarded",
    "loading",
    "note",
    "recent",
    "spawn",
    "suspected",
]
KNOWN = frozenset({"settings", "runtime", "job"})
"""What a session knows of its process and is told to one beside it."""
UNDONE = frozenset({"veto", "filter"})
"""Kinds of extension points whose changes are undone when they fail."""
DOUBT = 5
"""So many times its budget may a call in the caller's thread take on a busy machine, if it works no longer than that."""


class PluginFailed(Problem):
    """A plugin raised what it did not say on purpose, took too long, or is not called after too many failures."""

    status = 502
    type = "/problems/plugin-failed"
    title = "A plugin has failed"

    def __init__(self, failure: Failure) -> None:
        super().__init__(
            "%(plugin)s is not available. Tell the administrators this number: %(number)s",
            params={"plugin": _names(failure.plugin), "number": failure.number},
            plugin=failure.plugin,
        )
        self.failure = failure

    def __str__(self) -> str:
        """What an administrator reads, where people read the title and the number."""
        return f"{self.failure.point}: {self.failure.line} ({self.failure.number})"


def _names(slug: str) -> Mapping[str, str]:
    """What people call a plugin, by language."""
    serving = runtime.snapshot.plugins.get(slug) if (runtime := here().runtime) else None
    return dict(serving.found.manifest.plugin.name) if serving else {"": slug}


class TimedOut(Exception):
    """A call took longer than its budget."""


class LoopBlocked(BaseException):
    """Raised by the watchdog inside a plugin that blocks the event loop; no ``except Exception`` stops it."""

    failure: Failure | None = None


def guarded(plugin: str, point: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """The same call, that lets a :class:`Problem` through and turns everything else into :class:`PluginFailed`.

    The first word of ``point`` is its kind; it decides the budget. While the breaker is open, nothing is called.
    """
    key = plugin, point
    is_undone = point.partition(" ")[0] in UNDONE

    @functools.wraps(call)
    def run(*args: Any, **options: Any) -> Any:
        house = here()
        cell = house.cells.get(key) or house.cell(plugin, point)
        if cell.breaker.open_until is not None:
            admit(cell)
        token = CALL.set(made := Call(cell))
        worked = time.thread_time() if cell.is_timed else 0.0
        began, failed, lost = time.perf_counter(), False, house.lost
        try:
            try:
                if is_undone:
                    watch(made, args[0])
                if cell.was_called:
                    answer = call(*args, **options)
                else:
                    with suspected(plugin, point):
                        answer = call(*args, **options)
            except BaseException:
                undo(made)
                raise
            keep(made)
            return answer
        except Problem:
            raise  # said on purpose: the person may see it
        except BaseException as error:  # we call strangers: they may raise SystemExit and worse
            if is_our_cancelling(error):
                raise
            failed = True
            raise PluginFailed(fail(cell, error)) from error
        finally:
            CALL.reset(token)
            seconds = time.perf_counter() - began
            if not failed:
                if seconds <= cell.budget:
                    cell.breaker.succeed()
                else:
                    _too_slow(cell, seconds - (house.lost - lost), worked)
            house.ended(cell, seconds, made.statements, failed=failed)
            cell.was_called = True

    return run


def admit(cell: Cell) -> None:
    """Raise :class:`PluginFailed` with the last failure while the breaker of a point is open."""
    if cell.breaker.open_until is not None and not cell.breaker.allows(clock.now()):
        raise PluginFailed(cell.last or here().note(cell.plugin, cell.point, TimedOut("it is not called for a while")))


def fail(cell: Cell, error: BaseException) -> Failure:
    """Note and count an error of a call; that of the watchdog is noted already."""
    if isinstance(error, LoopBlocked) and error.failure:
        return error.failure
    return here().failed(cell, error)


class Allowance:
    """The time that a call has from now on, without that in which the process did not get on."""

    __slots__ = ("_lost", "_until")

    def __init__(self, seconds: float) -> None:
        self._until, self._lost = time.monotonic() + seconds, here().lost

    @property
    def left(self) -> float:
        return max(0.0, self._until + here().lost - self._lost - time.monotonic())


class Pending:
    """A call that runs in the plugin's own threads."""

    def __init__(self, cell: Cell, pool: Pool, ticket: Ticket) -> None:
        self.cell, self.pool, self.ticket = cell, pool, ticket
        self.patience = cell.patience
        self.allowance = Allowance(self.patience)

    def result(self) -> Any:
        """What the call gave; :class:`PluginFailed` when it failed, or did not end within its budget."""
        while not self.ticket.done.wait(self.allowance.left) and self.allowance.left:
            pass  # the process did not get on meanwhile
        if self.pool.wait(self.ticket, time.monotonic()):
            if self.ticket.error is None:
                return self.ticket.result
            if isinstance(self.ticket.error, Problem):
                raise self.ticket.error
            raise PluginFailed(fail(self.cell, self.ticket.error)) from self.ticket.error
        cell, said = self.cell, f"TimedOut: no answer within {self.patience * 1000:.0f} ms\n"
        began = self.ticket.thread is not None
        failure = failure_at(cell.plugin, cell.point, self.ticket.frame, said, clock.now())
        here().count(
            cell, here().keep(failure), timed_out=began, at_once=self.pool.is_full, counts=began or self.pool.is_full
        )
        raise PluginFailed(failure)


def begin(plugin: str, point: str, work: Callable[[], Any]) -> Pending:
    """Start a call in the plugin's own threads; ``work`` must bring a session of its own, never the caller's.

    Raises :class:`PluginFailed` at once while the breaker is open.
    """
    cell = here().cell(plugin, point)
    if cell.breaker.open_until is not None and clock.now() < cell.breaker.open_until:
        admit(cell)
    pool = here().pool(plugin)
    return Pending(cell, pool, pool.submit(work))


def apart(plugin: str, point: str, session: Session, work: Callable[[Session], Any]) -> Any:
    """Run a job in the plugin's own threads, in a transaction of its own, and wait as long as its budget allows.

    What the caller's ``session`` holds is committed before, so that neither waits for the other's lock.
    """
    runtime = here().runtime
    if runtime is None:
        return work(session)
    session.commit()
    known = {name: value for name, value in session.info.items() if name in KNOWN}

    def run() -> Any:
        with runtime.db.writing(session.info["snapshot"]) as own:
            own.info.update(known)
            return work(own)

    return begin(plugin, point, run).result()


def note(plugin: str, point: str, error: BaseException) -> Failure:
    """Keep what happened, with a number for the person who meets it; a known point counts it for its breaker."""
    cell = here().cells.get((plugin, point))
    return fail(cell, error) if cell else here().note(plugin, point, error)


@contextmanager
def suspected(plugin: str, point: str) -> Iterator[None]:
    """Around the loading of a plugin and each first call: should the process die here, the next one knows of whom."""
    suspects = here().suspects
    if suspects is None:
        yield
        return
    with suspects.at_work(plugin, point):
        yield


@contextmanager
def loading(plugin: str) -> Iterator[None]:
    """Around the loading of a generation that will serve: it begins without the failures of the one before."""
    with suspected(plugin, "load"):
        yield
    here().begin(plugin)


def is_our_cancelling(error: BaseException) -> bool:
    """Whether a cancellation comes from us: a plugin that raises one itself has failed."""
    if isinstance(error, Interrupted):
        return True
    if not isinstance(error, asyncio.CancelledError):
        return False
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False
    return task is not None and task.cancelling() > 0


def keep_calm(loop: asyncio.AbstractEventLoop) -> None:
    """Let no task that a plugin starts on this loop end the process by SystemExit."""
    if loop.get_task_factory() is None:
        loop.set_task_factory(_calm_task)  # type: ignore[arg-type]


def _calm_task(loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:
    call = CALL.get()
    return asyncio.Task(_calm(call.cell, coro) if call else coro, loop=loop, **options)


async def _calm(cell: Cell, coro: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await coro
    except (SystemExit, KeyboardInterrupt) as error:
        raise PluginFailed(fail(cell, error)) from error


_tasks: set[asyncio.Task[None]] = set()


def spawn(plugin: str, coro: Coroutine[Any, Any, Any]) -> asyncio.Task[None]:
    """Run a plugin's coroutine in the background of the running loop; whatever it raises is counted, the loop lives."""
    task = asyncio.get_running_loop().create_task(_watched(plugin, coro), name=f"plugin-{plugin}")
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task


async def _watched(plugin: str, coro: Coroutine[Any, Any, Any]) -> None:
    point = f"spawn {getattr(coro, '__qualname__', 'task')}"
    cell = here().cell(plugin, point)
    if cell.breaker.open_until is not None and not cell.breaker.allows(clock.now()):
        coro.close()
        return
    began, failed = time.perf_counter(), False
    made = Call(cell)
    CALL.set(made)  # the task has a context of its own
    try:
        await coro
        cell.breaker.succeed()
    except Problem:
        cell.breaker.succeed()  # nobody is there to be told
    except BaseException as error:  # a stranger's task: SystemExit would end the process
        if is_our_cancelling(error):
            raise
        failed = True
        fail(cell, error)
    finally:
        here().ended(cell, time.perf_counter() - began, made.statements, failed=failed)


def _too_slow(cell: Cell, seconds: float, worked: float) -> None:
    """Count a call in the caller's thread that took too long; one of the plugin's own threads its waiter has counted.

    Up to ``DOUBT`` times its budget it may have waited for a busy processor: the first such call counts for nothing,
    and from then on its own processor time is what counts.
    """
    if seconds <= DOUBT * cell.patience:
        seconds = time.thread_time() - worked if cell.is_timed else 0.0
        cell.is_timed = True
    if seconds <= cell.patience:
        cell.breaker.succeed()
    elif not threading.current_thread().name.startswith("plugin-"):
        said = f"TimedOut: it took {seconds * 1000:.0f} ms of {cell.patience * 1000:.0f}\n"
        failure = failure_at(cell.plugin, cell.point, None, said, clock.now())
        here().count(cell, here().keep(failure), timed_out=True)
