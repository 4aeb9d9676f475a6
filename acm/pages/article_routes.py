"""Screens of the knowledge base: list, article, writing, history with differences and return."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from fastapi.responses import Response
from sqlalchemy.orm import Session

from acm import clock
from acm.errors import Forbidden, Invalid, NotFound, Stale, Unauthenticated
from acm.i18n import LANGUAGES, Message, _, words
from acm.pages import articles
from acm.pages.articles import (
    address,
    article_for_anybody,
    categories,
    find_article,
    may_edit,
    sections,
    writing_departments,
)
from acm.pages.diff import shortened, word_diff
from acm.pages.favourites import is_kept
from acm.pages.history import runs, sentences
from acm.pages.kinds import ARTICLE
from acm.pages.models import Article, Revision
from acm.pages.terms import set_terms, terms_of_page
from acm.pages.visibility import WORLD
from acm.pages.writing import Writing, audience_of, create_page, edit_page, restore, revision, revisions, set_audience
from acm.people.models import Person
from acm.people.signin import Maybe, Me, Viewer
from acm.taxonomy.models import Term
from acm.taxonomy.vocabularies import in_tree_order, path_of
from acm.web.dates import read_date
from acm.web.forms import Form, Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui

router = new_router()

EVERYBODY, NOBODY = "all", "draft"
STATEMENT = "accessibility"


@router.get("/kb")
def show_articles(ui: Ui, db: Db, me: Me, topic: str = "", after: str = "", at: int = 0) -> Response:
    """All articles, or those of a topic and of the topics below it."""
    terms = categories(db)
    chosen = next((term for term in terms if term.key == topic), None)
    if topic and chosen is None:
        raise NotFound()
    below = _below(chosen, terms) if chosen else []
    place = (after, at) if after else None
    found = articles.articles(db, me.grants, terms=[t.id for t in below], after=place, limit=articles.STEP + 1)
    more, found = len(found) > articles.STEP, found[: articles.STEP]
    next_page = {"topic": topic, "after": found[-1].title, "at": found[-1].id} if more else {}
    return ui.page(
        "kb/index.html", articles=found, topics=[t for t in terms if t.parent_id is None], chosen=chosen,
        path=path_of(chosen, {t.id: t for t in terms}) if chosen else [], below=[t for t in terms if chosen and t.parent_id == chosen.id],
        next_href=f"/kb?{urlencode({k: v for k, v in next_page.items() if v})}" if more else "",
        may_write=me.may("article.edit"), address=address, lead=lambda a: sections(a.body_in(ui.lang))[0],
    )  # fmt: skip


@router.get("/kb/new")
def new_article(ui: Ui, db: Db, me: Me) -> Response:
    if not me.may("article.edit"):
        raise Forbidden()
    return _form(ui, db, me, None, {"language": ui.lang})


@router.post("/kb")
def write_article(ui: Ui, db: Db, me: Me, form: Submitted) -> Response:
    """Write a new article."""
    if not me.may("article.edit"):
        raise Forbidden()
    try:
        given = _given(db, me, form, None)
        writing = Writing(
            texts=given["texts"], fields=given["fields"], language=ui.lang, owner=me.person, state=given["state"],
            department=given["department"], public=given["public"], audience=given["tokens"],
        )  # fmt: skip
        article = create_page(db, Article, ARTICLE, writing, me.origin())
        set_terms(db, article, given["terms"], me.origin())
    except Invalid as problem:
        return _form(ui, db, me, None, _typed(form), problem.errors, status=422)
    return ui.redirect(address(article))


@router.get("/kb/{name}")
def show_article(ui: Ui, db: Db, me: Maybe, name: str) -> Response:
    """An article. Those that are open to the world, and how accessible the site is, are read without signing in."""
    try:
        article = find_article(db, me.grants, name) if me else article_for_anybody(db, name)
    except NotFound:
        article = None
    if me is None or article is None:
        return _open_page(ui, article, me, name)
    body = article.body_in(ui.lang)
    lead, parts = sections(body)
    terms = [term for term in terms_of_page(db, article) if term.vocabulary.key == articles.CATEGORIES]
    by_id = {term.id: term for term in categories(db)} if terms else {}
    today = clock.now().astimezone(ui.zone).date()
    until = articles.checked_until(article)
    return ui.page(
        "kb/article.html", article=article, lead=lead, parts=parts, minutes=articles.minutes(body), until=until,
        fresh=until is not None and until >= today, path=path_of(terms[0], by_id) if terms else [],
        services=articles.services_of(db, me.grants, article), nearby=articles.nearby(db, me.grants, article),
        address=address, may_edit=may_edit(me.grants, article), kept=is_kept(db, article, me.person),
        promise=articles.promise_of,
    )  # fmt: skip


@router.get("/kb/{name}/edit")
def edit_form(ui: Ui, db: Db, me: Me, name: str) -> Response:
    article = _editable(db, me, name)
    return _form(ui, db, me, article, _stored(db, article))


@router.post("/kb/{name}")
def save_article(ui: Ui, db: Db, me: Me, name: str, form: Submitted) -> Response:
    """Save what was written; who saves second sees both texts and loses nothing."""
    article = _editable(db, me, name, lock=True)
    try:
        given = _given(db, me, form, article)
        changes = {"texts": given["texts"], "fields": given["fields"]}
        edit_page(db, article, changes, form.number("version") or 0, me.origin())
        set_terms(db, article, given["terms"], me.origin())
        _open_to(db, article, given, me)
    except Stale:
        db.rollback()
        article = _editable(db, me, name)
        mine = {lang: {"title": form.text(f"title_{lang}"), "body": form.text(f"body_{lang}")} for lang in LANGUAGES}
        return _form(
            ui, db, me, article, {**_typed(form), "version": article.version}, theirs=_both(article, mine), status=409
        )
    except Invalid as problem:
        db.rollback()
        return _form(ui, db, me, _editable(db, me, name), _typed(form), problem.errors, status=422)
    return ui.redirect(address(article))


@router.get("/kb/{name}/history")
def show_history(ui: Ui, db: Db, me: Me, name: str) -> Response:
    article = find_article(db, me.grants, name)
    kept = revisions(db, article)
    return ui.page(
        "kb/history.html", article=article, revisions=kept, authors=_authors(db, kept), address=address,
        runs=runs(sentences(db, article, me.grants, ui))[::-1], may_edit=may_edit(me.grants, article),
    )  # fmt: skip


@router.get("/kb/{name}/history/{version}")
def show_revision(ui: Ui, db: Db, me: Me, name: str, version: int) -> Response:
    """One revision, with what it changed."""
    article = find_article(db, me.grants, name)
    shown = revision(db, article, version)
    earlier = next((one for one in revisions(db, article) if one.version < version), None)
    return ui.page(
        "kb/revision.html", article=article, revision=shown, earlier=earlier, parts=_changes(earlier, shown),
        authors=_authors(db, [shown]), address=address, may_edit=may_edit(me.grants, article),
    )  # fmt: skip


@router.post("/kb/{name}/history/{version}/restoration")
def restore_revision(ui: Ui, db: Db, me: Me, name: str, version: int, form: Submitted) -> Response:
    """Make an earlier revision the newest one again."""
    article = _editable(db, me, name, lock=True)
    restore(db, article, revision(db, article, version), form.number("version") or 0, me.origin())
    return ui.redirect(address(article))


def _open_page(ui: UI, article: Article | None, me: Viewer | None, name: str) -> Response:
    """An article for anybody; the statement of accessibility is the product's own until the company writes one."""
    if article is None and name != STATEMENT:
        raise NotFound() if me else Unauthenticated()
    return ui.page("kb/open.html", article=article)


