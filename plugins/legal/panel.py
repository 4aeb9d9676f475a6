"""The panel of the head of Legal: the core's figures over its cases; `screens.on_panel` adds what is in dispute."""

from __future__ import annotations

from acm.sdk import Panel

from . import claims, contracts, court, powers

PANEL = Panel(
    key="legal",
    titles={"ru": "Юридическая служба", "en": "Legal"},
    department="legal",
    types=(contracts.KEY, claims.KEY, court.KEY, powers.KEY),
    headline="within_sla",
    widgets=("within_sla", "opened", "time_to_resolve", "reopened", "within_sla_by_day", "why", "stages"),
)
