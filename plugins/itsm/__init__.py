"""IT service management after ITIL: what broke, what was asked for, by when, and how the department fares.

Services, groups and priorities stand in `catalog/` and `taxonomies/`; the types and the panel in the modules beside.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from .importing import SOURCE, read_log
from .panel import MEASURES, PANEL, WIDGETS
from .types import CLOSURE_CODES, INCIDENT, SERVICE_REQUEST

CLOSE_AFTER = timedelta(days=14)
HOUR = 3600

QUEUES = (
    ("it", {"ru": "ИТ-поддержка", "en": "IT support"}, {"department": "it", "category": "open"}, "list", 10),
    (
        "it-new",
        {"ru": "Без исполнителя", "en": "Unassigned"},
        {"department": "it", "category": "open", "owner": "none"},
        "inbox",
        20,
    ),
    (
        "it-waiting",
        {"ru": "Ждём заявителя", "en": "Waiting for requester"},
        {"department": "it", "category": "waiting"},
        "clock",
        30,
    ),
    (
        "it-incidents",
        {"ru": "Инциденты", "en": "Incidents"},
        {"type": "itsm.incident", "category": "open"},
        "warn",
        40,
    ),
)


def close_resolved(ctx: Any) -> None:
    """Close what was resolved two weeks ago and nobody complained of."""
    for case in ctx.own_cases(category="resolved", resolved_before=ctx.now() - CLOSE_AFTER):
        case.move("closed", ctx.origin(), by="system")


def register(p: Any) -> None:
    p.case_type(INCIDENT)
    p.case_type(SERVICE_REQUEST)
    p.vocabulary("itsm.closure_code", {"ru": "Код закрытия", "en": "Closure code"}, CLOSURE_CODES)
    for order, (slug, names, filters, icon, place) in enumerate(QUEUES):
        p.queue(slug, names, filters, icon=icon, audience=("d:it",), order=place + order)
    for measure in MEASURES:
        p.measure(measure)
    for widget in WIDGETS:
        p.widget(widget)
    p.panel(PANEL)
    p.importer(SOURCE, {"ru": "Журнал инцидентов", "en": "Incident log"}, lambda run: read_log(run, INCIDENT))
    p.job("close_resolved", close_resolved, every=HOUR)