def _editable(db: Session, me: Viewer, name: str, *, lock: bool = False) -> Article:
    article = find_article(db, me.grants, name, lock=lock)
    if not may_edit(me.grants, article):
        raise Forbidden()
    return article


def _given(db: Session, me: Viewer, form: Form, article: Article | None) -> dict[str, Any]:
    """The answers of the form; :class:`Invalid` with everything that is wrong."""
    errors: dict[str, list[object]] = {}
    texts = {lang: {"title": form.text(f"title_{lang}"), "body": form.text(f"body_{lang}")} for lang in LANGUAGES}
    if not any(text["title"] for text in texts.values()):
        errors["title_ru"] = [_("Enter a title")]
    until = read_date(form.text("checked_until"), clock.now().date()) if form.text("checked_until") else None
    if form.text("checked_until") and until is None:
        errors["checked_until"] = [_("Enter a date like 1.12.2026")]
    departments = {d.id: d for d in writing_departments(db, me.grants)}
    department = departments.get(form.number("department") or 0)
    if department is None and article is not None:
        department = article.department
    if department is None and len(departments) == 1:
        department = next(iter(departments.values()))
    if department is None and article is None:
        errors["department"] = [_("Choose a department")]
    topics = {term.key: term for term in categories(db)}
    if form.text("topic") and form.text("topic") not in topics:
        errors["topic"] = [_("Choose one of the offered values")]
    if errors:
        raise Invalid(errors)
    audience = form.text("audience") or EVERYBODY
    return {
        "texts": texts,
        "fields": {"checked_until": until.isoformat() if until else None},
        "department": department,
        "terms": [topics[form.text("topic")]] if form.text("topic") else [],
        "public": audience in (EVERYBODY, WORLD),
        "state": "draft" if audience == NOBODY else "published",
        "tokens": [WORLD]
        if audience == WORLD
        else [f"d:{department.id}"]
        if audience == "department" and department
        else [],
    }


