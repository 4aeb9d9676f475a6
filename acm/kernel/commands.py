"""``acm plugin list|enable|disable|repair|upgrade|purge|check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from acm import clock
from acm.errors import Problem
from acm.i18n import words
from acm.journal import Origin
from acm.kernel import lifecycle, probe, purging, seeing
from acm.kernel.discovery import examine
from acm.kernel.loader import LoadFailed, load, unload
from acm.kernel.manifest import NAME
from acm.kernel.models import ENABLED, Plugin
from acm.kernel.scaffold import scaffold
from acm.kernel.world import World
from acm.web.runtime import Runtime

console = Console()


def list_plugins(runtime: Runtime, lang: str = "en") -> None:
    """Print every plugin with its state and, where something is wrong, the reason."""
    table = Table("plugin", "name", "version", "state", "reason")
    with runtime.db.reading(runtime.snapshot) as session:
        for plugin in seeing.seen(session, runtime):
            table.add_row(plugin.slug, words(plugin.names, lang), plugin.version, plugin.state, plugin.reason)
    console.print(table)


def enable(runtime: Runtime, plugin: str) -> None:
    """Enable a plugin of the plugin directory, or one in a folder anywhere, which then serves from the store."""
    world: World = runtime.parts["world"]
    slug, version, path = plugin, "", Path(plugin)
    if (path / NAME).is_file() and "/" in plugin:
        found = examine(path.resolve())
        if not found.is_valid:
            raise Problem(f"{path}: {found.fault}")
        slug, version = found.slug, world.store.keep(found).hash
    _enable(runtime, slug, version)


def upgrade(runtime: Runtime, slug: str, to: str) -> None:
    """Swap an enabled plugin for what lies in its folder, or for a stored version: while requests run."""
    with runtime.db.reading(runtime.snapshot) as session:
        row = session.get(Plugin, slug)
    if row is None or row.state != ENABLED:
        raise Problem(f"{slug} is not enabled: use `acm plugin enable {slug}`")
    console.print(f"{slug} {row.version} ({row.hash[:12]}) goes")
    _enable(runtime, slug, to)


def _enable(runtime: Runtime, slug: str, version: str) -> None:
    with runtime.db.writing(runtime.snapshot) as session:
        row = lifecycle.enable(session, runtime, slug, Origin(None, clock.now()), version=version)
        said = f"{slug} {row.version} ({row.hash[:12]}) is enabled; running processes follow by themselves"
    lifecycle.publish(runtime)
    console.print(said)


def disable(runtime: Runtime, slug: str) -> None:
    """Disable a plugin; its data stays."""
    with runtime.db.writing(runtime.snapshot) as session:
        lifecycle.disable(session, runtime, slug, Origin(None, clock.now()))
    lifecycle.publish(runtime)
    console.print(f"{slug} is disabled; its cases stay readable")


def repair(runtime: Runtime, slug: str, reason: str) -> None:
    """Take an enabled plugin into repair; ``acm plugin enable`` brings it back."""
    with runtime.db.writing(runtime.snapshot) as session:
        state = lifecycle.repair(session, runtime, slug, Origin(None, clock.now()), reason).state
    lifecycle.publish(runtime)
    console.print(f"{slug} is {state.replace('_', ' ')}")


def purge(runtime: Runtime, slug: str, confirmed: str) -> None:
    """Erase what a plugin that is off holds, after it was written to a file."""
    with runtime.db.writing(runtime.snapshot) as session:
        file = purging.purge(session, runtime, slug, Origin(None, clock.now()), confirmed=confirmed)
    lifecycle.publish(runtime)
    purging.forget_files(runtime, slug)
    console.print(f"{slug} is removed; what it held is in {file}")


def new(path: Path, *, declarative: bool, en: str, ru: str, department: str) -> None:
    """Write a plugin to begin from, and say what to do with it."""
    written = scaffold(path, declarative=declarative, en=en, ru=ru, department=department)
    for file in written:
        console.print(f"  {file.relative_to(path.parent)}", highlight=False, markup=False)
    console.print(
        f"{path.name} is written. Next: acm plugin check {path}, then acm plugin enable {path.absolute()}",
        soft_wrap=True,
    )


def check(path: Annotated[Path, typer.Argument(help="Folder of a plugin.")]) -> None:
    """Check a plugin's folder without enabling it: manifest, imports, the probe, registration."""
    found = examine(path.resolve())
    for warning in found.warnings:
        console.print(f"[yellow]warning[/yellow] {escape(warning)}")
    try:
        if found.is_valid and found.manifest and found.manifest.plugin.python:
            tests = found.path / "tests"
            probe.host.probe(found.path, found.slug, tests if tests.is_dir() else None)
        generation = load(found)
    except (LoadFailed, probe.ProbeFailed) as error:
        raise Problem(f"{path}: {error}") from error
    unload(generation)
    console.print(f"{found.slug}: {len(generation.contributions)} contributions, nothing to object")
