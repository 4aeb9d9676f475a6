"""CRM as a whole: what it brings, that the core does not know it, and what it plants into the demo company."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from pathlib import Path

import pytest

from acm import clock
from acm.sdk import Builder
from tests.crm.conftest import BUNDLED, module

ROOT = Path(__file__).parents[2]
YEAR = f"from={clock.now().date() - timedelta(days=365)}&to={clock.now().date()}"


def test_nothing_in_the_core_knows_the_plugin():
    named = re.compile(r"plugins[./]crm|[\"']crm\.\w|/p/crm")
    found = [str(p) for p in (ROOT / "acm").rglob("*.py") if named.search(p.read_text(encoding="utf-8"))]

    assert found == []


def test_it_is_written_on_the_contract_alone():
    imported = re.compile(r"^\s*(?:from|import)\s+(acm[\w.]*)", re.MULTILINE)
    found = {n for p in (BUNDLED / "crm").rglob("*.py") for n in imported.findall(p.read_text(encoding="utf-8"))}

    assert found == {"acm.sdk"}


def test_it_brings_its_services_with_their_ids_and_its_types(crm):
    services = [c.value.id for c in crm.snapshot.each("service") if c.plugin == "crm"]
    given = {
        point: sum(c.plugin == "crm" for c in crm.snapshot.each(point)) for point in ("page_type", "queue", "panel")
    }

    assert services == [f"CR-{number:03}" for number in range(1, 7)]
    assert given == {"page_type": 9, "queue": 5, "panel": 2}


def test_every_icon_it_names_is_in_the_sprite(crm):
    drawn = {line.split()[0] for line in (ROOT / "frontend" / "icons.txt").read_text().splitlines() if line}
    named = {c.value.icon for c in crm.snapshot.plugins["crm"].contributions if hasattr(c.value, "icon")}
    written = {
        icon
        for path in (BUNDLED / "crm/templates").glob("*.html")
        for icon in re.findall(r"(?:icon=|\"icon\": |icon\()\"([\w-]+)\"", path.read_text(encoding="utf-8"))
    }

    assert named | written <= drawn


@pytest.fixture
def planted(itself, session):
    """A demo company's clients, as the seed brings them."""
    ctx = Builder("crm", session, itself.snapshot, moment=clock.now(), seed=7)
    module("seed").plant(ctx)
    session.commit()
    return ctx


def test_the_demo_gets_clients_deals_at_all_stages_and_complaints(planted, browse):
    states = {one.part: one.count for one in planted.cases.tally("crm.deal", by="state")}
    assert set(states) == {"lead", "qualified", "proposal", "negotiation", "won", "lost"}
    assert (planted.pages.count("crm.company"), planted.pages.count("crm.contact")) == (25, 24)
    assert "Полярис, группа компаний" in browse("sonya").get("/p/crm/duplicates/companies").text
    late = planted.cases.count("crm.complaint", {"closed >": clock.now() + timedelta(seconds=1)})
    assert (planted.cases.count("crm.complaint"), late) == (90, 0)

    board, page = browse("sonya").get("/p/crm/deals"), browse("karim").get("/p/crm/complaints?view=all")
    assert (board.status_code, page.status_code) == (200, 200)


@pytest.mark.parametrize(("panel", "login"), [("crm", "sasha"), ("crm-care", "clara")])
def test_every_figure_of_the_panels_opens_a_list_of_its_length(planted, browse, panel, login):
    head = browse(login)
    page = head.get(f"/kpi/{panel}?{YEAR}").text

    links = {html.unescape(a): int(n) for a, n in re.findall(r'href="([^"]+)" data-count="(\d+)"', page)}
    mine = {address: count for address, count in links.items() if "crm" in address}
    assert len(mine) >= 3
    for address, count in list(mine.items())[:8]:
        shown = head.get(address)
        assert shown.status_code == 200, address
        assert str(count) in re.sub(r"<[^>]+>", " ", shown.text), address


def test_the_panels_show_the_funnel_and_what_complaints_are_about(planted, browse):
    sales, care = (
        browse(who).get(f"/kpi/{panel}?{YEAR}").text for who, panel in (("sasha", "crm"), ("clara", "crm-care"))
    )

    assert "Funnel: open deals by stage" in sales
    assert "Negotiation" in sales
    assert not re.search(r">\s*(won|lost)\s*<", sales), "a stage without deals has its name too"
    assert "Goods and delivery" in care
