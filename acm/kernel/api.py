"""Plugins over JSON: the same as the page."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Literal

from fastapi import Response
from pydantic import Field

from acm.kernel import lifecycle, parked, purging, seeing
from acm.kernel.models import ENABLED, IN_REPAIR
from acm.people.signin import Me, permitted
from acm.web.api import Model, View, api_router
from acm.web.runtime import App, Db

router = api_router("plugins")


class ProcessView(View):
    """What one process runs: ``draining`` counts the requests that still run with versions before."""

    process: str
    version: str
    generation: int
    error: str
    draining: dict[str, int]


class PluginView(
    View,
    json_schema_extra={
        "example": {
            "slug": "loans",
            "names": {"ru": "Выдача техники", "en": "Loans"},
            "version": "1.0.0",
            "state": "enabled",
            "reason": "",
            "generation": 4,
            "changed_at": "2026-11-20T08:00:00Z",
            "processes": [
                {"process": "web-1", "version": "1.0.0", "generation": 4, "error": "", "draining": {"0.9.0": 1}}
            ],
        }
    },
):
    slug: str
    names: dict[str, str]
    version: str
    state: str
    reason: str
    generation: int
    changed_at: datetime | None
    processes: list[ProcessView]


class ParkedView(
    View,
    json_schema_extra={
        "example": {
            "number": 31,
            "what": "loans.on_returned",
            "event": 1204,
            "tries": 5,
            "since": "2026-11-20T08:00:00Z",
            "error": "ConnectError: no answer",
        }
    },
):
    """Work that was given up: ``what`` is a reactor or a job, ``event`` the number of the event that it followed."""

    number: int
    what: str
    event: int | None
    tries: int
    since: datetime
    error: str


class Decision(Model, json_schema_extra={"example": {"do": "again"}}):
    do: Literal["again", "go"]


class Removed(View, json_schema_extra={"example": {"slug": "loans", "export": "purged/loans-2026-11-20.zip"}}):
    slug: str
    export: str


class Toggle(Model, json_schema_extra={"example": {"state": "disabled", "generation": 4}}):
    """``generation`` is the one you saw; a later one answers 409. ``reason`` is told where the plugin is in repair.
    ``version`` is a stored version or the beginning of its hash; without it the files of its folder are enabled."""

    state: Literal["enabled", "disabled", "in_repair"]
    generation: int | None = None
    reason: str = Field("", max_length=2000)
    version: str = Field("", max_length=64)


@router.get("/plugins", dependencies=[permitted("admin.plugins")])
def list_plugins(db: Db, me: Me, app: App) -> list[PluginView]:
    """Every plugin on disk or in the database."""
    workers = seeing.workers(db)
    return [_view(plugin, workers) for plugin in seeing.seen(db, app)]


@router.post("/plugins/{slug}/state", dependencies=[permitted("admin.plugins")])
def toggle_plugin(db: Db, me: Me, app: App, slug: str, toggle: Toggle, response: Response) -> PluginView:
    """Enable a plugin, disable it, or take it into repair. Send ``acm-min-gen`` of the answer with what you ask next:
    then no process answers that has not followed."""
    if toggle.state == ENABLED:
        lifecycle.enable(db, app, slug, me.origin(), generation=toggle.generation, version=toggle.version)
    elif toggle.state == IN_REPAIR:
        lifecycle.repair(db, app, slug, me.origin(), toggle.reason, generation=toggle.generation)
    else:
        lifecycle.disable(db, app, slug, me.origin(), generation=toggle.generation)
    db.commit()
    lifecycle.publish(app)
    response.headers["acm-min-gen"] = str(lifecycle.registry_version(app))
    workers = seeing.workers(db)
    return next(_view(plugin, workers) for plugin in seeing.seen(db, app) if plugin.slug == slug)


@router.get("/plugins/{slug}/parked", dependencies=[permitted("admin.plugins")])
def list_parked(db: Db, me: Me, slug: str) -> list[ParkedView]:
    """Jobs and reactors of a plugin that were given up, the newest first."""
    return [ParkedView(**asdict(one)) for one in parked.parked(db, slug)]


@router.post("/plugins/{slug}/parked/{number}", dependencies=[permitted("admin.plugins")], status_code=204)
def decide_parked(db: Db, me: Me, slug: str, number: int, decision: Decision) -> Response:
    """Let work that was given up be tried ``again``, or let it ``go``."""
    (parked.try_again if decision.do == "again" else parked.let_go)(db, slug, number, me.origin())
    db.commit()
    return Response(status_code=204)


@router.delete("/plugins/{slug}", dependencies=[permitted("admin.plugins")])
def remove_plugin(db: Db, me: Me, app: App, slug: str, confirm: str, generation: int | None = None) -> Removed:
    """Erase what a plugin that is off holds; ``confirm`` is its name. The answer names the file in the server's folder
    ``exports`` that holds everything now."""
    file = purging.purge(db, app, slug, me.origin(), confirmed=confirm, generation=generation)
    db.commit()
    lifecycle.publish(app)
    purging.forget_files(app, slug)
    return Removed(slug=slug, export=file.name)


def _view(plugin: seeing.Seen, workers: list[seeing.Worker]) -> PluginView:
    return PluginView(
        slug=plugin.slug,
        names=plugin.names,
        version=plugin.version,
        state=plugin.state,
        reason=plugin.reason,
        generation=plugin.generation,
        changed_at=plugin.row.changed_at if plugin.row else None,
        processes=[
            ProcessView(
                process=worker.name,
                version=runs.version,
                generation=runs.generation,
                error=runs.error,
                draining=runs.draining,
            )
            for worker in workers
            if (runs := worker.of(plugin.slug)) is not None
        ],
    )
