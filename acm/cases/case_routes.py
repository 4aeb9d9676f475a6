"""The page of a case for those who work it, and everything they do there. Who may not work it reads the request."""

from __future__ import annotations

from typing import Any

from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm import clock
from acm.cases import changing
from acm.cases.case_page import case_values, fingerprint, move_of
from acm.cases.changing import say
from acm.cases.models import Case, TransitionRefused
from acm.cases.queue_routes import after_in_queue, vantage_of
from acm.cases.queues import queue_of
from acm.cases.reading import case_of, draft_key
from acm.errors import Conflict, Invalid, NotFound, Stale
from acm.i18n import _
from acm.pages import favourites
from acm.pages.comments import edit_comment
from acm.pages.drafts import drop_draft, find_draft, save_draft
from acm.pages.files import attach
from acm.pages.links import link_pages, set_parent, unlink_pages
from acm.pages.models import Comment, Link, Page
from acm.pages.visibility import inside, visible, visible_page
from acm.pages.writing import edit_page
from acm.people.models import Group
from acm.people.rights import may, people_of, require
from acm.people.signin import Me, Viewer
from acm.web.forms import Form, Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui

router = new_router()


@router.get("/cases/{number}")
def show_case(ui: Ui, db: Db, me: Me, number: str) -> Response:
    return _tab(ui, db, me, number, "overview")


@router.get("/cases/{number}/files")
def show_files(ui: Ui, db: Db, me: Me, number: str) -> Response:
    return _tab(ui, db, me, number, "files")


@router.get("/cases/{number}/links")
def show_links(ui: Ui, db: Db, me: Me, number: str) -> Response:
    return _tab(ui, db, me, number, "links")


@router.get("/cases/{number}/history")
def show_history(ui: Ui, db: Db, me: Me, number: str) -> Response:
    return _tab(ui, db, me, number, "history")


