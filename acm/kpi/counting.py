"""From the journal of one case to what is counted about it. Pure: the same events give the same facts.

=================  ============================================================================================
opened             once, at the opening; bucket is the hour of the day
responded          once, at the first answer to the requester; working hours since the opening
resolved           once, at the resolution that stands (a reopening takes it away until the next one); a case closed
                   without being resolved first is resolved by that; working hours since the opening
judged             with the resolution, when something was promised: 1 kept, 0 not
closed             once, at the closing that stands; likewise ``cancelled`` and ``rejected``
reopened           each time
reassigned         each hand-over from a person or a group to another; both at one moment are one
stayed.<category>  each stay in a category of states, at its end; working hours
=================  ============================================================================================

Working hours are those of the case's calendar and zone, else office hours in the installation's. An import that
writes ``record.updated`` says there by how much the counters of its source rose (``counted``: ``reopened`` and
``reassigned``); these count then, and not what the moves of that source look like.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from acm.cases.models import MOVES
from acm.kpi.buckets import bucket_of
from acm.kpi.declarations import HOURS, FactKind
from acm.pages.types import ENDED, CaseType, StateCategory
from acm.sla.calendars import OFFICE_HOURS, Calendar
from acm.sla.clocks import CALENDARS

KINDS = (*sorted(MOVES), "case.opened", "case.responded", "field.changed", "record.updated")
HANDED_OVER = ("owner", "group")
ENDS = {
    StateCategory.CLOSED: FactKind.CLOSED,
    StateCategory.CANCELLED: FactKind.CANCELLED,
    StateCategory.REJECTED: FactKind.REJECTED,
}


@dataclass(frozen=True)
class Happening:
    """An event as far as counting goes."""

    id: int
    kind: str
    at: datetime
    data: Mapping[str, Any]
    source: str = "live"


@dataclass(frozen=True)
class Occurrence:
    """Something counted; ``nth`` tells apart those of one event and kind."""

    event_id: int
    kind: FactKind
    at: datetime
    value: float | None = None
    nth: int = 0


@dataclass(frozen=True)
class Clock:
    """How working time runs for one case."""

    calendar: Calendar
    zone: ZoneInfo

    def hours(self, first: datetime, last: datetime) -> float:
        """Working hours between two moments; none when they stand the wrong way round, as imported ones may."""
        return round(max(self.calendar.between(first, last, self.zone), timedelta(0)) / timedelta(hours=1), 4)


def clock_of(facts: Mapping[str, Any], zone: ZoneInfo) -> Clock:
    """The clock the case was promised by, else office hours in the installation's zone."""
    sla = facts.get("sla")
    if not sla:
        return Clock(OFFICE_HOURS, zone)
    return Clock(CALENDARS.get(sla["calendar"], OFFICE_HOURS), ZoneInfo(sla["zone"]))


def occurrences(
    definition: CaseType, happened: Sequence[Happening], clock: Clock, *, made_sla: bool | None = None
) -> list[Occurrence]:
    """Everything counted about one case. ``happened`` is its journal in order, ``made_sla`` the verdict that stands."""
    counters = frozenset(event.source for event in happened if event.kind == "record.updated")
    told = _Story(definition, clock, made_sla, counters)
    for event in happened:
        told.go_on(event)
    return [*told.steady, *told.standing()] if told.opened else []


@dataclass
class _Story:
    """A case on its way through the journal."""

    definition: CaseType
    clock: Clock
    made_sla: bool | None
    counters: frozenset[str]
    opened: Happening | None = None
    entered: datetime | None = None
    category: StateCategory = StateCategory.NEW
    resolution: Happening | None = None
    ending: tuple[FactKind, Happening] | None = None
    responded: bool = False
    handed: datetime | None = None
    steady: list[Occurrence] = field(default_factory=list)

    def go_on(self, event: Happening) -> None:
        if event.kind == "case.opened":
            self.opened, self.entered = event, event.at
            self.category = self._category(event.data.get("state"))
            self.steady.append(Occurrence(event.id, FactKind.OPENED, event.at))
        elif self.opened is None:
            return
        elif event.kind in MOVES:
            self._move(event)
        elif event.kind == "case.responded" and not self.responded:
            self.responded = True
            self._add(event, FactKind.RESPONDED, self.opened.at)
        elif event.kind == "field.changed" and event.data.get("field") in HANDED_OVER:
            self._hand_over(event)
        elif event.kind == "record.updated":
            self._count(event, event.data.get("counted") or {})

    def standing(self) -> Iterator[Occurrence]:
        """What a later reopening would take away: the resolution and the end."""
        if self.resolution is not None and self.opened is not None:
            hours = self.clock.hours(self.opened.at, self.resolution.at)
            yield Occurrence(self.resolution.id, FactKind.RESOLVED, self.resolution.at, hours)
            verdict = self.made_sla if self.made_sla is not None else self.resolution.data.get("made_sla")
            if verdict is not None:
                yield Occurrence(self.resolution.id, FactKind.JUDGED, self.resolution.at, float(verdict))
        if self.ending is not None:
            yield Occurrence(self.ending[1].id, self.ending[0], self.ending[1].at)

    def _category(self, state: Any) -> StateCategory:
        return self.definition.state(str(state or self.definition.initial)).category

    def _move(self, event: Happening) -> None:
        target = self._category(event.data.get("to"))
        if self.entered is not None and self.category not in ENDED and target is not self.category:
            self._add(event, FactKind(f"stayed.{self.category.value}"), self.entered)
        if target is not self.category:
            self.entered = event.at
        self.category = target
        if event.kind == "case.reopened":
            self.resolution, self.ending = None, None
            if event.source not in self.counters:
                self.steady.append(Occurrence(event.id, FactKind.REOPENED, event.at))
        elif target in (StateCategory.RESOLVED, StateCategory.CLOSED) and self.resolution is None:
            self.resolution = event
        if target in ENDS:
            self.ending = ENDS[target], event

    def _hand_over(self, event: Happening) -> None:
        if event.data.get("from") is None or event.source in self.counters or event.at == self.handed:
            return
        self.handed = event.at
        self.steady.append(Occurrence(event.id, FactKind.REASSIGNED, event.at))

    def _count(self, event: Happening, counted: Mapping[str, int]) -> None:
        for name, kind in (("reopened", FactKind.REOPENED), ("reassigned", FactKind.REASSIGNED)):
            self.steady += [Occurrence(event.id, kind, event.at, nth=n) for n in range(int(counted.get(name, 0)))]

    def _add(self, event: Happening, kind: FactKind, since: datetime) -> None:
        self.steady.append(Occurrence(event.id, kind, event.at, self.clock.hours(since, event.at)))


def day_of(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def bucket_for(occurrence: Occurrence, zone: ZoneInfo) -> int:
    """The class of a fact: the hour of an opening, the verdict, or the class of its hours."""
    if occurrence.kind is FactKind.OPENED:
        return occurrence.at.astimezone(zone).hour
    if occurrence.kind in HOURS:
        return bucket_of(occurrence.value or 0.0)
    return int(occurrence.value or 0)
