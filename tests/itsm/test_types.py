"""ITSM: what the plugin brings, and what becomes of it while the plugin is away."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acm import clock
from acm.catalog.filing import Filing, file_request, find_service
from acm.errors import PluginAway
from acm.journal import Origin
from acm.kernel import lifecycle
from acm.pages.types import SlaClock

CORE = Path(__file__).parents[2] / "acm"


@pytest.fixture
def vpn(itsm, session, person, grants):
    """Maria's request "VPN does not connect"."""
    session.info["snapshot"] = itsm.snapshot

    def file():
        maria = person("maria")
        service = find_service(session, grants("maria"), "it-004")
        filing = Filing(service, {"since": "2026-11-16T07:00:00Z", "error_text": "code 809"}, maria, maria, "en")
        case = file_request(session, filing, Origin(maria, clock.now()), itsm.snapshot, "Europe/Moscow")
        session.commit()
        return case

    return file


def test_nothing_in_the_core_names_the_plugin():
    named = [
        str(p)
        for p in CORE.rglob("*.py")
        if "demo" not in p.parts and re.search(r"\bitsm\b", p.read_text(encoding="utf-8"))
    ]

    assert named == []


def test_the_plugin_brings_its_services_types_queues_panel_and_importer(itsm):
    given = {
        point: sum(c.plugin == "itsm" for c in itsm.snapshot.each(point))
        for point in ("service", "page_type", "panel", "importer")
    }

    assert given == {"service": 32, "page_type": 2, "panel": 1, "importer": 1}


def test_a_vpn_incident_goes_to_networks_with_the_promise_of_its_service(vpn):
    case = vpn()

    assert (case.type, case.group.key, case.state) == ("itsm.incident", "it-net", "new")
    assert case.number.startswith("IT-")
    assert case.facts["sla"]["resolve_hours"] == 4.0
    assert case.facts["sla"]["calendar"] == "12x7"


def test_priority_follows_impact_and_urgency_and_takes_its_own_targets(vpn, person):
    case = vpn()
    oleg = Origin(person("oleg"), clock.now())

    case.change("impact", "org", oleg)
    case.change("urgency", "now", oleg)

    assert case.priority == 1
    assert (case.facts["sla"]["calendar"], case.facts["sla"]["source"]) == ("24x7", "priority")


def test_waiting_for_the_requester_stops_the_clock_and_waiting_for_a_supplier_does_not(itsm):
    incident = itsm.snapshot.find("page_type", "itsm.incident")

    assert incident.state("waiting_user").sla is SlaClock.PAUSED
    assert incident.state("waiting_vendor").sla is SlaClock.RUNS


def test_while_the_plugin_is_away_its_service_says_so_and_its_cases_stay(itsm, vpn, session, person, grants, browse):
    case = vpn()
    with itsm.db.writing(itsm.snapshot) as writing:
        lifecycle.disable(writing, itsm, "itsm", Origin(None, clock.now()))
    lifecycle.publish(itsm)
    session.info["snapshot"] = itsm.snapshot

    with pytest.raises(PluginAway):
        vpn()
    session.rollback()
    page = browse("maria").get(f"/requests/{case.number}")
    assert page.status_code == 200


def test_enabling_again_brings_everything_back(itsm, vpn):
    first = vpn()
    for switch in (lifecycle.disable, None):
        with itsm.db.writing(itsm.snapshot) as writing:
            if switch:
                switch(writing, itsm, "itsm", Origin(None, clock.now()))
            else:
                lifecycle.enable(writing, itsm, "itsm", Origin(None, clock.now()))
        lifecycle.publish(itsm)

    second = vpn()

    assert (second.type, second.type_version_id) == (first.type, first.type_version_id)


def test_every_icon_it_names_is_in_the_sprite(itsm):
    drawn = {line.split()[0] for line in (CORE.parent / "frontend" / "icons.txt").read_text().splitlines() if line}
    given = [c.value for c in itsm.snapshot.plugins["itsm"].contributions]
    named = {value.icon for value in given if hasattr(value, "icon")} | {
        itsm.snapshot.plugins["itsm"].found.manifest.plugin.icon
    }

    assert named <= drawn


def test_agents_of_it_have_its_queues_and_nobody_else(itsm, browse):
    assert browse("oleg").get("/queues/it-new").status_code == 200
    assert browse("irina").get("/queues/it").status_code == 200
    assert browse("vera").get("/queues/it").status_code == 404


def test_the_head_of_it_is_led_to_its_panel(itsm, browse):
    page = browse("irina").get("/kpi", follow_redirects=True)

    assert page.status_code == 200
    assert "IT support" in page.text
