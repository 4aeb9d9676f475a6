"""A plugin starts with each load in each process that answers requests, and is stopped once, when the load goes."""

from __future__ import annotations

import time

import pytest
from starlette.testclient import TestClient

from acm.app import create_app
from acm.kernel import retiring, world
from acm.kernel.guard import recent

LIVES = """
import asyncio
from pathlib import Path
from acm.sdk import NotReady, router

TOLD = Path({told!r})
pages = router()
held = {{}}

def tell(word):
    with TOLD.open("a") as file:
        file.write(f"VERSION {{word}}\\n")

async def connect(ctx):
    await asyncio.sleep(0)
    if TOLD.with_name("away").exists():
        raise NotReady("the register does not answer")
    if TOLD.with_name("broken").exists():
        raise RuntimeError("no such register")
    held["line"] = "open"
    tell("connects")

def listen(ctx):
    ctx.spawn(listening(ctx.settings))
    tell("listens")

async def listening(settings):
    try:
        await asyncio.sleep(60)
    finally:
        tell("is cancelled")

async def disconnect(ctx):
    tell("disconnects")

@pages.get("/line")
async def line():
    from .later import WORD
    return {{"line": held.get("line"), "version": "VERSION", "word": WORD}}

def register(p):
    p.router(pages)
    p.on_start(connect)
    p.on_start(listen)
    p.on_stop(disconnect)
"""


@pytest.fixture
def told(tmp_path):
    """The words that the plugin wrote, of whatever load."""
    path = tmp_path / "told"

    def read() -> list[str]:
        return path.read_text().splitlines() if path.exists() else []

    read.path = path
    return read


@pytest.fixture
def write(write_plugin, told):
    def lay(version: str = "1.0.0") -> None:
        folder = write_plugin(code=LIVES.format(told=str(told.path)), version=version)
        (folder / "later.py").write_text("WORD = 'later'")

    return lay


@pytest.fixture
def serving(app, browse):
    """The process serves: as in ``acm serve``, with a loop of its own. Oleg's browser."""
    oleg = browse("oleg")
    with TestClient(app, base_url="http://testserver", cookies=dict(oleg.cookies), follow_redirects=False) as client:
        yield client


def until(holds) -> bool:
    end = time.monotonic() + 10
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


def test_a_load_is_started_before_it_serves_and_stopped_once_when_it_goes(
    write, enable, disable, serving, told, runtime
):
    write()
    enable()
    assert told() == ["1.0.0 connects", "1.0.0 listens"]
    assert serving.get("/p/loans/line").json() == {"line": "open", "version": "1.0.0", "word": "later"}

    disable()
    runtime.parts["world"].sweep()

    assert until(lambda: len(told()) == 4)
    assert told()[2:] == ["1.0.0 disconnects", "1.0.0 is cancelled"]


def test_the_next_version_is_started_before_it_takes_over_and_the_last_request_is_waited_for(
    write, enable, serving, told, runtime
):
    write()
    enable()
    there = runtime.parts["world"]
    with there.serving():
        write("2.0.0")
        enable()
        there.sweep()
        assert told() == ["1.0.0 connects", "1.0.0 listens", "2.0.0 connects", "2.0.0 listens"]
        assert serving.get("/p/loans/line").json()["version"] == "2.0.0"
    there.sweep()

    assert until(lambda: "1.0.0 is cancelled" in told())
    assert told()[4:] == ["1.0.0 disconnects", "1.0.0 is cancelled"]


def test_a_load_is_stopped_after_its_grace_however_long_a_request_lasts(
    write, enable, disable, serving, told, runtime, monkeypatch
):
    monkeypatch.setattr(retiring, "GRACE", 0.0)
    write()
    enable()
    there = runtime.parts["world"]

    with there.serving():
        disable()
        there.sweep()
        assert until(lambda: "1.0.0 disconnects" in told())
        assert there.retirement.draining() == {"loans": {"1.0.0": 1}}
    there.sweep()

    assert there.retirement.draining() == {}
    assert told().count("1.0.0 disconnects") == 1


def test_the_end_of_the_process_stops_every_load(write, enable, app, told):
    write()
    with TestClient(app):
        enable()

    assert told() == ["1.0.0 connects", "1.0.0 listens", "1.0.0 disconnects", "1.0.0 is cancelled"]


