"""``/api/v1/kpi``: what can be measured, panels with their numbers, and one measure asked freely."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field

from acm import clock
from acm.errors import NotFound
from acm.i18n import words
from acm.kpi import building, periods
from acm.kpi.declarations import Measure
from acm.kpi.drill import Links, read_filters
from acm.kpi.figures import Number, breakdown, figure
from acm.kpi.panels import OpenPanel, measure_of, shelf
from acm.kpi.scope import Scope
from acm.kpi.views import Cell, View
from acm.people.signin import Me, Viewer
from acm.web.api import api_router
from acm.web.runtime import Db, World
from acm.web.templating import UI, Ui

router = api_router("kpi")

By = Literal["", "day", "service", "branch", "group", "priority"]
Day = Annotated[str, Query(max_length=40, description="A day, as 2026-11-01.", examples=["2026-11-01"])]
Id = Annotated[
    str, Query(max_length=12, description="An id, or `none` for cases without one.", pattern=r"^([0-9]{1,9}|none)?$")
]


class MeasureView(
    BaseModel,
    json_schema_extra={
        "example": {
            "key": "within_sla",
            "name": "Within the promise",
            "fact": "resolved",
            "of": "share",
            "unit": "percent",
            "good": "up",
            "target": 90.0,
        }
    },
):
    """One number about cases: how it is computed, from which facts, and which direction is welcome."""

    key: str
    name: str
    fact: str = Field(description="What is counted, see the reference of figures.")
    of: Literal["count", "share", "median", "ratio"]
    unit: Literal["cases", "percent", "hours"]
    good: Literal["up", "down", ""]
    target: float | None


class Measures(BaseModel):
    items: list[MeasureView]
    next: None = None


class Days(BaseModel):
    """The first and the last day, both included."""

    first: date
    last: date


class CellView(BaseModel):
    """A place in a table: in words, as a plain value, and the list of exactly `count` occurrences behind it."""

    said: str
    value: float | int | str | None = None
    href: str = ""
    count: int | None = None


class WidgetView(BaseModel):
    key: str
    kind: str
    title: str
    state: str
    head: list[str]
    rows: list[list[CellView]]


class PanelView(
    BaseModel,
    json_schema_extra={
        "example": {
            "key": "it",
            "title": "IT",
            "department": "IT",
            "period": {"first": "2026-11-01", "last": "2026-11-21"},
            "compared": {"first": "2026-10-01", "last": "2026-10-21"},
            "headline": "More was done in time than in October",
            "widgets": [
                {
                    "key": "opened",
                    "kind": "figure",
                    "title": "Opened",
                    "state": "ready",
                    "head": ["Opened"],
                    "rows": [
                        [{"said": "1,284", "value": 1284, "href": "/kpi/cases?panel=it&measure=opened", "count": 1284}]
                    ],
                }
            ],
        }
    },
):
    """A panel with the numbers of all its widgets."""

    key: str
    title: str
    department: str
    period: Days
    compared: Days
    headline: str
    widgets: list[WidgetView]


class PartView(BaseModel):
    """One part of an answer: a day, or the id of a service, branch or group, or a priority; null for none."""

    part: date | int | None
    value: float | None
    count: int
    href: str


class Answer(BaseModel):
    """A measure over a period; `count` occurrences stand behind it, listed at `href`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "measure": "within_sla",
                "period": {"first": "2026-11-01", "last": "2026-11-21"},
                "value": 91.4,
                "count": 1180,
                "href": "/kpi/cases?panel=it&measure=within_sla&from=2026-11-01&to=2026-11-21",
                "items": [{"part": 7, "value": 84.2, "count": 212, "href": "/kpi/cases?panel=it&service=7"}],
            }
        }
    )

    measure: str
    period: Days
    value: float | None
    count: int
    href: str
    items: list[PartView]


@router.get("/kpi/measures")
def list_measures(ui: Ui, me: Me, world: World) -> Measures:
    """All measures of the core and of the enabled plugins."""
    return Measures(items=[_measure(m, ui.lang) for m in world.values("measure")])


