"""``acm plugin list|new|check|enable|disable|repair|upgrade|purge``."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from acm import clock
from acm.errors import Problem
from acm.i18n import words
from acm.journal import Origin
from acm.kernel import conformance, lifecycle, parked, purging, seeing
from acm.kernel.discovery import examine
from acm.kernel.manifest import NAME
from acm.kernel.models import ENABLED, Plugin
from acm.kernel.scaffold import scaffold
from acm.kernel.trial import OpenApp
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
    console.print(said, soft_wrap=True)
    with runtime.db.reading(runtime.snapshot) as session:
        for one in seeing.lacks(session, runtime.snapshot, slug):
            console.print(
                f"[yellow]look[/yellow]  {one.by.key}: {escape(str(one.said))}", highlight=False, soft_wrap=True
            )


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


def list_parked(runtime: Runtime, slug: str) -> None:
    """Print the work of a plugin that was given up."""
    table = Table("number", "what", "event", "tries", "since", "error")
    with runtime.db.reading(runtime.snapshot) as session:
        for one in parked.parked(session, slug):
            since = f"{one.since:%Y-%m-%d %H:%M}"
            table.add_row(str(one.number), one.what, str(one.event or ""), str(one.tries), since, escape(one.error))
    console.print(table)


def decide_parked(runtime: Runtime, slug: str, number: int, *, again: bool) -> None:
    """Let one be tried again, or let it go."""
    with runtime.db.writing(runtime.snapshot) as session:
        (parked.try_again if again else parked.let_go)(session, slug, number, Origin(None, clock.now()))
    console.print(f"{number} is tried again" if again else f"{number} is let go")


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


def check(path: Path, open_app: OpenApp, others: Path, *, cases: int, cycles: int) -> bool:
    """Print a line for each part of the contract; whether the plugin keeps them all."""
    kept = True
    with _silent():
        for line in conformance.check(path, open_app, others, cases=cases, cycles=cycles):
            mark = "[green]good[/green]" if line.is_well else "[red]do  [/red]"
            console.print(f"{mark}  {line.subject:<10} {escape(line.words)}".rstrip(), highlight=False, soft_wrap=True)
            for mark, words_ in [*(("", one) for one in line.faults), *(("look: ", one) for one in line.hints)]:
                console.print(f"                 {mark}{escape(words_)}", highlight=False, soft_wrap=True)
            kept = kept and line.is_well
    return kept


@contextmanager
def _silent() -> Iterator[None]:
    """Without the lines that the house of a check would log."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)
