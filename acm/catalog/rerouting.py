"""Approvals that a request calls for since its answers changed.

A step stands while its condition says the same of the answers as when it was decided: it is asked again when a number
in its condition has grown since, or another answer there is a different one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.cases.approving import ask_in_between
from acm.cases.models import Approval, Case
from acm.catalog.approvers import Approver, approvers, asked_steps, check_held
from acm.catalog.models import Service
from acm.engine import expr, values
from acm.journal import Event, Origin
from acm.pages.types import StateCategory
from acm.pages.visibility import inside

Changes = Mapping[str, Sequence[tuple[datetime, Any]]]
"""For each answer the moments at which it changed, with what it was before."""


def lacking(session: Session, case: Case, now: datetime) -> list[Approver]:
    """The steps of the case's service that its answers call for and that no decision covers, with who decides them.

    None for a case without a service or requester. Steps that nobody above the requester could take are left out.
    """
    wanted = select(Service).where(Service.id == case.service_id)
    service = session.scalars(inside(wanted)).first() if case.service_id else None
    if service is None or case.requester is None:
        return []
    beneficiary = case.beneficiary or case.requester
    here = now.astimezone(ZoneInfo(beneficiary.branch.timezone if beneficiary.branch else "UTC"))
    moments = {"now": here, "today": here.date()}
    people = {"requester": case.requester, "beneficiary": beneficiary}
    steps = asked_steps(service.offering, case.fields, moments=moments, **people)
    decided, changes = case.approvals(), _changes(session, case)
    steps = [one for one in steps if not any(_covers(done, one.role, one.when, case, changes) for done in decided)]
    found = approvers(session, steps, case.fields, department_id=service.department_id, **people)
    return [one for one in found if one.person is not None or not one.is_held]


def reroute(session: Session, case: Case, origin: Origin, *, then: str, back: str) -> list[Approver]:
    """Ask the steps that are lacking: the case goes to the state ``then`` when all have approved, to ``back`` when one
    refuses. Gives who is asked; when nobody is, nothing changes.

    Raises :class:`acm.catalog.approvers.NobodyApproves` where nobody is named for a role.
    """
    if case.is_done or case.current.category is StateCategory.APPROVAL:
        return []
    steps = lacking(session, case, origin.at)
    check_held(steps)
    if steps:
        ask_in_between(session, case, [step.asked for step in steps], origin, then=then, back=back)
    return steps


def _covers(step: Approval, role: str, condition: str, case: Case, changes: Changes) -> bool:
    """Whether a step that was asked already is all that this role has to say to the answers of today."""
    if step.role != role or step.state == "rejected" or (step.state == "skipped" and step.approver_id is not None):
        return False
    if step.decided_at is None or not condition:
        return True
    for name in {name.partition(".")[0] for name in expr.compile(condition).names}:
        now = case.fields.get(name)
        before = next((was for at, was in changes.get(name, ()) if at > step.decided_at), now)
        if _outgrew(before, now):
            return False
    return True


def _outgrew(before: Any, now: Any) -> bool:
    """Whether an answer is more than it was; one that is no number outgrows what differs from it."""
    if values.kind(before) == values.kind(now) and values.kind(now) in ("a number", "money"):
        with suppress(values.EvaluationError):  # two currencies
            return values.compare(now, ">", before)
    return bool(before != now)


def _changes(session: Session, case: Case) -> Changes:
    statement = select(Event.at, Event.data).where(Event.page_id == case.id, Event.kind == "field.changed")
    found: dict[str, list[tuple[datetime, Any]]] = defaultdict(list)
    for at, data in session.execute(inside(statement.order_by(Event.seq))):
        found[str(data["field"]).removeprefix("fields.")].append((at, data["from"]))
    return found
