"""What a bundle makes of an order: the plan of its parts, the day each is due, and the answers each is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from acm import clock
from acm.cases.bundle import Part, held_up, parts_of
from acm.cases.models import Case
from acm.catalog.definitions import PartDefinition, ServiceDefinition, Start
from acm.catalog.models import Service
from acm.db import moment
from acm.engine import expr
from acm.i18n import words
from acm.jobs.queue import enqueue
from acm.pages.answers import departments as departments_of
from acm.pages.answers import people_scope
from acm.pages.fields import stored
from acm.pages.types import Field, FieldKind
from acm.pages.visibility import unrestricted
from acm.people.models import Department, Person
from acm.sla.calendars import OFFICE_HOURS

READS = "bundle"
JOB = "bundle"
AGAIN = 10
"""Minutes after which an order that waits for a plugin looks again by itself."""


@dataclass(frozen=True)
class Order:
    """The case that opens a part, and the part it opens."""

    case: Case
    part: Part

    @property
    def zone(self) -> ZoneInfo:
        return zone_of(self.case)

    def title(self, lang: str) -> str:
        """What the part is called, and what the title of the order says besides the name of its service."""
        said = self.case.title_in(lang)
        for name in self.case.facts["bundle"]["title"].values():
            said = "" if said == name else said.removeprefix(f"{name}: ")
        title = words(self.part.title, lang)
        return f"{title}: {said}" if said and not self.case.confidential else title

    def fact(self) -> dict[str, Any]:
        """What the part's own case keeps of its place."""
        blocks = held_up(self.part, parts_of(self.case.facts))
        return {
            "key": self.part.key,
            "title": dict(self.part.title),
            "blocks": [{"title": dict(one.title), "group": dict(one.group)} for one in blocks],
        }

    def due(self, now: datetime) -> datetime | None:
        """The moment promised: that planned, or the end of today's work if it has passed."""
        return promised(self.part.due, now, self.zone)


def plan_of(
    session: Session,
    definition: ServiceDefinition,
    values: Mapping[str, Any],
    people: tuple[Person, Person],
    at: datetime,
    zone: ZoneInfo,
) -> dict[str, Any]:
    """The fact ``bundle`` of an order: the parts whose conditions hold for these answers, with what is planned.

    ``people`` are the requester and the beneficiary; ``zone`` is that of the days.
    """
    scope = _scope(definition.form, values, [part.when for part in definition.bundle if part.when], people, at, zone)
    kept = [part for part in definition.bundle if not part.when or expr.compile(part.when).holds(scope)]
    services = services_of(session, [part.slug for part in kept])
    all_parts = {part.key: part for part in definition.bundle}
    keys = {part.key for part in kept}
    departments = {one.id: one for one in departments_of(session)} if kept else {}
    parts = []
    for part in kept:
        found = services.get(part.slug)
        told = part.model_dump(mode="json", include={"key", "title", "answers"})
        told |= {"service": part.slug, "after": _after(part, keys, all_parts), "state": "waiting", "case": None}
        group = found.group if found is not None else None
        told["group"] = dict(group.names) if group is not None else {}
        told["department"] = _department(departments, group.department_id if group is not None else None)
        told["start"] = part.start.model_dump() if part.start else None
        told["due"] = moment(due) if part.start and (due := due_of(part.start, values, zone)) else None
        parts.append(told)
    return {"zone": zone.key, "title": dict(definition.name), "parts": parts}


def _department(known: Mapping[int, Department], department_id: int | None) -> dict[str, Any]:
    """The department whose group does a part, as its order keeps it."""
    found = known.get(department_id) if department_id is not None else None
    return {"key": found.key, "names": dict(found.names)} if found is not None else {}


def _after(part: PartDefinition, kept: set[str], parts: Mapping[str, PartDefinition]) -> list[str]:
    """The predecessors of a part; in place of one that is left out, its own predecessors."""
    found: list[str] = []
    for key in part.after:
        for before in [key] if key in kept else _after(parts[key], kept, parts):
            if before not in found:
                found.append(before)
    return found


def ask_again(session: Session, order: Case) -> None:
    """Have an order settled at the next full ten minutes, once however many ask."""
    now = clock.now()
    at = now.replace(second=0, microsecond=0) + timedelta(minutes=AGAIN - now.minute % AGAIN)
    enqueue(session, JOB, {"order": order.id}, run_at=at, key=f"{JOB}:{order.id}:{at:%d%H%M}")


