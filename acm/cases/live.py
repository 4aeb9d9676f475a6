"""A case as it changes: each process looks at the journal's newest id, at most four times a second for everybody.

What arrives is drawn from the same template as the answer to a press, for this reader, through the door, each time
anew: who may no longer see the case, or has signed out, hears no more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sse_starlette import EventSourceResponse
from starlette.concurrency import run_in_threadpool

from acm.cases.case_routes import talk_values
from acm.cases.models import Case
from acm.errors import Problem, Unauthenticated
from acm.journal import Event
from acm.pages.visibility import unrestricted, visible_page
from acm.people.rights import require
from acm.people.signin import Viewer, identify
from acm.web.routing import router as new_router
from acm.web.runtime import Runtime, runtime_of, snapshot_of
from acm.web.templating import UI

router = new_router()
BEAT_SECONDS = 0.25
LOOK_ANYWAY_SECONDS = 2.0
LONGEST_SECONDS = 1800.0
PING_SECONDS = 15


class Pulse:
    """The newest id of the journal, read once a beat for all who listen in this process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = asyncio.Lock()
        self._at = 0.0
        self._newest = 0

    async def newest(self) -> int:
        async with self._lock:
            if time.monotonic() - self._at >= BEAT_SECONDS:
                self._newest = await run_in_threadpool(self._read)
                self._at = time.monotonic()
        return self._newest

    def _read(self) -> int:
        with self._runtime.db.reading() as session:
            return session.scalar(unrestricted(select(func.max(Event.id)), "pulse")) or 0


@router.get("/cases/{number}/live")
async def live(request: Request, number: str) -> Response:
    """The talk, head and Track of a case whenever something happens to it; ends at shutdown and after half an hour."""
    last = await run_in_threadpool(_begin, request, number)
    return EventSourceResponse(
        _messages(request, number, last), ping=PING_SECONDS, headers={"Cache-Control": "no-store"}
    )


async def _messages(request: Request, number: str, last: int) -> AsyncIterator[dict[str, Any]]:
    runtime = runtime_of(request)
    pulse = runtime.parts.setdefault("pulse", Pulse(runtime))
    ends, looked, seen = time.monotonic() + LONGEST_SECONDS, time.monotonic(), last
    while time.monotonic() < ends:
        await asyncio.sleep(BEAT_SECONDS)
        newest = await pulse.newest()
        if newest <= seen and time.monotonic() - looked < LOOK_ANYWAY_SECONDS:
            continue
        seen, looked = max(seen, newest), time.monotonic()
        try:
            place, html = await run_in_threadpool(_drawn, request, number, last)
        except Problem:
            return
        if html:
            last = place
            yield {"id": str(place), "data": html}


def _begin(request: Request, number: str) -> int:
    """The place in the case's journal that the reader has seen; raises what the page itself would raise."""
    with _session(request) as session:
        viewer = _viewer(request, session)
        case = _worked(session, viewer, number)
        given = request.headers.get("last-event-id") or request.query_params.get("after", "")
        return int(given) if given.isdecimal() and len(given) < 10 else case.journal_seq


def _drawn(request: Request, number: str, last: int) -> tuple[int, str]:
    """What happened since that place, as the fragment a press would give; empty when nothing did."""
    with _session(request) as session:
        viewer = _viewer(request, session)
        case = _worked(session, viewer, number)
        if case.journal_seq <= last:
            return last, ""
        ui = UI(request, session)
        html = ui.fragment("cases/live.html", "live", **talk_values(ui, session, viewer, number))
        return case.journal_seq, str(html)


def _session(request: Request) -> Session:
    runtime = runtime_of(request)
    session = runtime.db.session(read_only=True, snapshot=snapshot_of(request))
    session.info["settings"], session.info["runtime"] = runtime.settings, runtime
    return session


def _viewer(request: Request, session: Session) -> Viewer:
    """Who listens, read anew: a session that has ended, or rights that are gone, end the stream."""
    if hasattr(request.state, "viewer"):
        del request.state.viewer
    viewer = identify(request, session)
    if viewer is None:
        raise Unauthenticated()
    return viewer


def _worked(session: Session, viewer: Viewer, number: str) -> Case:
    case: Case = visible_page(session, viewer.grants, number, Case)
    require(viewer.grants, "page.work", case)
    return case
