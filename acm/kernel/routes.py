"""/admin/plugins: what there is, how it fares, on and off, its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.responses import Response

from acm.errors import Conflict, Invalid, NotFound
from acm.i18n import Message, _, ngettext, words
from acm.journal import Event
from acm.kernel import choices, lifecycle, parked, purging, seeing
from acm.kernel.models import DISABLED, ENABLED, IN_REPAIR
from acm.kernel.seeing import Seen
from acm.people.models import Person
from acm.people.signin import Me, permitted
from acm.web.forms import Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import App, Db
from acm.web.templating import UI, Ui

router = new_router()
PATH = "/admin/plugins"
SHOWN = 6
WORDS = {
    "enabled": _("enabled"),
    "disabled": _("disabled"),
    "discovered": _("not enabled yet"),
    "invalid": _("not accepted"),
    "missing": _("files are missing"),
    "failing": _("failing"),
    "in_repair": _("in repair"),
}
PILLS = {"enabled": "enabled", "failing": "failing", "invalid": "refused", "missing": "refused", "in_repair": "repair"}
HAPPENED = {
    "plugin.enabled": _("%(who)s enabled version %(version)s"),
    "plugin.disabled": _("%(who)s disabled it"),
    "plugin.in_repair": _("%(who)s took it into repair: %(reason)s"),
    "plugin.removed": _("%(who)s removed it"),
    "plugin.configured": _("%(who)s changed the settings"),
    "plugin.tried_again": _("%(who)s let %(what)s be tried again"),
    "plugin.let_go": _("%(who)s let %(what)s go: %(error)s"),
    "plugin.published": _("%(who)s published version %(version)s from the editor"),
}


@router.get(PATH, dependencies=[permitted("admin.plugins")])
def show_plugins(ui: Ui, db: Db, me: Me, app: App, plugin: str = "") -> Response:
    """The list, and one plugin opened."""
    return _page(ui, db, app, plugin)


@router.post(PATH + "/{slug}/state", dependencies=[permitted("admin.plugins")])
def toggle(ui: Ui, db: Db, me: Me, app: App, slug: str, form: Submitted) -> Response:
    """Enable, disable or take into repair, as the administrator saw it (``generation``)."""
    seen, state = form.number("generation"), form.text("state")
    try:
        if state == ENABLED:
            lifecycle.enable(db, app, slug, me.origin(), generation=seen, version=form.text("version"))
        elif state == DISABLED:
            lifecycle.disable(db, app, slug, me.origin(), generation=seen)
        elif state == IN_REPAIR:
            lifecycle.repair(db, app, slug, me.origin(), form.text("reason"), generation=seen)
        else:
            raise NotFound()
    except Conflict as problem:
        db.rollback()
        return _page(ui, db, app, slug, problem=problem, status=problem.status)
    return applied(ui, db, app, slug)


@router.post(PATH + "/{slug}/settings", dependencies=[permitted("admin.plugins")])
def configure(ui: Ui, db: Db, me: Me, app: App, slug: str, form: Submitted) -> Response:
    """Keep the settings of a plugin."""
    plugin = next((p for p in seeing.seen(db, app) if p.slug == slug), None)
    if plugin is None or plugin.row is None or plugin.found is None:
        raise NotFound()
    try:
        values = choices.read(plugin.found.schema, form, plugin.row.settings)
        values = choices.kept(app.settings, plugin.found, values, plugin.row.settings)
        lifecycle.configure(db, slug, values, me.origin(), generation=form.number("generation") or 0)
    except Invalid as problem:
        return _page(ui, db, app, slug, errors=problem.errors, status=problem.status)
    except Conflict as problem:
        db.rollback()
        return _page(ui, db, app, slug, problem=problem, status=problem.status)
    return applied(ui, db, app, slug)


@router.post(PATH + "/{slug}/parked/{number}", dependencies=[permitted("admin.plugins")])
def decide_parked(ui: Ui, db: Db, me: Me, slug: str, number: int, form: Submitted) -> Response:
    """Let work that was given up be tried again, or let it go."""
    verbs = {"again": parked.try_again, "go": parked.let_go}
    if form.text("do") not in verbs:
        raise NotFound()
    verbs[form.text("do")](db, slug, number, me.origin())
    db.commit()
    return ui.redirect(f"{PATH}?plugin={slug}#parked")


@router.post(PATH + "/{slug}/removal", dependencies=[permitted("admin.plugins")])
def remove(ui: Ui, db: Db, me: Me, app: App, slug: str, form: Submitted) -> Response:
    """Erase what a plugin that is off holds, once its name was typed and everything stands in a file."""
    try:
        purging.purge(db, app, slug, me.origin(), confirmed=form.text("confirm"), generation=form.number("generation"))
    except Conflict as problem:
        db.rollback()
        return _page(ui, db, app, slug, problem=problem, status=problem.status)
    answer = applied(ui, db, app, "")
    purging.forget_files(app, slug)
    return answer


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


def applied(ui: UI, db: Db, app: App, slug: str) -> Response:
    """Commit a change of a plugin, follow it here, and lead back to its page."""
    db.commit()
    lifecycle.publish(app)
    answer = ui.redirect(f"{PATH}?plugin={slug}" if slug else PATH)
    answer.set_cookie(  # another process answers this browser only when it has followed
        "acm_min_gen", str(lifecycle.registry_version(app)), max_age=60, httponly=True, samesite="lax",
        secure=app.settings.is_https,
    )  # fmt: skip
    return answer


def _page(
    ui: UI,
    db: Db,
    app: App,
    slug: str,
    *,
    problem: Conflict | None = None,
    errors: Mapping[str, list[object]] | None = None,
    status: int = 200,
) -> Response:
    plugins = seeing.seen(db, app)
    chosen = next((p for p in plugins if p.slug == slug), plugins[0] if plugins and not slug else None)
    if slug and chosen is None:
        raise NotFound()
    workers = seeing.workers(db)
    return ui.page(
        "admin/plugins.html",
        status=status,
        plugins=plugins,
        chosen=chosen,
        words=WORDS,
        pills=PILLS,
        gives=_gives(ui, chosen) if chosen else [],
        lacks=seeing.lacks(db, ui.snapshot, chosen.slug) if chosen else [],
        workers=workers,
        parked=parked.parked(db, chosen.slug) if chosen and chosen.row else [],
        draining=seeing.draining(workers, chosen.slug) if chosen else {},
        stored=seeing.stored(app, chosen) if chosen else [],
        safe_mode=app.settings.safe_mode,
        happened=[_sentence(ui, *one) for one in seeing.history(db, chosen.slug)] if chosen else [],
        problem=problem,
        errors={name: "; ".join(map(ui.say, texts)) for name, texts in (errors or {}).items()},
    )


def _gives(ui: UI, chosen: Seen) -> list[tuple[str, str]]:
    """What a plugin adds: how many of each kind, and their names as far as a line holds them."""
    kinds: tuple[tuple[str, Any], ...] = (
        ("page_type", lambda n: ngettext("%(num)s type", "%(num)s types", n)),
        ("service", lambda n: ngettext("%(num)s service", "%(num)s services", n)),
        ("queue", lambda n: ngettext("%(num)s queue", "%(num)s queues", n)),
        ("panel", lambda n: ngettext("%(num)s panel", "%(num)s panels", n)),
        ("measure", lambda n: ngettext("%(num)s measure", "%(num)s measures", n)),
        ("group", lambda n: ngettext("%(num)s group", "%(num)s groups", n)),
        ("vocabulary", lambda n: ngettext("%(num)s vocabulary", "%(num)s vocabularies", n)),
        ("importer", lambda n: ngettext("%(num)s import format", "%(num)s import formats", n)),
        ("schedule", lambda n: ngettext("%(num)s job", "%(num)s jobs", n)),
        ("permission", lambda n: ngettext("%(num)s permission", "%(num)s permissions", n)),
    )
    given = seeing.given(ui.snapshot, chosen)
    found = []
    for point, counted in kinds:
        names = [_name(c.value, c.key, ui.lang) for c in given if c.point == point]
        if names:
            more = ["…"] if len(names) > SHOWN else []
            found.append((ui.say(counted(len(names))), ", ".join([*names[:SHOWN], *more])))
    return found


def _name(value: Any, key: str, lang: str) -> str:
    texts = next((getattr(value, name) for name in ("names", "titles", "name", "title") if hasattr(value, name)), None)
    return words(texts, lang) if isinstance(texts, Mapping) else key


def _sentence(ui: UI, event: Event, person: Person | None) -> dict[str, object]:
    who = person.name_in(ui.lang) if person else ui.say(_("The console"))
    text = HAPPENED.get(event.kind, Message(event.kind))
    said = {"who": who, **{name: event.data.get(name, "") for name in ("version", "reason", "what", "error")}}
    return {"text": ui.say(Message(text.id, said)), "at": event.at}
