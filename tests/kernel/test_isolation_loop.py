"""The event loop: who blocks it is named and stopped, who starts tasks on it cannot end the process."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from acm.kernel.guard import recent, spawn
from acm.kernel.isolation import here
from acm.kernel.watchdog import Watchdog

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
