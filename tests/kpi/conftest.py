"""A small world of cases: filed, answered, resolved and reopened at known times, and counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from acm.cases.models import Case
from acm.cases.opening import Opening, open_case
from acm.catalog.models import Service
from acm.catalog.request_type import REQUEST
from acm.journal import Origin
from acm.pages.schema import stored_version
from acm.pages.types import PageType
from acm.people.models import Branch, Department, Group, Person
from tests.databases import settle

MOSCOW = ZoneInfo("Europe/Moscow")
SERVICE = PageType(key="service", names={"ru": "Услуга", "en": "Service"}, kind="service", series="SV")


def on(day: int, hour: int = 10, minute: int = 0, *, month: int = 11) -> datetime:
    """A moment of November 2026 by the clock of Moscow; the 16th is a Monday."""
    return datetime(2026, month, day, hour, minute, tzinfo=MOSCOW).astimezone(UTC)


@dataclass
class Desk:
    """Files cases and moves them; ``commit`` before counting."""

    session: object

    def one(self, model, **wanted):
        return self.session.scalars(select(model).filter_by(**wanted)).one()

    def person(self, login):
        return self.one(Person, login=login)

    def service(self, title, department="it"):
        found = self.session.scalars(select(Service).where(Service.title == title)).first()
        if found is None:
            version = stored_version(self.session, SERVICE)
            number = f"SV-{abs(hash(title)) % 10**6}"
            found = Service(
                number=number, slug=number.lower(), type="service", type_version_id=version.id, title=title,
                texts={"en": {"title": title}}, opened_at=on(1), updated_at=on(1), public=True, state="published",
                department_id=self.one(Department, key=department).id,
            )  # fmt: skip
            self.session.add(found)
            self.session.flush()
        return found

    def file(self, at, *, title="VPN", by="maria", service="VPN access", department="it", group="it-net", **more):
        more.setdefault("priority", 3)
        if isinstance(more.get("branch"), str):
            more["branch"] = self.one(Branch, key=more["branch"])
        opening = Opening(
            title=title, requester=self.person(by), service=self.service(service) if service else None,
            department=self.one(Department, key=department) if department else None,
            group=self.one(Group, key=group) if group else None, **more,
        )  # fmt: skip
        return open_case(self.session, REQUEST, opening, Origin(self.person(by), at), MOSCOW)

    def move(self, case: Case, state: str, at, by="oleg"):
        case.enter(REQUEST.state(state), Origin(self.person(by), at))

    def solve(self, case: Case, at, by="oleg"):
        self.move(case, "in_progress", at - timedelta(minutes=30), by)
        case.respond(Origin(self.person(by), at - timedelta(minutes=30)))
        self.move(case, "resolved", at, by)


@pytest.fixture
def desk(session) -> Desk:
    return Desk(session)


@pytest.fixture
def count(runtime, session) -> Callable[[], int]:
    """Let the consumer count what was committed; returns how many events it handled."""

    def run() -> int:
        session.commit()
        settle(session)
        step = runtime.snapshot.find("consumer", "kpi")
        handled = 0
        while more := step(runtime.db, runtime.snapshot):
            handled += more
        session.expire_all()
        return handled

    return run
