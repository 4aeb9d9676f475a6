"""A plugin that fails in every extension point: every page of the core answers, it goes for repair by itself."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from acm import clock
from acm.cases.opening import Opening, open_case
from acm.composition import worker
from acm.journal import Origin
from acm.kernel.guard import recent
from acm.kernel.isolation import here
from acm.kernel.models import Plugin
from acm.sdk.points import SLOTS
from tests.kernel.conftest import LOAN

SINFUL = """
from acm.sdk import router
pages = router()

def bad(*args, **facts):
    ERROR

@pages.get("/screen")
def screen():
    ERROR

def register(p):
    p.router(pages)
    p.menu(bad)
    p.job("tick", bad, every=3600)
    p.react("case.opened", bad)
    for place in PLACES:
        p.slot(place, bad)
"""
HEALTHY = LOAN.replace(
    "def register(p):",
    "def fine(ctx, **facts): return 'Loans are fine'\n"
    "def tick(ctx): ctx.session.info\n"
    "def register(p):\n    p.slot('portal.home', fine); p.slot('case.aside', fine); p.job('tick', tick, every=3600)",
)
SINS = {
    "raises": "raise ValueError('no')",
    "exits": "raise SystemExit(3)",
    "refuses": "from acm.sdk import Forbidden; raise Forbidden('Go away')",
    "misses": "from acm.sdk import NotFound; raise NotFound()",
    "gives nonsense": "return {'label': object()}",
    "gives what breaks when shown": (
        "return type('Trap', (), {'__str__': lambda self: 1 / 0, '__html__': lambda self: 1 / 0})()"
    ),
    "breaks the session": "args[0].session.close(); args[0].session.bind.dispose(); raise ValueError('no')",
}
PAGES = {
    "maria": ("/", "/requests", "/requests/{case}", "/services", "/search?q=projector", "/people/oleg"),
    "oleg": (
        "/my",
        "/queues/it-net",
        "/cases?type=loans.loan",
        "/cases/{case}",
        "/cases/{case}/history",
        "/people/maria",
    ),
    "irina": ("/kpi/it",),
    "ada": ("/admin/plugins", "/admin/plugins/sinful/costs"),
}


@pytest.fixture
def case(write_plugin, enable, session, runtime, person, group, department):
    """A case of a healthy plugin, worked by Oleg."""
    write_plugin("loans", code=HEALTHY)
    enable("loans")
    session.info["snapshot"] = runtime.snapshot
    opening = Opening(
        title="A projector for Friday", requester=person("maria"), owner=person("oleg"), group=group("it-net"),
        department=department("it"),
    )  # fmt: skip
    definition = runtime.snapshot.find("page_type", "loans.loan")
    made = open_case(session, definition, opening, Origin(person("maria"), clock.now()), ZoneInfo("Europe/Moscow"))
    session.commit()
    return made


def answers(browse, case):
    """The status of every page of the core, by path."""
    return {
        path: browse(login).get(path.format(case=case.number)).status_code
        for login, paths in PAGES.items()
        for path in paths
    }


@pytest.mark.parametrize("sin", SINS)
def test_whatever_a_plugin_does_wrong_everywhere_every_page_of_the_core_answers(
    write_plugin, enable, browse, case, runtime, sin
):
    write_plugin("sinful", code=SINFUL.replace("ERROR", SINS[sin]).replace("PLACES", repr(list(SLOTS))))
    enable("sinful")

    worker(runtime).once()

    assert {path: status for path, status in answers(browse, case).items() if status != 200} == {}
    assert "Loans are fine" in browse("maria").get("/").text


def test_a_plugin_that_fails_everywhere_goes_for_repair_by_itself_and_the_others_stay(
    write_plugin, enable, browse, case, session
):
    write_plugin("sinful", code=SINFUL.replace("ERROR", SINS["raises"]).replace("PLACES", repr(list(SLOTS))))
    enable("sinful")
    oleg = browse("oleg")
    for _time in range(5):
        oleg.get(f"/cases/{case.number}")
        oleg.get("/my")
        browse("maria").get("/")
    here().settle()

    assert session.get(Plugin, "sinful").state == "in_repair"
    assert session.get(Plugin, "loans").state == "enabled"
    assert set(recent) == {"sinful"}
    page = oleg.get(f"/cases/{case.number}").text
    assert "Loans are fine" in page
    assert "Trial is not available" not in page
    assert set(answers(browse, case).values()) == {200}
