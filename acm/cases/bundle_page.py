"""What the pages of an order and of its parts show: one progress, who holds what, who waits for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session, joinedload

from acm.cases.bundle import AWAY, DONE, DROPPED, OPEN, Part, held_up, is_order, parts_of, progress, waited_for
from acm.cases.models import Case
from acm.cases.track import TrackStage, holder_of, pending_approvers, track
from acm.i18n import Message, _, translator, words
from acm.pages.types import StateCategory
from acm.pages.visibility import visible
from acm.people.models import Person
from acm.people.rights import Grants

STATES: dict[str, tuple[Message, str, str]] = {
    "waiting": (_("waits its turn"), "", "clock"), AWAY: (_("not available now"), "warn", "warn"),
    OPEN: (_("in work"), "info", "right"), DONE: (_("done"), "ok", "check"), DROPPED: (_("not needed"), "", "x"),
}  # fmt: skip
KINDS = {
    StateCategory.NEW: "info", StateCategory.APPROVAL: "wait", StateCategory.ACTIVE: "info",
    StateCategory.WAITING: "warn", StateCategory.RESOLVED: "ok", StateCategory.CLOSED: "ok",
    StateCategory.REJECTED: "bad",
}  # fmt: skip


@dataclass(frozen=True)
class Named:
    """A part by its name, and the group that does it."""

    title: str
    group: str


@dataclass(frozen=True)
class Line:
    """One part on the page of its order. ``number`` is empty where the reader may not read its case."""

    title: str
    state: str
    kind: str
    icon: str
    holder: str
    due: datetime | None
    number: str = ""
    late: bool = False
    finished: bool = False
    waits: Sequence[str] = ()
    holds_up: Sequence[Named] = ()
    stages: Sequence[TrackStage] = ()


@dataclass(frozen=True)
class Overview:
    """All parts of an order, and how far they are."""

    lines: Sequence[Line]
    done: int
    all: int


@dataclass(frozen=True)
class Place:
    """Where a part stands in its order: its name there, and what cannot go on before it is done."""

    title: str
    late: bool = False
    holds_up: Sequence[Named] = field(default_factory=list)


def overview(session: Session, order: Case, grants: Grants, lang: str, now: datetime) -> Overview | None:
    """The parts of an order; None when it is none. Those this person may read are told from their cases."""
    if not is_order(order.facts):
        return None
    parts = parts_of(order.facts)
    cases = _cases(session, order, grants)
    approvers = pending_approvers(session, cases.values())
    lines = [_line(part, parts, cases.get(part.case_id or 0), approvers, lang, now) for part in parts]
    done, count = progress(order.facts)
    return Overview(lines, done, count)


def place_of(case: Case, lang: str, now: datetime) -> Place | None:
    """The place of a part in its order, from what its own case keeps; None for a case that is no part."""
    fact: Mapping[str, Any] | None = case.facts.get("part")
    if fact is None:
        return None
    title = words(fact["title"], lang)
    if case.is_done:
        return Place(title)
    blocks = [Named(words(one["title"], lang), words(one["group"], lang)) for one in fact["blocks"]]
    return Place(title, case.due_at is not None and case.due_at < now, blocks)


def _cases(session: Session, order: Case, grants: Grants) -> dict[int, Case]:
    statement = visible(grants, Case).where(Case.parent_id == order.id)
    loaded = (joinedload(Case.owner), joinedload(Case.group), joinedload(Case.requester), joinedload(Case.type_version))
    return {case.id: case for case in session.scalars(statement.options(*loaded)).unique()}


def _line(
    part: Part, parts: Sequence[Part], case: Case | None, approvers: Mapping[int, Person], lang: str, now: datetime
) -> Line:
    text, kind, icon = STATES[part.state]
    state, holder, due, stages = translator(lang).say(text), words(part.group, lang), part.due, list[TrackStage]()
    late = part.is_late(now)
    if case is not None:
        current = case.current
        state, kind, due = words(current.names, lang), KINDS.get(current.category, ""), case.due_at or part.due
        late = case.is_open and due is not None and due < now
        approver = approvers.get(case.id)
        holder = "" if case.is_done else holder_of(case, lang, approver)
        stages = track(case, lang, now, approver=approver).stages
    return Line(
        title=words(part.title, lang), state=state, kind="bad" if late else kind, icon="warn" if late else icon,
        holder="" if part.is_finished else holder, due=due, number=case.number if case else "", late=late,
        finished=part.is_finished, waits=[words(one.title, lang) for one in waited_for(part, parts)],
        holds_up=[Named(words(one.title, lang), words(one.group, lang)) for one in held_up(part, parts)] if late else [],
        stages=stages,
    )  # fmt: skip
