"""The panel of the head of IT: the core's figures over incidents and service requests."""

from __future__ import annotations

from acm.sdk import Panel

PANEL = Panel(
    key="itsm",
    titles={"ru": "ИТ-поддержка", "en": "IT support"},
    department="it",
    types=("itsm.incident", "itsm.service_request"),
    headline="within_sla",
    widgets=("within_sla", "opened", "time_to_resolve", "reopened", "within_sla_by_day", "why", "stages", "arrivals"),
)
