"""IT service management after ITIL: what broke, what was asked for, by when, and how the department fares.

An *incident* is something that broke; a *service request* is something wanted. Both have a priority from impact and
urgency, a promise in working hours, and a group that answers for them. `catalog/` declares the 32 services of IT,
`taxonomies/` its groups, states and targets; the modules beside say the rest.
"""

from __future__ import annotations

from datetime import timedelta

from acm.sdk import Context, Import, Registrar, Report

from .importing import SOURCE, read_log
from .panel import PANEL
from .queues import QUEUES
from .types import CLOSURE_CODES, INCIDENT, SERVICE_REQUEST

HOUR = 3600


def close_resolved(ctx: Context) -> None:
    """Close what was resolved some days ago and nobody has returned since."""
    last = ctx.now() - timedelta(days=ctx.settings["close_after_days"])
    for case in ctx.cases.own(category="resolved", resolved_before=last):
        case.move("closed", ctx.origin(), by="system")


def read_incident_log(run: Import) -> Report:
    return read_log(run, INCIDENT)


def register(p: Registrar) -> None:
    p.case_type(INCIDENT)
    p.case_type(SERVICE_REQUEST)
    p.vocabulary("itsm.closure_code", {"ru": "Код закрытия", "en": "Closure code"}, CLOSURE_CODES)
    for place, queue in enumerate(QUEUES):
        names = {"ru": queue.ru, "en": queue.en}
        p.queue(queue.slug, names, queue.filters, icon=queue.icon, audience=("d:it",), order=10 + place)
    p.panel(PANEL)
    p.importer(SOURCE, {"ru": "Журнал инцидентов", "en": "Incident log"}, read_incident_log)
    p.job("close_resolved", close_resolved, every=HOUR)
