"""The world of one process: the snapshot of the core and of the plugins that the database wants enabled.

Every process follows the database: at most each 250 ms it looks whether the registry's version has moved, loads
what changed from the content store, and publishes by one assignment. What cannot be loaded here is named; the last
good generation goes on, and so do the others. A process that answers requests starts what it loads, and tries again
later what is not ready. A generation that nobody wants any more is let go when the last request that began with it has
ended, or after 30 s.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from acm.errors import NotReady, Problem
from acm.kernel import choices
from acm.kernel.discovery import Discovered, discover
from acm.kernel.guard import keep_calm, loading
from acm.kernel.loader import Generation, LoadFailed, load
from acm.kernel.models import ENABLED, Plugin, Registry
from acm.kernel.retiring import Retirement
from acm.kernel.store import Store
from acm.snapshot import Contribution, DuplicateContribution, Snapshot, compose
from acm.web.runtime import Runtime

log = structlog.get_logger("acm.plugins")
LOOK_EVERY = 0.25
ASK_AGAIN = (5.0, 10.0, 20.0, 40.0, 80.0)
"""Seconds until a plugin that was not ready is asked again, each time longer."""
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
class Unready:
    """A generation that is loaded and said :class:`NotReady`; it is asked again ``at`` a moment."""

    generation: Generation
    reason: str
    tries: int
    at: float


class World:
    """Composes and publishes snapshots; :meth:`current` is the one in force."""

    def __init__(self, runtime: Runtime, core: Sequence[Contribution]) -> None:
        self.runtime = runtime
        self.core = core
        self.store = Store(runtime.settings.data_dir / "plugins")
        self.loaded: dict[str, Generation] = {}
        self.rows: dict[str, Plugin] = {}
        self.faults: dict[str, str] = {}
        self.generations: dict[str, int] = {}
        self.version = -1
        self.unready: dict[str, Unready] = {}
        self.retirement = Retirement(runtime, self._end)
        self.enter, self.leave, self.sweep = self.retirement.enter, self.retirement.leave, self.retirement.sweep
        self._loop: asyncio.AbstractEventLoop | None = None
        self._looked = 0.0

    def current(self, at_least: int = 0) -> Snapshot:
        """The snapshot in force, after a look at the database when the last one is 250 ms old and nobody else is at
        it, or when this process has not yet followed to the version ``at_least``, which the caller knows of."""
        if self.is_due(at_least):
            self.look(waits=self.version < at_least)
        return self.runtime.snapshot

    def look(self, *, waits: bool = True) -> None:
        """Look at the database, follow it, and let go of what nobody uses any more. Who does not wait leaves it to
        the thread that is at it already."""
        self._looked = time.monotonic()
        if self._is_behind() and self.runtime.lock.acquire(blocking=waits):
            try:
                if self._is_behind():
                    self.refresh()
            finally:
                self.runtime.lock.release()
        self.sweep()

    def _is_behind(self) -> bool:
        now = time.monotonic()
        return self._stored_version() != self.version or any(one.at <= now for one in list(self.unready.values()))

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

    def begin_serving(self, loop: asyncio.AbstractEventLoop) -> None:
        """This process answers requests from now on, in ``loop``: what is loaded is started, and what will be."""
        keep_calm(loop)
        with self.runtime.lock:
            self._loop = loop
            self.refresh()

    def end_serving(self) -> None:
        """Stop everything, while the loop still runs."""
        with self.runtime.lock:
            waiting = [one.generation for one in self.unready.values()]
            for generation in [*self.loaded.values(), *waiting, *self.retirement.taken()]:
                self.retirement.let_go(generation)
            self.unready, self._loop = {}, None
        self.retirement.settle()

    def discovered(self) -> dict[str, Discovered]:
        """The plugins that lie on disk now."""
        return discover(self.runtime.settings.plugin_path)

    def refresh(self) -> Snapshot:
        """Load what the database wants enabled, compose, publish."""
        with self.runtime.lock:
            before, version, rows = self.loaded, *self._wanted()
            safe = self.runtime.settings.safe_mode
            self._follow({} if safe else {row.slug: row for row in rows if row.state == ENABLED})
            self.rows = {row.slug: row for row in rows}
            self.runtime.snapshot = self.compose(self.loaded.values(), rows)
            stay = [*self.loaded.values(), *(one.generation for one in self.unready.values())]
            self.retirement.published(stay, before.values(), self.runtime.snapshot.number)
            self.version = version
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
        self._give_up(wanted)
        for slug, row in wanted.items():
            now = self.loaded.get(slug)
            try:
                loaded[slug] = self._started(self._generation(row, now))
                self.generations[slug] = row.generation
            except Exception as error:  # whatever is wrong with one holds up no other
                self.faults[slug] = str(error) or type(error).__name__
                log.error("plugin not loaded", plugin=slug, reason=self.faults[slug])
                if now is not None and (now.life.is_started or self._loop is None):
                    loaded[slug] = now
        self.loaded = loaded

    def _generation(self, row: Plugin, now: Generation | None) -> Generation:
        """The generation that a row asks for: the one that serves, with other settings perhaps, or a new load."""
        waiting = self.unready.get(row.slug)
        there = waiting.generation if waiting else now
        if there is None or there.found.hash != row.hash:
            if now is not None and not now.is_hot:
                raise LoadFailed(f"it cannot be swapped while it runs: restart this process, which runs {now.version}")
            found = self.find(row)
            if found is None:
                raise LoadFailed("the files that were enabled are neither in the store nor in its folder")
            settings = choices.opened(self.runtime.settings, found, row.settings)
            with loading(row.slug):
                return load(found, settings)
        settings = {
            **choices.defaults(there.found.schema),
            **choices.opened(self.runtime.settings, there.found, row.settings),
        }
        return there if dict(there.settings) == settings else replace(there, settings=MappingProxyType(settings))

    def _started(self, generation: Generation) -> Generation:
        """The generation, started where this process answers requests; raises why it is not."""
        life, slug = generation.life, generation.slug
        if self._loop is None or life.is_started:
            return generation
        waiting = self.unready.get(slug)
        if waiting and time.monotonic() < waiting.at:
            raise NotReady(waiting.reason)
        try:
            life.begin(self.runtime, self._with(generation), self._loop)
        except NotReady as said:
            tries = waiting.tries + 1 if waiting else 0
            pause = ASK_AGAIN[min(tries, len(ASK_AGAIN) - 1)]
            reason = f"it is not ready: {said}; it is asked again each {pause:.0f} s"
            self.unready[slug] = Unready(generation, reason, tries, time.monotonic() + pause)
            raise NotReady(reason) from said
        except Problem:
            if self.unready.pop(slug, None) or slug not in self.loaded or self.loaded[slug].life is not life:
                self.retirement.let_go(generation)  # else it leaves with the snapshot that held it
            raise
        self.unready.pop(slug, None)
        return generation

    def _give_up(self, wanted: Mapping[str, Plugin]) -> None:
        """Let go of what was not ready and is not wanted any more."""
        for slug, one in list(self.unready.items()):
            if slug not in wanted or wanted[slug].hash != one.generation.found.hash:
                del self.unready[slug]
                self.retirement.let_go(one.generation)

    def _end(self, generation: Generation) -> None:
        generation.life.end(self.runtime, self._with(generation))

    def _with(self, generation: Generation) -> Snapshot:
        """The world as a generation sees it that is not in the published one."""
        return self.compose([*(one for one in self.loaded.values() if one.slug != generation.slug), generation])

    def find(self, row: Plugin) -> Discovered | None:
        """The files that were enabled: from the store, or from the plugin's folder while they are the same."""
        kept = self.store.find(row.slug, row.hash)
        if kept is not None and kept.is_valid:
            return kept
        there = self.discovered().get(row.slug)
        return self.store.keep(there) if there is not None and there.is_valid and there.hash == row.hash else kept

    def _wanted(self) -> tuple[int, list[Plugin]]:
        """The registry's version, and what the database wants of each plugin: never older than the version says."""
        version = self._stored_version()
        try:
            with self.runtime.db.reading() as session:
                return version, list(session.scalars(select(Plugin).order_by(Plugin.slug)))
        except SQLAlchemyError:
            return version, []  # a database before its first migration

    def _stored_version(self) -> int:
        try:
            with self.runtime.db.reading() as session:
                return session.scalar(select(Registry.version)) or 0
        except SQLAlchemyError:
            return self.version
