"""Which requests still run with which snapshot, and the generations that go once nobody uses them any more."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from acm.kernel.loader import Generation, unload
from acm.snapshot import Snapshot
from acm.web.runtime import Runtime

GRACE, PATIENCE = 30.0, 10.0
"""Seconds that requests may keep a generation, and that the end of a process waits for what plugins have to stop."""


@dataclass
class Leaving:
    """A generation that is in no new snapshot; ``first`` and ``last`` are the numbers of those that held it.

    Once it ``is_gone`` nothing is kept but its version: a request that lasts longer than the grace is still counted.
    """

    generation: Generation | None
    slug: str
    version: str
    first: int
    last: int
    since: float

    @property
    def is_gone(self) -> bool:
        return self.generation is None


class Retirement:
    """Counts requests by snapshot, and lets generations go."""

    def __init__(self, runtime: Runtime, ending: Callable[[Generation], None]) -> None:
        self.runtime = runtime
        self.ending = ending
        self.leaving: list[Leaving] = []
        self._first: dict[str, int] = {}
        self._in_flight: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._ends: list[threading.Thread] = []

    def enter(self) -> Snapshot:
        """Begin to serve with the snapshot in force; :meth:`leave` must follow."""
        with self._lock:
            snapshot = self.runtime.snapshot
            self._in_flight[snapshot.number] += 1
            return snapshot

    def leave(self, snapshot: Snapshot) -> None:
        with self._lock:
            self._in_flight[snapshot.number] -= 1
            if not self._in_flight[snapshot.number]:
                del self._in_flight[snapshot.number]

    def published(self, serving: Iterable[Generation], before: Iterable[Generation], number: int) -> None:
        """A snapshot was published: what was in the one ``before`` and is in no new one leaves."""
        stay = {generation.package for generation in serving}
        with self._lock:
            for package in stay:
                self._first.setdefault(package, number)
            self.leaving += [
                Leaving(one, one.slug, one.version, self._first.pop(one.package, 0), number - 1, time.monotonic())
                for one in before
                if one.package not in stay
            ]

    def sweep(self) -> int:
        """Let go of the generations that nobody uses any more; returns how many are still in use."""
        if not self.leaving:
            return 0
        going: list[Generation] = []
        with self._lock:
            late = time.monotonic() - GRACE
            for one in list(self.leaving):
                requests = self._requests(one)
                if one.generation is not None and (not requests or one.since < late):
                    going.append(one.generation)
                    one.generation = None
                if one.is_gone and not requests:
                    self.leaving.remove(one)
            kept = sum(not one.is_gone for one in self.leaving)
        for generation in going:
            self.let_go(generation)
        return kept

    def draining(self) -> dict[str, dict[str, int]]:
        """How many requests still run with a version that was left: by plugin, by version."""
        if not self.leaving:
            return {}
        found: dict[str, dict[str, int]] = {}
        with self._lock:
            for one in self.leaving:
                if requests := self._requests(one):
                    of_plugin = found.setdefault(one.slug, {})
                    of_plugin[one.version] = of_plugin.get(one.version, 0) + requests
        return found

    def let_go(self, generation: Generation) -> None:
        """Stop what it has begun, apart when it takes time, and unload it."""
        if not generation.life.needs_an_end:
            unload(generation)
            return
        self._ends = [thread for thread in self._ends if thread.is_alive()]
        thread = threading.Thread(target=self._end, args=(generation,), name="acm-plugin-ends", daemon=True)
        self._ends.append(thread)
        thread.start()

    def taken(self) -> list[Generation]:
        """Those that were still waited for; nobody waits any longer."""
        with self._lock:
            found = [one.generation for one in self.leaving if one.generation is not None]
            self.leaving = []
            return found

    def settle(self, seconds: float = PATIENCE) -> None:
        """Wait until what plugins have to stop has stopped."""
        until = time.monotonic() + seconds
        for thread in list(self._ends):
            thread.join(max(0.0, until - time.monotonic()))

    def _end(self, generation: Generation) -> None:
        try:
            self.ending(generation)
        finally:
            unload(generation)

    def _requests(self, one: Leaving) -> int:
        return sum(count for number, count in self._in_flight.items() if one.first <= number <= one.last)