def test_a_process_that_answers_nobody_starts_nothing(write, enable, told, runtime):
    write()
    enable()

    assert runtime.parts["world"].loaded["loans"].version == "1.0.0"
    assert told() == []


def test_a_plugin_that_was_enabled_before_starts_with_the_process(write, enable, settings, database, told):
    write()
    enable()

    with TestClient(create_app(settings, database=database)):
        assert told() == ["1.0.0 connects", "1.0.0 listens"]


def test_one_that_is_not_ready_is_asked_again_and_serves_when_it_is(
    write, enable, serving, told, browse, runtime, monkeypatch
):
    monkeypatch.setattr(world, "ASK_AGAIN", (0.0, 3600.0))
    told.path.with_name("away").touch()
    write()
    enable()
    there = runtime.parts["world"]

    page = browse("ada").get("/admin/plugins?plugin=loans").text
    assert "it is not ready: the register does not answer; it is asked again" in page
    assert serving.get("/p/loans/line").status_code == 503
    assert there.unready["loans"].at > time.monotonic() + 3000  # each pause is longer than the one before
    told.path.with_name("away").unlink()
    there.look()
    assert told() == []
    there.unready["loans"] = world.Unready(there.unready["loans"].generation, "", 1, 0.0)
    there.look()

    assert told() == ["1.0.0 connects", "1.0.0 listens"]
    assert serving.get("/p/loans/line").json()["line"] == "open"
    assert there.faults == {}
    assert "loans" not in recent  # it said so on purpose


def test_one_that_was_never_ready_is_given_up_when_it_is_switched_off(write, enable, disable, serving, told, runtime):
    told.path.with_name("away").touch()
    write()
    enable()

    disable()

    assert runtime.parts["world"].unready == {}
    assert until(lambda: told() == ["1.0.0 disconnects"])


def test_one_whose_start_fails_is_failing_and_the_version_before_goes_on(write, enable, serving, told, browse, runtime):
    write()
    enable()
    told.path.with_name("broken").touch()
    write("2.0.0")
    enable()

    assert serving.get("/p/loans/line").json()["version"] == "1.0.0"
    page = browse("ada").get("/admin/plugins?plugin=loans").text
    assert "start connect: RuntimeError: no such register" in page
    assert runtime.parts["world"].faults["loans"].endswith(f"({recent['loans'][-1].number})")
    assert until(lambda: "2.0.0 disconnects" in told())  # what it had begun is ended


def test_a_start_that_takes_too_long_is_given_up(write_plugin, enable, serving, runtime, monkeypatch):
    monkeypatch.setattr("acm.kernel.isolation.FIRST", 0.1)
    monkeypatch.setitem(__import__("acm.kernel.isolation", fromlist=["CORE"]).CORE, "request", 100)
    write_plugin(code="import asyncio\nasync def slow(ctx): await asyncio.sleep(9)\ndef register(p): p.on_start(slow)")

    enable()

    assert "start slow: TimedOut: no answer within 200 ms" in runtime.parts["world"].faults["loans"]


@pytest.mark.parametrize("error", ["SystemExit(3)", "KeyboardInterrupt()"])
def test_a_start_that_ends_the_interpreter_ends_nothing(write_plugin, enable, serving, runtime, error):
    write_plugin(code=f"async def bad(ctx): raise {error}\ndef register(p): p.on_start(bad)")

    enable()

    assert serving.get("/healthz").status_code == 200
    assert error.partition("(")[0] in runtime.parts["world"].faults["loans"]


def test_a_background_task_from_a_thread_that_exits_is_counted_and_the_process_lives(write_plugin, enable, serving):
    write_plugin(
        code=(
            "async def exits(): raise SystemExit(3)\n"
            "def start(ctx): ctx.spawn(exits())\n"
            "def register(p): p.on_start(start)"
        )
    )
    enable()

    assert until(lambda: "loans" in recent)
    assert [failure.line for failure in recent["loans"]] == ["SystemExit: 3"]
    assert serving.get("/healthz").status_code == 200


def test_a_background_task_in_a_process_without_a_loop_is_refused(write_plugin, enable, runtime, session):
    write_plugin(code="async def task(): pass\ndef register(p): pass")
    enable()

    with pytest.raises(LookupError, match=r"ask for a job with ctx\.enqueue"):
        runtime.snapshot.find("spawn", "loans")(_nothing())


async def _nothing() -> None:
    pass
