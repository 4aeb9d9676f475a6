"""A reader's question to the index, and what of the answer passes the door: one way for screens and for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from acm.pages.models import Page
from acm.pages.visibility import reader_tokens, visible
from acm.people.models import Person
from acm.people.rights import Grants
from acm.search.backends import SearchBackend
from acm.search.documents import KINDS, MINE, Answer, Group, Hit, Query
from acm.search.question import LONGEST_QUESTION
from acm.taxonomy.models import Term

LARGEST_PAGE = 200
LAST_OFFSET = 10_000
CHOICES = (*KINDS, MINE)
FACETS = ("department", "type", "state", "service", "term")
UPDATED = {"month": timedelta(days=30), "year": timedelta(days=365)}

Subject = Page | Person | Term


@dataclass(frozen=True)
class Found:
    """A hit and the thing itself, which passed the door in this very request."""

    hit: Hit
    subject: Subject
    kind: str


@dataclass(frozen=True)
class Results:
    """An answer whose every hit may be shown; totals are without those that the door held back."""

    answer: Answer
    groups: Sequence[tuple[Group, Sequence[Found]]]
    hits: Sequence[Found]
    total: int


@dataclass(frozen=True)
class Wish:
    """What a reader chose on the page: unknown values are left out, so that no address is an error."""

    text: str = ""
    kind: str = ""
    facets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    updated: str = ""
    exact: bool = False
    limit: int = 0
    offset: int = 0

    def query(self, grants: Grants, lang: str, now: datetime, *, per_group: int = 5) -> Query:
        return Query(
            text=self.text[: LONGEST_QUESTION * 2],
            tokens=reader_tokens(grants),
            kinds=frozenset({self.kind}) if self.kind in CHOICES else frozenset(),
            facets={name: values for name, values in self.facets.items() if name in FACETS and values},
            since=now - UPDATED[self.updated] if self.updated in UPDATED else None,
            recent=tuple(now - span for span in UPDATED.values()),
            lang=lang,
            limit=max(0, min(self.limit, LARGEST_PAGE)),
            offset=max(0, min(self.offset, LAST_OFFSET)),
            per_group=per_group,
            mine=str(grants.person_id),
            exact=self.exact,
        )


def ask(session: Session, backend: SearchBackend, grants: Grants, query: Query) -> Results:
    """Ask the index and pass every hit through the door once more."""
    answer = backend.query(query)
    hits = [*answer.hits, *(hit for group in answer.groups for hit in group.hits)]
    subjects = _subjects(session, grants, hits)
    held_back = {hit.key for hit in hits} - subjects.keys()
    groups = _passed(answer.groups, subjects)
    shown = [Found(hit, subjects[hit.key], _kind(hit, subjects, grants)) for hit in answer.hits if hit.key in subjects]
    lost = {hit.key for hit in hits if hit.key in held_back and (not query.kinds or _chosen(hit, query))}
    kinds = dict(answer.kinds)
    for group in answer.groups:
        kinds[group.kind] = max(0, kinds[group.kind] - sum(hit.key in held_back for hit in group.hits))
    return Results(replace(answer, kinds=kinds), groups, shown, max(0, answer.total - len(lost)))


def suggest(
    session: Session, backend: SearchBackend, grants: Grants, text: str, lang: str, *, limit: int = 5
) -> Sequence[tuple[Group, Sequence[Found]]]:
    """Quick hits by group, each through the door."""
    tokens, mine = reader_tokens(grants), str(grants.person_id)
    groups = backend.suggest(text[:LONGEST_QUESTION], tokens, limit=limit, lang=lang, mine=mine)
    return _passed(groups, _subjects(session, grants, [hit for group in groups for hit in group.hits]))


def _passed(groups: Iterable[Group], subjects: Mapping[str, Subject]) -> list[tuple[Group, Sequence[Found]]]:
    passed: list[tuple[Group, Sequence[Found]]] = []
    for group in groups:
        found = [Found(hit, subjects[hit.key], group.kind) for hit in group.hits if hit.key in subjects]
        if found:
            passed.append((replace(group, total=group.total - len(group.hits) + len(found)), found))
    return passed


def _subjects(session: Session, grants: Grants, hits: Sequence[Hit]) -> dict[str, Subject]:
    """The things behind hits that this reader may see now: one statement for each sort."""
    ids: dict[str, set[int]] = {}
    for hit in hits:
        ids.setdefault(hit.key.partition(":")[0], set()).add(hit.id)
    found: dict[str, Subject] = {}
    if pages := ids.get("page"):
        loaded = joinedload(Page.type_version), joinedload(Page.department), joinedload(Page.group)
        people = joinedload(Page.owner), joinedload(Page.requester)
        statement: Select[Page] = visible(grants).where(Page.id.in_(pages)).options(*loaded, *people)
        found |= {f"page:{page.id}": page for page in session.scalars(statement).unique()}
    if persons := ids.get("person"):
        who = select(Person).options(joinedload(Person.department), joinedload(Person.branch))
        who = who.where(Person.id.in_(persons), Person.active, Person.login.is_not(None))
        found |= {f"person:{person.id}": person for person in session.scalars(who)}
    if terms := ids.get("term"):
        values = select(Term).options(joinedload(Term.vocabulary)).where(Term.id.in_(terms))
        found |= {f"term:{term.id}": term for term in session.scalars(values)}
    return found


def _kind(hit: Hit, subjects: Mapping[str, Subject], grants: Grants) -> str:
    page = subjects[hit.key]
    if hit.kind == "case" and isinstance(page, Page):
        return MINE if grants.person_id in (page.requester_id, page.beneficiary_id) else "case"
    return hit.kind


def _chosen(hit: Hit, query: Query) -> bool:
    return hit.kind in query.kinds or (hit.kind == "case" and MINE in query.kinds)
