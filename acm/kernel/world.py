"""The world of one process: the snapshot of the core and of the plugins that the database wants enabled.

Every process follows the database: at most each 250 ms it looks whether the registry's version has moved, loads
what changed from the content store, and publishes by one assignment. What cannot be loaded here is named; the last
good generation goes on, and so do the others. A generation that nobody wants any more is let go when the last request
that began with it has ended, or after 30 s.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from acm.errors import Problem
from acm.kernel import choices
from acm.kernel.discovery import Discovered, discover
from acm.kernel.guard import loading
from acm.kernel.loader import Generation, LoadFailed, load, unload
from acm.kernel.models import ENABLED, Plugin, Registry
from acm.kernel.store import NotKept, Store
from acm.snapshot import Contribution, DuplicateContribution, Snapshot, compose
from acm.web.runtime import Runtime

log = structlog.get_logger("acm.plugins")
LOOK_EVERY = 0.25
GRACE = 30.0
SAFE_MODE, FAILING = "safe_mode", "failing"


@dataclass(frozen=True)
class Away:
    """A plugin that does not serve here: a contribution to ``plugin_away``, which its addresses answer from."""

    slug: str
    names: Mapping[str, str]
    state: str
    reason: str
    since: datetime


@dataclass(frozen=True)
class Retiring:
    """A generation that is in no new snapshot; ``last`` is the number of the last one that held it."""

    generation: Generation
    last: int
    since: float


class World:
    """Composes and publishes snapshots; :meth:`current` is the one in force."""

    def __init__(self, runtime: Runtime, core: Sequence[Contribution]) -> None:
        self.runtime = runtime
        self.core = core
        self.store = Store(runtime.settings.data_dir / "plugins")
        self.loaded: dict[str, Generation] = {}
        self.rows: dict[str, Plugin] = {}
        self.faults: dict[str, str] = {}
        self.version = -1
        self.retiring: list[Retiring] = []
        self._in_flight: Counter[int] = Counter()
        self._counting = threading.Lock()
        self._looked = 0.0

    def current(self, at_least: int = 0) -> Snapshot:
        """The snapshot in force, after a look at the database when the last one is 250 ms old, or when this process
        has not yet followed to the registry's version ``at_least``, which the caller knows of."""
        if self.is_due(at_least):
            self.look()
        return self.runtime.snapshot

    def look(self) -> None:
        """Look at the database, follow it, and let go of what nobody uses any more."""
        self._looked = time.monotonic()
        if self._stored_version() != self.version:
            self.refresh()
        self.sweep()

    def is_due(self, at_least: int = 0) -> bool:
        """Whether it is time to look at the database."""
        return self.version < at_least or time.monotonic() - self._looked > LOOK_EVERY

    @contextmanager
    def serving(self) -> Iterator[Snapshot]:
        """The snapshot in force; its plugins stay loaded until the end of the block."""
        snapshot = self.enter()
        try:
            yield snapshot
        finally:
            self.leave(snapshot)

    def enter(self) -> Snapshot:
        """Begin to serve with the snapshot in force; :meth:`leave` must follow."""
        with self._counting:
            snapshot = self.runtime.snapshot
            self._in_flight[snapshot.number] += 1
            return snapshot

    def leave(self, snapshot: Snapshot) -> None:
        with self._counting:
            self._in_flight[snapshot.number] -= 1
            if not self._in_flight[snapshot.number]:
                del self._in_flight[snapshot.number]

    def sweep(self) -> int:
        """Let go of the generations that nobody uses any more; returns how many are still in use."""
        if not self.retiring:
            return 0
        with self.runtime.lock:
            with self._counting:
                oldest = min(self._in_flight, default=self.runtime.snapshot.number)
            late = time.monotonic() - GRACE
            for one in [one for one in self.retiring if one.last < oldest or one.since < late]:
                self.retiring.remove(one)
                unload(one.generation)
            return len(self.retiring)

    def discovered(self) -> dict[str, Discovered]:
        """The plugins that lie on disk now."""
        return discover(self.runtime.settings.plugin_path)

    def refresh(self) -> Snapshot:
        """Load what the database wants enabled, compose, publish."""
        with self.runtime.lock:
            before, last = self.loaded, self.runtime.snapshot.number
            self.version, rows = self._stored_version(), self._rows()
            safe = self.runtime.settings.safe_mode
            self._follow({} if safe else {row.slug: row for row in rows if row.state == ENABLED})
            self.rows = {row.slug: row for row in rows}
            self.runtime.snapshot = self.compose(self.loaded.values(), rows)
            stay = {generation.package for generation in self.loaded.values()}
            gone = [generation for generation in before.values() if generation.package not in stay]
            self.retiring += [Retiring(generation, last, time.monotonic()) for generation in gone]
            return self.runtime.snapshot

    def compose(self, generations: Iterable[Generation], rows: Iterable[Plugin] = ()) -> Snapshot:
        """A snapshot of the core and these plugins; one that claims another's key is left out and named. The plugins
        of the other ``rows`` are in it as :class:`Away`."""
        number, taken = self.runtime.snapshot.number + 1, dict[str, Generation]()
        given = list(self.core)
        for generation in generations:
            try:
                compose(number, [*given, *generation.contributions])
            except DuplicateContribution as error:
                self.faults[generation.slug] = str(error)
                log.error("plugin left out", plugin=generation.slug, reason=str(error))
            else:
                given += generation.contributions
                taken[generation.slug] = generation
        away = [Contribution("plugin_away", row.slug, self._away(row)) for row in rows if row.slug not in taken]
        return compose(number, [*given, *away], taken)

    def _away(self, row: Plugin) -> Away:
        state, reason = row.state, row.reason
        if row.state == ENABLED:
            state = SAFE_MODE if self.runtime.settings.safe_mode else FAILING
        return Away(row.slug, row.names, state, reason, row.changed_at)

    def _follow(self, wanted: Mapping[str, Plugin]) -> None:
        self.faults = {}
        loaded: dict[str, Generation] = {}
        for slug, row in wanted.items():
            now = self.loaded.get(slug)
            try:
                loaded[slug] = self._generation(row, now)
            except (LoadFailed, NotKept, Problem) as error:
                self.faults[slug] = str(error)
                log.error("plugin not loaded", plugin=slug, reason=str(error))
                if now is not None:
                    loaded[slug] = now
        self.loaded = loaded

    def _generation(self, row: Plugin, now: Generation | None) -> Generation:
        """The generation that a row asks for: the one that serves, with other settings perhaps, or a new load."""
        if now is None or now.found.hash != row.hash:
            if now is not None and not now.is_hot:
                raise LoadFailed(f"it cannot be swapped while it runs: restart this process, which runs {now.version}")
            found = self.find(row)
            if found is None:
                raise LoadFailed("the files that were enabled are neither in the store nor in its folder")
            settings = choices.opened(self.runtime.settings, found, row.settings)
            with loading(row.slug):
                return load(found, settings)
        settings = {
            **choices.defaults(now.found.schema),
            **choices.opened(self.runtime.settings, now.found, row.settings),
        }
        return now if dict(now.settings) == settings else replace(now, settings=MappingProxyType(settings))

    def find(self, row: Plugin) -> Discovered | None:
        """The files that were enabled: from the store, or from the plugin's folder while they are the same."""
        kept = self.store.find(row.slug, row.hash)
        if kept is not None and kept.is_valid:
            return kept
        there = self.discovered().get(row.slug)
        return self.store.keep(there) if there is not None and there.is_valid and there.hash == row.hash else kept

    def _rows(self) -> list[Plugin]:
        """What the database wants of each plugin."""
        try:
            with self.runtime.db.reading() as session:
                return list(session.scalars(select(Plugin).order_by(Plugin.slug)))
        except SQLAlchemyError:
            return []  # a database before its first migration

    def _stored_version(self) -> int:
        try:
            with self.runtime.db.reading() as session:
                return session.scalar(select(Registry.version)) or 0
        except SQLAlchemyError:
            return self.version
