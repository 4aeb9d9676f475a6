"""What one process knows of its plugins' calls: breakers, costs, threads, and what is still to be written.

A process serves one runtime; :func:`attach` makes its :class:`Isolation`, :func:`here` is the one in force. What must
outlive the process is written by a thread of its own, never inside a request's transaction: a database that does not
answer delays the note, not the page.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, SessionTransaction

from acm import clock
from acm.journal import Origin
from acm.kernel.breaker import Breaker
from acm.kernel.costs import Cost, Meter, add
from acm.kernel.failures import KEPT, Failure, failure_of, keep, recent
from acm.kernel.models import ENABLED, Plugin
from acm.kernel.pool import Pool
from acm.kernel.suspects import Suspects

if TYPE_CHECKING:
    from acm.web.runtime import Runtime

log = structlog.get_logger("acm.plugins")
WRITE_EVERY = 10.0
"""Seconds between two writings of costs."""
OPENINGS, WITHIN = 3, timedelta(hours=1)
"""So many openings of a plugin's breakers in so long send it for repair."""
FIRST = 2.0
"""A first call compiles templates and imports: it may take so many seconds more."""
CORE = {"hook": 100, "widget": 200, "request": 5000, "job": 60_000}
"""Milliseconds, where the manifest allows no less."""
BUDGETS = {"slot": "widget", "menu": "hook", "veto": "hook", "filter": "hook", "job": "job"}
"""The budget of a kind of extension point, the first word of its name; the others have ``request``."""
UNTIMED = frozenset({"importer", "seed", "spawn", "upgrade"})
LANES = 8
"""Requests to one plugin that are worked on at the same time; the others wait."""


OURS = ("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK")
"""Statements that a session sends by itself."""


class Cell:
    """One extension point of one plugin: its breaker, its meter, the seconds a call may take."""

    __slots__ = ("breaker", "budget", "is_timed", "last", "meter", "plugin", "point", "was_called")

    def __init__(self, plugin: str, point: str, budget: float) -> None:
        self.plugin, self.point, self.budget = plugin, point, budget
        self.breaker, self.meter = Breaker(), Meter()
        self.last: Failure | None = None
        self.was_called = False
        self.is_timed = False
        """Whether it was slow before, so that the processor time of its calls is measured."""

    @property
    def patience(self) -> float:
        """Seconds that the next call may take."""
        return self.budget if self.was_called else self.budget + FIRST


class Call:
    """A call into a plugin that runs, with the SQL statements it has sent; where its changes may have to be undone,
    the caller's session until its first use, and the SAVEPOINT from then on."""

    __slots__ = ("cell", "savepoint", "session", "statements")

    def __init__(self, cell: Cell) -> None:
        self.cell, self.statements = cell, 0
        self.session: Session | None = None
        self.savepoint: SessionTransaction | None = None


CALL: ContextVar[Call | None] = ContextVar("call_into_a_plugin", default=None)
"""The call into a plugin of this context."""


class Lanes:
    """Room for the requests of one plugin in one event loop; what timed out keeps its lane until it ends."""

    def __init__(self) -> None:
        self.free = asyncio.Semaphore(LANES)
        self.overdue = 0

    @property
    def is_full(self) -> bool:
        return self.overdue >= LANES


