"""Bringing an order and its parts to what the rules of bundles say, whenever something happens to one of them.

The consumer ``bundles`` asks for :func:`settle` as a job, one for each order that an event touches. It decides by the
present state and not by the event: twice, late or for nothing it does no harm. While a plugin that is needed is away
it asks for itself again now and then; a plugin that comes back makes that at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from acm import clock
from acm.cases.bundle import DONE, DROPPED, OPEN, TO_COME, keep_part, parts_of, unfinished
from acm.cases.models import MOVES, Case
from acm.catalog import bundles
from acm.catalog.bundles import JOB, READS, ask_again, planned, promised, zone_of
from acm.catalog.filing import open_parts
from acm.db import Database, moment
from acm.jobs.consumers import consume
from acm.jobs.models import Job
from acm.jobs.queue import enqueue
from acm.journal import Event, Origin
from acm.pages.types import StateCategory
from acm.pages.visibility import unrestricted
from acm.sla import clocks
from acm.snapshot import Contribution, Snapshot

BACK = ("plugin.enabled", "service.published")
FOLLOWED = timedelta(seconds=2)
"""Until then every process has followed a plugin that came back."""

WITHDRAWN = frozenset({StateCategory.CANCELLED, StateCategory.REJECTED})


def contributions() -> list[Contribution]:
    return [Contribution("consumer", "bundles", follow), Contribution("job", JOB, settle_later)]


def follow(db: Database, snapshot: Snapshot) -> int:
    """Consume the journal; returns how many events were passed."""
    return consume(db, snapshot, "bundles", _handle, kinds=(*sorted(MOVES), "field.changed", *BACK))


def settle_later(session: Session, args: Mapping[str, Any]) -> None:
    """The job: settle one order, held for this transaction."""
    held = select(Case).where(Case.id == int(args["order"])).with_for_update(of=Case)
    order = session.scalars(unrestricted(held, READS).execution_options(populate_existing=True)).first()
    if order is not None:
        settle(session, order, Origin(None, clock.now()), session.info["snapshot"])


def settle(session: Session, order: Case, origin: Origin, snapshot: Snapshot) -> None:
    """Bring an order, locked, and its parts to what the rules say; see docs/explanation/bundles.md."""
    cases = _cases_of(session, order)
    _note_states(order, cases)
    category = order.current.category
    if category in WITHDRAWN:
        reached = [_withdraw(case, origin) for case in cases.values() if not case.is_done]
    elif category is StateCategory.CLOSED:
        resolved = [case for case in cases.values() if case.current.category is StateCategory.RESOLVED]
        reached = [_enter(case, origin, StateCategory.CLOSED) for case in resolved]
    elif category is StateCategory.APPROVAL:
        reached = []
    else:
        _keep_days(session, order, cases, origin)
        reached = [not open_parts(session, order, origin, snapshot), _finish(order, origin)]
    _note_states(order, cases)
    if not all(reached):
        ask_again(session, order)


def _cases_of(session: Session, order: Case) -> dict[str, Case]:
    """The cases of the parts that are open or were, by key, locked."""
    statement = unrestricted(select(Case).where(Case.parent_id == order.id).order_by(Case.id), READS)
    held = statement.with_for_update(of=Case).execution_options(populate_existing=True)
    return {str(case.facts["part"]["key"]): case for case in session.scalars(held) if "part" in case.facts}


def _note_states(order: Case, cases: Mapping[str, Case]) -> None:
    """Keep with the order how far its parts are: its group may not be able to read them."""
    for part in parts_of(order.facts):
        case = cases.get(part.key)
        if case is None:
            continue
        ended = DROPPED if case.current.category in WITHDRAWN else DONE
        at = (case.resolved_at or case.closed_at) if case.is_done else None
        keep_part(
            order, part.key, case=case.id, state=ended if case.is_done else OPEN, ended=moment(at) if at else None
        )


def _keep_days(session: Session, order: Case, cases: Mapping[str, Case], origin: Origin) -> None:
    """Let the promises, and the days that the parts were given, follow the date of the order when it was corrected."""
    moved = [
        (part, due)
        for part in parts_of(order.facts)
        if not part.is_finished and (due := planned(order, part)) is not None and due != part.due
    ]
    services = bundles.services_of(session, [part.service for part, _due in moved]) if moved else {}
    for part, due in moved:
        keep_part(order, part.key, due=moment(due))
        case = cases.get(part.key)
        if case is None or case.is_done:
            continue
        clocks.promise(case, promised(due, origin.at, zone_of(order)), origin)
        if (service := services.get(part.service)) is not None and case.is_served:
            days = bundles.days_in(service, bundles.answers_for(order, part, service, origin.at))
            for key, value in days.items():
                if case.fields.get(key) == part.given.get(key):  # nobody corrected it on the part itself
                    case.answer(key, value, origin)
            keep_part(order, part.key, given=days)


def _finish(order: Case, origin: Origin) -> bool:
    """Resolve an order whose parts are all done, go on with one of which a part was opened again."""
    states = {part.state for part in parts_of(order.facts)}
    if order.is_open and DONE in states and not unfinished(order.facts):
        return _enter(order, origin, StateCategory.RESOLVED, StateCategory.CLOSED)
    if order.current.category is StateCategory.RESOLVED and states & {OPEN, *TO_COME}:
        return _enter(order, origin, StateCategory.ACTIVE, StateCategory.NEW)
    return True


def _withdraw(case: Case, origin: Origin) -> bool:
    for step in case.approvals():
        if step.state in ("waiting", "pending", "asked"):
            step.state = "skipped"
    return _enter(case, origin, StateCategory.CANCELLED)


def _enter(case: Case, origin: Origin, *categories: StateCategory) -> bool:
    """Put a case into its type's first state of these sorts; False while its plugin is away, or when it has none."""
    state = next((found for one in categories if (found := case.case_type.state_in(one))), None)
    if state is None or not case.is_served:
        return False
    case.enter(state, origin)
    return True


def _handle(session: Session, events: Sequence[Event]) -> None:
    if any(event.kind in BACK for event in events):
        waiting = update(Job).where(Job.name == JOB, Job.state == "ready")
        session.execute(waiting.values(run_at=clock.now() + FOLLOWED), execution_options={"synchronize_session": False})
    touched = {event.page_id for event in events if event.page_id is not None and event.is_live}
    if not touched:
        return
    about = (Case.facts["bundle"].as_string().is_not(None), Case.facts["part"].as_string().is_not(None))
    statement = select(Case.id, Case.parent_id, about[0]).where(Case.id.in_(touched), or_(*about))
    orders = {id_ if is_order else above for id_, above, is_order in session.execute(unrestricted(statement, READS))}
    for order_id in sorted(id_ for id_ in orders if id_ is not None):
        enqueue(session, JOB, {"order": order_id})
