"""Switching plugins on and off while the system runs. Disabling never touches data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from acm import clock
from acm.catalog.publishing import sync_services
from acm.errors import Conflict, NotFound, Problem
from acm.journal import Event, Origin, record, system_stream
from acm.kernel.choices import Choice, choices, defaults
from acm.kernel.discovery import Discovered, discover
from acm.kernel.guard import Failure, recent
from acm.kernel.loader import LoadFailed, forget, load
from acm.kernel.manifest import Manifest
from acm.kernel.models import DISABLED, ENABLED, IN_REPAIR, Plugin, Registry
from acm.kernel.registrar import Registrar
from acm.kernel.world import FAILING, World
from acm.pages.schema import store_definitions
from acm.pages.visibility import unrestricted
from acm.people.models import Department, Group, Person, Role
from acm.snapshot import Contribution, Snapshot
from acm.taxonomy.vocabularies import sync_vocabularies
from acm.web.runtime import Runtime

DISCOVERED, INVALID, MISSING = "discovered", "invalid", "missing"
FAILING_FOR = timedelta(hours=1)


class PluginRefused(Conflict):
    """The plugin cannot be enabled or disabled, for this reason; nothing was changed."""

    type = "/problems/plugin-refused"
    title = "The plugin cannot be switched"

    def __init__(self, reason: str) -> None:
        super().__init__("%(reason)s", params={"reason": reason})
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


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

    @property
    def is_changed(self) -> bool:
        """Whether its files are others than those that were enabled: enabling again applies them."""
        return bool(self.row and self.found and self.row.state == ENABLED and self.row.hash != self.found.hash)

    @property
    def choices(self) -> list[Choice]:
        """Its settings with the values in force."""
        if self.found is None or self.row is None:
            return []
        return choices(self.found.schema, {**defaults(self.found.schema), **self.row.settings})


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
        raise NotFound("There is no plugin of that name")
    snapshot = _tried(runtime, found)
    if found.manifest and (lack := found.manifest.missing(_enabled(session))):
        raise PluginRefused(lack)
    row = _claim(session, slug, generation)
    is_new = not row.version
    row.names, row.version, row.hash = _names(found), _version(found), found.hash
    _toggle(session, row, ENABLED, origin)
    store_definitions(session, snapshot)
    _make_groups(session, snapshot, slug)
    sync_vocabularies(session, snapshot)
    sync_services(session, snapshot, origin)
    if is_new and found.manifest:
        _give_to_roles(session, found.manifest)
    return row


def disable(session: Session, runtime: Runtime, slug: str, origin: Origin, *, generation: int | None = None) -> Plugin:
    """Switch a plugin off: its routes answer 404, its cases stay readable, its services say "not available now".

    Refused while another enabled plugin requires it.
    """
    if session.get(Plugin, slug) is None:
        raise NotFound("There is no plugin of that name")
    enabled = _enabled(session)
    for other in discover(runtime.settings.plugin_path).values():
        if other.slug in enabled and other.manifest and slug in other.manifest.plugin.requires:
            raise PluginRefused(f"the plugin {other.slug} needs it: disable that one first")
    row = _claim(session, slug, generation)
    _toggle(session, row, DISABLED, origin)
    return row


def repair(
    session: Session, runtime: Runtime, slug: str, origin: Origin, reason: str, *, generation: int | None = None
) -> Plugin:
    """Take an enabled plugin's code off the floor for all processes, and say why: its addresses answer 503 with the
    reason, its jobs wait, its pages stay plain and read-only. :func:`enable` brings it back. A plugin that is in
    repair already, or off, stays as it is. Call :func:`publish` after the commit.
    """
    there = session.get(Plugin, slug)
    if there is None:
        raise NotFound("There is no plugin of that name")
    if there.state != ENABLED:
        return there
    row = _claim(session, slug, generation)
    row.reason = reason[:2000]
    _toggle(session, row, IN_REPAIR, origin, reason=row.reason)
    return row


def configure(session: Session, slug: str, values: Mapping[str, Any], origin: Origin, *, generation: int) -> Plugin:
    """Keep an administrator's settings, which fit the plugin's schema; every process follows."""
    row = _claim(session, slug, generation)
    before = dict(row.settings)
    row.settings = dict(values)
    changed = sorted(key for key in values if before.get(key) != values[key])
    _changed(session, row, "plugin.configured", origin, {"plugin": slug, "settings": changed})
    return row


def history(session: Session, slug: str, *, limit: int = 10) -> list[tuple[Event, Person | None]]:
    """The last changes of a plugin with who made them, newest first."""
    statement = select(Event, Person).outerjoin(Person, Person.id == Event.actor_id)
    statement = statement.where(Event.stream == f"plugin:{slug}").order_by(Event.seq.desc()).limit(limit)
    return [(event, person) for event, person in session.execute(unrestricted(statement, "plugins"))]


def given(snapshot: Snapshot, plugin: Seen) -> list[Contribution]:
    """What a plugin adds: all of it while it serves, else what its files declare."""
    if plugin.slug in snapshot.plugins:
        return list(snapshot.plugins[plugin.slug].contributions)
    if plugin.found is None or plugin.found.manifest is None:
        return []
    registrar = Registrar(plugin.found.manifest, plugin.found.path)
    try:
        registrar.declared()
    except (Problem, ValueError):
        return []  # enabling it will say what is wrong with the files
    return registrar.contributions


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
    elif row is not None and row.state == ENABLED and (failures := _fresh(row)):
        state, reason = FAILING, failures[-1].line
    elif row is not None and row.state == IN_REPAIR:
        reason = row.reason
    return Seen(slug, state, reason, row, found, tuple(recent.get(slug, ())))


def _fresh(row: Plugin) -> list[Failure]:
    """Failures of the last hour, since the last change of the plugin."""
    since = max(row.changed_at, clock.now() - FAILING_FOR)
    return [failure for failure in recent.get(row.slug, ()) if failure.at > since]


def _enabled(session: Session) -> dict[str, str]:
    """The enabled plugins: slug to version."""
    enabled = session.scalars(select(Plugin).where(Plugin.state == ENABLED))
    return {row.slug: row.version for row in enabled}


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
            params={"who": row.changed_by.name if row.changed_by else "acm", "when": _local(session, row.changed_at)},
        )
    session.refresh(row)
    return row


def _toggle(session: Session, row: Plugin, state: str, origin: Origin, **more: str) -> None:
    data = {"plugin": row.slug, "version": row.version, "from": row.state, "to": state, "hash": row.hash, **more}
    row.state = state
    if state != IN_REPAIR:
        row.reason = ""
    _changed(session, row, f"plugin.{state}", origin, data)


def _changed(session: Session, row: Plugin, kind: str, origin: Origin, data: Mapping[str, Any]) -> None:
    """Note who changed the plugin, raise the version that every process follows, and leave an event."""
    row.changed_at, row.changed_by_id = origin.at, origin.by.id if origin.by else None
    registry = session.get(Registry, 1, with_for_update=True)
    if registry is None:
        registry = Registry(id=1, version=0)
        session.add(registry)
    registry.version += 1
    record(session, system_stream(session, f"plugin:{row.slug}"), kind, origin, data=data)


def _make_groups(session: Session, snapshot: Snapshot, slug: str) -> None:
    """Groups that the plugin names and that are not there yet."""
    named = {c.key: c.value for c in snapshot.each("group") if c.plugin == slug}
    there = set(session.scalars(select(Group.key).where(Group.key.in_(named))))
    departments = {d.key: d.id for d in session.scalars(select(Department))}
    for key, term in named.items():
        if key not in there:
            session.add(Group(key=key, names=dict(term.name), department_id=departments.get(term.department)))
    session.flush()


def _give_to_roles(session: Session, manifest: Manifest) -> None:
    """The plugin's own permissions to the roles it proposes, once: later the administrators decide."""
    for key, permission in manifest.permissions.define.items():
        name = f"{manifest.slug}.{key}"
        for role in session.scalars(select(Role).where(Role.key.in_(permission.default_roles))):
            if name not in role.permissions:
                role.permissions = [*role.permissions, name]


def _names(found: Discovered) -> dict[str, str]:
    return dict(found.manifest.plugin.name) if found.manifest else {}


def _version(found: Discovered) -> str:
    return found.manifest.plugin.version if found.manifest else ""


def _local(session: Session, at: datetime) -> str:
    settings = session.info.get("settings")
    zone = ZoneInfo(settings.timezone) if settings else UTC
    return at.astimezone(zone).strftime("%d.%m.%Y %H:%M")
