"""Plugins over JSON: the same as the page."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fastapi import Response
from pydantic import Field

from acm.kernel import lifecycle, purging, seeing
from acm.kernel.models import ENABLED, IN_REPAIR
from acm.people.signin import Me, permitted
from acm.web.api import Model, View, api_router
from acm.web.runtime import App, Db

router = api_router("plugins")


class PluginView(
    View,
    json_schema_extra={
        "example": {
            "slug": "itsm",
            "names": {"ru": "ITSM", "en": "ITSM"},
            "version": "1.0.0",
            "state": "enabled",
            "reason": "",
            "generation": 4,
            "changed_at": "2026-11-20T08:00:00Z",
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


class Removed(View, json_schema_extra={"example": {"slug": "itsm", "export": "purged/itsm-2026-11-20.zip"}}):
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
    return [_view(plugin) for plugin in seeing.seen(db, app)]


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
    return next(_view(plugin) for plugin in seeing.seen(db, app) if plugin.slug == slug)


@router.delete("/plugins/{slug}", dependencies=[permitted("admin.plugins")])
def remove_plugin(db: Db, me: Me, app: App, slug: str, confirm: str, generation: int | None = None) -> Removed:
    """Erase what a plugin that is off holds; ``confirm`` is its name. The answer names the file in the server's folder
    ``exports`` that holds everything now."""
    file = purging.purge(db, app, slug, me.origin(), confirmed=confirm, generation=generation)
    db.commit()
    lifecycle.publish(app)
    purging.forget_files(app, slug)
    return Removed(slug=slug, export=file.name)


def _view(plugin: seeing.Seen) -> PluginView:
    return PluginView(
        slug=plugin.slug,
        names=plugin.names,
        version=plugin.version,
        state=plugin.state,
        reason=plugin.reason,
        generation=plugin.generation,
        changed_at=plugin.row.changed_at if plugin.row else None,
    )
