"""Switching plugins on and off while the system runs. Disabling never touches data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from acm import clock
from acm.catalog.publishing import sync_services
from acm.errors import Conflict, NotFound
from acm.journal import Origin, record, system_stream
from acm.kernel.discovery import Discovered, discover
from acm.kernel.guard import Failure, recent
from acm.kernel.loader import LoadFailed, forget, load
from acm.kernel.models import Plugin, Registry
from acm.kernel.world import World
from acm.pages.schema import store_definitions
from acm.people.models import Department, Group
from acm.snapshot import Snapshot
from acm.taxonomy.vocabularies import sync_vocabularies
from acm.web.runtime import Runtime

ENABLED, DISABLED, DISCOVERED, INVALID, MISSING, FAILING = (
    "enabled",
    "disabled",
    "discovered",
    "invalid",
    "missing",
    "failing",
)


class PluginRefused(Conflict):
    """The plugin cannot be enabled; nothing was changed."""

    type = "/problems/plugin-refused"
    title = "The plugin cannot be enabled"


class ToggledMeanwhile(Conflict):
    """Another administrator was faster."""

    type = "/problems/plugin-toggled"
    title = "Somebody changed this plugin before you"


@dataclass(frozen=True)
class Seen:
    """A plugin as an administrator sees it: on disk, in the database, in this process."""

    slug: str
    state: str
    reason: str
    row: Plugin | None
    found: Discovered | None
    failures: tuple[Failure, ...] = ()

    @property
    def names(self) -> dict[str, str]:
        if self.found and self.found.manifest:
            return self.found.manifest.plugin.name
        return dict(self.row.names) if self.row else {"en": self.slug}

    @property
    def version(self) -> str:
        return (
            self.found.manifest.plugin.version
            if self.found and self.found.manifest
            else self.row.version
            if self.row
            else ""
        )

    @property
    def generation(self) -> int:
        return self.row.generation if self.row else 0


def seen(session: Session, runtime: Runtime) -> list[Seen]:
    """Every plugin that lies on disk or has a row, by slug."""
    world: World = runtime.parts["world"]
    found = discover(runtime.settings.plugin_path)
    rows = {row.slug: row for row in session.scalars(select(Plugin).options(joinedload(Plugin.changed_by)))}
    return [_seen(slug, rows.get(slug), found.get(slug), world) for slug in sorted(found.keys() | rows.keys())]


def enable(session: Session, runtime: Runtime, slug: str, origin: Origin, *, generation: int | None = None) -> Plugin:
    """Check a plugin, load it, write what it declares and its row, in the caller's transaction.

    Call :func:`publish` after the commit. ``generation`` is the one the administrator saw; raises
    :class:`PluginRefused` with the reason, :class:`ToggledMeanwhile` when somebody was faster.
    """
    found = discover(runtime.settings.plugin_path).get(slug)
    if found is None:
        raise NotFound()
    snapshot = _tried(runtime, found)
    row = _claim(session, slug, generation)
    row.names, row.version, row.hash = _names(found), _version(found), found.hash
    _toggle(session, row, ENABLED, origin)
    store_definitions(session, snapshot)
    _make_groups(session, snapshot, slug)
    sync_vocabularies(session, snapshot)
    sync_services(session, snapshot, origin)
    return row


def disable(session: Session, slug: str, origin: Origin, *, generation: int | None = None) -> Plugin:
    """Switch a plugin off: its routes answer 404, its cases stay readable, its services say "not available now"."""
    if session.get(Plugin, slug) is None:
        raise NotFound()
    row = _claim(session, slug, generation)
    _toggle(session, row, DISABLED, origin)
    return row


def publish(runtime: Runtime) -> Snapshot:
    """Let this process see the change at once; the others follow by themselves."""
    world: World = runtime.parts["world"]
    return world.refresh()


def _seen(slug: str, row: Plugin | None, found: Discovered | None, world: World) -> Seen:
    state, reason = row.state if row else DISCOVERED, ""
    if found is None:
        state, reason = MISSING, "its folder is missing; its pages stay readable"
    elif not found.is_valid:
        state, reason = INVALID, found.fault
    elif row is not None and row.state == ENABLED and slug in world.faults:
        state, reason = FAILING, world.faults[slug]
    elif row is not None and row.state == ENABLED and recent.get(slug):
        state, reason = FAILING, recent[slug][-1].text.strip().splitlines()[-1]
    return Seen(slug, state, reason, row, found, tuple(recent.get(slug, ())))


def _tried(runtime: Runtime, found: Discovered) -> Snapshot:
    """The world as it would be with the plugin; :class:`PluginRefused` says what stands against it."""
    if not found.is_valid:
        raise PluginRefused(found.fault)
    try:
        generation = load(found)
    except LoadFailed as error:
        raise PluginRefused(str(error)) from error
    world: World = runtime.parts["world"]
    others = [g for g in world.loaded.values() if g.slug != found.slug]
    before = world.faults.pop(found.slug, "")
    snapshot = world.compose([*others, generation])
    forget(generation.package)
    if fault := world.faults.pop(found.slug, ""):
        raise PluginRefused(fault)
    if before:
        world.faults[found.slug] = before
    return snapshot


def _claim(session: Session, slug: str, generation: int | None) -> Plugin:
    row = session.get(Plugin, slug)
    if row is None:
        row = Plugin(slug=slug, names={}, settings={}, generation=0, changed_at=clock.now())
        session.add(row)
        session.flush()
    seen_generation = row.generation if generation is None else generation
    claimed: Any = session.execute(
        update(Plugin)
        .where(Plugin.slug == slug, Plugin.generation == seen_generation)
        .values(generation=seen_generation + 1)
    )
    if claimed.rowcount != 1:
        session.refresh(row)
        raise ToggledMeanwhile(
            "%(who)s changed it at %(when)s",
            params={"who": row.changed_by.name if row.changed_by else "?", "when": _clock(row.changed_at)},
        )
    session.refresh(row)
    return row


def _toggle(session: Session, row: Plugin, state: str, origin: Origin) -> None:
    before = row.state
    row.state, row.changed_at = state, origin.at
    row.changed_by_id = origin.by.id if origin.by else None
    registry = session.get(Registry, 1, with_for_update=True)
    if registry is None:
        registry = Registry(id=1, version=0)
        session.add(registry)
    registry.version += 1
    data = {"plugin": row.slug, "version": row.version, "from": before, "to": state, "hash": row.hash}
    record(session, system_stream(session, f"plugin:{row.slug}"), f"plugin.{state}", origin, data=data)


def _make_groups(session: Session, snapshot: Snapshot, slug: str) -> None:
    """Groups that the plugin names and that are not there yet."""
    named = {c.key: c.value for c in snapshot.each("group") if c.plugin == slug}
    there = set(session.scalars(select(Group.key).where(Group.key.in_(named))))
    departments = {d.key: d.id for d in session.scalars(select(Department))}
    for key, term in named.items():
        if key not in there:
            session.add(Group(key=key, names=dict(term.name), department_id=departments.get(term.department)))
    session.flush()


def _names(found: Discovered) -> dict[str, str]:
    return dict(found.manifest.plugin.name) if found.manifest else {}


def _version(found: Discovered) -> str:
    return found.manifest.plugin.version if found.manifest else ""


def _clock(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
