"""A plugin that kills the process is known to the next one, and kept away after the second death."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

import httpx
import pytest
from sqlalchemy import select

from acm import clock
from acm.app import create_app
from acm.kernel.models import Plugin, PluginWorkerState
from acm.kernel.suspects import Suspects
from acm.people.signin import issue_token

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


DIES = """
import os
from fastapi import APIRouter
api = APIRouter()

@api.get("/die")
def die() -> None:
    os._exit(9)

def register(p):
    p.router(api, at="api")
"""


def until(holds) -> bool:
    end = time.monotonic() + 120
    while not holds() and time.monotonic() < end:
        time.sleep(0.2)
    return holds()


@pytest.fixture
def house(settings, session, person):
    """``acm serve`` with two workers: what a path answers to Oleg, 0 for nobody who answers."""
    token = issue_token(session, person("oleg"), name="t", scopes=["read"], days=None, now=clock.now())
    session.commit()
    given = {f"ACM_{name.upper()}": str(value) for name, value in settings.model_dump().items() if value != ""}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def ask(path: str) -> int:
        try:
            headers = {"authorization": f"Bearer {token}"}
            return httpx.get(f"http://127.0.0.1:{port}{path}", headers=headers, timeout=30).status_code
        except httpx.TransportError:
            return 0

    command = [sys.executable, "-c", "from acm.cli import main; main()", "serve", "--port", str(port),
               "--workers", "2", "--no-worker"]  # fmt: skip
    environment, quiet = {**os.environ, **given, "PYTHONPATH": os.getcwd()}, subprocess.DEVNULL
    with subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet) as served:
        ask.pid = served.pid
        yield ask
        served.terminate()


def parent_of(pid: object) -> int:
    return int(subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout)


@pytest.mark.slow
def test_workers_that_a_plugin_kills_are_replaced_and_the_second_death_sends_it_for_repair(
    write_plugin, enable, house, runtime
):
    write_plugin("kills", code=DIES)
    enable("kills")

    def processes() -> set[str]:
        with runtime.db.reading() as db:
            return set(db.scalars(select(PluginWorkerState.worker).where(PluginWorkerState.slug == "kills")))

    def state() -> str:
        with runtime.db.reading() as db:
            return db.get(Plugin, "kills").state

    assert until(lambda: len(processes()) == 2)
    if sys.platform != "darwin":
        (nursery,) = {parent_of(worker.rpartition(":")[2]) for worker in processes()}
        assert parent_of(nursery) == house.pid, "they are forked from one process that has imported everything"
    for _death in range(2):
        there = processes()
        assert state() == "enabled"
        assert house("/api/p/kills/die") == 0
        assert house("/healthz") == 200
        assert until(lambda there=there: processes() - there or state() == "in_repair")
    assert until(lambda: state() == "in_repair")
    assert until(lambda: house("/api/p/kills/die") == 503)
    assert house("/healthz") == 200
