"""/admin/plugins: what there is, how it fares, on and off."""

from __future__ import annotations

from fastapi.responses import Response

from acm.errors import NotFound
from acm.i18n import _
from acm.kernel import lifecycle
from acm.kernel.lifecycle import Seen
from acm.people.signin import Me, permitted
from acm.web.forms import Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import App, Db
from acm.web.templating import UI, Ui

router = new_router()
PATH = "/admin/plugins"
WORDS = {
    "enabled": _("enabled"),
    "disabled": _("disabled"),
    "discovered": _("not enabled yet"),
    "invalid": _("refused"),
    "missing": _("files are missing"),
    "failing": _("failing"),
}
PILLS = {"enabled": "enabled", "failing": "failing", "invalid": "refused", "missing": "refused"}


@router.get(PATH, dependencies=[permitted("admin.plugins")])
def show_plugins(ui: Ui, db: Db, me: Me, app: App, plugin: str = "") -> Response:
    """The list, and one plugin opened."""
    plugins = lifecycle.seen(db, app)
    chosen = next((p for p in plugins if p.slug == plugin), plugins[0] if plugins else None)
    return ui.page(
        "admin/plugins.html",
        plugins=plugins,
        chosen=chosen,
        opened=bool(plugin),
        words=WORDS,
        pills=PILLS,
        gives=_gives(ui, chosen),
    )


@router.post(PATH + "/{slug}/state", dependencies=[permitted("admin.plugins")])
def toggle(ui: Ui, db: Db, me: Me, app: App, slug: str, form: Submitted) -> Response:
    """Enable or disable, as the administrator saw it (``generation``)."""
    if form.text("state") == lifecycle.ENABLED:
        lifecycle.enable(db, app, slug, me.origin(), generation=form.number("generation"))
    elif form.text("state") == lifecycle.DISABLED:
        lifecycle.disable(db, app, slug, me.origin(), generation=form.number("generation"))
    else:
        raise NotFound()
    db.commit()
    lifecycle.publish(app)
    return ui.redirect(f"{PATH}?plugin={slug}")


def menu(ui: UI) -> dict[str, object] | None:
    """The entry of the side bar, for administrators."""
    if ui.viewer is None or not ui.viewer.may("admin.plugins"):
        return None
    return {
        "key": "plugins",
        "href": PATH,
        "label": ui.say(_("Plugins")),
        "icon": "box",
        "current": ui.request.url.path.startswith(PATH),
    }


def _gives(ui: UI, chosen: Seen | None) -> list[tuple[str, int]]:
    """How many things of each kind a plugin contributes now."""
    if chosen is None:
        return []
    named = (
        ("page_type", _("Types")), ("service", _("Services")), ("queue", _("Queues")), ("panel", _("Panels")),
        ("widget", _("Widgets")), ("vocabulary", _("Vocabularies")), ("group", _("Groups")), ("importer", _("Importers")),
    )  # fmt: skip
    counts = [(ui.say(label), sum(c.plugin == chosen.slug for c in ui.snapshot.each(point))) for point, label in named]
    return [(label, number) for label, number in counts if number]
