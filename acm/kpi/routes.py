"""Panels, the tables and CSV of their widgets, and the lists behind their figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import Response

from acm import clock
from acm.cases.filtering import Vantage
from acm.cases.rows import CaseRow, case_rows
from acm.errors import Invalid, NotFound
from acm.i18n import Message, _
from acm.i18n import words as in_language
from acm.kpi import building, periods
from acm.kpi.declarations import FactKind, Measure
from acm.kpi.drill import Behind, Listed, behind, read_behind, read_filters
from acm.kpi.exporting import to_csv
from acm.kpi.names import Names, names_of
from acm.kpi.panels import OpenPanel, Shelf, measure_of, shelf
from acm.kpi.saying import say_value
from acm.kpi.scope import Scope
from acm.kpi.views import Material, View, say_period
from acm.people.signin import Me, Viewer
from acm.web import words
from acm.web.routing import router as new_router
from acm.web.runtime import Db, World
from acm.web.templating import UI, Ui

router = new_router()

PAGE = 50
PERIODS: dict[str, Message] = {
    "month": _("This month so far"),
    "30d": _("Last 30 days"),
    "previous": _("Previous month"),
    "quarter": _("This quarter so far"),
    "custom": _("From – to"),
}
COMPARISONS: dict[str, Message] = {"previous": _("the period before"), "year": _("the year before")}


@router.get("/kpi")
def lead(ui: Ui, db: Db, me: Me, world: World) -> Response:
    """To the panel of one's own department."""
    return ui.redirect(f"/kpi/{shelf(db, world, me.grants).first().key}")


@router.get("/kpi/cases")
def show_cases(request: Request, ui: Ui, db: Db, me: Me, world: World) -> Response:
    """The list behind a figure; as long as the figure says."""
    given = dict(request.query_params)
    if not given.get("panel"):
        raise Invalid({"panel": [_("Choose one of the offered values")]})
    opened = shelf(db, world, me.grants).open(given["panel"])
    measure = measure_of(world, given.get("measure", ""))
    if measure is None:
        raise Invalid({"measure": [_("Choose one of the offered values")]})
    today = _today(ui)
    asked = read_behind(given, measure, periods.read_period(given, today))
    scope = _scope(me, opened, given)
    listed = behind(db, scope, asked, cursor=given.get("after", ""), limit=PAGE)
    names = names_of(db, scope, [scope.filters.get("service", 0)], ui.lang)
    following = {**given, "after": listed.next}
    return ui.page(
        "kpi/cases.html",
        title=in_language(measure.names, ui.lang),
        panel=opened.panel,
        panel_title=building.title_of(opened, ui.lang),
        conditions=_conditions(ui, asked, scope, names, today),
        rows=_rows(ui, db, me, listed, measure),
        total=listed.total,
        next=f"/kpi/cases?{urlencode(following)}" if listed.next else "",
    )


@router.get("/kpi/{panel}/{widget}.csv")
def export(request: Request, ui: Ui, db: Db, me: Me, world: World, panel: str, widget: str) -> Response:
    """The table of a widget for a spreadsheet."""
    page = _Page(request, ui, db, me, world, panel)
    found = page.widget(widget)
    name = f"{page.opened.panel.key}-{widget}-{page.choice.now.first}-{page.choice.now.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(to_csv(found.table), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/kpi/{panel}/{widget}")
def show_table(request: Request, ui: Ui, db: Db, me: Me, world: World, panel: str, widget: str) -> Response:
    """A widget as a table; for htmx the widget itself."""
    page = _Page(request, ui, db, me, world, panel)
    return ui.page("kpi/table.html", fragment="widget", view=page.widget(widget), **page.context())


@router.get("/kpi/{panel}")
def show_panel(request: Request, ui: Ui, db: Db, me: Me, world: World, panel: str) -> Response:
    """The panel: what changed, four figures, a trend with its cause, two details."""
    page = _Page(request, ui, db, me, world, panel)
    return ui.page("kpi/show.html", fragment="kpi", views=page.views(), **page.context())


