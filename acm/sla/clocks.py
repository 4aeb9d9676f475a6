"""The simple SLA: two clocks of a case, response and resolution, and what the states do to them.

All that is known lies in ``page.facts["sla"]``: the targets in hours, the calendar, the zone, and the spans in
which each clock stood still. A due moment is computed from these alone, so it can be computed again at any time.
While the clock of resolution stands, ``due_at`` is empty: such a case is never overdue.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from acm.db import moment
from acm.journal import Origin
from acm.pages.models import Page
from acm.pages.types import CaseType, SlaClock
from acm.sla.calendars import EVERY_DAY, OFFICE_HOURS, ROUND_THE_CLOCK, Calendar, Deadline

CALENDARS: dict[str, Calendar] = {c.key: c for c in (ROUND_THE_CLOCK, EVERY_DAY, OFFICE_HOURS)}

RESOLUTION_RUNS = frozenset({SlaClock.RUNS})
RESPONSE_RUNS = frozenset({SlaClock.RUNS, SlaClock.RESPONSE_ONLY})


@dataclass(frozen=True)
class Targets:
    """What was promised: hours of a calendar. ``source`` is ``service`` or ``priority``."""

    calendar: str
    response_hours: float
    resolve_hours: float
    source: str = "service"


def start(page: Page, targets: Targets, zone: ZoneInfo, origin: Origin) -> None:
    """Start both clocks at the opening of the case, in the state it is in."""
    page.facts = {
        **page.facts,
        "sla": {
            "calendar": targets.calendar,
            "response_hours": targets.response_hours,
            "resolve_hours": targets.resolve_hours,
            "source": targets.source,
            "zone": zone.key,
            "pauses": [],
            "response_pauses": [],
        },
    }
    clock = page.definition.state(page.state).sla if isinstance(page.definition, CaseType) else SlaClock.RUNS
    on_state(page, SlaClock.RUNS, clock, origin.at)
    if page.promised_at is None:
        page.promised_at = _due(page, "resolve_hours", "pauses", closed=origin.at).at
    _announce(page, origin)


def retarget(page: Page, origin: Origin) -> None:
    """Take the targets of the priority the case has now (an agent changed it); what has run already counts."""
    definition = page.definition
    target = definition.target(page.priority) if isinstance(definition, CaseType) else None
    if target is None or "sla" not in page.facts:
        return
    changed = {
        "calendar": target.calendar, "response_hours": target.response_hours,
        "resolve_hours": target.resolve_hours, "source": "priority",
    }  # fmt: skip
    page.facts = {**page.facts, "sla": {**page.facts["sla"], **changed}}
    _set_due(page)
    if page.due_at is not None:
        page.promised_at = page.due_at
    _announce(page, origin)


def on_state(page: Page, before: SlaClock, after: SlaClock, at: datetime) -> None:
    """Stop, pause or go on with the clocks as the state entered says; judge the promise when the clock stops."""
    if "sla" not in page.facts:
        _judge(page, before, after, at)
        return
    _switch(page, "pauses", runs_before=before in RESOLUTION_RUNS, runs_after=after in RESOLUTION_RUNS, at=at)
    _switch(page, "response_pauses", runs_before=before in RESPONSE_RUNS, runs_after=after in RESPONSE_RUNS, at=at)
    _set_due(page)
    if after is SlaClock.STOPPED:
        due = _due(page, "resolve_hours", "pauses", closed=at).at
        page.due_at, page.made_sla = due, at <= due
    elif before is SlaClock.STOPPED:
        page.made_sla = None


def promise(page: Page, due: datetime | None, origin: Origin) -> None:
    """Promise a moment that no calendar computes, instead of the clocks of a service or a priority; None frees it."""
    page.facts = {name: value for name, value in page.facts.items() if name != "sla"}
    page.due_at, page.response_due_at = due, None
    page.promised_at = page.promised_at or due
    told = {"calendar": "", "source": "person", "response_due": None, "provisional": False}
    page.record("sla.set", origin, {**told, "due": due, "promised": page.promised_at})


def _judge(page: Page, before: SlaClock, after: SlaClock, at: datetime) -> None:
    """The verdict on a moment that was promised without a clock."""
    if page.due_at is not None and after is SlaClock.STOPPED and before is not SlaClock.STOPPED:
        page.made_sla = at <= page.due_at
    elif page.due_at is not None and after is not SlaClock.STOPPED:
        page.made_sla = None


def is_paused(page: Page) -> bool:
    """Whether the clock of resolution stands now."""
    pauses = page.facts.get("sla", {}).get("pauses", [])
    return bool(pauses) and pauses[-1][1] is None


def _switch(page: Page, name: str, *, runs_before: bool, runs_after: bool, at: datetime) -> None:
    sla: dict[str, Any] = dict(page.facts["sla"])
    pauses = [list(span) for span in sla[name]]
    open_ = bool(pauses) and pauses[-1][1] is None
    if not runs_after and not open_:
        pauses.append([moment(at), None])
    elif runs_after and open_:
        pauses[-1][1] = moment(at)
    if pauses != sla[name]:
        page.facts = {**page.facts, "sla": {**sla, name: pauses}}


def _set_due(page: Page) -> None:
    sla = page.facts["sla"]
    page.due_at = None if is_paused(page) else _due(page, "resolve_hours", "pauses").at
    if page.first_response_at is None:
        paused = bool(sla["response_pauses"]) and sla["response_pauses"][-1][1] is None
        page.response_due_at = None if paused else _due(page, "response_hours", "response_pauses").at


def _due(page: Page, target: str, spans: str, *, closed: datetime | None = None) -> Deadline:
    """The first moment at which the target has run, pauses set aside; an open pause ends at ``closed``."""
    sla = page.facts["sla"]
    calendar, zone = CALENDARS.get(sla["calendar"], OFFICE_HOURS), ZoneInfo(sla["zone"])
    left, cursor = timedelta(hours=sla[target]), page.opened_at
    for begin, end in sla[spans]:
        paused_from = datetime.fromisoformat(begin)
        paused_to = datetime.fromisoformat(end) if end else closed
        if paused_to is None:
            break
        worked = calendar.between(cursor, paused_from, zone) if paused_from > cursor else timedelta(0)
        if worked >= left:
            return calendar.add(cursor, left, zone)
        left -= worked
        cursor = max(cursor, paused_to)
    return calendar.add(cursor, left, zone)


def _announce(page: Page, origin: Origin) -> None:
    sla = page.facts["sla"]
    deadline = _due(page, "resolve_hours", "pauses", closed=origin.at)
    page.record(
        "sla.set",
        origin,
        {
            "calendar": sla["calendar"],
            "source": sla["source"],
            "response_due": page.response_due_at,
            "due": page.due_at,
            "promised": page.promised_at,
            "provisional": deadline.provisional,
        },
    )
