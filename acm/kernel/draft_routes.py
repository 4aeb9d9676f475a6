"""/admin/plugins/<slug>/edit: the files of a plugin without Python, changed, checked, compared and published."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi.responses import Response

from acm.errors import Conflict, Invalid, NotFound
from acm.kernel import drafts, seeing
from acm.kernel.drafts import Draft, DraftChanged, DraftRefused
from acm.kernel.manifest import NAME
from acm.kernel.routes import PATH, applied
from acm.kernel.seeing import Seen
from acm.pages.diff import shortened, word_diff
from acm.people.signin import Me, permitted
from acm.web.forms import Form, Submitted, clean
from acm.web.routing import router as new_router
from acm.web.runtime import App, Db
from acm.web.templating import UI, Ui

router = new_router()
EDIT = PATH + "/{slug}/edit"
CHECK, DIFFERENCE, PUBLISH, REMOVE, DISCARD = "check", "difference", "publish", "remove", "discard"


@router.get(EDIT, dependencies=[permitted("admin.plugins")])
def show_draft(ui: Ui, db: Db, me: Me, app: App, slug: str, file: str = NAME, show: str = "") -> Response:
    """One file of the draft; ``show`` adds the faults or the difference."""
    plugin, draft = _opened(db, app, slug)
    more: dict[str, Any] = {}
    if show == CHECK:
        more["faults"] = drafts.check(db, app, draft)
    if show == DIFFERENCE:
        more["differences"] = draft.differences()
    return _page(ui, plugin, draft, file, draft.read(file), **more)


@router.post(EDIT, dependencies=[permitted("admin.plugins")])
def change_draft(ui: Ui, db: Db, me: Me, app: App, slug: str, form: Submitted) -> Response:
    """Save what was typed, and go on as the pressed button says; ``seen`` and ``draft`` are what was read before."""
    plugin, draft = _opened(db, app, slug)
    file, typed = form.text("file"), form.secret("text")
    try:
        typed = clean(typed, "text")
        return _done(ui, db, me, app, draft, file, typed, form)
    except Invalid as problem:
        return _page(ui, plugin, draft, file, typed, errors=problem.errors, status=problem.status)
    except DraftChanged as problem:
        theirs = draft.read(file) if file in draft.names() else ""
        pieces = shortened(word_diff(theirs, typed)) if theirs != typed else []
        return _page(ui, plugin, draft, file, typed, stale=problem, theirs=theirs, pieces=pieces, status=409)
    except DraftRefused as problem:
        return _page(ui, plugin, draft, file, typed, faults=problem.faults, refused=True, status=problem.status)
    except Conflict as problem:
        db.rollback()
        plugin, draft = _opened(db, app, slug)
        return _page(ui, plugin, draft, file, typed, problem=problem, status=problem.status)


@router.post(EDIT + "/files", dependencies=[permitted("admin.plugins")])
def add_file(ui: Ui, db: Db, me: Me, app: App, slug: str, form: Submitted) -> Response:
    """An empty file of the draft, opened."""
    plugin, draft = _opened(db, app, slug)
    name = form.text("name")
    try:
        draft.add(name)
    except Invalid as problem:
        text = draft.read(NAME)
        return _page(ui, plugin, draft, NAME, text, errors=problem.errors, name=name, status=problem.status)
    return ui.redirect(_address(slug, name))


def _done(ui: UI, db: Db, me: Me, app: App, draft: Draft, file: str, typed: str, form: Form) -> Response:
    do = form.text("do")
    if do == DISCARD:
        draft.discard(form.text("draft"))
        return ui.redirect(f"{PATH}?plugin={draft.slug}")
    if do == REMOVE:
        draft.remove(file, form.text("seen"))
        return ui.redirect(_address(draft.slug, NAME))
    if do == PUBLISH:
        draft.expect(form.text("draft"))
    draft.save(file, typed, form.text("seen"))
    if do != PUBLISH:
        return ui.redirect(_address(draft.slug, file, do if do in (CHECK, DIFFERENCE) else ""))
    row = drafts.publish(db, app, draft, me.origin(), generation=form.number("generation") or 0)
    published = row.hash
    answer = applied(ui, db, app, draft.slug)
    if draft.hash == published:
        draft.discard(published)
    return answer


def _opened(db: Db, app: App, slug: str) -> tuple[Seen, Draft]:
    """A plugin without Python and its draft; others are not edited here."""
    plugin = next((p for p in seeing.seen(db, app) if p.slug == slug), None)
    if plugin is None or plugin.files is None or plugin.manifest is None or plugin.manifest.plugin.python:
        raise NotFound()
    return plugin, drafts.draft_of(app, plugin.files)


def _address(slug: str, file: str, show: str = "") -> str:
    return f"{PATH}/{slug}/edit?{urlencode({'file': file} | ({'show': show} if show else {}))}"


def _page(
    ui: UI, plugin: Seen, draft: Draft, file: str, text: str, *, errors: Any = None, status: int = 200, **more: Any
) -> Response:
    return ui.page(
        "admin/plugin_edit.html",
        status=status,
        plugin=plugin,
        draft=draft,
        names=draft.names(),
        file=file,
        text=text,
        seen=draft.seen(file),
        address=lambda name: _address(plugin.slug, name),
        errors={name: "; ".join(map(ui.say, texts)) for name, texts in (errors or {}).items()},
        **more,
    )
