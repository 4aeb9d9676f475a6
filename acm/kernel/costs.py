"""What plugins cost: calls, time, SQL statements and errors by plugin and extension point, a row a day.

Counted in memory, written at most each ten seconds and never inside a request's transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, Date, Float, Integer, String, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from acm.db import Base

DAYS = 30
"""Days that are kept."""


class PluginCost(Base):
    """What the calls of one plugin into one extension point cost on one day (UTC), over all processes."""

    __tablename__ = "plugin_cost"

    slug: Mapped[str] = mapped_column(String(31), primary_key=True)
    point: Mapped[str] = mapped_column(String(120), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    calls: Mapped[int] = mapped_column(BigInteger)
    errors: Mapped[int] = mapped_column(Integer)
    statements: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float] = mapped_column(Float)
    slowest: Mapped[float] = mapped_column(Float)


@dataclass(slots=True)
class Cost:
    """Calls with their errors and SQL statements; seconds in all and of the slowest call."""

    calls: int = 0
    errors: int = 0
    statements: int = 0
    seconds: float = 0.0
    slowest: float = 0.0

    @property
    def mean(self) -> float:
        """Seconds of a call."""
        return self.seconds / self.calls if self.calls else 0.0

    @property
    def asked(self) -> float:
        """SQL statements of a call."""
        return self.statements / self.calls if self.calls else 0.0

    def plus(self, other: Cost) -> Cost:
        return Cost(
            self.calls + other.calls,
            self.errors + other.errors,
            self.statements + other.statements,
            self.seconds + other.seconds,
            max(self.slowest, other.slowest),
        )


class Meter:
    """Counts the calls of one plugin into one extension point, from any thread."""

    __slots__ = ("_cost", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cost = Cost()

    def count(self, seconds: float, statements: int, failed: bool) -> None:
        with self._lock:
            cost = self._cost
            cost.calls += 1
            cost.errors += failed
            cost.statements += statements
            cost.seconds += seconds
            if seconds > cost.slowest:
                cost.slowest = seconds

    def take(self) -> Cost:
        """What was counted since it was last taken."""
        with self._lock:
            taken, self._cost = self._cost, Cost()
            return taken

    def give_back(self, cost: Cost) -> None:
        """What could not be written counts on."""
        with self._lock:
            self._cost = self._cost.plus(cost)

    @property
    def untaken(self) -> Cost:
        return self._cost


Costs = Mapping[tuple[str, str], Cost]
"""Costs by plugin and extension point."""


def add(session: Session, day: date, costs: Costs) -> None:
    """Add costs to a day's rows, whichever process wrote them, and forget what is older than is kept."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement: Any = dialect.insert(PluginCost)
    new, slowest = statement.excluded, PluginCost.slowest
    sums = {name: getattr(PluginCost, name) + new[name] for name in ("calls", "errors", "statements", "seconds")}
    statement = statement.on_conflict_do_update(
        index_elements=["slug", "point", "day"],
        set_={**sums, "slowest": func.greatest(slowest, new.slowest) if dialect is postgresql
              else func.max(slowest, new.slowest)},
    )  # fmt: skip
    names = ("calls", "errors", "statements", "seconds", "slowest")
    session.execute(
        statement,
        [
            {"slug": slug[:31], "point": point[:120], "day": day, **dict(zip(names, astuple(cost), strict=True))}
            for (slug, point), cost in sorted(costs.items())
        ],
    )
    session.execute(
        delete(PluginCost).where(PluginCost.day < day - timedelta(days=DAYS)),
        execution_options={"synchronize_session": False},
    )


def costs_of(session: Session, slug: str, since: date, untaken: Costs) -> dict[str, Cost]:
    """The costs of a plugin by extension point since a day, the dearest first; with what this process did not write."""
    found = {point: cost for (plugin, point), cost in untaken.items() if plugin == slug and cost.calls}
    rows = select(PluginCost).where(PluginCost.slug == slug, PluginCost.day >= since)
    for row in session.scalars(rows):
        cost = Cost(row.calls, row.errors, row.statements, row.seconds, row.slowest)
        found[row.point] = found.get(row.point, Cost()).plus(cost)
    return dict(sorted(found.items(), key=lambda one: (-one[1].seconds, one[0])))
