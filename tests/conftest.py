"""Fixtures: a database of one's own on SQLite and PostgreSQL alike, the application on it, the cast."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from acm import clock
from acm.app import Application, create_app
from acm.db import Database
from acm.people.models import Department, Group, Person
from acm.people.rights import Grants, grants_of
from acm.people.signin import open_session
from acm.settings import Settings
from acm.web import csrf
from acm.web.runtime import Runtime
from tests import databases
from tests.recorder import SideDoor, watching
from tests.statements import listening

SHARED = Path(__file__).parents[2] / "shared"


def pytest_collection_finish() -> None:
    """What is imported stays: no collection needs to walk it again, and few are needed."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True)
def side_doors() -> Iterator[list[SideDoor]]:
    """Every read of a protected table passes the door, in whatever test; the list holds those that did not."""
    with watching() as found:
        yield found
    assert not found, "read past the door:\n" + "\n".join(str(one) for one in found)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Migrated template databases, made at first need."""
    made: dict[str, str] = {}
    yield made
    databases.drop_spares()
    for url in made.values():
        databases.drop(url)


@pytest.fixture(params=databases.backends())
def database(
    request: pytest.FixtureRequest, templates: dict[str, str], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A migrated database that holds the cast and nothing else."""
    backend: str = request.param
    if backend not in templates:
        templates[backend] = databases.make_template(backend, tmp_path_factory.mktemp(backend))
    with databases.copied(templates[backend], tmp_path) as copy:
        yield copy


@pytest.fixture
def settings(tmp_path: Path, database: Database) -> Settings:
    return Settings(
        data_dir=tmp_path / "var",
        database_url=database.url,
        language="en",
        secret_key="test key of no value",
        search="sqlite",
    )


@pytest.fixture
def app(settings: Settings, database: Database) -> Application:
    """The application on the test's database, without worker threads."""
    return create_app(settings, database=database)


@pytest.fixture
def runtime(app: Application) -> Runtime:
    return app.runtime


@pytest.fixture
def session(runtime: Runtime) -> Iterator[Session]:
    """A writing session of the test; commit before asking the application."""
    with runtime.db.session(read_only=False, snapshot=runtime.snapshot) as opened:
        opened.info["settings"], opened.info["runtime"] = runtime.settings, runtime
        yield opened


class Browser(TestClient):
    """A signed-in person's browser. ``submit`` posts a form with its CSRF token.

    What the test did in its own session is committed before each request, so that no lock of it stands in the way.
    """

    test_session: Session

    def request(self, *args: object, **options: object) -> object:
        self.test_session.commit()
        return super().request(*args, **options)

    def submit(self, path: str, data: dict[str, object] | None = None, **options: object) -> object:
        return self.post(path, data={"csrf_token": self.headers["x-csrf-token"], **(data or {})}, **options)


Browse = Callable[..., Browser]


@pytest.fixture
def browse(app: Application, session: Session) -> Iterator[Browse]:
    """``browse("oleg")`` is Oleg's browser; ``browse()`` is nobody's."""
    opened: list[Browser] = []

    def open_browser(login: str | None = None, *, lang: str = "en") -> Browser:
        session.commit()
        browser = Browser(app, base_url="http://testserver", raise_server_exceptions=False, follow_redirects=False)
        browser.test_session = session
        browser.headers["accept-language"] = lang
        if login:
            with app.runtime.db.writing(app.runtime.snapshot) as db:
                person = db.scalars(select(Person).where(Person.login == login)).one()
                token = open_session(db, app.runtime.settings, person, network="test", agent="test", now=clock.now())
            browser.cookies.set("acm", token)
            browser.headers["x-csrf-token"] = csrf.sign(app.runtime.settings.key(), token)
        opened.append(browser)
        return browser

    yield open_browser
    for browser in opened:
        browser.close()


@pytest.fixture
def person(session: Session) -> Callable[[str], Person]:
    """``person("oleg")`` is Oleg's row."""
    return lambda login: session.scalars(select(Person).where(Person.login == login)).one()


@pytest.fixture
def grants(session: Session, person: Callable[[str], Person]) -> Callable[[str], Grants]:
    return lambda login: grants_of(session, person(login))


@pytest.fixture
def group(session: Session) -> Callable[[str], Group]:
    return lambda key: session.scalars(select(Group).where(Group.key == key)).one()


@pytest.fixture
def department(session: Session) -> Callable[[str], Department]:
    return lambda key: session.scalars(select(Department).where(Department.key == key)).one()


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """The SQL sent from now on; ``statements.clear()`` before what is to be counted."""
    with listening() as sent:
        yield sent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data that lies beside the project; tests that need it are skipped where it is not."""
    if not SHARED.joinpath("data").is_dir():
        pytest.skip("the shared data lies beside the project and is not here")
    return SHARED / "data"
