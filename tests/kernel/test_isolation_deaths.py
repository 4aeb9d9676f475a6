"""A plugin that kills the process is known to the next one, and kept away after the second death."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from acm.app import create_app
from acm.kernel.models import Plugin
from acm.kernel.suspects import Suspects

KILLS = """
import os

def dies(ctx):
    if not os.path.exists({alive!r}):
        os._exit(3)
    return "survived"

def register(p):
    p.slot("portal.home", dies)
"""
ASKS_THE_PORTAL = """
import sys
from sqlalchemy import select
from starlette.testclient import TestClient
from acm import clock
from acm.app import create_app
from acm.people.models import Person
from acm.people.signin import open_session
app = create_app()
with app.runtime.db.writing(app.runtime.snapshot) as db:
    maria = db.scalars(select(Person).where(Person.login == "maria")).one()
    token = open_session(db, app.runtime.settings, maria, network="test", agent="test", now=clock.now())
with TestClient(app, base_url="http://testserver", cookies={"acm": token}) as browser:
    print("survived" in browser.get("/").text)
"""


@pytest.fixture
def process(settings):
    """``process()`` is a worker that answers one request to the portal: its exit code and what it printed."""
    given = {f"ACM_{name.upper()}": str(value) for name, value in settings.model_dump().items() if value != ""}

    def run() -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-c", ASKS_THE_PORTAL], env={**os.environ, **given, "PYTHONPATH": os.getcwd()},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""

    return run


def test_after_the_second_death_the_plugin_is_kept_away_before_it_is_loaded(
    write_plugin, enable, process, session, tmp_path
):
    write_plugin("kills", code=KILLS.format(alive=str(tmp_path / "alive")))
    enable("kills")

    assert process()[0] == 3
    assert process()[0] == 3
    assert process() == (0, "False")
    row = session.get(Plugin, "kills")
    assert (row.state, row.reason) == ("in_repair", "slot portal.home: the process died twice while it ran")


def test_a_step_that_is_survived_clears_the_suspicion(write_plugin, enable, process, settings, tmp_path):
    write_plugin("kills", code=KILLS.format(alive=str(tmp_path / "alive")))
    enable("kills")

    assert process()[0] == 3
    (tmp_path / "alive").touch()
    assert process() == (0, "True")
    assert list((settings.data_dir / "suspects").glob("*.deaths")) == []


def test_a_process_that_lives_is_no_death(tmp_path):
    living, starting = Suspects(tmp_path), Suspects(tmp_path)

    with living.at_work("loans", "load"):
        assert starting.convicted() == {}
        assert list(tmp_path.glob("*.deaths")) == []
    living.close()


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path):
    (tmp_path / "suspects").write_text("a file where the folder should be")
    suspects = Suspects(tmp_path / "suspects")

    with suspects.at_work("loans", "load"):
        pass

    assert suspects.convicted() == {}


def test_safe_mode_quarantines_nobody(write_plugin, enable, settings, database, session):
    write_plugin()
    enable("loans")
    folder = settings.data_dir / "suspects"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "loans.deaths").write_text("load\nload\n")

    create_app(settings.model_copy(update={"safe_mode": True}), database=database)

    assert session.get(Plugin, "loans").state == "enabled"
