"""What is measured and how it is shown: measures, widgets, panels. Pure declarations, the core's and the plugins'.

A measure works on facts (``acm/kpi/models.py``): things of one kind that happened to cases. It is one of

* ``count``: how many facts there were;
* ``share``: percent of the facts whose value is 1 (a promise kept);
* ``median``: the median of their values, in working hours;
* ``ratio``: facts of ``fact`` per hundred facts of ``per``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import model_validator

from acm.pages.types import Declaration


class FactKind(StrEnum):
    """What can happen to a case and is counted; ``acm/kpi/counting.py`` says when."""

    OPENED = "opened"
    RESPONDED = "responded"
    RESOLVED = "resolved"
    JUDGED = "judged"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    REOPENED = "reopened"
    REASSIGNED = "reassigned"
    STAYED_NEW = "stayed.new"
    STAYED_APPROVAL = "stayed.approval"
    STAYED_ACTIVE = "stayed.active"
    STAYED_WAITING = "stayed.waiting"
    STAYED_RESOLVED = "stayed.resolved"


STAYS = (
    FactKind.STAYED_NEW,
    FactKind.STAYED_APPROVAL,
    FactKind.STAYED_ACTIVE,
    FactKind.STAYED_WAITING,
    FactKind.STAYED_RESOLVED,
)

HOURS = frozenset({FactKind.RESPONDED, FactKind.RESOLVED, *STAYS})
"""Kinds whose value is a number of working hours."""


class Measure(Declaration):
    """One number about cases. ``names`` are what a person would say; ``good`` the welcome direction, if any."""

    key: str
    names: dict[str, str]
    fact: FactKind
    of: Literal["count", "share", "median", "ratio"] = "count"
    per: FactKind | None = None
    good: Literal["up", "down", ""] = ""
    target: float | None = None
    note: dict[str, str] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.of == "ratio") != (self.per is not None):
            raise ValueError(f"measure {self.key}: a ratio, and nothing else, names what it is per")
        if self.of == "median" and self.fact not in HOURS:
            raise ValueError(f"measure {self.key}: {self.fact.value} has no hours to take a median of")
        if self.of == "share" and self.fact is not FactKind.JUDGED:
            raise ValueError(f"measure {self.key}: only a judged promise has a share")
        return self


class Gauge(Declaration):
    """A number about pages of one type by their own fields: how many (``count``), the ``sum`` of the number or money
    ``field``, or what ``share`` of them meets ``part``.

    ``where``, ``part`` and ``terms`` are conditions as :attr:`acm.sdk.Context.pages` takes them; days may be
    ``today``, ``today+30``, ``today-7``. With ``over`` those count that were opened, resolved or closed in the panel's
    period; without it those that are there now, whatever the period.
    """

    key: str
    names: dict[str, str]
    type: str
    where: dict[str, Any] = {}
    terms: dict[str, Any] = {}
    of: Literal["count", "sum", "share"] = "count"
    field: str = ""
    part: dict[str, Any] = {}
    over: Literal["", "opened", "resolved", "closed"] = ""
    good: Literal["up", "down", ""] = ""
    target: float | None = None
    note: dict[str, str] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.of == "sum") != bool(self.field) or (self.of == "share") != bool(self.part):
            raise ValueError(f"gauge {self.key}: a sum names its field, a share its part, and nothing else does")
        return self


class Widget(Declaration):
    """A place on a panel: ``figure`` (number, trend, comparison), ``line`` (by day), ``why`` (what each service
    added to the change), ``stages`` (where time goes), ``heatmap`` (weekday × hour).

    Of a gauge: ``figure``, ``line`` where the gauge counts ``over`` a period, or by a column, a field or ``term:<vocabulary>`` in ``by`` as ``bars``, ``pareto`` (with
    the share that the greatest have together), ``funnel`` (in the order of states or options) or ``table``, of at
    most ``most`` parts.

    ``measure`` names the measure; ``stages`` needs none. ``w``, ``wm``, ``ws``: columns of 12 on a wide, middle and
    small screen. ``titles`` replace the measure's names.
    """

    key: str
    kind: Literal["figure", "line", "why", "stages", "heatmap", "bars", "pareto", "funnel", "table"]
    measure: str = ""
    by: str = ""
    most: int = 10
    titles: dict[str, str] = {}
    w: int = 3
    wm: int = 6
    ws: int = 12

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.kind != "stages" and not self.measure:
            raise ValueError(f"widget {self.key}: it needs a measure")
        if self.kind in ("bars", "pareto", "funnel", "table") and not self.by:
            raise ValueError(f"widget {self.key}: it needs to know by what")
        return self


class Panel(Declaration):
    """Widgets about the cases of a department and of those below it.

    ``department`` is a department's key; the head of that department is led here. ``types`` narrow to case types.
    ``headline`` is the measure whose change is said first. ``widgets`` are keys of widgets, the core's
    (``acm/kpi/core.py``) or a plugin's.
    """

    key: str
    titles: dict[str, str]
    department: str
    types: tuple[str, ...] = ()
    headline: str = ""
    widgets: tuple[str, ...] = ()