class Isolation:
    """The state of one process; without a runtime it keeps in memory only."""

    def __init__(self, runtime: Runtime | None = None) -> None:
        self.runtime = runtime
        self.suspects = Suspects(runtime.settings.data_dir / "suspects") if runtime else None
        self.cells: dict[tuple[str, str], Cell] = {}
        self.pools: dict[str, Pool] = {}
        self.lost = 0.0
        """Seconds, since the start, in which this process did not get on: no plugin's time runs meanwhile."""
        self._lanes: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Lanes]] = WeakKeyDictionary()
        self._openings: dict[str, deque[datetime]] = {}
        self._unwritten: deque[Failure] = deque(maxlen=1000)
        self._trips: dict[str, str] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._writer: threading.Thread | None = None
        self._wrote = time.perf_counter()

    def cell(self, plugin: str, point: str) -> Cell:
        found = self.cells.get((plugin, point))
        return found or self.cells.setdefault((plugin, point), Cell(plugin, point, self._budget(plugin, point)))

    def pool(self, plugin: str) -> Pool:
        return self.pools.get(plugin) or self.pools.setdefault(plugin, Pool(plugin))

    def lanes(self, plugin: str) -> Lanes:
        """The lanes of a plugin in the running event loop."""
        return self._lanes.setdefault(asyncio.get_running_loop(), {}).setdefault(plugin, Lanes())

    def begin(self, plugin: str) -> None:
        """A generation of the plugin is loaded: it begins without the failures of the one before."""
        for key in [key for key in self.cells if key[0] == plugin]:
            self._keep_cost(self.cells.pop(key))
        self._openings.pop(plugin, None)
        if (pool := self.pools.get(plugin)) and pool.has_overdue:
            self.pools.pop(plugin, None)  # what hangs there is the old generation's

    def note(self, plugin: str, point: str, error: BaseException) -> Failure:
        """Keep what happened, with a number for the person who meets it."""
        return self.keep(failure_of(plugin, point, error, clock.now(), self._secrets(plugin)))

    def keep(self, failure: Failure) -> Failure:
        recent.setdefault(failure.plugin, deque(maxlen=KEPT)).append(failure)
        log.error(
            "plugin failed", plugin=failure.plugin, point=failure.point, number=failure.number, traceback=failure.text
        )
        self._unwritten.append(failure)
        self._wake()
        return failure

    def failed(self, cell: Cell, error: BaseException) -> Failure:
        """Note an error of a call and count it, unless the database of the house was to blame."""
        failure = self.note(cell.plugin, cell.point, error)
        self.count(cell, failure, counts=not _is_ours(error))
        return failure

    def count(
        self, cell: Cell, failure: Failure, *, timed_out: bool = False, at_once: bool = False, counts: bool = True
    ) -> None:
        """Count a failure for the breaker; the third opening in an hour sends the plugin for repair."""
        cell.last = failure
        now = clock.now()
        if counts and cell.breaker.fail(now, timed_out=timed_out, at_once=at_once):
            self._opened(cell, now)

    def ended(self, cell: Cell, seconds: float, statements: int, *, failed: bool) -> None:
        """Count the cost of a call; now and then what was counted is written."""
        cell.meter.count(seconds, statements, failed)
        if time.perf_counter() - self._wrote > WRITE_EVERY:
            self._wake()

    def open_points(self, plugin: str) -> list[str]:
        """The extension points of a plugin that are not called in this process at the moment."""
        return sorted(cell.point for key, cell in list(self.cells.items()) if key[0] == plugin and cell.breaker.is_open)

    def untaken(self) -> dict[tuple[str, str], Cost]:
        """Costs that are not written yet."""
        return {key: cell.meter.untaken for key, cell in list(self.cells.items())}

    def settle(self) -> None:
        """Write everything now, in this thread. At the end of a process, and in tests."""
        self._wrote = float("-inf")
        self._write()

    def close(self) -> None:
        self.settle()
        if self.suspects:
            self.suspects.close()

    def _opened(self, cell: Cell, now: datetime) -> None:
        log.error("breaker opened", plugin=cell.plugin, point=cell.point)
        openings = self._openings.setdefault(cell.plugin, deque(maxlen=OPENINGS))
        openings.append(now)
        if len(openings) == OPENINGS and now - openings[0] <= WITHIN:
            openings.clear()
            self._trips[cell.plugin] = f"{cell.point}: {cell.last.line if cell.last else ''}"
            self._wake()

    def _wake(self) -> None:
        """Let a thread write what there is, unless one is at it."""
        if self.runtime is None:
            return
        with self._lock:
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_on, name="acm-plugin-notes", daemon=True)
                self._writer.start()

    def _write_on(self) -> None:
        while True:
            is_well = self._write()
            with self._lock:
                if not is_well or not (self._unwritten or self._trips):
                    self._writer = None
                    return

    def _write(self) -> bool:
        """Write failures, repairs and, when they are due, costs; False when the database did not take them."""
        with self._writing:
            try:
                self._write_failures()
                self._write_repairs()
                if time.perf_counter() - self._wrote > WRITE_EVERY:
                    self._wrote = time.perf_counter()
                    self._write_costs()
            except OperationalError:  # a long batch holds the database: it is kept in memory, and written with the next
                return False
            except Exception as error:
                log.warning("plugin notes not written", reason=f"{type(error).__name__}: {error}"[:300])
                return False
            return True

    def _write_failures(self) -> None:
        batch = [self._unwritten.popleft() for _time in range(len(self._unwritten))]
        if batch and self.runtime:
            try:
                with self.runtime.db.writing() as session:
                    keep(session, batch)
            except Exception:
                self._unwritten.extendleft(reversed(batch))
                raise

    def _write_costs(self) -> None:
        taken = {key: cell.meter.take() for key, cell in list(self.cells.items())}
        costs = {key: cost for key, cost in taken.items() if cost.calls}
        if costs and self.runtime:
            try:
                with self.runtime.db.writing() as session:
                    add(session, clock.now().date(), costs)
            except Exception:
                for key, cost in costs.items():
                    self.cell(*key).meter.give_back(cost)
                raise

    def _write_repairs(self) -> None:
        for slug, reason in list(self._trips.items()):
            if self.runtime:
                send_for_repair(self.runtime, slug, reason)
            self._trips.pop(slug, None)

    def _keep_cost(self, cell: Cell) -> None:
        if (cost := cell.meter.take()).calls:
            self.cell(cell.plugin, cell.point).meter.give_back(cost)

    def _budget(self, plugin: str, point: str) -> float:
        """Seconds that the plugin's manifest allows a call, at most the core's."""
        kind = point.partition(" ")[0]
        if kind in UNTIMED:
            return float("inf")
        name = BUDGETS.get(kind, "request")
        serving = self.runtime.snapshot.plugins.get(plugin) if self.runtime else None
        budgets = serving.found.manifest.budgets if serving and serving.found.manifest else None
        return min(CORE[name], getattr(budgets, f"{name}_ms", CORE[name])) / 1000

    def _secrets(self, plugin: str) -> Iterator[str]:
        """Values that no traceback may show."""
        if self.runtime is None:
            return
        yield self.runtime.settings.secret_key
        serving = self.runtime.snapshot.plugins.get(plugin)
        settings: Mapping[str, Any] = serving.settings if serving else {}
        for key, value in settings.items():
            if isinstance(value, str) and any(word in key.lower() for word in ("secret", "password", "token", "key")):
                yield value


