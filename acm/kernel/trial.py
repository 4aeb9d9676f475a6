"""A house to try a plugin in: a database of its own, a small company, cases, and people who look. Gone afterwards.

The company has one department for each key that the plugin names, its groups, and three people: an administrator, a
worker who leads every department and bears every other role, and an employee who asks.
"""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm import clock, migrating, tables
from acm.cases.models import Case
from acm.cases.opening import Opening, open_case
from acm.db import Database
from acm.errors import Problem
from acm.journal import Origin
from acm.kernel import lifecycle
from acm.kernel.loader import Generation
from acm.kernel.manifest import NAME, read_manifest
from acm.kernel.world import World
from acm.pages.models import Page
from acm.pages.types import CaseType, FieldKind, PageType
from acm.pages.writing import Writing, create_page
from acm.people import setup
from acm.people.models import BusinessOwner, Department, Group, GroupMember, Person, PersonRole, Role
from acm.people.signin import open_session
from acm.settings import Settings
from acm.web import csrf
from acm.web.runtime import Runtime

OpenApp = Callable[[Settings, Database], Any]
TITLE = "Trial <trial>&amp;"
"""What every page is called: where it stands in a screen as it is, it was not escaped."""
RAW = "<trial>"
PEOPLE = ("admin", "worker", "employee")
DAYS, HISTORY = 60, "import:trial"
UTC = ZoneInfo("UTC")


@dataclass
class Trial:
    """The house. ``pages`` are those that were made of the plugin's types, one of each type by its key first."""

    slug: str
    folder: Path
    app: Any
    database: Database
    cases: int = 0
    pages: dict[str, str] = field(default_factory=dict)
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    _headers: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def runtime(self) -> Runtime:
        runtime: Runtime = self.app.runtime
        return runtime

    @property
    def world(self) -> World:
        world: World = self.runtime.parts["world"]
        return world

    @property
    def generation(self) -> Generation:
        return self.world.loaded[self.slug]

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self.database.writing(self.runtime.snapshot) as session:
            session.info.update(settings=self.runtime.settings, runtime=self.runtime)
            yield session

    def enable(self) -> None:
        with self.writing() as session:
            lifecycle.enable(session, self.runtime, self.slug, Origin(None, clock.now()))
        lifecycle.publish(self.runtime)
        self.rest()

    def disable(self) -> None:
        with self.writing() as session:
            lifecycle.disable(session, self.runtime, self.slug, Origin(None, clock.now()))
        lifecycle.publish(self.runtime)
        self.rest()

    def rest(self) -> None:
        """Let everything go that is not used any more."""
        self.world.sweep()
        self.world.retirement.settle()

    def get(self, path: str, login: str = "", *, method: str = "GET") -> httpx.Response:
        """What an address answers to a person, or to nobody."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://trial") as client:
                return await client.request(method, path, headers=self._signed_in(login))

        return self.runner.run(ask())

    def follow(self) -> None:
        """Let everything that follows the journal come to its end."""
        for given in self.runtime.snapshot.each("consumer"):
            while given.value(self.database, self.runtime.snapshot):
                pass

    def person(self, session: Session, login: str) -> Person:
        return session.scalars(select(Person).where(Person.login == login)).one()

    def live(self, count: int) -> None:
        """Make ``count`` cases of the plugin's types, with a history of two months, and one page of each other type."""
        types = [given.value for given in self.runtime.snapshot.each("page_type") if given.plugin == self.slug]
        worked = [one for one in types if isinstance(one, CaseType)]
        with self.writing() as session:
            known = {"employee": self.person(session, "employee"), "worker": self.person(session, "worker")}
            group = session.scalars(select(Group).order_by(Group.id)).first()
            for place in range(count if worked else 0):
                declared = worked[place % len(worked)]
                case = self._case(session, declared, known, group, place)
                self.pages.setdefault(declared.key, str(case.number))
                self.cases += 1
            for declared in types:
                if not isinstance(declared, CaseType):
                    writing = Writing(
                        title=TITLE, fields=sample(declared, known["employee"]), owner=known["worker"], public=True,
                        number=f"TRIAL-{len(self.pages) + 1}",
                    )  # fmt: skip
                    page = create_page(session, Page, declared, writing, Origin(None, clock.now(), source=HISTORY))
                    self.pages[declared.key] = str(page.number)
        self.follow()

    def _case(
        self, session: Session, declared: CaseType, known: Mapping[str, Person], group: Group | None, place: int
    ) -> Case:  # fmt: skip
        """A case that began some days ago and went on for some of the moves of its type, always the same."""
        at = clock.now() - timedelta(days=place % DAYS, hours=1 + place % 7)
        opening = Opening(
            title=TITLE, requester=known["employee"], group=group, department=known["worker"].department,
            fields=sample(declared, known["employee"]), priority=1 + place % 4,
        )  # fmt: skip
        case = open_case(session, declared, opening, Origin(known["employee"], at, source=HISTORY), UTC)
        for step in range(place % 5):
            moves = declared.moves_from(case.state)
            if not moves:
                break
            at = min(at + timedelta(hours=5), clock.now())
            case.enter(declared.state(moves[(place + step) % len(moves)].target), self._by(known["worker"], at))
        return case

    def _by(self, person: Person, at: datetime) -> Origin:
        return Origin(person, at, source=HISTORY)

    def _signed_in(self, login: str) -> dict[str, str]:
        if login and login not in self._headers:
            with self.writing() as session:
                person, settings = self.person(session, login), self.runtime.settings
                token = open_session(session, settings, person, network="trial", agent="trial", now=clock.now())
            signed = csrf.sign(settings.key(), token)
            self._headers[login] = {"cookie": f"acm={token}", "x-csrf-token": signed, "accept-language": "en"}
        return self._headers.get(login, {"accept-language": "en"})


