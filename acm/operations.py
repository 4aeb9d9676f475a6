"""Health, readiness and figures for the machines that watch this one."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from sqlalchemy import text
from sqlalchemy.orm import Session

from acm.kernel.openapi import described
from acm.snapshot import Contribution
from acm.web.routing import router as new_router
from acm.web.runtime import App, World

router = new_router()

REQUESTS = Counter("acm_requests_total", "Requests by method, route and status", ["method", "route", "status"])
SECONDS = Histogram("acm_request_seconds", "Seconds from request to the end of its answer", ["route"])


DAY_SECONDS = 86400


def contributions() -> list[Contribution]:
    return [Contribution("schedule", "planner", (DAY_SECONDS, tell_planner))]


def tell_planner(session: Session) -> None:
    """Once a day SQLite's planner learns how much there is; PostgreSQL does that by itself."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA optimize"))


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Count one request; routes, not paths, so that the number of series stays small."""
    REQUESTS.labels(
        method if method in ("GET", "POST", "PATCH", "PUT", "DELETE") else "OTHER", route, str(status)
    ).inc()
    SECONDS.labels(route).observe(seconds)


@router.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
def readyz(app: App) -> Response:
    """The database answers and the snapshot is there."""
    try:
        with app.db.reading() as session:
            session.execute(text("SELECT 1"))
    except Exception as error:  # readiness is the question whether anything at all is wrong
        return JSONResponse({"status": "unready", "reason": type(error).__name__}, 503, headers={"Retry-After": "5"})
    return JSONResponse({"status": "ready", "snapshot": app.snapshot.number})


@router.get("/openapi.json")
def openapi(request: Request, app: App, world: World) -> Response:
    """The description of the JSON API (OpenAPI 3.1), of the core and of the enabled plugins."""
    return JSONResponse(described(request.app.openapi(), app, world))


@router.get("/metrics")
def metrics() -> Response:
    """Figures in the Prometheus text format."""
    return PlainTextResponse(generate_latest(), media_type=CONTENT_TYPE_LATEST)
