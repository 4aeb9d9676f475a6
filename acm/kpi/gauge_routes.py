"""``/kpi/pages``: the list behind a gauge, exactly as long as its figure says."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from acm import clock
from acm.errors import Invalid
from acm.i18n import _
from acm.i18n import words as in_language
from acm.kpi import periods
from acm.kpi.building import title_of
from acm.kpi.declarations import Widget
from acm.kpi.drill import read_filters
from acm.kpi.gauge_views import say_pages
from acm.kpi.gauges import Asked, behind, gauge_of
from acm.kpi.panels import OpenPanel, shelf
from acm.kpi.scope import Scope
from acm.pages.models import Page
from acm.pages.types import CaseType
from acm.people.signin import Me
from acm.snapshot import Snapshot
from acm.web.routing import router as new_router
from acm.web.runtime import Db, World
from acm.web.templating import Ui

router = new_router()
PAGE = 50


@router.get("/kpi/pages")
def show_pages(request: Request, ui: Ui, db: Db, me: Me, world: World) -> Response:
    """The pages a gauge has counted, the newest first."""
    given = dict(request.query_params)
    gauge = gauge_of(world, given.get("gauge", ""))
    if gauge is None or not given.get("panel"):
        raise Invalid({"gauge": [_("Choose one of the offered values")]})
    opened = shelf(db, world, me.grants).open(given["panel"])
    by, part = given.get("by", ""), given.get("part")
    if by not in {"", *_dimensions(world, opened, gauge.key)}:
        raise Invalid({"by": [_("Choose one of the offered values")]})
    today = clock.now().astimezone(ZoneInfo(ui.settings.timezone)).date()
    scope = Scope(me.grants, opened.departments, opened.panel.types, read_filters(given))
    asked = Asked(gauge, periods.read_period(given, today), by)
    statement = behind(db, world, scope, asked, part if by else None, today)
    pages, total, following = _listed(db, statement, given.get("after", ""))
    return ui.page(
        "kpi/pages.html",
        title=in_language(gauge.names, ui.lang),
        panel=opened.panel,
        panel_title=title_of(opened, ui.lang),
        rows=[(page, _state(page, ui.lang)) for page in pages],
        total=total,
        count=say_pages(total, ui.lang),
        next=f"/kpi/pages?{urlencode({**given, 'after': following})}" if following else "",
    )


def _dimensions(world: Snapshot, opened: OpenPanel, gauge: str) -> set[str]:
    """By what the widgets of a panel show a gauge: nothing else is asked of the fields."""
    widgets: list[Widget | None] = [world.find("widget", key) for key in opened.panel.widgets]
    return {one.by for one in widgets if one is not None and one.measure == gauge}


def _listed(db: Session, statement: Any, after: str) -> tuple[list[Page], int, str]:
    total = db.scalar(select(func.count()).select_from(statement.with_only_columns(Page.id).subquery())) or 0
    if after.isascii() and after.isdecimal() and len(after) < 10:
        statement = statement.where(Page.id < int(after))
    statement = statement.options(joinedload(Page.type_version)).order_by(Page.id.desc()).limit(PAGE + 1)
    pages = list(db.scalars(statement))
    more, pages = len(pages) > PAGE, pages[:PAGE]
    return pages, total, str(pages[-1].id) if more else ""


def _state(page: Page, lang: str) -> str:
    definition = page.definition
    return in_language(definition.state(page.state).names, lang) if isinstance(definition, CaseType) else ""
