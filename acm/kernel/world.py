"""The world of one process: the snapshot of the core and of the plugins that the database wants enabled.

Every process follows the database: at most each 250 ms it looks whether the registry's version has moved, loads
what changed, and publishes by one assignment. What cannot be loaded here is named; the others go on.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from acm.kernel.choices import defaults
from acm.kernel.discovery import Discovered, discover
from acm.kernel.loader import Generation, LoadFailed, load
from acm.kernel.models import ENABLED, Plugin, Registry
from acm.snapshot import Contribution, DuplicateContribution, Snapshot, compose
from acm.web.runtime import Runtime

log = structlog.get_logger("acm.plugins")
LOOK_EVERY = 0.25
SAFE_MODE, FAILING = "safe_mode", "failing"


@dataclass(frozen=True)
class Away:
    """A plugin that does not serve here: a contribution to ``plugin_away``, which its addresses answer from."""

    slug: str
    names: Mapping[str, str]
    state: str
    reason: str
    since: datetime


class World:
    """Composes and publishes snapshots; :meth:`current` is the one in force."""

    def __init__(self, runtime: Runtime, core: Sequence[Contribution]) -> None:
        self.runtime = runtime
        self.core = core
        self.loaded: dict[str, Generation] = {}
        self.faults: dict[str, str] = {}
        self.version = -1
        self._looked = 0.0

    def current(self) -> Snapshot:
        """The snapshot in force, after a look at the database when the last one is 250 ms old."""
        if self.is_due():
            self._looked = time.monotonic()
            if self._stored_version() != self.version:
                self.refresh()
        return self.runtime.snapshot

    def is_due(self) -> bool:
        """Whether the last look at the database is 250 ms old."""
        return time.monotonic() - self._looked > LOOK_EVERY

    def discovered(self) -> dict[str, Discovered]:
        """The plugins that lie on disk now."""
        return discover(self.runtime.settings.plugin_path)

    def refresh(self) -> Snapshot:
        """Load what the database wants enabled, compose, publish."""
        with self.runtime.lock:
            self.version = self._stored_version()
            rows = self._rows()
            safe = self.runtime.settings.safe_mode
            self._follow({} if safe else {row.slug: row for row in rows if row.state == ENABLED})
            self.runtime.snapshot = self.compose(self.loaded.values(), rows)
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
        found = self.discovered() if wanted else {}
        self.faults = {}
        loaded: dict[str, Generation] = {}
        for slug, row in wanted.items():
            there, now, settings = found.get(slug), self.loaded.get(slug), row.settings
            if there is None:
                self.faults[slug] = "its folder is missing"
            elif (
                now is not None
                and now.found.hash == there.hash
                and dict(now.settings) == {**defaults(there.schema), **settings}
            ):
                loaded[slug] = now
            else:
                self._load(there, settings, loaded, now)
        self.loaded = loaded

    def _load(
        self,
        found: Discovered,
        settings: Mapping[str, Any],
        loaded: dict[str, Generation],
        last_good: Generation | None,
    ) -> None:
        try:
            loaded[found.slug] = load(found, settings)
        except LoadFailed as error:
            self.faults[found.slug] = str(error)
            log.error("plugin not loaded", plugin=found.slug, reason=str(error))
            if last_good is not None:
                loaded[found.slug] = last_good

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
