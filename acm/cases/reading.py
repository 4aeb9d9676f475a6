"""Everything the page of a case shows, read in a handful of statements, whatever hangs on it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Integer, Select, String, bindparam, cast, literal, null, select, union_all
from sqlalchemy.orm import Session, joinedload

from acm.cases.models import MOVES, Approval, Case
from acm.i18n import Message, _
from acm.journal import Event
from acm.pages.comments import comments_of
from acm.pages.files import by_comment, files_of
from acm.pages.links import LINK_KINDS
from acm.pages.models import Comment, Draft, Favourite, File, Link, Page, PagePerson
from acm.pages.showing import single_values
from acm.pages.types import FieldKind
from acm.pages.visibility import inside, through, visible
from acm.people.models import Person
from acm.people.rights import Grants

TOLD = (*sorted(MOVES), "approval.decided", "approval.asked")
MOST_EVENTS = 500


@dataclass(frozen=True)
class Step:
    """A step of approval with its approver."""

    step: int
    role: str
    state: str
    comment: str
    asked_at: datetime | None
    decided_at: datetime | None
    approver: Person | None


@dataclass
class Parts:
    """Who has a part in a case: by role, the steps of approval, whose favourite it is."""

    people: dict[str, list[Person]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    kept_by: set[int] = field(default_factory=set)
    draft: dict[str, Any] = field(default_factory=dict)

    def has(self, role: str, person_id: int) -> bool:
        return any(person.id == person_id for person in self.people.get(role, ()))


@dataclass(frozen=True)
class Relative:
    """Another page that belongs to a case: its service, parent, child, or the end of a link."""

    how: str
    words: Message | None
    number: str
    title: str
    kind: str
    slug: str | None
    is_open: bool
    link_id: int | None = None
    texts: Mapping[str, Any] = field(default_factory=dict)

    def title_in(self, lang: str) -> str:
        """The title in the reader's language, where it is translated."""
        said = self.texts.get(lang) or {}
        return str(said.get("title") or self.title)

    @property
    def href(self) -> str:
        if self.kind == "service" and self.slug:
            return f"/services/{self.slug}"
        return f"/pages/{self.number}"


@dataclass(frozen=True)
class Line:
    """A line of the talk: a comment with its files, or something that happened."""

    at: datetime
    id: str
    comment: Comment | None = None
    files: Sequence[File] = ()
    text: Message | None = None
    icon: str = "swap"


def case_of(session: Session, grants: Grants, number: str) -> Case | None:
    """A visible case with everybody its page names, in one statement; None when there is none for this person."""
    return session.scalars(_whole(grants), {"number": number.upper()}).unique().first()


@lru_cache(maxsize=100)
def _whole(grants: Grants) -> Select[Case]:
    statement = visible(grants, Case).where(Case.number == bindparam("number"))
    people = (Case.owner, Case.requester, Case.beneficiary, Case.department, Case.branch, Case.group)
    versions = (Case.type_version, Case.form_version)
    return statement.options(*(joinedload(part) for part in (*people, *versions)))


def events_of(session: Session, case: Case) -> list[tuple[Event, Person | None]]:
    """The opening, the moves and the files of a case with those who made them, in order."""
    return [(event, actor) for event, actor in session.execute(_happened(), {"case": case.id})]


@cache
def _happened() -> Select[Event, Person]:
    statement = select(Event, Person).outerjoin(Person, Person.id == Event.actor_id)
    wanted = Event.kind.in_(("case.opened", "file.added", *TOLD))
    return inside(statement.where(Event.page_id == bindparam("case"), wanted).order_by(Event.id).limit(MOST_EVENTS))


def entered_of(case: Case, events: Sequence[tuple[Event, Person | None]]) -> dict[str, datetime]:
    """When each stage was entered first."""
    definition, found = case.case_type, dict[str, datetime]()
    for event, _actor in events:
        if event.kind == "case.opened" or event.kind in MOVES:
            state = str(event.data.get("to") or event.data.get("state") or definition.initial)
            found.setdefault(definition.state(state).stage, event.at)
    return found


def talk_of(
    session: Session,
    case: Case,
    grants: Grants,
    lang: str,
    events: Sequence[tuple[Event, Person | None]],
    *,
    told: bool = True,
) -> tuple[list[Line], list[File]]:
    """Comments and moves as one line of time, unless not ``told``, and all files this person may see."""
    files = files_of(session, case, grants) if _has_files(case, events) else []
    if not told:
        return [], files
    attached = by_comment(files)
    lines = [
        Line(c.at, f"c{c.id}", comment=c, files=attached.get(c.id, ())) for c in comments_of(session, case, grants)
    ]
    for event, actor in events:
        if event.kind in TOLD:
            name = actor.name_in(lang) if actor else ""
            lines.append(Line(event.at, f"e{event.id}", text=_said(case, event, name), icon=_icon(event)))
    return sorted(lines, key=lambda line: line.at), files