def services_of(session: Session, slugs: Iterable[str]) -> dict[str, Service]:
    """The services that parts order, by their address, in one statement; they need not be on the portal."""
    statement = unrestricted(select(Service).where(Service.slug.in_(sorted(set(slugs)))), READS)
    found = session.scalars(statement.options(joinedload(Service.group), joinedload(Service.department)))
    return {str(service.slug): service for service in found}


def zone_of(order: Case) -> ZoneInfo:
    """Where the days of an order are counted."""
    return ZoneInfo(str(order.facts["bundle"]["zone"]))


def planned(order: Case, part: Part) -> datetime | None:
    """When a part has to be done by the answers that its order has now."""
    return due_of(Start.model_validate(part.start), order.fields, zone_of(order)) if part.start else None


def due_of(start: Start, values: Mapping[str, Any], zone: ZoneInfo) -> datetime | None:
    """The end of the working day that a part is due on; None while the date is not known."""
    try:
        said = str(values[start.field])
        day = date.fromisoformat(said) if len(said) == 10 else datetime.fromisoformat(said).astimezone(zone).date()
        return end_of_work(_away(day, start), zone)
    except (KeyError, ValueError, OverflowError):
        return None


def promised(due: datetime | None, now: datetime, zone: ZoneInfo) -> datetime | None:
    """A planned moment as it can still be promised: not before the end of today's work."""
    return None if due is None else max(due, end_of_work(now.astimezone(zone).date(), zone, later=True))


def end_of_work(day: date, zone: ZoneInfo, *, later: bool = False) -> datetime:
    """When work ends on a day; on one without work, on the last working day before it, or the next ``later``."""
    while not (windows := OFFICE_HOURS.day(day).windows):
        day += timedelta(days=1 if later else -1)
    hour, minute = divmod(windows[-1][1], 60)
    return datetime.combine(day, time(hour, minute), zone)


def _away(day: date, start: Start) -> date:
    if not start.working:
        return day + timedelta(days=start.days)
    left, step = abs(start.days), timedelta(days=1 if start.days > 0 else -1)
    while left:
        day += step
        left -= OFFICE_HOURS.day(day).is_working
    return day


def answers_for(order: Case, part: Part, service: Service, at: datetime) -> dict[str, Any]:
    """The answers a part is given, computed from those its order has now. What does not fit the form is left out."""
    if order.requester is None:
        return {}
    people = (order.requester, order.beneficiary or order.requester)
    scope = _scope(order.form, order.fields, list(part.answers.values()), people, at, zone_of(order))
    form, values = service.offering.form, dict[str, Any]()
    for asked in form:
        if (value := _answer(asked, part.answers.get(asked.key), scope)) is not None:
            values[asked.key] = value
    own = {**dict.fromkeys(asked.key for asked in form), **values}
    return {
        asked.key: values[asked.key]
        for asked in form
        if asked.key in values and (not asked.shown_when or expr.compile(asked.shown_when).holds(own))
    }


def days_in(service: Service, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The days and moments among the answers a part is given: they follow those of its order."""
    kinds = (FieldKind.DATE, FieldKind.DATETIME)
    return {f.key: answers[f.key] for f in service.offering.form if f.kind in kinds and f.key in answers}


def _answer(asked: Field, text: str | None, scope: Mapping[str, Any]) -> Any:
    if text is None or asked.kind is FieldKind.FILE:
        return None
    try:
        value = expr.compile(text).evaluate(scope)
    except expr.ExpressionError:
        return None
    if asked.kind is FieldKind.DATE and isinstance(value, datetime):
        value = value.date()
    if isinstance(value, timedelta) or value in (None, "", []):
        return None
    value, offered = stored(asked, value), {option.id for option in asked.options}
    if offered and not set(value if isinstance(value, list) else [value]) <= offered:
        return None
    return value


def _scope(
    form: Iterable[Field],
    values: Mapping[str, Any],
    texts: list[str],
    people: tuple[Person, Person],
    at: datetime,
    zone: ZoneInfo,
) -> dict[str, Any]:
    """What an expression may name: the answers, those not given as null, the two people, and the time."""
    local = at.astimezone(zone)
    nothing = dict.fromkeys((asked.key for asked in form), None)
    return {"now": local, "today": local.date(), **people_scope(texts, *people), **nothing, **values}
