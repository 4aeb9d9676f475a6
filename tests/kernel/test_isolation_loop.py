"""The event loop: who blocks it is named and stopped, who starts tasks on it cannot end the process."""

from __future__ import annotations

import asyncio
import threading
import time

import httpx
import pytest

from acm import clock
from acm.kernel.guard import guarded, recent, spawn
from acm.kernel.isolation import here
from acm.kernel.watchdog import Watchdog
from tests.kernel.conftest import MANIFEST

BLOCKS = """
import time
from acm.sdk import router
pages = router()

@pages.get("/busy")
async def busy():
    while True:
        pass

@pages.get("/stubborn")
async def stubborn():
    while True:
        try:
            time.monotonic()
        except Exception:
            pass

@pages.get("/sleeps")
async def sleeps():
    time.sleep(0.6)
    return {}

def register(p): p.router(pages)
"""


@pytest.fixture
def watched(app, browse):
    """``watched("oleg", "/path", …)``: what the paths answer, one after the other, on a loop with a watchdog."""
    browser = browse("oleg")

    def run(*paths: str) -> list[int]:
        async def ask() -> list[int]:
            dog = Watchdog(patience=0.2, look=0.05)
            dog.start()
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://testserver", cookies=dict(browser.cookies)
            ) as client:
                answers = [(await client.get(path)).status_code for path in paths]
            dog.stop()
            return answers

        return asyncio.run(ask())

    return run


@pytest.mark.parametrize("path", ["busy", "stubborn"])
def test_a_busy_loop_in_a_plugin_is_named_interrupted_and_not_called_again(write_plugin, enable, watched, path):
    write_plugin("blocks", code=BLOCKS)
    enable("blocks")

    assert watched(f"/p/blocks/{path}", f"/p/blocks/{path}", "/healthz") == [502, 502, 200]
    assert [failure.point for failure in recent["blocks"]] == [f"pages GET /{path}"]
    assert recent["blocks"][0].place.startswith("in blocks/__init__.py:")
    assert recent["blocks"][0].line.startswith("LoopBlocked: it held up every request")
    assert here().open_points("blocks") == [f"pages GET /{path}"]


def test_a_sleep_that_cannot_be_interrupted_is_named_when_it_ends(write_plugin, enable, watched):
    write_plugin("blocks", code=BLOCKS)
    enable("blocks")

    assert watched("/p/blocks/sleeps", "/p/blocks/sleeps", "/healthz")[1:] == [502, 200]
    assert here().open_points("blocks") == ["pages GET /sleeps"]


def test_a_background_task_of_the_context_that_exits_is_counted_and_the_loop_lives(runtime):
    async def exits():
        raise SystemExit(3)

    async def ends():
        return 7

    async def run():
        await asyncio.wait({spawn("loans", exits()), spawn("loans", ends())})
        return "alive"

    assert asyncio.run(run()) == "alive"
    assert [failure.line for failure in recent["loans"]] == ["SystemExit: 3"]


def test_a_background_task_that_we_cancel_is_no_failure(runtime):
    async def run():
        task = spawn("loans", asyncio.sleep(60))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        return task.cancelled()

    assert asyncio.run(run())
    assert "loans" not in recent


LIMITS = MANIFEST + "[budgets]\nwidget_ms = 50\nrequest_ms = 50\n"
AWAY = "Trial is not available. Error number:"


def test_a_loop_that_beats_late_counts_the_time_that_was_lost(runtime):
    async def run() -> float:
        dog = Watchdog(patience=60, look=0.02)
        dog.start()
        await asyncio.sleep(0.1)
        before = here().lost
        time.sleep(0.5)
        await asyncio.sleep(0.1)
        dog.stop()
        return here().lost - before

    assert asyncio.run(run()) > 0.4


def test_time_in_which_the_process_did_not_get_on_is_nobodys_fault(write_plugin, enable, browse, runtime, monkeypatch):
    monkeypatch.setattr("acm.kernel.isolation.FIRST", 0.0)
    code = (
        "import time\nfrom acm.sdk import router\npages = router()\n"
        "@pages.get('/slow')\ndef slow(): time.sleep(0.4); return {}\n"
        "def aside(ctx): time.sleep(0.4); return 'drawn'\n"
        "def register(p): p.router(pages); p.slot('portal.home', aside)\n"
    )
    write_plugin("slow", code=code, manifest=LIMITS)
    enable("slow")
    oleg = browse("oleg")
    assert oleg.get("/p/slow/slow").status_code == 502
    assert AWAY in oleg.get("/").text
    enable("slow")
    here().begin("slow")
    stop = threading.Event()

    def stand_still() -> None:
        while not stop.wait(0.02):
            here().lost += 0.02  # as the watchdog counts when the loop beats late

    standing = threading.Thread(target=stand_still)
    standing.start()
    try:
        assert oleg.get("/p/slow/slow").status_code == 200
        assert "drawn" in oleg.get("/").text
    finally:
        stop.set()
        standing.join()


def test_on_a_busy_machine_what_a_call_works_counts_and_not_how_long_it_waited(runtime):
    isolation = here()
    cell = isolation.cell("waits", "menu")
    cell.was_called, cell.budget = True, 0.2
    waits = guarded("waits", "menu", lambda: time.sleep(0.21))
    for _call in range(4):
        waits()
    assert "waits" not in recent

    def works():
        until = time.thread_time() + 0.21
        while time.thread_time() < until:
            pass

    cell = isolation.cell("works", "menu")
    cell.was_called, cell.budget = True, 0.2
    for _call in range(4):  # the first is not measured yet
        guarded("works", "menu", works)()
    assert len(recent["works"]) == 3
    assert not cell.breaker.allows(clock.now())

    cell = isolation.cell("sleeps", "menu")
    cell.was_called, cell.budget = True, 0.2
    guarded("sleeps", "menu", lambda: time.sleep(1.1))()
    assert len(recent["sleeps"]) == 1, "so long is no machine busy"
