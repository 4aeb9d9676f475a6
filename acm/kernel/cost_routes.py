"""What a plugin costs, /admin/plugins/<slug>/costs, for administrators; the same and its failures over JSON."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from fastapi import APIRouter
from fastapi.responses import Response

from acm import clock
from acm.errors import NotFound
from acm.i18n import words
from acm.kernel.costs import Cost, costs_of
from acm.kernel.failures import last_failures
from acm.kernel.isolation import here
from acm.kernel.models import Plugin
from acm.people.signin import Me, permitted
from acm.web.api import View, api_router
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import Ui

router = new_router()
api: APIRouter = api_router("plugins")
DAYS = 7


class CostView(
    View,
    json_schema_extra={
        "example": {
            "point": "panel.widget",
            "calls": 120,
            "errors": 1,
            "statements": 240,
            "seconds": 1.8,
            "mean": 0.015,
            "slowest": 0.21,
        }
    },
):
    """The calls of a plugin into one extension point; ``seconds`` in all, ``slowest`` and ``mean`` of one call."""

    point: str
    calls: int
    errors: int
    statements: int
    seconds: float
    mean: float
    slowest: float


class FailureView(
    View,
    json_schema_extra={
        "example": {
            "point": "panel.widget",
            "number": "a41f0c",
            "at": "2026-11-20T08:00:00Z",
            "worker": "host:4711",
            "place": "widgets.py:41 in draw",
            "text": "ZeroDivisionError: division by zero",
        }
    },
):
    """A failed call; ``place`` is the plugin's own line, ``text`` the traceback without secrets."""

    point: str
    number: str
    at: datetime
    worker: str
    place: str
    text: str


@router.get("/admin/plugins/{slug}/costs", dependencies=[permitted("admin.plugins")])
def show_costs(ui: Ui, db: Db, me: Me, slug: str) -> Response:
    """Where a plugin spent time in the last week, the dearest extension point first."""
    name, costs = _found(db, slug)
    total = Cost()
    for cost in costs.values():
        total = total.plus(cost)
    return ui.page(
        "admin/plugin_costs.html", slug=slug, name=words(name, ui.lang), days=DAYS, costs=costs, total=total,
        open_points=here().open_points(slug),
    )  # fmt: skip


@api.get("/plugins/{slug}/costs", dependencies=[permitted("admin.plugins")])
def list_costs(db: Db, me: Me, slug: str) -> list[CostView]:
    """What the calls into a plugin cost in the last week, over all processes, the dearest extension point first."""
    return [
        CostView(
            point=point, calls=cost.calls, errors=cost.errors, statements=cost.statements,
            seconds=round(cost.seconds, 6), mean=round(cost.mean, 6), slowest=round(cost.slowest, 6),
        )
        for point, cost in _found(db, slug)[1].items()
    ]  # fmt: skip


@api.get("/plugins/{slug}/failures", dependencies=[permitted("admin.plugins")])
def list_failures(db: Db, me: Me, slug: str) -> list[FailureView]:
    """The last failures of a plugin over all processes, the newest first."""
    if db.get(Plugin, slug) is None:
        raise NotFound("There is no plugin of that name")
    return [
        FailureView(point=f.point, number=f.number, at=f.at, worker=f.worker, place=f.place, text=f.text)
        for f in reversed(last_failures(db).get(slug, ()))
    ]


def _found(db: Db, slug: str) -> tuple[dict[str, str], dict[str, Cost]]:
    row = db.get(Plugin, slug)
    if row is None:
        raise NotFound("There is no plugin of that name")
    since: date = clock.now().date() - timedelta(days=DAYS - 1)
    return dict(row.names), costs_of(db, slug, since, here().untaken())
