"""The Track: where a case is, who holds it, what comes next, until when. The same picture everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.cases.bundle import OPEN, Part, is_order, parts_of, progress
from acm.cases.models import MOVES, Approval, Case
from acm.i18n import _, translator, words
from acm.journal import Event
from acm.pages.types import DONE, CaseType, StateCategory
from acm.pages.visibility import inside
from acm.people.models import Person

NEXT = {
    StateCategory.NEW: _("Take it into work"),
    StateCategory.APPROVAL: _("Approve it"),
    StateCategory.ACTIVE: _("Resolve it"),
    StateCategory.WAITING: _("Answer the question"),
    StateCategory.RESOLVED: _("Say whether it helped"),
}


@dataclass(frozen=True)
class TrackStage:
    """One bar: ``state`` is ``done now ask late off`` or empty for what was not reached; ``share`` of its time used,
    0–100. ``off`` is where a case ended without being done: the bar bears the name of its state."""

    name: str
    state: str
    when: datetime | str | None = None
    share: int = 0


@dataclass(frozen=True)
class Track:
    """The bars and the three facts under them."""

    stages: list[TrackStage]
    stage: str
    state: str
    next: str
    holder: str
    promised: datetime | None

    @property
    def done(self) -> int:
        return sum(s.state == "done" for s in self.stages)


def track(
    case: Case,
    lang: str,
    now: datetime,
    *,
    entered: Mapping[str, datetime] | None = None,
    approver: Person | None = None,
) -> Track:
    """The Track of one case. ``entered`` gives the moment each stage was entered (:func:`stages_entered`)."""
    definition = case.case_type
    current = case.current
    stages = [stage for stage in definition.stages if stage.key not in case.facts.get("skips", ())]
    names = [stage.key for stage in stages]
    at = names.index(current.stage) if current.stage in names else 0
    over, given_up = current.category in DONE, current.category in (StateCategory.CANCELLED, StateCategory.REJECTED)
    moments = {stages[0].key: case.opened_at, **(entered or {})}
    ends = None if over else _ending(definition, names[at + 1 :])
    say, part = translator(lang).say, _next_part(case)
    bars = []
    for place, stage in enumerate(stages):
        state = "done" if place < at or (over and place <= at) else ""
        when: datetime | str | None = moments.get(stage.key) if place <= at else None
        if place == at and not over:
            state, when = _present(case, now), say(_("now"))
        elif place > at and stage.key == ends:
            when = case.due_at or case.promised_at
        if given_up:
            state = "off" if place == at else "done" if stage.key in moments else ""
        named = current.names if state == "off" else stage.names
        bars.append(TrackStage(words(named, lang), state, when, _share(case, now) if place == at else 0))
    return Track(
        stages=bars,
        stage=words(stages[at].names, lang),
        state=words(current.names, lang),
        next=words(part.title, lang) if part else say(NEXT[current.category]) if current.category in NEXT else "",
        holder=(part and words(part.group, lang)) or holder_of(case, lang, approver),
        promised=None if given_up else case.due_at or case.promised_at,
    )


def holder_of(case: Case, lang: str, approver: Person | None = None) -> str:
    """Who has the next step: the requester while waited for, the approver, the owner, else the group."""
    category = case.current.category
    if category is StateCategory.WAITING and case.requester:
        return case.requester.name_in(lang)
    if category is StateCategory.APPROVAL and approver:
        return approver.name_in(lang)
    if category in DONE and category is not StateCategory.RESOLVED:
        return translator(lang).say(_("Finished"))
    if category is StateCategory.RESOLVED and case.requester:
        return case.requester.name_in(lang)
    if case.owner:
        return case.owner.name_in(lang)
    return case.group.name(lang) if case.group else translator(lang).say(_("Nobody yet"))


def stages_entered(session: Session, cases: Iterable[Case]) -> dict[int, dict[str, datetime]]:
    """When each stage of each case was last entered, from the journal, in one statement."""
    rows = {case.id: case for case in cases}
    found: dict[int, dict[str, datetime]] = {case_id: {} for case_id in rows}
    kinds = (*MOVES, "case.opened")
    statement = select(Event.page_id, Event.kind, Event.at, Event.data).where(
        Event.page_id.in_(rows), Event.kind.in_(kinds)
    )
    for page_id, _kind, at, data in session.execute(inside(statement.order_by(Event.id))):
        definition: CaseType = rows[page_id].case_type
        state = definition.state(str(data.get("to") or data.get("state") or definition.initial))
        found[page_id].setdefault(state.stage, at)
    return found


def pending_approvers(session: Session, cases: Iterable[Case]) -> dict[int, Person]:
    """Who is asked to approve each case now, in one statement."""
    ids = [case.id for case in cases if case.current.category is StateCategory.APPROVAL]
    if not ids:
        return {}
    statement = (
        select(Approval.page_id, Person)
        .join(Person, Person.id == Approval.approver_id)
        .where(Approval.page_id.in_(ids), Approval.state.in_(("pending", "asked")))
    )
    return {row[0]: row[1] for row in session.execute(inside(statement))}


def _ending(definition: CaseType, ahead: Iterable[str]) -> str | None:
    """The stage ahead that begins when the work is done: by the promised date."""
    working = {state.stage for state in definition.states if state.category not in DONE}
    return next((key for key in ahead if key not in working), None)


def _present(case: Case, now: datetime) -> str:
    if case.current.category is StateCategory.WAITING:
        return "ask"
    return "late" if case.due_at is not None and case.due_at < now else "now"


def _next_part(case: Case) -> Part | None:
    """The open part of an order in work that is due first."""
    if not case.is_open or case.current.category is StateCategory.WAITING:
        return None
    parts = [part for part in parts_of(case.facts) if part.state == OPEN]
    return min(parts, key=lambda part: (part.due is None, part.due or case.opened_at), default=None)


def _share(case: Case, now: datetime) -> int:
    if is_order(case.facts):
        done, count = progress(case.facts)
        return max(4, round(100 * done / count)) if count else 50
    due = case.due_at or case.promised_at
    if due is None or due <= case.opened_at:
        return 50
    return max(4, min(100, round(100 * (now - case.opened_at) / (due - case.opened_at))))
