"""Plugins written inside a test, in a directory of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from acm import clock
from acm.db import Database
from acm.journal import Origin
from acm.kernel import lifecycle
from acm.kernel.guard import recent
from acm.settings import Settings
from acm.web.runtime import Runtime

BUNDLED = Path(__file__).parents[2] / "plugins"
MANIFEST = """
[plugin]
slug = "{slug}"
name = {{ ru = "Проба", en = "Trial" }}
version = "{version}"
"""
LOAN = """
from fastapi import APIRouter

from acm.sdk import CaseType, SlaClock, Stage, State, StateCategory, Transition

NAMES = {"ru": "Выдача", "en": "Loan"}
LOAN = CaseType(
    key="SLUG.loan", names=NAMES, series="LN",
    stages=(Stage(key="all", names=NAMES),),
    states=(
        State(key="new", names=NAMES, category=StateCategory.NEW, stage="all"),
        State(key="closed", names=NAMES, category=StateCategory.CLOSED, stage="all", sla=SlaClock.STOPPED),
    ),
    transitions=(Transition(source="new", target="closed", names=NAMES),),
)
pages = APIRouter()


@pages.get("/hello")
def hello() -> dict[str, str]:
    return {"hello": "VERSION"}


@pages.get("/broken")
def broken() -> None:
    raise RuntimeError("a plugin's own fault")


def register(p):
    p.case_type(LOAN)
    p.router(pages)
"""


@pytest.fixture
def settings(tmp_path: Path, database: Database) -> Settings:
    folder = tmp_path / "plugins"
    folder.mkdir()
    return Settings(
        data_dir=tmp_path / "var", database_url=database.url, language="en", secret_key="of no value", search="sqlite",
        plugin_path=folder,
    )  # fmt: skip


@pytest.fixture
def write_plugin(settings: Settings) -> Callable[..., Path]:
    """``write_plugin("loans")`` lays a working plugin on disk; give ``code`` or ``manifest`` for another."""

    def write(slug: str = "loans", *, code: str = LOAN, manifest: str = MANIFEST, version: str = "1.0.0") -> Path:
        folder = settings.plugin_path / slug
        folder.mkdir(exist_ok=True)
        (folder / "plugin.toml").write_text(manifest.format(slug=slug, version=version))
        (folder / "__init__.py").write_text(code.replace("SLUG", slug).replace("VERSION", version))
        return folder

    return write


@pytest.fixture
def enable(runtime: Runtime) -> Callable[[str], None]:
    def run(slug: str = "loans") -> None:
        with runtime.db.writing(runtime.snapshot) as session:
            lifecycle.enable(session, runtime, slug, Origin(None, clock.now()))
        lifecycle.publish(runtime)

    return run


@pytest.fixture
def disable(runtime: Runtime) -> Callable[[str], None]:
    def run(slug: str = "loans") -> None:
        with runtime.db.writing(runtime.snapshot) as session:
            lifecycle.disable(session, runtime, slug, Origin(None, clock.now()))
        lifecycle.publish(runtime)

    return run


@pytest.fixture(autouse=True)
def no_failures_of_other_tests() -> None:
    """Failures are kept for the whole process: each test begins without any."""
    recent.clear()


@pytest.fixture
def repair(runtime: Runtime) -> Callable[..., None]:
    def run(slug: str = "loans", reason: str = "It raised five times in a minute") -> None:
        with runtime.db.writing(runtime.snapshot) as session:
            lifecycle.repair(session, runtime, slug, Origin(None, clock.now()), reason)
        lifecycle.publish(runtime)

    return run
