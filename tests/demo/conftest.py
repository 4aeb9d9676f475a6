"""A demo company of few cases, built once and copied for each test that wants one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from sqlalchemy.orm import Session

from acm import composition, migrating
from acm.db import Database
from acm.demo.building import Building, Tell
from acm.settings import Settings
from acm.web.runtime import Runtime

MADE = datetime(2026, 11, 18, 11, 30, tzinfo=UTC)
"""A Wednesday, 14:30 in Moscow."""
CASES = 200


def settings_in(folder: Path) -> Settings:
    return Settings(
        data_dir=folder, database_url=f"sqlite:///{folder}/demo.db", search="sqlite", secret_key="test key of no value",
    )  # fmt: skip


def build(folder: Path, *, cases: int = CASES, seed: int = 7, tell: Tell = lambda words, done, total: None) -> Runtime:
    """Build a small demo company at the fixed moment."""
    settings = settings_in(folder)
    database = Database(settings.url)
    migrating.migrate(database)
    with time_machine.travel(MADE, tick=False):
        runtime = composition.create_runtime(settings, database)
        Building(runtime, tell, count=cases, seed=seed).build()
    return runtime


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    build(folder).db.dispose()
    return folder


@pytest.fixture
def demo(built: Path, tmp_path: Path) -> Iterator[Runtime]:
    """A copy of the demo company, for one test."""
    folder = tmp_path / "demo"
    shutil.copytree(built, folder)
    settings = settings_in(folder)
    runtime = composition.create_runtime(settings, Database(settings.url))
    yield runtime
    runtime.db.dispose()


@pytest.fixture(scope="session")
def standing(built: Path) -> Iterator[Runtime]:
    """The demo company itself, for tests that only read."""
    settings = settings_in(built)
    runtime = composition.create_runtime(settings, Database(settings.url))
    yield runtime
    runtime.db.dispose()


@pytest.fixture
def company(standing: Runtime) -> Iterator[Session]:
    """A reading session in the demo company."""
    with standing.db.reading(standing.snapshot) as session:
        yield session
