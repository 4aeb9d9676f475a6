"""What every page has, whatever its kind: its address, comments, links, watching, favourites, history."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm import clock
from acm.errors import Forbidden, NotFound
from acm.pages import favourites
from acm.pages.comments import add_comment, comments_of, edit_comment
from acm.pages.files import attach, by_comment, files_of
from acm.pages.history import runs, sentences
from acm.pages.links import LINK_KINDS, children_of, link_pages, links_of, parent_of, unlink_pages
from acm.pages.models import Comment, Link, Page
from acm.pages.showing import show_answers
from acm.pages.terms import terms_of_page
from acm.pages.visibility import inside, visible, visible_page
from acm.people.rights import Grants, may, require
from acm.people.signin import Me, Viewer
from acm.web.forms import Form, Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui

router = new_router()


def address_of(grants: Grants, page: Page) -> str:
    """Where this person reads a page: who may work a case at its case page, the others at the request's."""
    if page.kind == "case":
        return f"/{'cases' if may(grants, 'page.work', page) else 'requests'}/{page.number}"
    if page.kind == "article":
        return f"/kb/{page.slug or page.number}"
    if page.kind == "service" and page.slug:
        return f"/services/{page.slug}"
    return f"/announcements/{page.number}" if page.kind == "announcement" else f"/pages/{page.number}"


def back_to(ui: UI, me: Viewer, page: Page, form: Form) -> Response:
    """After a change: where the form came from, else the page's own address."""
    return ui.redirect(form.text("next") or address_of(me.grants, page))


@router.get("/pages/{number}")
def show_page(ui: Ui, db: Db, me: Me, number: str) -> Response:
    """The address of any page by its number; a page of no special kind is shown here."""
    page = visible_page(db, me.grants, number, Page)
    place = address_of(me.grants, page)
    if place != f"/pages/{page.number}":
        return ui.redirect(place)
    files = files_of(db, page, me.grants)
    works = me.may("page.work", page)
    answers = show_answers(
        db, page.form, page.fields, grants=me.grants, lang=ui.lang, zone=ui.zone, now=clock.now(), internal=works
    )
    return ui.page(
        "pages/show.html", page=page, answers=answers, terms=terms_of_page(db, page), comments=comments_of(db, page, me.grants),
        works=works,
        files=[f for f in files if f.comment_id is None], files_by_comment=by_comment(files), address_of=_address(me),
        links=links_of(db, page, me.grants), children=children_of(db, page, me.grants), above=parent_of(db, page, me.grants),
        runs=runs(sentences(db, page, me.grants, ui, skip=("comment.added",))), kinds=LINK_KINDS,
        kept=favourites.is_kept(db, page, me.person), watched=favourites.is_watching(db, page, me.person),
    )  # fmt: skip


@router.post("/pages/{number}/comments")
def comment(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Say something, with files; ``to=team`` for own people only."""
    page = visible_page(db, me.grants, number, Page, lock=True)
    internal = form.text("to") == "team"
    require(me.grants, "comment.internal" if internal else "page.comment", page)
    said = add_comment(db, page, form.text("text"), me.origin(), audience="internal" if internal else "all")
    attach(db, page, form.files("file"), me.origin(), comment=said)
    return back_to(ui, me, page, form)


@router.post("/pages/{number}/comments/{comment_id}")
def correct_comment(ui: Ui, db: Db, me: Me, number: str, comment_id: int, form: Submitted) -> Response:
    """Correct one's own comment; what stood there is kept."""
    page = visible_page(db, me.grants, number, Page, lock=True)
    statement = select(Comment).where(Comment.id == comment_id, Comment.page_id == page.id)
    found = db.scalars(inside(statement)).first()
    if found is None or (found.is_internal and not me.may("comment.internal", page)):
        raise NotFound()
    edit_comment(db, page, found, form.text("text"), me.origin())
    return back_to(ui, me, page, form)


@router.post("/pages/{number}/favourite")
def keep_page(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Put a page among one's favourites (``keep=yes``) or take it out."""
    page = visible_page(db, me.grants, number, Page)
    if form.flag("keep"):
        favourites.keep(db, page, me.person, me.origin())
    else:
        favourites.let_go(db, page, me.person)
    return back_to(ui, me, page, form)


@router.post("/pages/{number}/watch")
def watch_page(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Hear of what happens here (``watch=yes``) or no more."""
    page = visible_page(db, me.grants, number, Page, lock=True)
    if form.flag("watch"):
        favourites.watch(db, page, me.person, me.origin())
    else:
        favourites.unwatch(db, page, me.person, me.origin())
    return back_to(ui, me, page, form)


@router.post("/pages/{number}/links")
def add_link(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Link to another page that one may see; ``side=target`` turns the words around."""
    page = visible_page(db, me.grants, number, Page, lock=True)
    require_editor(me, page)
    other = visible_page(db, me.grants, form.text("page"), Page, lock=True)
    ends = (other, page) if form.text("side") == "target" else (page, other)
    link_pages(db, *ends, form.text("kind") or "relates", me.origin())
    return back_to(ui, me, page, form)


@router.post("/pages/{number}/links/{link_id}/removal")
def remove_link(ui: Ui, db: Db, me: Me, number: str, link_id: int, form: Submitted) -> Response:
    page = visible_page(db, me.grants, number, Page, lock=True)
    require_editor(me, page)
    ends = (Link.source_id == page.id) | (Link.target_id == page.id)
    link = db.scalars(inside(select(Link).where(Link.id == link_id, ends))).first()
    other = _other_end(db, me.grants, page, link) if link else None
    if link is None or other is None:
        raise NotFound()
    source, target = (page, other) if link.source_id == page.id else (other, page)
    unlink_pages(db, link, source, target, me.origin())
    return back_to(ui, me, page, form)


@router.get("/favourites")
def show_favourites(ui: Ui, db: Db, me: Me) -> Response:
    """What one keeps at hand."""
    return ui.page("pages/favourites.html", pages=favourites.favourites_of(db, me.grants), address_of=_address(me))


def require_editor(me: Viewer, page: Page) -> None:
    """Who works a case, or writes articles where the page belongs."""
    if not (may(me.grants, "page.work", page) or (page.kind != "case" and may(me.grants, "article.edit", page))):
        raise Forbidden()


def _address(me: Viewer) -> Callable[[Page], str]:
    return partial(address_of, me.grants)


def _other_end(db: Session, grants: Grants, page: Page, link: Link) -> Page | None:
    id_ = link.target_id if link.source_id == page.id else link.source_id
    return db.scalars(visible(grants, Page).where(Page.id == id_).with_for_update(of=Page)).first()