def _has_files(case: Case, events: Sequence[tuple[Event, Person | None]]) -> bool:
    """Whether the journal or the form speaks of files at all; most cases have none and need no look."""
    asked = any(one.kind is FieldKind.FILE for one, _value in single_values(case.form, case.fields))
    return asked or len(events) == MOST_EVENTS or any(event.kind == "file.added" for event, _actor in events)


def draft_key(case: Case) -> str:
    """Under which key an answer that is not sent yet is kept."""
    return f"case:{case.id}"


def parts_of(session: Session, case: Case, reader: int) -> Parts:
    """Participants, watchers, favourites, approval steps and the reader's own draft in one statement."""
    asked = {"case": case.id, "reader": reader, "draft": draft_key(case)}
    found = Parts()
    for person_id, role, step, state, comment, asked_at, decided_at, person in session.execute(_parts(), asked):
        if step is not None:
            found.steps.append(Step(step, role, state, comment, asked_at, decided_at, person))
        elif role == "kept":
            found.kept_by.add(person_id)
        elif role == "draft":
            found.draft = json.loads(comment)
        elif person is not None:
            found.people.setdefault(role, []).append(person)
    found.steps.sort(key=lambda one: one.step)
    return found


@cache
def _parts() -> Select[Any]:
    nothing: Any = null()
    text = cast(nothing, String)
    people = select(
        PagePerson.person_id.label("person_id"), PagePerson.role.label("role"), cast(nothing, Approval.step.type).label("step"),
        text.label("state"), text.label("comment"), cast(nothing, Approval.asked_at.type).label("asked_at"),
        cast(nothing, Approval.asked_at.type).label("decided_at"),
    ).where(PagePerson.page_id == bindparam("case"))  # fmt: skip
    kept = select(Favourite.person_id, literal("kept"), nothing, nothing, nothing, nothing, nothing)
    steps = select(
        Approval.approver_id, Approval.role, Approval.step, Approval.state, Approval.comment, Approval.asked_at, Approval.decided_at
    ).where(Approval.page_id == bindparam("case"))  # fmt: skip
    draft = select(Draft.person_id, literal("draft"), nothing, nothing, cast(Draft.data, String), nothing, nothing)
    mine = draft.where(Draft.person_id == bindparam("reader"), Draft.key == bindparam("draft"))
    part = union_all(people, kept.where(Favourite.page_id == bindparam("case")), steps, mine).subquery("part")
    statement: Select[Any] = select(part, Person).outerjoin(Person, Person.id == part.c.person_id)
    return inside(statement)


def relatives_of(session: Session, case: Case, grants: Grants) -> list[Relative]:
    """Service, parent, children and linked pages that this person may see, in one statement."""
    asked = {"case": case.id, "service": case.service_id, "parent": case.parent_id}
    found = []
    for id_, number, title, kind, slug, is_open, parent_id, link_id, link, source_id, texts in session.execute(
        _relatives(grants), asked
    ):
        about = (number, title, kind, slug, is_open)
        if id_ == case.service_id and link_id is None:
            found.append(Relative("service", None, *about, texts=texts))
        if id_ == case.parent_id:
            found.append(Relative("parent", _("part of"), *about, texts=texts))
        if parent_id == case.id:
            found.append(Relative("child", _("part"), *about, texts=texts))
        if link_id is not None:
            found.append(Relative("link", LINK_KINDS[link][0 if source_id == case.id else 1], *about, link_id, texts))
    return found


@lru_cache(maxsize=100)
def _relatives(grants: Grants) -> Select[Any]:
    outward = select(Link.target_id.label("page_id"), Link.id, Link.kind, Link.source_id).where(
        Link.source_id == bindparam("case")
    )
    inward = select(Link.source_id, Link.id, Link.kind, Link.source_id).where(Link.target_id == bindparam("case"))
    links = union_all(outward, inward).subquery()
    above = select(Page.id).where(
        Page.id.in_([bindparam("service", type_=Integer()), bindparam("parent", type_=Integer())])
    )
    below = select(Page.id).where(Page.parent_id == bindparam("case"))
    near = union_all(above, below, select(links.c.page_id))
    statement = (
        select(
            Page.id, Page.number, Page.title, Page.kind, Page.slug, Page.is_open, Page.parent_id,
            links.c.id, links.c.kind, links.c.source_id, Page.texts,
        )
        .outerjoin(links, links.c.page_id == Page.id)
        .where(Page.id.in_(near))
        .order_by(Page.id)
    )  # fmt: skip
    return through(statement, grants)


def _said(case: Case, event: Event, actor: str) -> Message:
    if event.kind == "approval.decided":
        approved = event.data.get("decision") == "approved"
        return _("%(actor)s approved", actor=actor) if approved else _("%(actor)s refused", actor=actor)
    if event.kind == "approval.asked":
        return _("%(actor)s asked before deciding", actor=actor)
    state = dict(case.case_type.state(str(event.data.get("to", ""))).names)
    if not actor:
        return _("Now “%(state)s”", state=state)
    return _("%(actor)s: now “%(state)s”", actor=actor, state=state)


def _icon(event: Event) -> str:
    if event.kind in ("case.resolved", "case.closed"):
        return "check"
    return "x" if event.kind in ("case.rejected", "case.cancelled") else "swap"
