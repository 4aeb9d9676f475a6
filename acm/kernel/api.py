"""Plugins over JSON: the same as the page."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from acm.kernel import lifecycle
from acm.people.signin import Me, permitted
from acm.web.api import Model, View, api_router
from acm.web.runtime import App, Db

router = api_router("plugins")


class PluginView(View):
    slug: str
    names: dict[str, str]
    version: str
    state: str
    reason: str
    generation: int
    changed_at: datetime | None


class Toggle(Model):
    """``generation`` is the one you saw; a later one answers 409."""

    state: Literal["enabled", "disabled"]
    generation: int | None = None


@router.get("/plugins", dependencies=[permitted("admin.plugins")])
def list_plugins(db: Db, me: Me, app: App) -> list[PluginView]:
    """Every plugin on disk or in the database."""
    return [_view(plugin) for plugin in lifecycle.seen(db, app)]


@router.post("/plugins/{slug}/state", dependencies=[permitted("admin.plugins")])
def toggle_plugin(db: Db, me: Me, app: App, slug: str, toggle: Toggle) -> PluginView:
    """Enable or disable a plugin."""
    if toggle.state == lifecycle.ENABLED:
        lifecycle.enable(db, app, slug, me.origin(), generation=toggle.generation)
    else:
        lifecycle.disable(db, app, slug, me.origin(), generation=toggle.generation)
    db.commit()
    lifecycle.publish(app)
    return next(_view(plugin) for plugin in lifecycle.seen(db, app) if plugin.slug == slug)


def _view(plugin: lifecycle.Seen) -> PluginView:
    return PluginView(
        slug=plugin.slug,
        names=plugin.names,
        version=plugin.version,
        state=plugin.state,
        reason=plugin.reason,
        generation=plugin.generation,
        changed_at=plugin.row.changed_at if plugin.row else None,
    )
