"""The requester's side of a case: where it is, the talk, and what the requester may do. Nothing internal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, func, or_, select, union
from sqlalchemy import case as sql_case
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from acm.cases.approving import answered
from acm.cases.models import Case
from acm.cases.track import Track, pending_approvers, stages_entered, track
from acm.errors import Conflict, Forbidden, NotFound
from acm.journal import Origin
from acm.pages.comments import add_comment
from acm.pages.models import Comment
from acm.pages.types import ENDED, CaseType, StateCategory
from acm.pages.visibility import through, visible
from acm.people.models import Person
from acm.people.rights import Grants, may

UNFINISHED = tuple(sorted(set(StateCategory) - ENDED))
MOST_COUNTED = 50
WITHDRAWABLE = frozenset({StateCategory.NEW, StateCategory.APPROVAL, StateCategory.ACTIVE, StateCategory.WAITING})


@dataclass(frozen=True)
class MyRequest:
    """A request on a card: the case, its Track, and whether it waits for me."""

    case: Case
    track: Track
    needs_me: bool


def my_requests(
    session: Session, grants: Grants, lang: str, now: datetime, *, limit: int, before: datetime | None = None
) -> list[MyRequest]:
    """What I asked for, or what was asked for me, the latest first."""
    asked = [Case.opened_at < before] if before is not None else []
    statement = visible(grants, Case).where(Case.id.in_(_mine(grants, limit, asked))).options(*_loaded())
    cases = session.scalars(statement.order_by(Case.opened_at.desc()).limit(limit)).unique().all()
    return _told(session, cases, grants, lang, now)


def open_requests(
    session: Session, grants: Grants, lang: str, now: datetime, *, limit: int
) -> tuple[list[MyRequest], int]:
    """What is not over yet: first what waits for me, then the latest; and how many are in work, among the latest
    fifty of each kind."""
    ids = _mine(grants, MOST_COUNTED, [Case.category.in_(UNFINISHED)], [Case.category == "waiting"])
    waiting = sql_case((Case.category == "waiting", 0), else_=1)
    working = func.sum(sql_case((Case.is_open.is_(True), 1), else_=0)).over()
    statement = through(select(Case, working), grants).where(Case.id.in_(ids)).options(*_loaded())
    rows = session.execute(statement.order_by(waiting, Case.opened_at.desc()).limit(limit)).unique().all()
    return _told(session, [row[0] for row in rows], grants, lang, now), rows[0][1] if rows else 0


def _mine(grants: Grants, limit: int, *either: list[ColumnElement[bool]]) -> CompoundSelect[Any]:
    """The latest of my requests, of each of these kinds: four short walks along an index, however many there are."""
    walks = (
        select(Case.id).where(who == grants.person_id, Case.kind == "case", own_request(), *asked)
        .order_by(Case.opened_at.desc()).limit(limit).subquery()
        for asked in either
        for who in (Case.requester_id, Case.beneficiary_id)
    )  # fmt: skip
    return union(*(select(walk.c.id) for walk in walks))


def _told(session: Session, cases: Sequence[Case], grants: Grants, lang: str, now: datetime) -> list[MyRequest]:
    approvers = pending_approvers(session, cases)
    return [
        MyRequest(case, track(case, lang, now, approver=approvers.get(case.id)), needs_requester(case, grants))
        for case in cases
    ]


def request_of(session: Session, grants: Grants, number: str) -> Case:
    """A visible request with all that its page names, in one statement; :class:`NotFound` like the door."""
    statement = visible(grants, Case).where(Case.number == number.upper())
    request = session.scalars(statement.options(*_loaded(), joinedload(Case.form_version))).first()
    if request is None:
        raise NotFound()
    return request


def count_mine(session: Session, grants: Grants) -> int:
    """How many of my requests are open."""
    mine = or_(Case.requester_id == grants.person_id, Case.beneficiary_id == grants.person_id)
    statement = select(func.count()).select_from(Case).where(mine, Case.is_open.is_(True))
    return session.scalar(through(statement.where(own_request()), grants)) or 0


def own_request() -> ColumnElement[bool]:
    """What stands in a list for itself: not a part of an order, unless it waits for the requester's answer."""
    return or_(Case.facts["part"].as_string().is_(None), Case.category == "waiting")


def full_track(session: Session, case: Case, lang: str, now: datetime) -> Track:
    """The Track of one request with the days on which its stages began."""
    entered = stages_entered(session, [case])
    approvers = pending_approvers(session, [case])
    return track(case, lang, now, entered=entered[case.id], approver=approvers.get(case.id))


def needs_requester(case: Case, grants: Grants) -> bool:
    """Whether the next step is this person's, as the requester."""
    return case.current.category is StateCategory.WAITING and grants.person_id in (
        case.requester_id,
        case.beneficiary_id,
    )


def answer(session: Session, case: Case, body: str, origin: Origin, by: Person) -> Comment:
    """The requester writes: what waited for them goes on, an approver who asked decides again."""
    comment = add_comment(session, case, body, origin)
    if by.id in (case.requester_id, case.beneficiary_id):
        answered(session, case, origin)
        waited = case.current.category is StateCategory.WAITING and case.is_served
        if waited and (target := _after_answer(case)):
            case.move(target, origin, by="requester")
    return comment


def withdraw(session: Session, case: Case, origin: Origin, grants: Grants, *, reason: str = "") -> None:
    """The requester takes the request back, while nobody has finished it."""
    if not may(grants, "request.cancel", case):
        raise Forbidden()
    cancelled = case.case_type.state_in(StateCategory.CANCELLED)
    if case.current.category not in WITHDRAWABLE or cancelled is None:
        raise Conflict("This request is finished already")
    for step in case.approvals():
        if step.state in ("waiting", "pending", "asked"):
            step.state = "skipped"
    if reason:
        add_comment(session, case, reason, origin)
    case.enter(cancelled, origin)


def may_reopen(case: Case, now: datetime, days: int) -> bool:
    """Whether the term to say "it did not help" still runs."""
    return (
        case.current.category is StateCategory.RESOLVED
        and case.resolved_at is not None
        and now - case.resolved_at <= timedelta(days=days)
    )


def reopen(session: Session, case: Case, origin: Origin, grants: Grants, *, reason: str, days: int) -> None:
    """It did not help: back into work, with the reason as a comment. :class:`Conflict` when the term is over."""
    if not may(grants, "request.reopen", case):
        raise Forbidden()
    if not may_reopen(case, origin.at, days):
        raise Conflict("The time to reopen this request is over: file a new one")
    add_comment(session, case, reason, origin)
    target = case.case_type.state_in(StateCategory.ACTIVE) or case.case_type.state(case.case_type.initial)
    case.enter(target, origin)


def accept(case: Case, origin: Origin, grants: Grants) -> None:
    """It helped: the request is closed."""
    if not may(grants, "request.reopen", case):
        raise Forbidden()
    closed = case.case_type.state_in(StateCategory.CLOSED)
    if case.current.category is not StateCategory.RESOLVED or closed is None:
        raise Conflict("There is nothing to confirm")
    case.enter(closed, origin)


def _after_answer(case: Case) -> str | None:
    definition: CaseType = case.case_type
    for move in definition.moves_from(case.state):
        if move.by == "requester" and definition.state(move.target).category in (
            StateCategory.ACTIVE,
            StateCategory.NEW,
        ):
            return move.target
    return None


def _loaded() -> tuple[ORMOption, ...]:
    return (
        joinedload(Case.type_version),
        joinedload(Case.owner),
        joinedload(Case.requester),
        joinedload(Case.group),
        joinedload(Case.department),
    )