_here = Isolation()


def here() -> Isolation:
    """The isolation of this process."""
    return _here


def detach() -> None:
    """Keep nothing of a runtime: in a fork that is to touch none of it."""
    global _here
    _here = Isolation()


def attach(runtime: Runtime) -> Isolation:
    """Begin for a runtime, before its plugins are loaded: those that killed two processes go for repair first."""
    global _here
    if _here.suspects:
        _here.suspects.close()
    _here = Isolation(runtime)
    recent.clear()
    for engine in (runtime.db.read_engine, runtime.db.write_engine):
        if not event.contains(engine, "before_cursor_execute", _count_statement):
            event.listen(engine, "before_cursor_execute", _count_statement)
    if _here.suspects and not runtime.settings.safe_mode:
        for slug, point in _here.suspects.convicted().items():
            try:
                send_for_repair(runtime, slug, f"{point}: the process died twice while it ran")
                _here.suspects.forgive(slug)
            except Exception as error:  # a database that is not migrated yet: the next start sees the same
                log.warning("not quarantined", plugin=slug, reason=str(error)[:300])
    return _here


def send_for_repair(runtime: Runtime, slug: str, reason: str) -> None:
    """Take a plugin off the floor for all processes, and tell the administrators once."""
    from acm.kernel import lifecycle
    from acm.kernel.telling import tell_administrators

    with runtime.db.writing(runtime.snapshot) as session:
        session.info["settings"], session.info["runtime"] = runtime.settings, runtime
        row = session.get(Plugin, slug)
        if row is None or row.state != ENABLED:
            return  # another process was faster
        lifecycle.repair(session, runtime, slug, Origin(None, clock.now()), reason)
        tell_administrators(session, slug)
    if runtime.parts.get("world"):
        lifecycle.publish(runtime)


def _is_ours(error: BaseException) -> bool:
    """Whether the house's database was away or locked: no fault of a plugin."""
    if isinstance(error, PoolTimeout):
        return True
    return isinstance(error, DBAPIError) and (error.connection_invalidated or "database is locked" in str(error))


def _count_statement(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    if (call := CALL.get()) is not None and not statement.startswith(OURS):
        call.statements += 1
