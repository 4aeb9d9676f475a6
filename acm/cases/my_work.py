"""My work: every open case that needs this person, whatever their part in it, by due date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy import case as sql_case
from sqlalchemy.orm import Session

from acm.cases.filtering import Vantage
from acm.cases.listing import DUE_GROUPS, due_group_of, row_parts
from acm.cases.models import Approval, Case
from acm.cases.rows import GROUP_TITLES, time_left
from acm.i18n import Message, _
from acm.pages.models import PagePerson
from acm.pages.types import StateCategory
from acm.pages.visibility import through
from acm.people.models import Person

MOST = 300
PARTS: dict[str, Message] = {
    "owner": _("I own"),
    "approver": _("to decide"),
    "participant": _("I take part"),
    "mentioned": _("I am mentioned"),
}


@dataclass(frozen=True)
class Doing:
    """A line of my work: the case, why it is mine, when it is due, and whom it waits for."""

    case: Case
    part: str
    href: str
    note: str
    due: str
    due_kind: str
    waits_for: Person | None = None


@dataclass
class DoingGroup:
    key: str
    title: Message
    late: bool
    rows: list[Doing] = field(default_factory=list)


@dataclass(frozen=True)
class MyWork:
    """Groups by due date, what waits for others, and how the week went."""

    groups: list[DoingGroup]
    waiting: list[Doing]
    counts: dict[str, int]
    finished: int
    in_time: int

    @property
    def tasks(self) -> int:
        return sum(len(group.rows) for group in self.groups)

    @property
    def overdue(self) -> int:
        return sum(len(group.rows) for group in self.groups if group.late)


def my_work(session: Session, vantage: Vantage, part: str = "") -> MyWork:
    """Open cases with me as owner, asked approver, participant or mentioned; two statements."""
    doings = [_doing(case, mine, vantage) for case, mine in _mine(session, vantage)]
    counts = {name: sum(one.part == name for one in doings) for name in PARTS}
    shown = [one for one in doings if not part or one.part == part]
    groups = {key: DoingGroup(key, GROUP_TITLES[key], key == "overdue") for key in DUE_GROUPS}
    waiting = []
    for one in shown:
        if one.waits_for is not None:
            waiting.append(one)
        else:
            groups[due_group_of(one.case, vantage)].rows.append(one)
    finished, in_time = _week(session, vantage)
    return MyWork([group for group in groups.values() if group.rows], waiting, counts, finished, in_time)


def _mine(session: Session, vantage: Vantage) -> Sequence[tuple[Case, str]]:
    me = vantage.grants.person_id
    asked = select(Approval.page_id).where(Approval.approver_id == me, Approval.state == "pending")
    named = select(PagePerson.page_id).where(PagePerson.person_id == me)
    part: Any = sql_case(
        (Case.owner_id == me, "owner"),
        (Case.id.in_(asked), "approver"),
        (Case.id.in_(named.where(PagePerson.role == "participant")), "participant"),
        else_="mentioned",
    )
    roles = named.where(PagePerson.role.in_(("participant", "mentioned")))
    statement: Any = select(Case, part).where(
        Case.is_open.is_(True), or_(Case.owner_id == me, Case.id.in_(asked), Case.id.in_(roles))
    )
    statement = through(statement, vantage.grants).options(*row_parts())
    statement = statement.order_by(Case.due_at.asc().nulls_last(), Case.id).limit(MOST)
    return [(case, mine) for case, mine in session.execute(statement).unique()]


def _doing(case: Case, part: str, vantage: Vantage) -> Doing:
    due, kind = time_left(case, vantage)
    asker = case.requester.name_in(vantage.lang) if case.requester else ""
    waits = case.requester if case.current.category is StateCategory.WAITING and part == "owner" else None
    href = "/approvals" if part == "approver" else f"/cases/{case.number}"
    return Doing(case, part, href, " · ".join(word for word in (case.number, asker) if word), due, kind, waits)


def _week(session: Session, vantage: Vantage) -> tuple[int, int]:
    """How many of my cases were finished in the last seven days, and how many in time."""
    statement = (
        select(func.count(), func.coalesce(func.sum(sql_case((Case.made_sla.is_(True), 1), else_=0)), 0))
        .select_from(Case)
        .where(Case.kind == "case")
        .where(and_(Case.owner_id == vantage.grants.person_id, Case.resolved_at >= vantage.now - timedelta(days=7)))
    )
    number, in_time = session.execute(through(statement, vantage.grants)).one()
    return int(number), int(in_time)