@router.get("/kpi/panels/{panel}")
def show_panel(
    request: Request, ui: Ui, db: Db, me: Me, world: World, panel: str,
    period: Literal["", "month", "30d", "previous", "quarter", "custom"] = "",
    from_: Annotated[Day, Query(alias="from")] = "", to: Day = "",
    compare: Literal["", "previous", "year"] = "",
    service: Id = "", branch: Id = "", group: Id = "", priority: Id = "",
) -> PanelView:  # fmt: skip
    """A panel as its reader sees it; 403 for those who may not see the department's figures."""
    given = dict(request.query_params)
    opened = shelf(db, world, me.grants).open(panel)
    reader = building.Reader(ui.lang, _today(ui))
    choice = periods.read_choice(given, reader.today)
    scope = _scope(me, opened, given)
    material = building.gather(db, world, opened, scope, choice, reader)
    said = building.headline(opened, material)
    return PanelView(
        key=opened.panel.key,
        title=building.title_of(opened, ui.lang),
        department=opened.department.key,
        period=_days(choice.now),
        compared=_days(choice.past),
        headline=" ".join(ui.say(part) for part in (said.said, said.cause) if part) if said else "",
        widgets=[_widget(view) for view in building.views(opened, world, material)],
    )


@router.get("/kpi/query")
def query(
    request: Request, ui: Ui, db: Db, me: Me, world: World,
    panel: Annotated[str, Query(description="Whose cases: the key of a panel or department.", examples=["it"])],
    measure: Annotated[str, Query(description="Key of a measure.", examples=["within_sla"])],
    from_: Annotated[Day, Query(alias="from")] = "", to: Day = "", by: By = "",
    service: Id = "", branch: Id = "", group: Id = "", priority: Id = "",
) -> Answer:  # fmt: skip
    """One measure over a period, in all and by day, service, branch, group or priority."""
    given = dict(request.query_params)
    opened = shelf(db, world, me.grants).open(panel)
    asked = measure_of(world, measure)
    if asked is None:
        raise NotFound()
    days = periods.read_period(given, _today(ui))
    scope = _scope(me, opened, given)
    links = Links(opened.panel.key, {name: str(value or "none") for name, value in scope.filters.items()})
    whole = figure(db, scope, asked, days)
    parts = breakdown(db, scope, asked, days, by) if by else {}
    return Answer(
        measure=asked.key,
        period=_days(days),
        value=whole.value,
        count=whole.count,
        href=links.to(asked.key, days),
        items=[_part(part, found, by, asked, days, links) for part, found in parts.items()],
    )


def _part(part: Any, found: Number, by: str, measure: Measure, days: periods.Period, links: Links) -> PartView:
    if by == "day":
        href = links.to(measure.key, periods.Period(part, part))
        return PartView(part=part, value=found.value, count=found.count, href=href)
    href = links.to(measure.key, days, **{by: part or "none"})
    return PartView(part=part or None, value=found.value, count=found.count, href=href)


def _measure(measure: Measure, lang: str) -> MeasureView:
    unit: Literal["cases", "percent", "hours"] = "percent"
    if measure.of in ("count", "median"):
        unit = "cases" if measure.of == "count" else "hours"
    return MeasureView(
        key=measure.key,
        name=words(measure.names, lang),
        fact=measure.fact.value,
        of=measure.of,
        unit=unit,
        good=measure.good,
        target=measure.target,
    )


def _widget(view: View) -> WidgetView:
    return WidgetView(
        key=view.widget.key,
        kind=view.widget.kind,
        title=view.title,
        state=view.state,
        head=view.table.head,
        rows=[[_cell(cell) for cell in row] for row in view.table.rows],
    )


def _cell(cell: Cell) -> CellView:
    value = cell.value if isinstance(cell.value, (int, float, str)) else None
    return CellView(said=cell.said, value=value, href=cell.href, count=cell.count)


def _days(period: periods.Period) -> Days:
    return Days(first=period.first, last=period.last)


def _scope(me: Viewer, opened: OpenPanel, given: dict[str, str]) -> Scope:
    return Scope(me.grants, opened.departments, opened.panel.types, read_filters(given))


def _today(ui: UI) -> date:
    return clock.now().astimezone(ZoneInfo(ui.settings.timezone)).date()
