"""The board of deals: what stands at each stage, what it sums up to, and what of it is likely to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from acm.sdk import Case, Context, Event, Page

from .deals import DEAL, DEAL_TYPE, OPEN_STAGES, PROBABILITY
from .words import Words

MOST = 200
HUNDRED = Decimal(100)
Sums = dict[str, Decimal]


@dataclass
class Column:
    """A stage: how many deals, their sums and weighted sums by currency, the deals that are shown."""

    state: str
    names: Words
    count: int = 0
    sums: Sums = field(default_factory=dict)
    weighted: Sums = field(default_factory=dict)
    deals: list[Case] = field(default_factory=list)


def board(ctx: Context, mine: bool = False) -> tuple[list[Column], Mapping[int, Page]]:
    """The open stages with their deals, those of the nearest next step first, and the companies they name."""
    own: dict[str, Any] = {"owner": ctx.user.person} if mine and ctx.user else {}
    columns = {key: Column(key, dict(DEAL_TYPE.state(key).names)) for key in OPEN_STAGES}
    for key, column in columns.items():
        for part in ctx.cases.tally(DEAL, by="probability", of="amount", where={"state": key, **own}):
            column.count += part.count
            if part.currency:
                likely = Decimal(str(PROBABILITY[key] if part.part is None else part.part)) / HUNDRED
                column.sums[part.currency] = column.sums.get(part.currency, Decimal(0)) + part.total
                column.weighted[part.currency] = column.weighted.get(part.currency, Decimal(0)) + part.total * likely
    found = ctx.cases.list(DEAL, {"state in": list(OPEN_STAGES), **own}, order="next_on", limit=MOST).items
    for deal in found:
        columns[deal.state].deals.append(deal)
    return list(columns.values()), companies_of(ctx, found)


def companies_of(ctx: Context, deals: Sequence[Case]) -> Mapping[int, Page]:
    """The companies of deals, by id."""
    return ctx.pages.by_ids(deal.fields["company"] for deal in deals if deal.fields.get("company"))


def added(columns: Sequence[Column], name: str) -> Sums:
    """The sums of all columns together: ``sums`` or ``weighted``."""
    total: Sums = {}
    for column in columns:
        for currency, amount in getattr(column, name).items():
            total[currency] = total.get(currency, Decimal(0)) + amount
    return total


def follow_stage(ctx: Context, event: Event) -> None:
    """A deal that came to another stage takes its usual probability, unless somebody had given it one of its own."""
    deal = ctx.cases.of(event)
    if deal is None or deal.type != DEAL or event.data.get("to") != deal.state:
        return
    take_probability(ctx, deal, str(event.data.get("from")))


def take_probability(ctx: Context, deal: Case, before: str) -> None:
    """The usual probability of the stage, where that of the stage before stood."""
    if deal.fields.get("probability") in (None, PROBABILITY.get(before)) or deal.state in ("won", "lost"):
        ctx.cases.change(deal, fields={"probability": PROBABILITY[deal.state]})
