"""Switching plugins on and off while the system runs. Disabling never touches data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from acm import clock
from acm.catalog.publishing import sync_services
from acm.errors import Conflict, NotFound
from acm.journal import Origin, record, system_stream
from acm.kernel import migrating, probe, stories
from acm.kernel.discovery import Discovered
from acm.kernel.loader import LoadFailed, load, unload
from acm.kernel.manifest import Manifest
from acm.kernel.models import CHANNEL, DISABLED, ENABLED, IN_REPAIR, Plugin, Registry
from acm.kernel.store import NotKept
from acm.kernel.world import World
from acm.pages.schema import store_definitions
from acm.people.models import Department, Group, Role
from acm.people.setup import make_roles
from acm.snapshot import Snapshot
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


def enable(
    session: Session, runtime: Runtime, slug: str, origin: Origin, *, generation: int | None = None, version: str = ""
) -> Plugin:
    """Check a plugin, keep its files, probe and load it, bring its tables up to date, write what it declares and its
    row, all in the caller's transaction, which must be rolled back when this raises.

    What lies in its folder is enabled, or the stored ``version`` (its number, or the beginning of its hash): that is
    how one goes back. Call :func:`publish` after the commit. ``generation`` is the one the administrator saw; raises
    :class:`PluginRefused` with the reason, :class:`ToggledMeanwhile` when somebody was faster.
    """
    found = _kept(runtime, slug, session.get(Plugin, slug), version)
    session.commit()  # nothing is written yet: who writes need not wait while the plugin is probed
    _probe(runtime, found)
    snapshot = _tried(runtime, found)
    if found.manifest and (lack := found.manifest.missing(_enabled(session))):
        circle = _circle(runtime, found)
        raise PluginRefused(f"{lack}; {' needs '.join(circle)}: none of them can be the first" if circle else lack)
    try:
        migrating.migrate(session, found)
    except migrating.MigrationFailed as error:
        raise PluginRefused(str(error)) from error
    row = claim(session, slug, generation)
    is_new = not row.version
    row.names, row.version, row.hash = _names(found), _version(found), found.hash
    _toggle(session, row, ENABLED, origin)
    store_definitions(session, snapshot)
    _make_groups(session, snapshot, slug)
    make_roles(session, {c.key: c.value for c in snapshot.each("role") if c.plugin == slug})
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
    world: World = runtime.parts["world"]
    for other in session.scalars(select(Plugin).where(Plugin.state == ENABLED)):
        files = world.find(other)
        if files is not None and files.manifest and slug in files.manifest.plugin.requires:
            raise PluginRefused(f"the plugin {other.slug} needs it: disable that one first")
    row = claim(session, slug, generation)
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
    row = claim(session, slug, generation)
    row.reason = reason[:2000]
    _toggle(session, row, IN_REPAIR, origin, reason=row.reason)
    return row


def configure(session: Session, slug: str, values: Mapping[str, Any], origin: Origin, *, generation: int) -> Plugin:
    """Keep an administrator's settings, which fit the plugin's schema; every process follows."""
    row = claim(session, slug, generation)
    before = dict(row.settings)
    row.settings = dict(values)
    other = sorted(key for key in values if before.get(key) != values[key])
    changed(session, row, "plugin.configured", origin, {"plugin": slug, "settings": other})
    return row


def publish(runtime: Runtime) -> Snapshot:
    """Let this process see the change at once; the others follow by themselves."""
    world: World = runtime.parts["world"]
    return world.refresh()


def registry_version(runtime: Runtime) -> int:
    """The version of the registry that this process has followed to: what ``acm_min_gen`` carries."""
    world: World = runtime.parts["world"]
    return world.version


def _enabled(session: Session) -> dict[str, str]:
    """The enabled plugins: slug to version."""
    enabled = session.scalars(select(Plugin).where(Plugin.state == ENABLED))
    return {row.slug: row.version for row in enabled}


def _circle(runtime: Runtime, found: Discovered) -> list[str]:
    """The way on which a plugin needs itself, or nothing."""
    world: World = runtime.parts["world"]
    there = {**world.discovered(), found.slug: found}
    ways = [[found.slug]]
    while ways:
        way = ways.pop()
        manifest = there[way[-1]].manifest if way[-1] in there else None
        for needed in manifest.plugin.requires if manifest else ():
            if needed == found.slug:
                return [*way, needed]
            if needed not in way:
                ways.append([*way, needed])
    return []


def _kept(runtime: Runtime, slug: str, row: Plugin | None, version: str) -> Discovered:
    """The stored files to enable: of a version that is kept, of the plugin's folder, or of the row when that is gone."""
    world: World = runtime.parts["world"]
    if version:
        for kept, _at in world.store.versions(slug):
            if version in (_version(kept), kept.hash) or (len(version) > 7 and kept.hash.startswith(version)):
                return kept
        raise PluginRefused(f"there is no stored version {version}")
    found = world.discovered().get(slug)
    if found is None:
        found = world.find(row) if row is not None else None
    if found is None:
        raise NotFound("There is no plugin of that name")
    if not found.is_valid:
        raise PluginRefused(found.fault)
    try:
        return world.store.keep(found)
    except NotKept as error:
        raise PluginRefused(str(error)) from error


def _probe(runtime: Runtime, found: Discovered) -> None:
    """Run the code and the stories apart first; a plugin of descriptions alone may have neither."""
    if found.manifest is None or not found.is_valid:
        raise PluginRefused(found.fault)
    told, faults = stories.read(found.path)
    if faults:
        raise PluginRefused("; ".join(map(str, faults)))
    if found.manifest.plugin.python or told:
        tests = runtime.settings.plugin_path.resolve() / found.slug / "tests"
        try:
            probe.probe(found.path.resolve(), found.slug, tests if tests.is_dir() else None)
        except probe.ProbeFailed as error:
            raise PluginRefused(str(error)) from error


def _tried(runtime: Runtime, found: Discovered) -> Snapshot:
    """The world as it would be with the plugin; :class:`PluginRefused` says what stands against it."""
    world: World = runtime.parts["world"]
    try:
        generation = load(found)
    except LoadFailed as error:
        raise PluginRefused(str(error)) from error
    others = [g for g in world.loaded.values() if g.slug != found.slug]
    before = world.faults.pop(found.slug, "")
    snapshot = world.compose([*others, generation])
    unload(generation)
    if fault := world.faults.pop(found.slug, ""):
        raise PluginRefused(fault)
    if before:
        world.faults[found.slug] = before
    return snapshot


def claim(session: Session, slug: str, generation: int | None) -> Plugin:
    """The plugin's row for this change alone; :class:`ToggledMeanwhile` when its generation is not the one seen."""
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
    changed(session, row, f"plugin.{state}", origin, data)


def changed(session: Session, row: Plugin, kind: str, origin: Origin, data: Mapping[str, Any]) -> None:
    """Note who changed the plugin, raise the version that every process follows, and leave an event."""
    row.changed_at, row.changed_by_id = origin.at, origin.by.id if origin.by else None
    registry = session.get(Registry, 1, with_for_update=True)
    if registry is None:
        registry = Registry(id=1, version=0)
        session.add(registry)
    registry.version += 1
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_notify(CHANNEL, "")))
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
