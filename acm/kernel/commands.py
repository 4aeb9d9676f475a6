"""``acm plugin list|enable|disable|check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from acm import clock
from acm.errors import Problem
from acm.i18n import words
from acm.journal import Origin
from acm.kernel import lifecycle, seeing
from acm.kernel.discovery import examine
from acm.kernel.loader import LoadFailed, forget, load
from acm.web.runtime import Runtime

console = Console()


def list_plugins(runtime: Runtime, lang: str = "en") -> None:
    """Print every plugin with its state and, where something is wrong, the reason."""
    table = Table("plugin", "name", "version", "state", "reason")
    with runtime.db.reading(runtime.snapshot) as session:
        for plugin in seeing.seen(session, runtime):
            table.add_row(plugin.slug, words(plugin.names, lang), plugin.version, plugin.state, plugin.reason)
    console.print(table)


def enable(runtime: Runtime, slug: str) -> None:
    """Enable a plugin of the plugin directory; running processes follow by themselves."""
    with runtime.db.writing(runtime.snapshot) as session:
        row = lifecycle.enable(session, runtime, slug, Origin(None, clock.now()))
        version = row.version
    lifecycle.publish(runtime)
    console.print(f"{slug} {version} is enabled")


def disable(runtime: Runtime, slug: str) -> None:
    """Disable a plugin; its data stays."""
    with runtime.db.writing(runtime.snapshot) as session:
        lifecycle.disable(session, runtime, slug, Origin(None, clock.now()))
    lifecycle.publish(runtime)
    console.print(f"{slug} is disabled; its cases stay readable")


def check(path: Annotated[Path, typer.Argument(help="Folder of a plugin.")]) -> None:
    """Check a plugin's folder without enabling it: manifest, imports, registration."""
    found = examine(path.resolve())
    try:
        generation = load(found)
    except LoadFailed as error:
        raise Problem(f"{path}: {error}") from error
    forget(generation.package)
    console.print(f"{found.slug}: {len(generation.contributions)} contributions, nothing to object")
