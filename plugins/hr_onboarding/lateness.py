"""How departments keep the days of their steps: counted from the orders, which HR may read where the steps are hidden."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from acm.sdk import Case, Context

from .types import OFFBOARDING, ONBOARDING

PERIOD = timedelta(days=92)
BATCH = 200


@dataclass(frozen=True)
class Step:
    """A dated step of an order. ``is_late`` is not what waits for another step: that one is."""

    order: Case
    part: Any
    due_on: date
    ended_on: date | None
    is_late: bool

    @property
    def department(self) -> str:
        """Its key; empty where the order does not tell."""
        return str(self.part.department.get("key", ""))


@dataclass
class Kept:
    """How a department keeps the days of its steps."""

    key: str
    names: dict[str, str]
    steps: int = 0
    late: int = 0

    @property
    def share(self) -> int:
        """Percent of its steps that are late."""
        return round(100 * self.late / self.steps)


def steps_of(ctx: Context) -> Iterator[Step]:
    """The dated steps that were not dropped, of the orders of the last quarter that the person may see."""
    now: datetime = ctx.now()
    for key in (ONBOARDING.key, OFFBOARDING.key):
        cursor = ""
        while True:
            found = ctx.cases.list(key, {"opened >=": now - PERIOD}, limit=BATCH, cursor=cursor)
            for order in found.items:
                for part in ctx.catalog.parts(order):
                    if part.due is not None and not part.is_dropped:
                        yield _step(ctx, order, part, now)
            if not (cursor := found.next):
                break


def by_department(ctx: Context) -> list[Kept]:
    """The departments, that with most late steps first."""
    found: dict[str, Kept] = {}
    for step in steps_of(ctx):
        names = dict(step.part.department.get("names") or {})
        kept = found.setdefault(step.department, Kept(step.department, names))
        kept.steps += 1
        kept.late += step.is_late
    return sorted(found.values(), key=lambda one: (-one.late, one.key))


def shown(ctx: Context, department: str, late: bool) -> tuple[list[Step], dict[str, str]]:
    """The steps behind a figure, the latest day first, and the names of their department."""
    wanted = [step for step in steps_of(ctx) if step.department == department and (step.is_late or not late)]
    names = dict(wanted[0].part.department.get("names") or {}) if wanted else {}
    return sorted(wanted, key=lambda step: (step.due_on, step.order.id), reverse=True), names


def _step(ctx: Context, order: Case, part: Any, now: datetime) -> Step:
    due, ended = (at.astimezone(ctx.zone).date() if at else None for at in (part.due, part.ended))
    return Step(order, part, due or now.date(), ended, part.was_late(now) if part.ended else part.is_late(now))