@contextmanager
def opened(path: Path, open_app: OpenApp, folder: Path, others: Path) -> Iterator[Trial]:
    """A house in ``folder`` with the plugin of ``path``; those it requires are taken from beside it or ``others``."""
    slug, plugins = path.name, folder / "plugins"
    needed = _bring(path, plugins, [path.parent, others])
    settings = Settings(
        data_dir=folder / "var", database_url=f"sqlite:///{folder / 'trial.db'}", secret_key="of a trial",  # noqa: S106
        language="en", search="sqlite", plugin_path=plugins,
    )  # fmt: skip
    tables.load()
    database = Database(settings.url, pool_size=5)
    migrating.migrate(database)
    trial, loop = Trial(slug, folder, open_app(settings, database), database), _loop()
    try:
        trial.world.begin_serving(loop)
        with trial.writing() as session:
            _found(session)
        for other in needed:
            Trial(other, folder, trial.app, database).enable()
        yield trial
    finally:
        trial.world.end_serving()
        loop.call_soon_threadsafe(loop.stop)
        trial.runtime.parts["isolation"].close()
        trial.runner.close()
        database.dispose()


def _loop() -> asyncio.AbstractEventLoop:
    """A loop that runs as that of a serving process does, until it is stopped."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="acm-trial", daemon=True).start()
    return loop


def sample(declared: PageType, person: Person) -> dict[str, Any]:
    """A value for each field that can have one without more being there, as a page keeps it."""
    values: dict[FieldKind, Any] = {
        FieldKind.TEXT: TITLE, FieldKind.LONG_TEXT: TITLE, FieldKind.NUMBER: 1,
        FieldKind.MONEY: {"amount": "1000", "currency": "RUB"}, FieldKind.DATE: clock.now().date().isoformat(),
        FieldKind.DATETIME: "2026-01-12T09:00:00Z", FieldKind.TIME: "09:00", FieldKind.PERSON: person.id,
        FieldKind.YES_NO: True, FieldKind.EMAIL: "trial@example.test", FieldKind.PHONE: "+7 495 000-00-00",
        FieldKind.URL: "https://example.test/",
    }  # fmt: skip
    found: dict[str, Any] = {}
    for one in declared.fields:
        value = one.options[0].id if one.options else values.get(one.kind)
        if one.kind is FieldKind.MULTI_CHOICE:
            value = [value] if value else None
        elif one.kind is FieldKind.NUMBER:
            value = max(1, one.min or 1)
        elif one.kind is FieldKind.MONEY and one.currency:
            value = {"amount": "1000", "currency": one.currency}
        if value is not None:
            found[one.key] = [value] if one.multiple and not isinstance(value, list) else value
    return found


def settle(trial: Trial) -> None:
    """Give the company what the plugin names, once it is enabled: the worker is in every group and bears its roles."""
    with trial.writing() as session:
        worker = trial.person(session, "worker")
        there = set(session.scalars(select(GroupMember.group_id).where(GroupMember.person_id == worker.id)))
        session.add_all(
            GroupMember(group_id=group.id, person_id=worker.id)
            for group in session.scalars(select(Group))
            if group.id not in there
        )
        held = set(session.scalars(select(PersonRole.role_id).where(PersonRole.person_id == worker.id)))
        roles = session.scalars(select(Role).where(Role.key != "admin")).all()
        session.add_all(PersonRole(person_id=worker.id, role_id=role.id) for role in roles if role.id not in held)


def need(trial: Trial, generation: Generation) -> None:
    """Make the departments, groups and approvers that the plugin names, before it is enabled."""
    given = {
        point: [c.value for c in generation.contributions if c.point == point]
        for point in ("group", "service", "panel")
    }
    departments = {one.department for values in given.values() for one in values if one.department}
    groups = {service.owner_group: service.department for service in given["service"]}
    approvers = {step.role for service in given["service"] for step in service.approvals}
    with trial.writing() as session:
        worker = trial.person(session, "worker")
        for key in sorted(departments - set(session.scalars(select(Department.key)))):
            session.add(Department(key=key, names={"en": key, "ru": key}, head_id=worker.id))
        session.flush()
        ids = {one.key: one.id for one in session.scalars(select(Department))}
        brought = {group.id for group in given["group"]}
        for key in sorted(set(groups) - brought - set(session.scalars(select(Group.key)))):
            session.add(Group(key=key, names={"en": key, "ru": key}, department_id=ids[groups[key]]))
        for role in sorted(approvers - set(session.scalars(select(BusinessOwner.role)))):
            session.add(BusinessOwner(role=role, names={"en": role, "ru": role}, person_id=worker.id))


def _found(session: Session) -> None:
    now = clock.now()
    setup.ensure_roles(session)
    setup.close(session, now)
    department = Department(key="it", names={"en": "IT", "ru": "ИТ"})
    session.add(department)
    session.flush()
    people = {
        login: Person(
            login=login, given=login.capitalize(), family="Trial", email=f"{login}@example.test", created_at=now,
            department_id=department.id,
        )
        for login in PEOPLE
    }  # fmt: skip
    session.add_all(people.values())
    session.flush()
    department.head_id = people["employee"].manager_id = people["worker"].id
    roles = {role.key: role.id for role in session.scalars(select(Role))}
    session.add(PersonRole(person_id=people["admin"].id, role_id=roles["admin"]))


def _bring(path: Path, plugins: Path, places: list[Path]) -> list[str]:
    """Copy a plugin and those it requires; returns the slugs of the latter, in the order to enable them."""
    shutil.copytree(path, plugins / path.name, ignore=shutil.ignore_patterns("__pycache__", ".git"))
    needed: list[str] = []
    for slug in read_manifest(path).plugin.requires:
        there = next((place / slug for place in places if (place / slug / NAME).is_file()), None)
        if there is None:
            raise Problem(f"It requires the plugin {slug}, which is neither beside it nor in the plugin directory")
        if not (plugins / slug).is_dir():
            needed += [*_bring(there, plugins, places), slug]
    return needed
