"""What the core answers at a plugin's addresses: its files, and why it is away: under repair, switched off, or not to
be loaded here.

Whoever had a form of it open keeps every word: what was sent stands on the page that says why it was not taken.
"""

from __future__ import annotations

import re

from fastapi import Request
from fastapi.responses import FileResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from acm import clock
from acm.errors import Conflict, NotFound, PluginAway, Problem
from acm.i18n import _, words
from acm.kernel.models import DISABLED, IN_REPAIR
from acm.kernel.store import Store
from acm.kernel.world import SAFE_MODE, Away
from acm.pages.models import TypeVersion, definition_of
from acm.people.signin import Me
from acm.web import problems
from acm.web.entered import Label, entered
from acm.web.forms import Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import SAFE_METHODS, App, Db
from acm.web.runtime import World as Frozen
from acm.web.templating import Ui
from acm.web.words import moment

router = new_router()
HASH = re.compile("[0-9a-f]{64}")
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
SAID = {
    IN_REPAIR: _("%(plugin)s is under repair since %(when)s. Reason: %(reason)s"),
    DISABLED: _("%(plugin)s was switched off at %(when)s"),
    SAFE_MODE: _("%(plugin)s does not work: the system runs without plugins for the moment"),
}
NOT_LOADED = _("%(plugin)s cannot be loaded at the moment. The administrators see why")


class PluginOff(Conflict):
    """The plugin was switched off while a form of it was open; the form comes back with the answer."""

    type = "/problems/plugin-off"
    title = "Not available now"


@router.get("/p/{slug}/static/{version}/{rest:path}")
def show_file(app: App, world: Frozen, slug: str, version: str, rest: str) -> Response:
    """A file of the version with that hash: the address holds the hash, so it may be kept for ever."""
    if slug not in world.plugins or not HASH.fullmatch(version) or "\x00" in rest:
        raise NotFound()
    folder = Store(app.settings.data_dir / "plugins").path(slug, version).resolve() / "static"
    file = (folder / rest).resolve()
    if not file.is_relative_to(folder) or not file.is_file():
        raise NotFound()
    return FileResponse(file, headers={"cache-control": "public, max-age=31536000, immutable"})


@router.api_route("/p/{slug}/{rest:path}", methods=METHODS, include_in_schema=False)
@router.api_route("/api/p/{slug}/{rest:path}", methods=METHODS, include_in_schema=False)
def show_away(request: Request, ui: Ui, db: Db, me: Me, world: Frozen, slug: str, form: Submitted) -> Response:
    """Why a plugin does not answer, with what was sent to it."""
    away: Away | None = world.find("plugin_away", slug)
    sent = request.method not in SAFE_METHODS
    if away is None or (away.state == DISABLED and not sent and not me.may("admin.plugins")):
        raise NotFound()
    when = moment(away.since, ui.lang, ui.zone, clock.now())
    problem = _problem(away, ui.lang, when, sent=sent)
    if problems.wants_json(request):
        raise problem
    return ui.page(
        "kernel/away.html",
        fragment="away",
        status=problem.status,
        headers=problems.headers_of(problem),
        problem=problem,
        away=away,
        entered=entered(form, labels_of(db, slug)) if sent else [],
        again_at=request.url.path,
    )


def _problem(away: Away, lang: str, when: str, *, sent: bool) -> Problem:
    said = SAID.get(away.state, NOT_LOADED)
    params = {"plugin": words(away.names, lang) or away.slug, "when": when, "reason": away.reason or "–"}
    if away.state != DISABLED:
        return PluginAway(str(said.id), params=params, plugin=away.slug)
    if sent:
        return PluginOff(str(said.id), params=params, plugin=away.slug)
    return NotFound(str(said.id), params=params, plugin=away.slug)


def labels_of(db: Session, slug: str) -> dict[str, Label]:
    """What the fields of a plugin's types are called, by the versions of them that were kept."""
    kept = select(TypeVersion).where(TypeVersion.key.startswith(f"{slug}.", autoescape=True)).order_by(TypeVersion.id)
    types = [definition_of(version) for version in db.scalars(kept.options(undefer(TypeVersion.definition)))]
    return {field.key: field.label for known in types for field in known.fields}