def _open_to(db: Session, article: Article, given: dict[str, Any], me: Viewer) -> None:
    if (article.public, article.state, audience_of(db, article)) == (given["public"], given["state"], given["tokens"]):
        return
    article.public, article.state = given["public"], given["state"]
    set_audience(db, article, given["tokens"])
    article.record("page.opened", me.origin(), {"public": article.public, "audience": given["tokens"]})


def _typed(form: Form) -> dict[str, Any]:
    names = ("topic", "department", "audience", "checked_until", "version")
    values: dict[str, Any] = {name: form.text(name) for name in names}
    for lang in LANGUAGES:
        values |= {f"title_{lang}": form.text(f"title_{lang}"), f"body_{lang}": form.text(f"body_{lang}")}
    return values


def _stored(db: Session, article: Article) -> dict[str, Any]:
    topic = next((t for t in terms_of_page(db, article) if t.vocabulary.key == articles.CATEGORIES), None)
    tokens = audience_of(db, article)
    restricted, public = "department" if tokens else NOBODY, WORLD if WORLD in tokens else EVERYBODY
    until = articles.checked_until(article)
    values: dict[str, Any] = {
        "topic": topic.key if topic else "", "department": article.department_id, "version": article.version,
        "audience": public if article.public else restricted, "checked_until": _day(until),
    }  # fmt: skip
    texts = article.texts or {article.language: {"title": article.title, "body": article.body}}
    for lang in LANGUAGES:
        values |= {f"{part}_{lang}": texts.get(lang, {}).get(part, "") for part in ("title", "body")}
    return values


def _day(on: date | None) -> str:
    return on.strftime("%d.%m.%Y") if on else ""


def _form(
    ui: UI, db: Session, me: Viewer, article: Article | None, values: dict[str, Any],
    errors: dict[str, list[object]] | None = None, *, theirs: list[dict[str, Any]] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    terms = categories(db)
    options = [
        {
            "value": term.key,
            "label": " › ".join(words(t.names, ui.lang) for t in path_of(term, {t.id: t for t in terms})),
        }
        for term, _depth in in_tree_order(terms)
    ]
    return ui.page(
        "kb/edit.html", status=status, article=article, values=values, errors=errors or {}, topics=options,
        departments=writing_departments(db, me.grants), theirs=theirs or [], address=address,
        languages=sorted(LANGUAGES, key=lambda lang: lang != ui.lang),
    )  # fmt: skip


def _both(article: Article, mine: dict[str, dict[str, str]]) -> list[dict[str, Any]]:
    """Each part that differs: what is saved now, and what the second editor wrote."""
    now = article.texts or {article.language: {"title": article.title, "body": article.body}}
    return [
        {
            "name": NAMES[f"{part}_{lang}"],
            "saved": now.get(lang, {}).get(part, ""),
            "pieces": shortened(word_diff(now.get(lang, {}).get(part, ""), mine[lang][part])),
        }
        for lang in LANGUAGES
        for part in ("title", "body")
        if now.get(lang, {}).get(part, "") != mine[lang][part]
    ]


def _changes(earlier: Revision | None, shown: Revision) -> list[dict[str, Any]]:
    """Title and text by language as pieces, only what changed; everything for the first revision."""
    before = _texts_of(earlier) if earlier else {}
    after = _texts_of(shown)
    names: list[str] = [name for name in NAMES if name in after or name in before]
    return [
        {"name": NAMES[name], "pieces": shortened(word_diff(before.get(name, ""), after.get(name, "")))}
        for name in names
        if before.get(name, "") != after.get(name, "")
    ]


NAMES: dict[str, Message] = {
    "title_ru": _("Title in Russian"),
    "body_ru": _("Text in Russian"),
    "title_en": _("Title in English"),
    "body_en": _("Text in English"),
    "title": _("Title"),
    "body": _("Text"),
}


def _texts_of(kept: Revision) -> dict[str, str]:
    if not kept.texts:
        return {"title": kept.title, "body": kept.body}
    return {f"{part}_{lang}": text.get(part, "") for lang, text in kept.texts.items() for part in ("title", "body")}


def _authors(db: Session, kept: list[Revision]) -> dict[int, Person]:
    ids = {one.author_id for one in kept if one.author_id is not None}
    return {p.id: p for p in db.query(Person).where(Person.id.in_(ids))} if ids else {}


def _below(chosen: Term, terms: list[Term]) -> list[Term]:
    by_id = {term.id: term for term in terms}
    return [term for term in terms if chosen in path_of(term, by_id)]
