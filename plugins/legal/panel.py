"""The panel of the head of Legal: contracts in time, sums in dispute, who we deal with, what ends soon.

The core's figures over the cases of Legal, and gauges over their own fields; each opens the list behind it.
"""

from __future__ import annotations

from acm.sdk import Gauge, Panel, Widget

from . import claims, contracts, court, powers
from .flow import words

GAUGES = (
    Gauge(
        key="legal.contracts_in_time",
        names=words("Договоры в срок", "Contracts in time"),
        type=contracts.KEY,
        of="share",
        part={"made_sla": True},
        over="resolved",
        good="up",
        target=90,
        note=words("из подписанных и внесённых в реестр", "of those registered"),
    ),
    Gauge(
        key="legal.claims_in_dispute",
        names=words("Спорные суммы: претензии", "In dispute: claims"),
        type=claims.KEY,
        where={"is_open": True},
        of="sum",
        field="amount",
    ),
    Gauge(
        key="legal.court_in_dispute",
        names=words("Спорные суммы: суды", "In dispute: court"),
        type=court.KEY,
        where={"is_open": True},
        of="sum",
        field="amount",
    ),
    Gauge(
        key="legal.contracts_ending",
        names=words("Договоры скоро закончатся", "Contracts ending soon"),
        type=contracts.KEY,
        where={"state": "registered", "date_to >=": "today", "date_to <=": "today+60"},
        note=words("за 60 дней", "within 60 days"),
    ),
    Gauge(
        key="legal.powers_ending",
        names=words("Доверенности скоро закончатся", "Powers ending soon"),
        type=powers.KEY,
        where={"state": powers.IN_FORCE, "date_to >=": "today", "date_to <=": "today+30"},
        note=words("за 30 дней", "within 30 days"),
    ),
    Gauge(
        key="legal.in_force",
        names=words("Действующие договоры", "Contracts in force"),
        type=contracts.KEY,
        where={"state": "registered"},
        of="sum",
        field="amount",
    ),
    Gauge(key="legal.claims", names=words("Претензии", "Claims"), type=claims.KEY, over="opened"),
)
WIDGETS = (
    Widget(key="legal.figure_in_time", kind="figure", measure="legal.contracts_in_time", ws=6),
    Widget(key="legal.figure_claims", kind="figure", measure="legal.claims_in_dispute", ws=6),
    Widget(key="legal.figure_court", kind="figure", measure="legal.court_in_dispute", ws=6),
    Widget(key="legal.figure_contracts_ending", kind="figure", measure="legal.contracts_ending", ws=12),
    Widget(key="legal.figure_powers_ending", kind="figure", measure="legal.powers_ending", ws=12),
    Widget(
        key="legal.by_counterparty",
        kind="bars",
        measure="legal.in_force",
        by="vendor",
        most=8,
        titles=words("Договоры по контрагентам", "Contracts by counterparty"),
        w=6,
        wm=12,
    ),
    Widget(
        key="legal.claims_by_counterparty",
        kind="pareto",
        measure="legal.claims",
        by="vendor",
        most=8,
        titles=words("Претензии по контрагентам", "Claims by counterparty"),
        w=6,
        wm=12,
    ),
)
PANEL = Panel(
    key="legal",
    titles=words("Юридическая служба", "Legal"),
    department="legal",
    types=(contracts.KEY, claims.KEY, court.KEY, powers.KEY),
    headline="within_sla",
    widgets=(
        "legal.figure_in_time", "legal.figure_claims", "legal.figure_court", "opened",
        "within_sla_by_day", "why",
        "legal.by_counterparty", "legal.claims_by_counterparty",
        "legal.figure_contracts_ending", "legal.figure_powers_ending", "time_to_resolve", "within_sla",
        "stages",
    ),
)  # fmt: skip
