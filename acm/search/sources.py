"""Pages, people and terms as documents. What is read here is seen by nobody but the index."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, selectinload

from acm.db import Database
from acm.pages.models import Comment, Page, PageAudience, PageGroup, PagePerson, PageTerm
from acm.pages.types import FieldKind
from acm.pages.visibility import internal_tokens, page_tokens, unrestricted
from acm.people.models import Person
from acm.search.documents import KINDS, REQUESTER, Change, Document, Kind, Removed
from acm.taxonomy.models import Term
from acm.web.markdown import plain

CHUNK = 200
LONGEST_TALK = 20_000

BOOSTS = {"service": 1.5, "article": 1.2}
OLD_BOOST = 0.8

_READ = {FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.EMAIL, FieldKind.PHONE, FieldKind.URL}

Source = Callable[[Session, Collection[int]], list[Change]]


def page_documents(session: Session, ids: Collection[int]) -> list[Change]:
    """Documents of pages; those that are gone are removed. Seven statements, whatever the number of pages."""
    statement = (
        select(Page)
        .options(selectinload(Page.type_version), selectinload(Page.form_version))
        .where(Page.id.in_(ids))
        .execution_options(populate_existing=True)
    )
    pages = list(session.scalars(unrestricted(statement, "indexer")))
    people = _by_page(session, select(PagePerson.page_id, PagePerson.person_id).where(PagePerson.page_id.in_(ids)))
    groups = _by_page(session, select(PageGroup.page_id, PageGroup.group_id).where(PageGroup.page_id.in_(ids)))
    audience = _by_page(session, select(PageAudience.page_id, PageAudience.token).where(PageAudience.page_id.in_(ids)))
    terms = _by_page(session, select(PageTerm.page_id, PageTerm.term_id).where(PageTerm.page_id.in_(ids)))
    talk = _talk(session, ids)
    found: list[Change] = [
        _page_document(
            page,
            tokens=page_tokens(
                page, people.get(page.id, set()), groups.get(page.id, set()), audience.get(page.id, set())
            ),
            inner=internal_tokens(page),
            terms=terms.get(page.id, set()),
            talk=talk.get(page.id, {}),
        )
        for page in pages
    ]
    return [*found, *_gone("page", ids, {page.id for page in pages})]


def person_documents(session: Session, ids: Collection[int]) -> list[Change]:
    """Documents of people who are here and have a login: colleagues may find each other."""
    statement = (
        select(Person)
        .options(selectinload(Person.department), selectinload(Person.branch))
        .where(Person.id.in_(ids), Person.active, Person.login.is_not(None))
        .execution_options(populate_existing=True)
    )
    people = list(session.scalars(statement))
    return [*map(_person_document, people), *_gone("person", ids, {person.id for person in people})]


def term_documents(session: Session, ids: Collection[int]) -> list[Change]:
    """Documents of terms; a merged one is found as the term that took its place."""
    statement = select(Term).where(Term.id.in_(ids), Term.merged_into_id.is_(None))
    terms = list(session.scalars(statement.execution_options(populate_existing=True)))
    found: list[Change] = [
        Document(
            id=term.id,
            kind="term",
            key=f"term:{term.id}",
            tokens=frozenset({"all"}),
            titles=term.names,
            bodies={lang: plain(text, None) for lang, text in term.descriptions.items()},
        )
        for term in terms
    ]
    return [*found, *_gone("term", ids, {term.id for term in terms})]


SOURCES: Mapping[str, tuple[Any, Source]] = {
    "page": (Page, page_documents),
    "person": (Person, person_documents),
    "term": (Term, term_documents),
}


def everything(db: Database) -> Iterator[Document]:
    """Every document there is, in chunks with a read transaction each; services and people first."""
    for model, source in (SOURCES["person"], SOURCES["term"], SOURCES["page"]):
        last = 0
        while True:
            with db.reading() as session:
                statement = unrestricted(select(model.id), "indexer").where(model.id > last)
                ids = list(session.scalars(statement.order_by(model.id).limit(CHUNK)))
                documents = source(session, ids) if ids else []
            if not ids:
                break
            yield from (document for document in documents if isinstance(document, Document))
            last = ids[-1]


def count(db: Database) -> int:
    """About how many documents :func:`everything` will give."""
    with db.reading() as session:
        models = (Person, Term, Page)
        return sum(
            session.execute(unrestricted(select(func.count()).select_from(model), "indexer")).scalar_one()
            for model in models
        )


def _page_document(
    page: Page, *, tokens: frozenset[str], inner: frozenset[str], terms: set[Any], talk: Mapping[str, str]
) -> Document:
    texts = page.texts or {page.language: {"title": page.title, "body": page.body}}
    answers, internal_answers = _answers(page)
    bodies = {lang: plain(str(text.get("body", "")), None) for lang, text in texts.items()}
    if answers:
        bodies[page.language] = f"{bodies.get(page.language, '')}\n{answers}".strip()
    return Document(
        id=page.id,
        kind=_kind(page.kind),
        key=f"page:{page.id}",
        tokens=tokens,
        number=page.number,
        titles={lang: str(text.get("title", "")) for lang, text in texts.items()},
        bodies=bodies,
        keywords=_synonyms(page.fields.get("synonyms")) | _marked(page),
        comments=talk.get("all", ""),
        internal="\n".join(text for text in (talk.get("internal", ""), internal_answers) if text),
        internal_tokens=inner,
        facets=_facets(page, terms),
        at=page.updated_at,
        boost=BOOSTS.get(page.kind, 1.0 if page.is_open else OLD_BOOST),
    )


def _answers(page: Page) -> tuple[str, str]:
    """What was written into the form, in words: for everyone, and in internal fields."""
    public: list[str] = []
    internal: list[str] = []
    for field in page.form if page.kind != "service" else ():
        value = page.fields.get(field.key)
        if field.kind in _READ and isinstance(value, str) and value.strip():
            (internal if field.internal else public).append(value)
    return "\n".join(public), "\n".join(internal)


def _marked(page: Page) -> dict[str, list[str]]:
    """Values that find their page as its number does."""
    values = (page.fields.get(field.key) for field in page.form if field.searched and not field.internal)
    found = [str(value) for value in values if isinstance(value, (str, int)) and not isinstance(value, bool)]
    return {"": found} if found else {}


def _facets(page: Page, terms: set[Any]) -> dict[str, list[str]]:
    facets: dict[str, list[str]] = {"type": [page.type]}
    if page.kind == "case":
        people = {page.requester_id, page.beneficiary_id} - {None}
        facets |= {"state": [page.state], REQUESTER: sorted(map(str, people))}
    if page.department_id is not None:
        facets["department"] = [str(page.department_id)]
    if page.service_id is not None:
        facets["service"] = [str(page.service_id)]
    if terms:
        facets["term"] = sorted(map(str, terms))
    return facets


def _person_document(person: Person) -> Document:
    names = {"ru": " ".join(part for part in (person.given, person.middle, person.family) if part) or person.name}
    if person.latin:
        names["en"] = person.latin
    places = [place for place in (person.department, person.branch) if place]
    langs = {*names, *person.position, *(lang for place in places for lang in place.names)}
    bodies = {
        lang: ", ".join(text for text in (person.position.get(lang), *(p.names.get(lang) for p in places)) if text)
        for lang in langs
    }
    keywords = [text for text in (person.login, person.email, person.phone) if text]
    return Document(
        id=person.id,
        kind="person",
        key=f"person:{person.id}",
        tokens=frozenset({"all"}),
        titles=names,
        bodies=bodies,
        keywords={"": keywords},
        facets={"department": [str(person.department_id)]} if person.department_id else {},
        at=person.created_at,
    )


def _talk(session: Session, ids: Collection[int]) -> dict[int, dict[str, str]]:
    """The comments of each page by audience, the latest first, so that a long talk loses its beginning."""
    statement = select(Comment.page_id, Comment.audience, Comment.body).where(Comment.page_id.in_(ids))
    talk: dict[int, dict[str, str]] = {}
    for page_id, audience, body in session.execute(unrestricted(statement.order_by(Comment.id.desc()), "indexer")):
        texts = talk.setdefault(page_id, {})
        said = texts.get(audience, "")
        if len(said) < LONGEST_TALK:
            texts[audience] = f"{said}\n{plain(body, None)}".strip()
    return talk


def _by_page(session: Session, statement: Select[*tuple[Any, ...]]) -> dict[int, set[Any]]:
    found: dict[int, set[Any]] = {}
    for page_id, value in session.execute(unrestricted(statement, "indexer")):
        found.setdefault(page_id, set()).add(value)
    return found


def _synonyms(given: object) -> dict[str, Sequence[str]]:
    if not isinstance(given, Mapping):
        return {}
    return {
        str(lang): [str(word) for word in words] for lang, words in given.items() if isinstance(words, (list, tuple))
    }


def _gone(kind: str, ids: Collection[int], found: set[int]) -> list[Change]:
    return [Removed(f"{kind}:{number}") for number in ids if number not in found]


def _kind(kind: str) -> Kind:
    return next((known for known in KINDS if known == kind), "page")
