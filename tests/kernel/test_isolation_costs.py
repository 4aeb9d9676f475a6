"""What plugins cost is counted by extension point, over processes, and shown to administrators."""

from __future__ import annotations

from datetime import timedelta

import pytest

from acm import clock
from acm.app import create_app
from acm.kernel.costs import Cost, add, costs_of
from acm.kernel.isolation import here

ASKS = """
from sqlalchemy import text
from acm.sdk import router
pages = router()

def aside(ctx):
    ctx.session.execute(text("SELECT 1"))
    ctx.session.execute(text("SELECT 2"))
    return "here"

def entry(ctx):
    raise ValueError("no")

@pages.get("/show/{number}")
def show(number: int): return {}

def register(p):
    p.slot("portal.home", aside)
    p.menu(entry)
    p.router(pages)
"""


@pytest.fixture
def asks(write_plugin, enable):
    write_plugin("asks", code=ASKS)
    enable("asks")


def test_calls_statements_and_errors_are_counted_by_extension_point(asks, browse):
    maria = browse("maria")
    maria.get("/")
    maria.get("/")
    maria.get("/p/asks/show/1")
    maria.get("/p/asks/show/2")
    browse("oleg").get("/my")

    costs = {one["point"]: one for one in browse("ada").get("/api/v1/plugins/asks/costs").json()}

    slot, screen = costs["slot portal.home"], costs["pages GET /show/{number}"]
    assert (slot["calls"], slot["statements"], slot["errors"]) == (2, 4, 0)
    assert screen["calls"] == 2
    assert costs["menu"]["errors"] == costs["menu"]["calls"] > 0


def test_the_costs_of_all_processes_are_one_sum(asks, browse, settings, database, session):
    browse("maria").get("/")
    here().settle()
    other = create_app(settings, database=database)
    cell = here().cell("asks", "slot portal.home")
    cell.meter.count(0.5, 3, True)
    here().settle()

    found = costs_of(session, "asks", clock.now().date(), {})["slot portal.home"]

    assert (found.calls, found.statements, found.errors, found.slowest) == (2, 5, 1, 0.5)
    assert other.runtime.parts["isolation"] is here()


def test_costs_older_than_a_month_are_forgotten(session):
    today = clock.now().date()
    add(session, today - timedelta(days=31), {("loans", "menu"): Cost(calls=1)})
    add(session, today, {("loans", "menu"): Cost(calls=2)})

    assert costs_of(session, "loans", today - timedelta(days=100), {})["menu"].calls == 2


def test_administrators_see_what_a_plugin_costs_and_nobody_else(asks, browse):
    browse("maria").get("/")

    page = browse("ada").get("/admin/plugins/asks/costs")

    assert page.status_code == 200
    assert "slot portal.home" in page.text
    assert browse("maria").get("/admin/plugins/asks/costs").status_code == 403
    assert browse("ada").get("/admin/plugins/nowhere/costs").status_code == 404
