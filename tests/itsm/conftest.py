"""The ITSM plugin as it is delivered, enabled."""

from __future__ import annotations

from pathlib import Path

import pytest

from acm import clock
from acm.db import Database
from acm.journal import Origin
from acm.kernel import lifecycle
from acm.settings import Settings
from acm.web.runtime import Runtime

BUNDLED = Path(__file__).parents[2] / "plugins"


@pytest.fixture
def settings(tmp_path: Path, database: Database) -> Settings:
    return Settings(
        data_dir=tmp_path / "var", database_url=database.url, language="en", secret_key="of no value", search="sqlite",
        plugin_path=BUNDLED,
    )  # fmt: skip


@pytest.fixture
def itsm(runtime: Runtime) -> Runtime:
    with runtime.db.writing(runtime.snapshot) as session:
        lifecycle.enable(session, runtime, "itsm", Origin(None, clock.now()))
    lifecycle.publish(runtime)
    return runtime
