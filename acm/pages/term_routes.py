"""Screens of vocabularies: a term with its pages, terms on a page, and the keeping of vocabularies."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.errors import Invalid, NotFound, Problem
from acm.i18n import LANGUAGES, _
from acm.pages.models import Page
from acm.pages.routes import address_of, back_to, require_editor
from acm.pages.terms import add_to_page, merge_terms, pages_with, remove_from_page, usage
from acm.pages.visibility import visible_page
from acm.people.models import Person
from acm.people.signin import Me, Viewer, permitted
from acm.taxonomy import vocabularies
from acm.taxonomy.models import Term, Vocabulary
from acm.taxonomy.vocabularies import all_vocabularies, find_term, find_vocabulary, in_tree_order, path_of, terms_of
from acm.web.forms import Form, Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui

router = new_router()
keeping = new_router(prefix="/admin/taxonomy", dependencies=[permitted("taxonomy.edit")])
STEP = 25


@router.get("/taxonomy")
def show_vocabularies(ui: Ui, db: Db, me: Me) -> Response:
    return ui.page("taxonomy/index.html", vocabularies=all_vocabularies(db), may_edit=me.may("taxonomy.edit"))


@router.get("/taxonomy/{vocabulary}")
def show_vocabulary(ui: Ui, db: Db, me: Me, vocabulary: str) -> Response:
    """The terms of a vocabulary, each with the number of pages that this reader may see."""
    found = find_vocabulary(db, vocabulary)
    return ui.page(
        "taxonomy/vocabulary.html", vocabulary=found, rows=in_tree_order(terms_of(db, found)),
        used=usage(db, me.grants, found), address=address, may_edit=me.may("taxonomy.edit"),
    )  # fmt: skip


@router.get("/taxonomy/{vocabulary}/{term:path}")
def show_term(ui: Ui, db: Db, me: Me, vocabulary: str, term: str, after: int | None = None) -> Response:
    """A term with its pages; a merged one leads to the term that took its place."""
    found = find_term(db, vocabulary, term)
    living = vocabularies.successor(db, found)
    if living.id != found.id:
        return ui.redirect(address(living), status=301)
    terms = terms_of(db, found.vocabulary)
    by_id = {t.id: t for t in terms}
    below = [t for t in terms if found in path_of(t, by_id)]
    pages = pages_with(db, me.grants, [t.id for t in below], after=after, limit=STEP + 1)
    more, pages = len(pages) > STEP, pages[:STEP]
    used = usage(db, me.grants, found.vocabulary)
    return ui.page(
        "taxonomy/term.html", term=found, path=path_of(found, by_id), pages=pages, used=used, address=address,
        below=[t for t in terms if t.parent_id == found.id], address_of=lambda page: address_of(me.grants, page),
        owner=db.get(Person, found.owner_id) if found.owner_id else None, may_edit=me.may("taxonomy.edit"),
        next_href=f"{address(found)}?after={pages[-1].id}" if more else "",
    )  # fmt: skip


@router.post("/pages/{number}/terms")
def tag_page(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Give a page a term: ``vocabulary`` and ``term`` are keys."""
    page = visible_page(db, me.grants, number, Page, lock=True)
    require_editor(me, page)
    add_to_page(db, page, find_term(db, form.text("vocabulary"), form.text("term")), me.origin())
    return back_to(ui, me, page, form)


@router.post("/pages/{number}/terms/{term_id}/removal")
def untag_page(ui: Ui, db: Db, me: Me, number: str, term_id: int, form: Submitted) -> Response:
    page = visible_page(db, me.grants, number, Page, lock=True)
    require_editor(me, page)
    term = db.get(Term, term_id)
    if term is None or not remove_from_page(db, page, term, me.origin()):
        raise NotFound()
    return back_to(ui, me, page, form)


@keeping.get("")
def keep_vocabularies(ui: Ui, db: Db, me: Me) -> Response:
    return ui.page("taxonomy/admin.html", vocabularies=all_vocabularies(db), chosen=None, term=None, errors={})


@keeping.get("/{vocabulary}")
def keep_vocabulary(ui: Ui, db: Db, me: Me, vocabulary: str) -> Response:
    """The terms of one vocabulary, to be chosen, and a form for a new one."""
    return _screen(ui, db, me, find_vocabulary(db, vocabulary))


@keeping.get("/{vocabulary}/terms/{term_id}")
def keep_term(ui: Ui, db: Db, me: Me, vocabulary: str, term_id: int) -> Response:
    return _screen(ui, db, me, find_vocabulary(db, vocabulary), _term(db, vocabulary, term_id))


