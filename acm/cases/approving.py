"""Approving: steps in order, one asked at a time. Each decision is an event, the requester hears of it.

States of a step: ``waiting`` (its turn has not come), ``pending``, ``asked`` (the approver asked the requester
something), ``approved``, ``rejected``, ``skipped``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from acm.cases.models import Approval, Case
from acm.errors import Conflict, Forbidden, Invalid, NotFound
from acm.i18n import _
from acm.journal import Origin
from acm.pages.comments import add_comment
from acm.pages.people import take_part
from acm.pages.types import State, StateCategory
from acm.pages.visibility import inside, through, visible_page
from acm.people.models import Person
from acm.people.rights import Grants

OPEN = ("pending", "asked")
BETWEEN = "approval"
"""The fact of a case that was stopped at work: ``then`` and ``back`` are the states where it goes on."""
VIEWS = {"waiting": ("pending",), "asked": ("asked",), "decided": ("approved", "rejected")}


def start_step(session: Session, case: Case, approval: Approval, origin: Origin) -> None:
    """Ask the approver of a step: they take part from now on and are told."""
    approval.state, approval.asked_at = "pending", origin.at
    if approval.approver_id is not None:
        approver = session.get_one(Person, approval.approver_id)
        take_part(session, case, approver, "approver", origin)
    case.record("approval.requested", origin, _facts(approval))


def ask_steps(session: Session, case: Case, approvers: Sequence[tuple[str, int | None]], origin: Origin) -> None:
    """Write further steps, each ``(role, person's id)``, and ask the first; one that nobody can take is skipped."""
    before = session.scalar(inside(select(func.max(Approval.step)).where(Approval.page_id == case.id))) or 0
    rows = [
        Approval(page_id=case.id, step=number, role=role, approver_id=who, state="waiting" if who else "skipped")
        for number, (role, who) in enumerate(approvers, before + 1)
    ]
    session.add_all(rows)
    first = next((row for row in rows if row.state == "waiting"), None)
    if first is not None:
        start_step(session, case, first, origin)


def ask_in_between(
    session: Session, case: Case, approvers: Sequence[tuple[str, int | None]], origin: Origin, *, then: str, back: str
) -> None:
    """Stop a case that is at work for further approvers: it goes to the state ``then`` when all have approved, to
    ``back`` when one refuses."""
    waiting = case.case_type.state_in(StateCategory.APPROVAL)
    if waiting is None:
        raise Conflict("Cases of this type have no state of approval")
    case.facts = {**case.facts, BETWEEN: {"then": then, "back": back}}
    case.enter(waiting, origin)
    ask_steps(session, case, approvers, origin)


def decide(
    session: Session,
    case: Case,
    approval: Approval,
    decision: str,
    origin: Origin,
    *,
    grants: Grants,
    comment: str = "",
) -> None:
    """Approve, reject or ask. Refusing and asking need a comment; only the approver of the step may decide."""
    if approval.approver_id != grants.person_id:
        raise Forbidden("Only the approver of this step may decide")
    if approval.state not in OPEN:
        raise Conflict("This step is decided already")
    if decision not in ("approve", "reject", "ask"):
        raise Invalid({"decision": [_("Choose one of the offered values")]})
    if decision != "approve" and not comment.strip():
        raise Invalid({"comment": [_("Say why, in a few words")]})
    approval.comment = comment.strip()
    if decision == "ask":
        approval.state = "asked"
        case.record("approval.asked", origin, _facts(approval))
        add_comment(session, case, comment, origin)
        return
    approval.state = "approved" if decision == "approve" else "rejected"
    approval.decided_at = origin.at
    case.record(
        "approval.decided", origin, {**_facts(approval), "decision": approval.state, "comment": approval.comment}
    )
    if decision == "approve":
        _go_on(session, case, origin)
    else:
        _refuse(case, origin)


def answered(session: Session, case: Case, origin: Origin) -> bool:
    """The requester wrote: a step that asked waits for its decision again."""
    asked = [step for step in case.approvals() if step.state == "asked"]
    for step in asked:
        step.state = "pending"
        case.record("approval.requested", origin, _facts(step))
    return bool(asked)


def _go_on(session: Session, case: Case, origin: Origin) -> None:
    following = next((step for step in case.approvals() if step.state == "waiting"), None)
    if following is not None:
        start_step(session, case, following, origin)
    elif case.current.category is StateCategory.APPROVAL:
        case.enter(_leave(case, "then") or case.case_type.state(case.case_type.initial), origin)


def _refuse(case: Case, origin: Origin) -> None:
    for step in case.approvals():
        if step.state == "waiting":
            step.state = "skipped"
    after = _leave(case, "back") or case.case_type.state_in(StateCategory.REJECTED)
    if after is not None:
        case.enter(after, origin)


def _leave(case: Case, way: str) -> State | None:
    """Where a case goes on that was stopped for approvers in between; None for one that had not begun."""
    facts = dict(case.facts)
    key = facts.pop(BETWEEN, {}).get(way)
    case.facts = facts
    return next((state for state in case.case_type.states if state.key == key), None)


def _facts(approval: Approval) -> dict[str, object]:
    return {"step": approval.step, "role": approval.role, "approver": approval.approver_id}


@dataclass(frozen=True)
class Asked:
    """A step of somebody's approvals, with the case it is about."""

    approval: Approval
    case: Case


def approvals_of(session: Session, grants: Grants, view: str = "waiting", *, limit: int = 100) -> list[Asked]:
    """A person's steps: those that wait for a decision by due date, those decided with the latest first."""
    statement = (
        select(Approval, Case)
        .join(Case, Case.id == Approval.page_id)
        .options(joinedload(Case.requester), joinedload(Case.type_version))
        .where(Approval.approver_id == grants.person_id, Approval.state.in_(VIEWS.get(view, VIEWS["waiting"])))
    )
    order = Approval.decided_at.desc() if view == "decided" else Approval.asked_at
    rows = session.execute(through(statement, grants).order_by(order, Approval.id).limit(limit)).unique()
    return [Asked(approval, case) for approval, case in rows]


def counts_of(session: Session, grants: Grants) -> dict[str, int]:
    """How many steps stand in each view, in one statement."""
    statement = select(Approval.state, func.count()).join(Case, Case.id == Approval.page_id).group_by(Approval.state)
    rows = {
        row[0]: row[1]
        for row in session.execute(through(statement.where(Approval.approver_id == grants.person_id), grants))
    }
    return {view: sum(rows.get(state, 0) for state in states) for view, states in VIEWS.items()}


def approval_for(session: Session, grants: Grants, approval_id: int, *, lock: bool = False) -> Asked:
    """One step of this person, through the door; :class:`NotFound` otherwise."""
    statement = select(Approval).where(Approval.id == approval_id, Approval.approver_id == grants.person_id)
    approval = session.scalars(inside(statement)).first()
    if approval is None:
        raise NotFound()
    number = session.scalar(inside(select(Case.number).where(Case.id == approval.page_id)))
    case = visible_page(session, grants, str(number), Case, lock=lock)
    if lock:
        session.refresh(approval, with_for_update=True)
    return Asked(approval, case)
