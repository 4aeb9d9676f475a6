"""CRM as it is delivered, enabled, with two departments beside the cast: Sonya sells, Karim cares for clients."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from acm import clock
from acm.composition import create_runtime
from acm.db import Database
from acm.journal import Origin
from acm.kernel import lifecycle
from acm.people.models import Department, Group, GroupMember, Person, PersonRole, Role
from acm.people.rights import grants_of
from acm.people.signin import Viewer
from acm.sdk import Context
from acm.settings import Settings
from acm.web.runtime import Runtime
from tests import databases

BUNDLED = Path(__file__).parents[2] / "plugins"


def module(name: str):
    """A module of the plugin, for what asks nothing of the application."""
    return importlib.import_module(f"plugins.crm.{name}")


def settings_in(folder: Path, url: str) -> Settings:
    return Settings(
        data_dir=folder, database_url=url, language="en", secret_key="of no value", search="sqlite",
        plugin_path=BUNDLED,
    )  # fmt: skip


def add_sellers(session) -> None:
    """Sonya of Sales, Sasha who heads Sales, Karim of Client care, Clara who heads it."""
    agent = session.scalars(select(Role).where(Role.key == "agent")).one()
    for key, ru, en, group_key, names in (
        ("sales", "Продажи", "Sales", "sales", (("sonya", "Соня"), ("sasha", "Саша"))),
        ("care", "Забота о клиентах", "Client care", "client-care", (("karim", "Карим"), ("clara", "Клара"))),
    ):
        department = Department(key=key, names={"ru": ru, "en": en}, hue=240)
        session.add(department)
        session.flush()
        group = Group(key=group_key, names={"ru": ru, "en": en}, department_id=department.id)
        session.add(group)
        session.flush()
        for login, given in names:
            person = Person(
                login=login, given=given, family="Петрова", latin=f"{login.capitalize()} Latin",
                email=f"{login}@example.test", department_id=department.id, created_at=clock.now(), active=True,
            )  # fmt: skip
            session.add(person)
            session.flush()
            session.add(GroupMember(group_id=group.id, person_id=person.id))
            session.add(PersonRole(person_id=person.id, role_id=agent.id, department_id=department.id))
        department.head_id = person.id


@pytest.fixture(scope="session")
def enabled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Template databases in which the plugin is enabled already: probing it takes seconds."""
    made: dict[str, str] = {}

    def template(backend: str) -> str:
        if backend not in made:
            folder = tmp_path_factory.mktemp(f"crm-{backend}")
            made[backend] = databases.make_template(backend, folder)
            runtime = create_runtime(settings_in(folder, made[backend]), Database(made[backend]))
            with runtime.db.writing(runtime.snapshot) as session:
                add_sellers(session)
                session.flush()
                lifecycle.enable(session, runtime, "crm", Origin(None, clock.now()))
            runtime.db.dispose()
        return made[backend]

    yield template
    for url in made.values():
        databases.drop(url)


@pytest.fixture(params=databases.backends())
def database(request: pytest.FixtureRequest, enabled: Callable[[str], str], tmp_path: Path) -> Iterator[Database]:
    with databases.copied(enabled(request.param), tmp_path) as copy:
        yield copy


@pytest.fixture
def settings(tmp_path: Path, database: Database) -> Settings:
    return settings_in(tmp_path / "var", database.url)


@pytest.fixture
def crm(runtime: Runtime) -> Runtime:
    assert "crm" in runtime.snapshot.plugins
    return runtime


@pytest.fixture
def itself(crm, session) -> Context:
    """The plugin's context without a person."""
    session.info["snapshot"] = crm.snapshot
    return Context("crm", session, crm.snapshot)


@pytest.fixture
def as_person(itself, session, person):
    """``as_person("sonya")`` is the plugin's context for Sonya."""

    def context(login: str) -> Context:
        found = person(login)
        return Context("crm", session, itself.snapshot, Viewer(found, grants_of(session, found), found.zone("UTC")))

    return context


@pytest.fixture
def follow(crm, session) -> Callable[[], None]:
    """Let the plugin's reactors follow the journal to its end."""

    def run() -> None:
        session.commit()
        databases.settle(session)
        consume = crm.snapshot.find("consumer", "react:crm")
        while consume(crm.db, crm.snapshot):
            databases.settle(session)
        session.expire_all()

    return run


@pytest.fixture
def company(as_person):
    """A company that Sonya keeps; the rest of its fields by name."""

    def make(title="Romashka LLC", **fields):
        ctx = as_person("sonya")
        desk, parties = module("desk"), module("parties")
        keys = {k: v for k, v in parties.keys_of(title, fields.get("phone", "")).items() if v}
        return ctx.pages.create("crm.company", title=title, fields={**fields, **keys}, **desk.shared(ctx))

    return make


@pytest.fixture
def deal(as_person, session, person, department, group):
    """A deal of Sonya's."""

    def make(title="Pumps for a year", state="lead", **fields):
        ctx = as_person("sonya")
        return ctx.cases.open(
            "crm.deal", title=title, state=state, fields=fields, owner=person("sonya"), requester=person("sonya"),
            department=department("sales"), group=group("sales"),
        )  # fmt: skip

    return make
