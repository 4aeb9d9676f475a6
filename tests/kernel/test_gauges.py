"""Figures of plugins over their own fields; each opens a list of exactly its length."""

from __future__ import annotations

import csv
import html
import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from acm import clock
from acm.sdk import Context
from tests.kernel.test_the_context import CODE

PANEL = CODE.replace("from acm.sdk import", "from acm.sdk import Gauge, Panel, Widget,").replace(
    "def register(p):",
    """
GAUGES = (
    Gauge(key="deals.open_sum", names=named("In work"), type="deals.deal", where={"is_open": True}, of="sum", field="amount"),
    Gauge(key="deals.soon", names=named("Soon"), type="deals.deal", where={"until >=": "today", "until <=": "today+30"}),
    Gauge(key="deals.won", names=named("Won"), type="deals.deal", of="share", part={"state": "won"}, over="opened"),
    Gauge(key="deals.all", names=named("Deals"), type="deals.deal", over="opened"),
)
WIDGETS = (
    Widget(key="deals.w_sum", kind="figure", measure="deals.open_sum"),
    Widget(key="deals.w_soon", kind="figure", measure="deals.soon"),
    Widget(key="deals.w_won", kind="figure", measure="deals.won"),
    Widget(key="deals.w_funnel", kind="funnel", measure="deals.all", by="state"),
    Widget(key="deals.w_firms", kind="pareto", measure="deals.open_sum", by="firm"),
    Widget(key="deals.w_sources", kind="table", measure="deals.all", by="term:deals.source"),
    Widget(key="deals.w_owners", kind="bars", measure="deals.all", by="owner"),
)
LINES = (
    Widget(key="deals.w_line", kind="line", measure="deals.all"),
    Widget(key="deals.w_share", kind="line", measure="deals.won"),
    Widget(key="deals.w_now", kind="line", measure="deals.open_sum"),
)

def register(p):
    for one in GAUGES:
        p.measure(one)
    for one in WIDGETS + LINES:
        p.widget(one)
    p.panel(Panel(key="deal-lines", titles=named("Lines"), department="it", types=("deals.deal",),
                  widgets=tuple(one.key for one in LINES)))
    p.panel(Panel(key="deals", titles=named("Deals"), department="it", types=("deals.deal",),
                  widgets=tuple(one.key for one in WIDGETS)))
""",
)


@pytest.fixture
def panel(write_plugin, enable, runtime, session, person, department):
    """Four deals of IT: two of Nord, one won, one confidential."""
    write_plugin("deals", code=PANEL)
    enable("deals")
    session.info["snapshot"] = runtime.snapshot
    deals = Context("deals", session, runtime.snapshot)
    it, today = department("it"), clock.now().date()
    nord = deals.pages.create("deals.firm", title="Nord", public=True)
    south = deals.pages.create("deals.firm", title="South", public=True)

    def deal(title, firm, amount, days, **more):
        fields = {"firm": firm, "amount": amount, "until": today + timedelta(days=days)}
        return deals.cases.open("deals.deal", title=title, fields=fields, department=it, **more)

    deal("Roof", nord, 100, 5, owner=person("oleg"))
    wall = deal("Wall", nord, 50, 60)
    won = deal("Door", south, 30, 10)
    deal("Secret", south, 1000, 3, confidential=True, owner=person("pavel"))
    deals.cases.tag(wall, "deals.source", "web")
    deals.cases.move(won, "offer")
    deals.cases.move(won, "won")
    session.commit()
    return deals


def figures(page):
    """Every figure of a page that opens a list: its address and the length it promises."""
    found = re.findall(r'href="(/kpi/pages[^"]*)"[^>]*data-count="(\d+)"', page)
    return [(html.unescape(address), int(count)) for address, count in found]


def test_every_figure_opens_a_list_of_exactly_its_length(panel, browse):
    irina = browse("irina")
    page = irina.get("/kpi/deals")

    assert page.status_code == 200
    told = figures(page.text)
    assert len(told) == 9
    for address, count in told:
        listed = irina.get(address)
        assert listed.status_code == 200, address
        assert f'data-total="{count}"' in listed.text, address


def test_a_gauge_over_a_period_is_a_line_of_which_each_day_opens_its_list(panel, browse, session, runtime, department):
    now = clock.now().astimezone(ZoneInfo(runtime.settings.timezone))
    yesterday = now - timedelta(days=1)
    with time_machine.travel(yesterday, tick=False):
        panel.cases.open("deals.deal", title="Gate", department=department("it"))
    session.commit()
    irina = browse("irina")
    days = f"?period=custom&from={yesterday.date() - timedelta(days=3)}&to={now.date()}"
    page = irina.get(f"/kpi/deal-lines{days}")
    rows = list(csv.reader(irina.get(f"/kpi/deal-lines/deals.w_line.csv{days}").text.lstrip("\ufeff").splitlines()))

    assert page.status_code == 200
    said = {row[0]: row[1] for row in rows[1:]}
    assert said[yesterday.date().isoformat()] == "1"
    assert said[now.date().isoformat()] == "3"  # the confidential one is not counted
    assert set(said.values()) <= {"0", "1", "3"}
    told = figures(irina.get(f"/kpi/deal-lines/deals.w_line{days}").text)
    assert sorted(count for _address, count in told) == [1, 3]
    for address, count in told:
        assert f'data-total="{count}"' in irina.get(address).text, address
    assert "A line needs to know when something happened" in page.text  # of what is there now


def test_a_line_of_gauges_costs_no_more_statements(panel, browse, statements):
    irina = browse("irina")
    irina.get("/kpi/deal-lines")
    statements.clear()

    irina.get("/kpi/deal-lines")

    assert len(statements) <= 15


def test_sums_shares_and_parts_are_what_the_reader_may_see(panel, browse):
    page = browse("irina").get("/kpi/deals").text

    assert "₽150" in page or "150\u00a0₽" in page
    assert "33.3" in page
    assert "Nord" in page
    assert "South" not in page  # its open deal is confidential, the other one is won
    assert "1,150" not in page
    assert "Web" in page


def test_a_gauge_costs_a_panel_few_statements(panel, browse, statements):
    irina = browse("irina")
    irina.get("/kpi/deals")
    statements.clear()

    irina.get("/kpi/deals")

    assert len(statements) <= 15


def test_a_list_is_asked_only_by_what_a_widget_shows(panel, browse):
    irina = browse("irina")

    assert irina.get("/kpi/pages?panel=deals&gauge=deals.all&by=amount&part=100").status_code == 422
    assert irina.get("/kpi/pages?panel=deals&gauge=nothing").status_code == 422
    assert irina.get("/kpi/pages?panel=deals&gauge=deals.all&by=owner&part=x").status_code == 422
    assert browse("maria").get("/kpi/pages?panel=deals&gauge=deals.all").status_code == 403


def test_a_widget_of_a_gauge_is_a_table_and_a_file(panel, browse):
    irina = browse("irina")

    assert "Nord" in irina.get("/kpi/deals/deals.w_firms").text
    assert "Lead" in irina.get("/kpi/deals/deals.w_funnel.csv").text


def test_days_are_meant_from_the_day_of_the_reading():
    from acm.kpi.gauges import _dated

    day = date(2026, 5, 10)
    assert _dated({"until <=": "today+30", "until >=": "today", "kind": "todays"}, day) == {
        "until <=": date(2026, 6, 9), "until >=": day, "kind": "todays",
    }  # fmt: skip
