"""The plugin of Legal as it is delivered, enabled; a folder of its modules to import what is pure."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from acm import clock
from acm.composition import create_runtime
from acm.db import Database
from acm.journal import Origin
from acm.kernel import lifecycle
from acm.people.rights import grants_of
from acm.people.signin import Viewer
from acm.sdk import Context
from acm.settings import Settings
from acm.web.runtime import Runtime
from tests import databases

BUNDLED = Path(__file__).parents[2] / "plugins"


def module(name: str):
    """A module of the plugin, for what asks nothing of the application."""
    return importlib.import_module(f"plugins.legal.{name}")


def day(text: str) -> date:
    return date.fromisoformat(text)


def settings_in(folder: Path, url: str) -> Settings:
    return Settings(
        data_dir=folder, database_url=url, language="en", secret_key="of no value", search="sqlite",
        plugin_path=BUNDLED,
    )  # fmt: skip


@pytest.fixture(scope="session")
def enabled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Template databases in which the plugin is enabled already: probing it takes seconds."""
    made: dict[str, str] = {}

    def template(backend: str) -> str:
        if backend not in made:
            folder = tmp_path_factory.mktemp(f"legal-{backend}")
            made[backend] = databases.make_template(backend, folder)
            runtime = create_runtime(settings_in(folder, made[backend]), Database(made[backend]))
            with runtime.db.writing(runtime.snapshot) as session:
                lifecycle.enable(session, runtime, "legal", Origin(None, clock.now()))
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
def legal(runtime: Runtime) -> Runtime:
    assert "legal" in runtime.snapshot.plugins
    return runtime


@pytest.fixture
def itself(legal, session) -> Context:
    """The plugin's context without a person."""
    session.info["snapshot"] = legal.snapshot
    return Context("legal", session, legal.snapshot)


@pytest.fixture
def as_person(itself, session, person):
    """``as_person("lev")`` is the plugin's context for Lev."""

    def context(login: str) -> Context:
        found = person(login)
        return Context("legal", session, itself.snapshot, Viewer(found, grants_of(session, found), found.zone("UTC")))

    return context


@pytest.fixture
def follow(legal, session) -> Callable[[], None]:
    """Let the plugin's reactors follow the journal to its end."""

    def run() -> None:
        session.commit()
        databases.settle(session)
        consume = legal.snapshot.find("consumer", "react:legal")
        while consume(legal.db, legal.snapshot):
            databases.settle(session)
        session.expire_all()

    return run
