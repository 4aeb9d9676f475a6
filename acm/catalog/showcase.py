"""The catalogue as people see it: services with their departments, what is ordered most, in few statements."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Text, cast, func, or_, select
from sqlalchemy.orm import Session

from acm.cases.models import Case
from acm.catalog.models import OTHER, Service
from acm.i18n import Message, ngettext, words
from acm.pages.answers import departments
from acm.pages.models import Announcement, Page
from acm.pages.visibility import audience_tokens, through, unrestricted
from acm.people.models import Department
from acm.people.rights import Grants
from acm.sla.calendars import OFFICE_HOURS
from acm.sla.clocks import CALENDARS
from acm.web.runtime import Runtime

FRESH = timedelta(minutes=10)
POPULAR_DAYS = 30
PLAIN = Department(key="", names={}, hue=264, icon="grid")


@dataclass(frozen=True)
class Entry:
    """A service in a list."""

    id: int
    slug: str
    title: str
    text: str
    facts: Mapping[str, Any]
    department: Department
    is_other: bool = False

    @property
    def href(self) -> str:
        return f"/services/{self.slug}"

    @property
    def icon(self) -> str:
        return str(self.facts.get("icon") or "file")

    @property
    def hue(self) -> int:
        return self.department.hue

    @property
    def minutes(self) -> int:
        """How long the form takes: about twenty seconds a question."""
        return max(1, round(int(self.facts.get("questions", 1)) / 3))

    @property
    def wait(self) -> Message:
        return wait_words(float(self.facts.get("hours", 8)), str(self.facts.get("calendar", "8x5")))


@dataclass(frozen=True)
class News:
    number: str
    title: str
    on: date
    department: Department
    is_strong: bool


@dataclass(frozen=True)
class Showcase:
    """All services that a person may order, by title, and the announcements of the day, the latest first."""

    services: list[Entry]
    news: list[News]

    def of(self, department: Department) -> list[Entry]:
        return [s for s in self.services if s.department is department]

    def departments(self) -> list[tuple[Department, int]]:
        """Departments that offer something, in the order of the portal, with the number of their services."""
        counts: dict[int, int] = {}
        known = {}
        for service in self.services:
            if service.department is not PLAIN:
                known[service.department.id] = service.department
                counts[service.department.id] = counts.get(service.department.id, 0) + 1
        ordered = sorted(known.values(), key=lambda d: (d.order, d.id))
        return [(department, counts[department.id]) for department in ordered]

    def find(self, slug: str) -> Entry | None:
        return next((s for s in self.services if s.slug == slug), None)


def showcase(session: Session, grants: Grants, lang: str, today: date) -> Showcase:
    """Services and the announcements of the day in one statement through the door, without reading the forms."""
    told = (cast(Page.texts, Text).label("texts"), cast(Page.facts, Text).label("facts"))
    columns = (Page.id, Page.kind, Page.slug, Page.number, Page.title, *told)
    statement = select(
        *columns, Page.department_id, Page.opened_at, Page.fields["from_day"].as_string().label("from_day")
    ).where(
        Page.is_open.is_(True),
        or_(Page.kind == "service", Announcement.shown_on(today)),
    )
    tree = {d.id: d for d in departments(session)}
    mine = audience_tokens(grants)
    services, news = [], []
    for row in session.execute(through(statement, grants)):
        texts, facts = _read(row.texts), _read(row.facts)
        text = texts.get(lang) or {}
        title = str(text.get("title") or row.title)
        department = tree.get(row.department_id, PLAIN)
        if row.kind == "announcement":
            told_on = date.fromisoformat(row.from_day) if row.from_day else row.opened_at.date()
            news.append(News(row.number, title, told_on, department, bool(facts.get("strip"))))
            continue
        audience = set(facts.get("audience") or [])
        if not audience or audience & mine:
            body = str(text.get("body") or "")
            services.append(Entry(row.id, row.slug, title, body, facts, department, row.slug == OTHER))
    services.sort(key=lambda s: (s.is_other, s.title.casefold().replace("ё", "е")))
    news.sort(key=lambda n: (n.is_strong, n.on), reverse=True)
    return Showcase(services, news)


@lru_cache(maxsize=4096)  # by what is stored: a hundred services are read for each portal and seldom changed
def _read(stored: str) -> Mapping[str, Any]:
    return MappingProxyType(json.loads(stored))


def entry_of(service: Service, lang: str) -> Entry:
    """One service as lists show it."""
    department = service.department or PLAIN
    slug = str(service.slug)
    return Entry(
        service.id, slug, service.title_in(lang), service.body_in(lang), service.facts, department, slug == OTHER
    )


def most_ordered(session: Session, runtime: Runtime, services: Iterable[Entry], now: datetime) -> list[Entry]:
    """The services by how often they were ordered in the last month; those never ordered come last.

    The counts are of all requests that are not confidential, and are kept for ten minutes in the process.
    """
    counts = _counts(session, runtime, now)
    among = [s for s in services if not s.is_other]
    return sorted(among, key=lambda s: (-counts.get(s.id, 0), s.facts.get("hours", 0), s.id))


def orders_of(session: Session, runtime: Runtime, service_id: int, now: datetime) -> int:
    """How often a service was ordered in the last month."""
    return _counts(session, runtime, now).get(service_id, 0)


def _counts(session: Session, runtime: Runtime, now: datetime) -> dict[int, int]:
    kept: tuple[datetime, dict[int, int]] | None = runtime.parts.get("orders")
    if kept is not None and abs(now - kept[0]) < FRESH:
        return kept[1]
    statement = (
        select(Case.service_id, func.count())
        .where(
            Case.service_id.is_not(None),
            Case.opened_at > now - timedelta(days=POPULAR_DAYS),
            Case.confidential.is_(False),
        )
        .group_by(Case.service_id)
    )
    counts = {int(row[0]): int(row[1]) for row in session.execute(unrestricted(statement, "popularity")) if row[0]}
    runtime.parts["orders"] = (now, counts)
    return counts


def wait_words(hours: float, calendar: str) -> Message:
    """How long it takes, as people count: "2 working hours", "3 working days", "2 days"."""
    works = calendar not in ("24x7", "12x7")
    day = 8 if works else 12 if calendar == "12x7" else 24
    if hours < 1:
        return ngettext("%(num)s minute", "%(num)s minutes", round(hours * 60))
    if hours >= day and hours % day == 0:
        days = int(hours // day)
        if works:
            return ngettext("%(num)s working day", "%(num)s working days", days)
        return ngettext("%(num)s day", "%(num)s days", days)
    whole = max(1, round(hours))
    if works:
        return ngettext("%(num)s working hour", "%(num)s working hours", whole)
    return ngettext("%(num)s hour", "%(num)s hours", whole)


def promised(hours: float, calendar: str, now: datetime, zone: ZoneInfo) -> datetime:
    """When a request sent now would be done."""
    return CALENDARS.get(calendar, OFFICE_HOURS).add(now, timedelta(hours=hours), zone).at


def letters(services: Sequence[Entry]) -> list[tuple[str, list[Entry]]]:
    """Services by their first letter."""
    found: dict[str, list[Entry]] = {}
    for service in services:
        first = service.title[:1].upper().replace("Ё", "Е")
        found.setdefault(first if first.isalpha() else "#", []).append(service)
    return sorted(found.items())


def summary(department: Department, lang: str, services: Sequence[Entry]) -> str:
    """A line about a department: its own words, else the names of its first services."""
    return words(department.summaries, lang) or ", ".join(s.title for s in services[:3])