class _Page:
    """A panel as asked for in one request."""

    def __init__(self, request: Request, ui: UI, db: Db, me: Viewer, world: World, panel: str) -> None:
        given = dict(request.query_params)
        self.ui, self.world = ui, world
        self.shelf: Shelf = shelf(db, world, me.grants)
        self.opened = self.shelf.open(panel)
        reader = building.Reader(ui.lang, _today(ui))
        self.choice = periods.read_choice(given, reader.today)
        self.scope = _scope(me, self.opened, given)
        self.material: Material = building.gather(db, world, self.opened, self.scope, self.choice, reader)

    def views(self) -> list[View]:
        return building.views(self.opened, self.world, self.material)

    def widget(self, key: str) -> View:
        found = next((view for view in self.views() if view.widget.key == key), None)
        if found is None:
            raise NotFound()
        return found

    def context(self) -> dict[str, Any]:
        chosen = {name: str(value or "none") for name, value in self.scope.filters.items()}
        others = [p for p in self.shelf.mine() if p.key != self.opened.panel.key]
        names = self.material.names
        return {
            "panel": self.opened.panel,
            "panel_title": building.title_of(self.opened, self.ui.lang),
            "headline": building.headline(self.opened, self.material),
            "choice": self.choice,
            "shown": {which: say_period(getattr(self.choice, which), self.material) for which in ("now", "past")},
            "periods": PERIODS,
            "comparisons": COMPARISONS,
            "services": names.services,
            "branches": names.branches,
            "chosen": chosen,
            "others": [(p.key, in_language(p.titles, self.ui.lang)) for p in others],
            "address": urlencode({**self.choice.query(), **chosen}),
            "waiting": names.waiting,
        }


def _scope(me: Viewer, opened: OpenPanel, given: dict[str, str]) -> Scope:
    return Scope(me.grants, opened.departments, opened.panel.types, read_filters(given))


def _today(ui: UI) -> date:
    """Days are those of the installation, as in the facts."""
    return clock.now().astimezone(ZoneInfo(ui.settings.timezone)).date()


def _conditions(ui: UI, asked: Behind, scope: Scope, names: Names, today: date) -> list[str]:
    """What the list is narrowed to, in words."""
    said = [words.period(asked.period.first, asked.period.last, ui.lang, today)]
    for name, known in (("service", names.services), ("branch", names.branches)):
        if name in scope.filters:
            nothing = _("Without a service") if name == "service" else _("Without a branch")
            said.append(known.get(scope.filters[name]) or ui.say(nothing))
    if "priority" in scope.filters:
        said.append(ui.say(_("priority %(priority)s", priority=scope.filters["priority"])))
    if asked.verdict is not None:
        said.append(ui.say(_("on time") if asked.verdict else _("late")))
    if asked.weekday is not None:
        said.append(words.weekday(date(2024, 1, 1) + timedelta(days=asked.weekday), ui.lang))
    if asked.hour is not None:
        said.append(ui.say(_("from %(hour)s:00 to %(hour)s:59", hour=asked.hour)))
    return said


def _rows(ui: UI, db: Db, me: Viewer, listed: Listed, measure: Measure) -> list[tuple[int, CaseRow]]:
    """Rows of cases, each with the moment of what was counted and its hours."""
    vantage = Vantage(me.grants, clock.now(), me.zone, ui.lang)
    rows = case_rows(db, [line.case for line in listed.lines], vantage)
    found = []
    for line, row in zip(listed.lines, rows, strict=True):
        facts = [words.moment(line.fact.at, ui.lang, me.zone, vantage.now)]
        if measure.of == "median" and line.fact.value is not None:
            facts.append(say_value(measure, line.fact.value, ui.lang))
        elif measure.fact is FactKind.JUDGED:
            facts.append(ui.say(_("on time") if line.fact.value else _("late")))
        found.append((line.fact.id, replace(row, facts=[*facts, *row.facts])))
    return found
