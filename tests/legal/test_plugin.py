"""Legal as a whole: what it brings, that the core does not know it, and that every part of it is drawn and translated."""

from __future__ import annotations

import re
from pathlib import Path

from acm import clock
from acm.catalog.filing import Filing, file_request, find_service
from acm.journal import Origin
from tests.legal.conftest import BUNDLED

ROOT = Path(__file__).parents[2]


def test_nothing_in_the_core_knows_the_plugin():
    named = re.compile(r"plugins[./]legal|[\"']legal\.\w|/p/legal")
    found = [str(p) for p in (ROOT / "acm").rglob("*.py") if named.search(p.read_text(encoding="utf-8"))]

    assert found == []


def test_it_is_written_on_the_contract_alone():
    imported = re.compile(r"^\s*(?:from|import)\s+(acm[\w.]*)", re.MULTILINE)
    found = {
        name for p in (BUNDLED / "legal").rglob("*.py") for name in imported.findall(p.read_text(encoding="utf-8"))
    }

    assert found == {"acm.sdk"}


def test_it_brings_its_services_types_queues_and_panel(legal):
    given = {
        point: sum(c.plugin == "legal" for c in legal.snapshot.each(point))
        for point in ("service", "page_type", "queue", "panel", "vocabulary")
    }

    assert given == {"service": 10, "page_type": 5, "queue": 6, "panel": 1, "vocabulary": 1}


def test_its_services_keep_their_ids(legal):
    given = [c.value.id for c in legal.snapshot.each("service") if c.plugin == "legal"]

    assert given == [f"LG-{number:03}" for number in range(1, 11)]


def test_every_icon_it_names_is_in_the_sprite(legal):
    drawn = {line.split()[0] for line in (ROOT / "frontend" / "icons.txt").read_text().splitlines() if line}
    given = [c.value for c in legal.snapshot.plugins["legal"].contributions]
    named = {value.icon for value in given if hasattr(value, "icon")}

    assert named | {legal.snapshot.plugins["legal"].found.manifest.plugin.icon} <= drawn


def test_every_question_has_its_words_in_both_languages(legal):
    def flat(fields):
        for field in fields:
            yield field
            yield from flat(field.fields)

    types = [c.value for c in legal.snapshot.each("page_type") if c.plugin == "legal"]
    bare = [
        f"{declared.key}.{field.key}"
        for declared in types
        for field in flat(declared.fields)
        for texts in (field.label, field.help, *(option.label for option in field.options))
        if texts and not (texts.get("ru") and texts.get("en"))
    ]

    assert bare == []


def test_what_the_service_asks_stands_in_the_place_of_the_same_question_of_the_type(legal, session, person, grants):
    service = find_service(session, grants("maria"), "lg-005")
    answers = {
        "direction": "incoming",
        "claimant": "business",
        "vendor": "Vector",
        "contract_no": "7",
        "date": "2026-11-10",
    }
    filing = Filing(service, answers, person("maria"), person("maria"), "en")
    session.info["snapshot"] = legal.snapshot
    case = file_request(session, filing, Origin(person("maria"), clock.now()), legal.snapshot, "Europe/Moscow")

    keys = [field.key for field in case.form]
    assert len(keys) == len(set(keys))
    vendor = next(field for field in case.form if field.key == "vendor")
    assert vendor.help["en"] == "Full name as in the contract or invoice"


def test_its_registers_and_the_calendar_cost_few_statements(legal, browse, statements):
    lev = browse("lev")
    for path in ("powers", "contracts", "hearings"):
        lev.get(f"/p/legal/{path}")
        statements.clear()
        assert lev.get(f"/p/legal/{path}").status_code == 200
        assert len(statements) <= 12, path