@keeping.post("/{vocabulary}/terms")
def add_term(ui: Ui, db: Db, me: Me, vocabulary: str, form: Submitted) -> Response:
    """Add a term."""
    found = find_vocabulary(db, vocabulary)
    try:
        parent = _chosen(db, found, form, "parent")
        names = {lang: form.text(f"name_{lang}") for lang in LANGUAGES}
        term = vocabularies.add_term(db, found, form.text("key"), names, me.origin(), parent=parent)
    except Invalid as problem:
        return _screen(ui, db, me, found, form=form, problem=problem)
    return ui.redirect(f"/admin/taxonomy/{found.key}/terms/{term.id}")


@keeping.post("/{vocabulary}/terms/{term_id}")
def change_term(ui: Ui, db: Db, me: Me, vocabulary: str, term_id: int, form: Submitted) -> Response:
    """Change a term's words, description, owner and place."""
    term = _term(db, vocabulary, term_id, lock=True)
    try:
        owner = _owner(db, form)
        parent = _chosen(db, term.vocabulary, form, "parent")
        names = {lang: form.text(f"name_{lang}") for lang in LANGUAGES}
        descriptions = {lang: form.text(f"description_{lang}") for lang in LANGUAGES}
        vocabularies.rename_term(db, term, names, me.origin(), descriptions=descriptions, owner=owner)
        if (parent.id if parent else None) != term.parent_id:
            vocabularies.move_term(db, term, parent, me.origin())
    except Invalid as problem:
        db.rollback()
        return _screen(ui, db, me, find_vocabulary(db, vocabulary), _term(db, vocabulary, term_id), form, problem)
    return ui.redirect(f"/admin/taxonomy/{vocabulary}/terms/{term.id}")


@keeping.post("/{vocabulary}/terms/{term_id}/merge")
def merge_term(ui: Ui, db: Db, me: Me, vocabulary: str, term_id: int, form: Submitted) -> Response:
    """Let another term take the place of this one, on every page."""
    term = _term(db, vocabulary, term_id, lock=True)
    into = _chosen(db, term.vocabulary, form, "into")
    if into is None:
        problem = Invalid({"into": [_("Choose a term")]})
        return _screen(ui, db, me, term.vocabulary, term, form, problem)
    merge_terms(db, term, into, me.origin())
    return ui.redirect(f"/admin/taxonomy/{vocabulary}/terms/{into.id}")


def address(term: Term) -> str:
    """Where a term and its pages are read."""
    return f"/taxonomy/{quote(term.vocabulary.key)}/{quote(term.key)}"


def _screen(
    ui: UI, db: Session, me: Viewer, vocabulary: Vocabulary, term: Term | None = None, form: Form | None = None,
    problem: Problem | None = None,
) -> Response:  # fmt: skip
    terms = terms_of(db, vocabulary)
    errors: dict[str, Any] = problem.errors if isinstance(problem, Invalid) else {}
    by_id = {t.id: t for t in terms}
    options = [
        {"value": t.id, "label": " › ".join(step.name(ui.lang) for step in path_of(t, by_id))}
        for t, _depth in in_tree_order(terms)
        if term is None or t.id != term.id
    ]
    return ui.page(
        "taxonomy/admin.html", status=problem.status if problem else 200, vocabularies=all_vocabularies(db),
        chosen=vocabulary, rows=in_tree_order(terms), used=usage(db, me.grants, vocabulary), term=term, errors=errors,
        options=options, typed=(lambda name, stored="": form.text(name)) if form else (lambda name, stored="": stored),
        owner=db.get(Person, term.owner_id) if term and term.owner_id else None, address=address,
    )  # fmt: skip


def _term(db: Session, vocabulary: str, term_id: int, *, lock: bool = False) -> Term:
    term = db.get(Term, term_id, with_for_update=lock or None)
    if term is None or term.vocabulary.key != vocabulary or term.merged_into_id is not None:
        raise NotFound()
    return term


def _chosen(db: Session, vocabulary: Vocabulary, form: Form, name: str) -> Term | None:
    """The term whose id was chosen, of this vocabulary."""
    if not form.text(name):
        return None
    term = db.get(Term, form.number(name) or 0)
    if term is None or term.vocabulary_id != vocabulary.id or term.merged_into_id is not None:
        raise Invalid({name: [_("Choose one of the offered values")]})
    return term


def _owner(db: Session, form: Form) -> Person | None:
    login = form.text("owner").lower()
    if not login:
        return None
    person = db.scalars(select(Person).where(Person.login == login, Person.active)).first()
    if person is None:
        raise Invalid({"owner": [_("Nobody has this login")]})
    return person
