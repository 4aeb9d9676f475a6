"""What an administrator sees of the plugins: on disk, in the database, in the processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from acm import clock
from acm.errors import Problem
from acm.i18n import Message, _
from acm.journal import Event
from acm.kernel.choices import Choice, choices, defaults
from acm.kernel.discovery import Discovered
from acm.kernel.failures import Failure, last_failures
from acm.kernel.manifest import Manifest
from acm.kernel.models import DISABLED, ENABLED, IN_REPAIR, Plugin, PluginWorkerState
from acm.kernel.naming import Unknown, unknown
from acm.kernel.registrar import Registrar
from acm.kernel.world import FAILING, World
from acm.pages.visibility import unrestricted
from acm.people.models import Group, Person
from acm.snapshot import Contribution, Snapshot
from acm.web.runtime import Runtime

DISCOVERED, INVALID, MISSING = "discovered", "invalid", "missing"
FAILING_FOR, ALIVE = timedelta(hours=1), timedelta(minutes=1)


@dataclass(frozen=True)
class Seen:
    """A plugin as an administrator sees it. ``found`` lies in its folder and would be enabled next, ``kept`` is the
    stored version that was enabled last."""

    slug: str
    state: str
    reason: str
    row: Plugin | None
    found: Discovered | None
    kept: Discovered | None
    failures: tuple[Failure, ...] = ()

    @property
    def files(self) -> Discovered | None:
        """The files that speak for it: those that were enabled, else those in its folder."""
        return self.kept or self.found

    @property
    def manifest(self) -> Manifest | None:
        return self.files.manifest if self.files else None

    @property
    def names(self) -> dict[str, str]:
        if self.manifest:
            return self.manifest.plugin.name
        return dict(self.row.names) if self.row else {"en": self.slug}

    @property
    def version(self) -> str:
        return self.row.version if self.row else self.next_version

    @property
    def next_version(self) -> str:
        """The version in its folder."""
        return self.found.manifest.plugin.version if self.found and self.found.manifest else ""

    @property
    def generation(self) -> int:
        return self.row.generation if self.row else 0

    @property
    def is_changed(self) -> bool:
        """Whether its folder holds other files than those that were enabled: enabling again applies them."""
        return bool(self.row and self.found and self.row.state != DISABLED and self.row.hash != self.found.hash)

    @property
    def choices(self) -> list[Choice]:
        """Its settings with the values in force."""
        if self.files is None or self.row is None:
            return []
        return choices(self.files.schema, {**defaults(self.files.schema), **self.row.settings})


def seen(session: Session, runtime: Runtime) -> list[Seen]:
    """Every plugin that lies on disk or has a row, by slug."""
    world: World = runtime.parts["world"]
    found = world.discovered()
    rows = {row.slug: row for row in session.scalars(select(Plugin).options(joinedload(Plugin.changed_by)))}
    failed = last_failures(session)
    return [
        _seen(slug, rows.get(slug), found.get(slug), world, failed.get(slug, ()))
        for slug in sorted(found.keys() | rows.keys())
    ]


def stored(runtime: Runtime, plugin: Seen) -> list[tuple[Discovered, datetime]]:
    """The other versions that one may go back to, with the time they were enabled last, newest first."""
    world: World = runtime.parts["world"]
    versions = world.store.versions(plugin.slug) if plugin.row else []
    return [(kept, at) for kept, at in versions if kept.is_valid and plugin.row and kept.hash != plugin.row.hash]


@dataclass(frozen=True)
class Worker:
    """A process that answers requests. ``number`` counts them; ``runs`` is what it reported of each plugin."""

    number: int
    name: str
    runs: Mapping[str, PluginWorkerState]

    def behind(self, row: Plugin) -> str | Message:
        """Why it does not run what the row asks for; empty when it does."""
        state = self.runs.get(row.slug)
        if state is None:
            return _("it has not followed yet")
        if state.error or state.hash == row.hash:
            return state.error
        return _("it still runs %(version)s", version=state.version) if state.version else _("it has not loaded it")

    def of(self, slug: str) -> PluginWorkerState | None:
        """What it reported of a plugin."""
        return self.runs.get(slug)


def draining(workers: Sequence[Worker], slug: str) -> dict[str, int]:
    """How many requests, of all processes, still run with a version of a plugin that was left: by version."""
    found: dict[str, int] = {}
    for worker in workers:
        for version, requests in (state.draining if (state := worker.of(slug)) else {}).items():
            found[version] = found.get(version, 0) + requests
    return found


def workers(session: Session) -> list[Worker]:
    """The processes that have reported within the last minute."""
    states = session.scalars(select(PluginWorkerState).order_by(PluginWorkerState.worker)).all()
    alive = [one.worker for one in states if not one.slug and one.at > clock.now() - ALIVE]
    return [
        Worker(number, name, {one.slug: one for one in states if one.worker == name and one.slug})
        for number, name in enumerate(alive, 1)
    ]


def history(session: Session, slug: str, *, limit: int = 10) -> list[tuple[Event, Person | None]]:
    """The last changes of a plugin with who made them, newest first."""
    statement = select(Event, Person).outerjoin(Person, Person.id == Event.actor_id)
    statement = statement.where(Event.stream == f"plugin:{slug}").order_by(Event.seq.desc()).limit(limit)
    return [(event, person) for event, person in session.execute(unrestricted(statement, "plugins"))]


def given(snapshot: Snapshot, plugin: Seen) -> list[Contribution]:
    """What a plugin adds: all of it while it serves, else what its files declare."""
    if plugin.slug in snapshot.plugins:
        return list(snapshot.plugins[plugin.slug].contributions)
    if plugin.files is None or plugin.files.manifest is None:
        return []
    registrar = Registrar(plugin.files.manifest, plugin.files.path)
    try:
        registrar.declared()
    except (Problem, ValueError):
        return []  # enabling it will say what is wrong with the files
    return registrar.contributions


def lacks(session: Session, snapshot: Snapshot, slug: str) -> list[Unknown]:
    """What a plugin calls by name, while it serves, that nothing in this house answers to."""
    serving = snapshot.plugins.get(slug)
    return unknown(serving.contributions, snapshot, set(session.scalars(select(Group.key)))) if serving else []


def _seen(slug: str, row: Plugin | None, found: Discovered | None, world: World, failed: Sequence[Failure]) -> Seen:
    now = world.loaded.get(slug)
    kept = None
    if row is not None and row.hash:
        kept = now.found if now is not None and now.found.hash == row.hash else world.store.find(slug, row.hash)
    state, reason = _state(row, found, kept, world, failed)
    return Seen(slug, state, reason, row, found, kept, tuple(failed))


def _state(
    row: Plugin | None, found: Discovered | None, kept: Discovered | None, world: World, failed: Sequence[Failure]
) -> tuple[str, str]:
    files = kept or found
    if row is not None and files is None:
        return MISSING, "its files are neither in the store nor in its folder; its pages stay readable"
    if files is not None and not files.is_valid:
        return INVALID, files.fault
    if row is None:
        return DISCOVERED, ""
    if row.state == IN_REPAIR:
        return IN_REPAIR, row.reason
    if row.state == ENABLED and row.slug in world.faults:
        return FAILING, world.faults[row.slug]
    if row.state == ENABLED and (failures := _fresh(row, failed)):
        return FAILING, failures[-1].line
    return row.state, ""


def _fresh(row: Plugin, failed: Sequence[Failure]) -> list[Failure]:
    """Failures of the last hour, since the last change of the plugin."""
    since = max(row.changed_at, clock.now() - FAILING_FOR)
    return [failure for failure in failed if failure.at > since]
