"""The plugin as it is delivered, enabled, with the groups of a company around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm import clock
from acm.cases.approving import OPEN, decide
from acm.cases.models import Case
from acm.catalog.bundles import services_of
from acm.catalog.filing import Filing, file_request
from acm.catalog.publishing import sync_services
from acm.db import Database
from acm.jobs.queue import run_due
from acm.journal import Origin
from acm.kernel import lifecycle
from acm.pages.types import StateCategory
from acm.pages.visibility import unrestricted
from acm.people.models import BusinessOwner, Department, Group, GroupMember, Person
from acm.people.rights import Grants
from acm.settings import Settings
from acm.web.runtime import Runtime
from tests.cast import MONDAY
from tests.databases import settle

BUNDLED = Path(__file__).parents[2] / "plugins"
ELSEWHERE = {
    "it": ("it-iam", "it-assets"), "hr": ("hr-pay", "hr-ld", "hr-hse", "hr-er", "fin-acc", "adm-off", "adm-sec", "adm-car"),
}  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path, database: Database) -> Settings:
    return Settings(
        data_dir=tmp_path / "var", database_url=database.url, language="en", secret_key="of no value", search="sqlite",
        plugin_path=BUNDLED,
    )  # fmt: skip


class Company:
    """What the tests do: order, do the steps, look."""

    def __init__(self, session: Session, runtime: Runtime, person: Callable[[str], Person]) -> None:
        self.session, self.runtime, self.person = session, runtime, person

    def by(self, login: str) -> Origin:
        return Origin(self.person(login), clock.now())

    def order(self, service: str, login: str = "maria", *, approved: bool = True, **answers: Any) -> Case:
        found = services_of(self.session, [service.lower()])[service.lower()]
        asker = self.person(login)
        filing = Filing(found, answers, asker, asker, "en")
        case = file_request(self.session, filing, self.by(login), self.runtime.snapshot, "Europe/Moscow")
        if approved:
            self.approve(case)
        self.follow()
        return case

    def approve(self, case: Case) -> None:
        self.session.flush()
        while step := next((one for one in case.approvals() if one.state in OPEN), None):
            approver = self.session.get_one(Person, step.approver_id)
            grants = Grants(approver.id)
            decide(self.session, case, step, "approve", Origin(approver, clock.now()), grants=grants)

    def steps(self, order: Case) -> dict[str, Case]:
        statement = unrestricted(select(Case).where(Case.parent_id == order.id).order_by(Case.id), "test")
        return {case.facts["part"]["key"]: case for case in self.session.scalars(statement)}

    def do(self, order: Case, *keys: str) -> None:
        """Let these steps be done, one after the other."""
        for key in keys:
            step = self.steps(order)[key]
            done = step.case_type.state_in(StateCategory.RESOLVED)
            assert done is not None
            step.enter(done, self.by("vera"))
            self.follow()

    def follow(self) -> None:
        """Let the worker do what is to be done."""
        self.session.commit()
        while self._round():
            pass
        self.session.expire_all()

    def _round(self) -> int:
        settle(self.session)
        db, snapshot = self.runtime.db, self.runtime.snapshot
        there = [snapshot.find("consumer", key) for key in ("bundles", "react:hr_onboarding")]
        passed = sum(consume(db, snapshot) for consume in there if consume)
        run_due(db, snapshot)
        return passed


@pytest.fixture
def company(session: Session, runtime: Runtime, person: Callable[[str], Person]) -> Iterator[Company]:
    with time_machine.travel(MONDAY, tick=False):
        departments = {d.key: d for d in session.scalars(select(Department))}
        for department, groups in ELSEWHERE.items():
            for key in groups:
                group = Group(key=key, names={"ru": key, "en": key}, department_id=departments[department].id)
                session.add(group)
                session.flush()
                session.add(GroupMember(group_id=group.id, person_id=person("vera").id))
        session.add(BusinessOwner(role="hr_head", names={"ru": "Кадры", "en": "HR"}, person_id=person("vera").id))
        session.add(BusinessOwner(role="finance", names={"ru": "Финансы", "en": "Finance"}, person_id=person("lev").id))
        session.commit()
        with runtime.db.writing(runtime.snapshot) as db:
            lifecycle.enable(db, runtime, "hr_onboarding", Origin(None, clock.now()))
        lifecycle.publish(runtime)
        session.info["snapshot"] = runtime.snapshot
        sync_services(session, runtime.snapshot)
        session.commit()
        yield Company(session, runtime, person)