@router.post("/cases/{number}/comments")
def comment(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Write to the requester (``to=all``) or to own people (``to=team``), with files; ``move`` goes on to a state."""
    case = worked(db, me, number)
    internal, text, uploads = form.text("to") == "team", form.text("text"), form.files("file")
    audience, target = "internal" if internal else "all", form.text("move")
    try:
        if target and target != case.state and move_of(case, target) is None:
            raise TransitionRefused()
        if not text and uploads:
            text = ui.say(_("See the file"))
        with db.begin_nested():
            said = say(db, case, text, me.origin(), audience=audience)
            attach(db, case, uploads, me.origin(), comment=said)
            if target and target != case.state:
                case.move(target, me.origin(), comment=text)
            if draft := find_draft(db, me.id, draft_key(case), lock=True):
                drop_draft(db, draft)
    except Invalid as problem:
        if ui.is_htmx:
            return _composer_again(ui, case, form, problem)
        raise
    if form.text("next") and (queue := form.text("queue")):
        following = after_in_queue(ui, db, me, queue_of(db, ui.snapshot, me.grants, queue), case)
        return ui.redirect(f"/queues/{queue}" + (f"?peek={following.number}" if following else ""))
    return _answer(ui, db, me, case, form)


@router.post("/cases/{number}/draft")
def keep_draft(db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Keep an answer that is not sent yet; an empty one is forgotten."""
    case = case_of(db, me.grants, number)
    if case is None:
        raise NotFound()
    require(me.grants, "page.work", case)
    text = form.text("text")
    if text:
        data = {"text": text, "to": form.text("to")}
        save_draft(db, me.person, draft_key(case), data, clock.now(), case.title)
    elif draft := find_draft(db, me.id, draft_key(case), lock=True):
        drop_draft(db, draft)
    return Response(status_code=204)


@router.get("/cases/{number}/comments/{comment_id}")
def edit_own_comment(ui: Ui, db: Db, me: Me, number: str, comment_id: int) -> Response:
    """One's own comment, to be corrected, with what stood there before."""
    values = _workplace(ui, db, me, number)
    return ui.page("cases/comment.html", **values, comment=_own_comment(db, me, values["case"], comment_id))


@router.post("/cases/{number}/comments/{comment_id}")
def correct_comment(ui: Ui, db: Db, me: Me, number: str, comment_id: int, form: Submitted) -> Response:
    """Correct one's own comment; what stood there is kept."""
    case = worked(db, me, number)
    edit_comment(db, case, _own_comment(db, me, case, comment_id), form.text("text"), me.origin())
    return ui.redirect(f"/cases/{case.number}#c{comment_id}")


@router.get("/cases/{number}/state")
def choose_state(ui: Ui, db: Db, me: Me, number: str, to: str = "") -> Response:
    """The moves that are possible now; those that need words ask for them here."""
    values = _workplace(ui, db, me, number)
    return ui.page("cases/state.html", **values, to=to)


@router.post("/cases/{number}/state")
def change_state(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Move on; words go to the requester unless they are for own people."""
    case = worked(db, me, number)
    audience = "internal" if form.text("to") == "team" else "all"
    try:
        changing.move(db, case, form.text("state"), me.origin(), comment=form.text("comment"), audience=audience)
    except Invalid as problem:
        db.rollback()
        values = _workplace(ui, db, me, number)
        return ui.page("cases/state.html", status=422, **values, to=form.text("state"), errors=problem.errors)
    return _answer(ui, db, me, case, form)


@router.get("/cases/{number}/assignment")
def choose_owner(ui: Ui, db: Db, me: Me, number: str) -> Response:
    """Whom to hand the case to."""
    return _assignment(ui, db, me, number, {})


@router.post("/cases/{number}/assignment")
def assign(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Hand over to a group, to a person (``owner=me`` takes it), with a word for own people."""
    case = worked(db, me, number)
    try:
        owner, elsewhere = form.text("owner"), False
        if (group := form.text("group")) and group != str(case.group_id):
            changing.set_property(db, case, "group", group, me.origin())
            elsewhere = form.has("was") and owner == form.text("was")  # the name that stood there stays behind
        if owner == "me":
            _take(case, me, force=form.flag("force"))
        elif form.has("owner") and not elsewhere:
            changing.set_property(db, case, "owner", owner, me.origin())
        if note := form.text("comment"):
            say(db, case, note, me.origin(), audience="internal")
    except Invalid as problem:
        db.rollback()
        return _assignment(ui, db, me, number, problem.errors, form)
    return _answer(ui, db, me, case, form)


@router.get("/cases/{number}/text")
def edit_text(ui: Ui, db: Db, me: Me, number: str) -> Response:
    """Title and text, to be corrected."""
    values = _workplace(ui, db, me, number)
    return ui.page("cases/text.html", **values)


@router.post("/cases/{number}/text")
def save_text(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Save title and text; whoever saves second is shown both and loses nothing."""
    case = worked(db, me, number)
    case.require_served()
    title, body = form.text("title"), form.text("body")
    if form.text("seen") != fingerprint(case):
        raise Stale(
            theirs={ui.say(_("Title")): case.title, ui.say(_("Text")): case.body},
            yours={ui.say(_("Title")): title, ui.say(_("Text")): body},
            version=case.version,
        )
    edit_page(db, case, {"title": title, "body": body}, case.version, me.origin())
    return _answer(ui, db, me, case, form)


@router.post("/cases/{number}/files")
def add_files(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Attach files, for own people only with ``to=team``."""
    case = worked(db, me, number)
    uploads = form.files("file")
    if not uploads:
        raise Invalid({"file": [_("Attach a file")]})
    attach(db, case, uploads, me.origin(), audience="internal" if form.text("to") == "team" else "all")
    return ui.redirect(f"/cases/{case.number}/files")


@router.post("/cases/{number}/links")
def add_link(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Link to a page that one may see; ``parent`` and ``child`` hang one below the other."""
    case = worked(db, me, number)
    other = visible_page(db, me.grants, form.text("page").lstrip("№# "), Page, lock=True)
    kind, _colon, side = form.text("kind").partition(":")
    if kind == "parent":
        set_parent(db, case, other, me.origin())
    elif kind == "child":
        require(me.grants, "page.work", other)
        set_parent(db, other, case, me.origin())
    elif side == "target":
        link_pages(db, other, case, kind, me.origin())
    else:
        link_pages(db, case, other, kind, me.origin())
    return ui.redirect(f"/cases/{case.number}/links")


@router.post("/cases/{number}/links/removal")
def remove_link(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Take a link away on both sides, or free the case (``parent``) or a part of it (``child``: its number)."""
    case = worked(db, me, number)
    if form.has("parent"):
        set_parent(db, case, None, me.origin())
    elif child := form.text("child"):
        other = visible_page(db, me.grants, child, Page, lock=True)
        if other.parent_id != case.id:
            raise NotFound()
        set_parent(db, other, None, me.origin())
    else:
        link = db.scalars(inside(select(Link).where(Link.id == (form.number("link") or 0)))).first()
        if link is None or case.id not in (link.source_id, link.target_id):
            raise NotFound()
        other_id = link.target_id if link.source_id == case.id else link.source_id
        found = db.scalars(visible(me.grants, Page).where(Page.id == other_id)).first()
        if found is None:
            raise NotFound()
        source, target = (case, found) if link.source_id == case.id else (found, case)
        unlink_pages(db, link, source, target, me.origin())
    return ui.redirect(f"/cases/{case.number}/links")


@router.post("/cases/{number}/watchers")
def watch(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Hear of this case (``watch=yes``), or no more."""
    case = worked(db, me, number)
    (favourites.watch if form.text("watch") == "yes" else favourites.unwatch)(db, case, me.person, me.origin())
    return ui.redirect(f"/cases/{case.number}")


@router.post("/cases/{number}/favourite")
def keep(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Keep this case at hand (``keep=yes``), or no more."""
    case = worked(db, me, number)
    if form.text("keep") == "yes":
        favourites.keep(db, case, me.person, me.origin())
    else:
        favourites.let_go(db, case, me.person)
    return ui.redirect(f"/cases/{case.number}")


def _own_comment(db: Session, me: Viewer, case: Case, comment_id: int) -> Comment:
    """One's own comment on a case; :class:`NotFound` for anybody else's."""
    statement = select(Comment).where(Comment.id == comment_id, Comment.page_id == case.id, Comment.author_id == me.id)
    found = db.scalars(inside(statement)).first()
    if found is None:
        raise NotFound()
    return found


def worked(db: Session, me: Viewer, number: str) -> Case:
    """The case, locked for a change by somebody who may work it."""
    case: Case = visible_page(db, me.grants, number, Case, lock=True)
    require(me.grants, "page.work", case)
    return case


def talk_values(ui: UI, db: Session, me: Viewer, number: str) -> dict[str, Any]:
    """What the talk and the head are drawn from, for a press and for the live stream alike."""
    return case_values(db, ui, me, number, vantage_of(ui, me), "overview")


def _tab(ui: UI, db: Session, me: Viewer, number: str, tab: str) -> Response:
    values = case_values(db, ui, me, number, vantage_of(ui, me), tab)
    if not values["works"]:
        return ui.redirect(f"/requests/{values['case'].number}")
    ui.viewed(values["case"].id)
    return ui.page("cases/show.html", **values)


def _workplace(ui: UI, db: Session, me: Viewer, number: str) -> dict[str, Any]:
    values = case_values(db, ui, me, number, vantage_of(ui, me), "files")
    require(me.grants, "page.work", values["case"])
    return values


def _take(case: Case, me: Viewer, *, force: bool) -> None:
    if case.owner_id is not None and case.owner_id != me.id and not force:
        raise Conflict("Somebody has this case already")
    changing.take(case, me.person, me.origin())


def _assignment(
    ui: UI, db: Session, me: Viewer, number: str, errors: dict[str, list[object]], form: Form | None = None
) -> Response:
    values = _workplace(ui, db, me, number)
    case = values["case"]
    groups = sorted(db.scalars(select(Group)), key=lambda g: g.name(ui.lang))
    return ui.page(
        "cases/assignment.html",
        status=422 if errors else 200,
        **values,
        groups=groups,
        members=people_of(db, [case.group_id]) if case.group_id else [],
        errors=errors,
        typed={name: form.text(name) for name in ("owner", "group", "comment")} if form else {},
    )


def _composer_again(ui: UI, case: Case, form: Form, problem: Invalid) -> Response:
    errors = [ui.say(text) for texts in problem.errors.values() for text in texts]
    return ui.page(
        "cases/composer_again.html", fragment="composer", status=422, case=case, text=form.text("text"),
        internal=form.text("to") == "team", error=errors[0] if errors else "", queue=form.text("queue"),
    )  # fmt: skip


def _answer(ui: UI, db: Session, me: Viewer, case: Case, form: Form) -> Response:
    """The talk, the head and the Track again for htmx; the page for the others."""
    if not ui.is_htmx or not may(me.grants, "page.work", case):
        return ui.redirect(form.text("back") or f"/cases/{case.number}")
    number = case.number
    db.commit()
    db.expunge_all()
    return ui.page("cases/live.html", fragment="live", **talk_values(ui, db, me, number))
