"""The edge: every problem becomes problem+json, a page or a fragment, with one status in all three."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from acm.errors import Conflict, Forbidden, Invalid, NotFound, Problem, StorageFull, TooLarge, TooMany, Unauthenticated
from acm.i18n import Message, translator
from acm.web import csrf
from acm.web.entered import Entered, entered
from acm.web.forms import Form
from acm.web.runtime import runtime_of
from acm.web.templating import UI, language_of

log = structlog.get_logger("acm.problem")
SIGN_IN = "/login"


class Busy(Problem):
    """The database did not answer in time."""

    status = 503
    type = "/problems/busy"
    title = "The system is busy. Try again in a moment"


class MethodNotAllowed(Problem):
    status = 405
    type = "/problems/method-not-allowed"
    title = "This address does not take this method"


class Malformed(Problem):
    status = 400
    type = "/problems/malformed"
    title = "The request cannot be read"


class Broken(Problem):
    """An error of ours; ``number`` finds it in the log."""

    status = 500
    type = "/problems/broken"
    title = "Something broke on our side"


KNOWN: dict[int, type[Problem]] = {
    400: Malformed, 401: Unauthenticated, 403: Forbidden, 404: NotFound, 405: MethodNotAllowed, 413: TooLarge,
}  # fmt: skip


def install(app: FastAPI) -> None:
    """Route every error of the application to :func:`render`."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OperationalError, _database)
    app.add_exception_handler(PoolExhausted, _database)
    app.add_exception_handler(DataError, _data)
    app.add_exception_handler(IntegrityError, _integrity)
    app.add_exception_handler(OSError, _os)
    app.add_exception_handler(Exception, _broken)


async def render(request: Request, problem: Problem) -> Response:
    """The answer of a problem, as the reader wants it."""
    if wants_json(request):
        return JSONResponse(
            as_json(request, problem),
            problem.status,
            headers=headers_of(problem),
            media_type="application/problem+json",
        )
    return await run_in_threadpool(_page, request, problem)


def wants_json(request: Request) -> bool:
    path = request.scope.get("acm.path", request.url.path)
    return path.startswith("/api/") or "application/json" in request.headers.get("accept", "")


def as_json(request: Request, problem: Problem) -> dict[str, Any]:
    """Members of RFC 9457, texts in the reader's language."""
    texts = translator(language_of(request))
    body = {
        "type": problem.type,
        "title": texts.say(problem.title),
        "status": problem.status,
        "detail": texts.say(Message(problem.detail, problem.params)) if problem.detail else "",
        "instance": request.url.path,
    }
    return body | {name: _speak(texts.say, value) for name, value in problem.extra.items()}


def _speak(say: Any, value: object) -> Any:
    if isinstance(value, Message):
        return say(value)
    if isinstance(value, Mapping):
        return {key: _speak(say, v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_speak(say, v) for v in value]
    return value


def headers_of(problem: Problem) -> dict[str, str]:
    if isinstance(problem, TooMany):
        return {"Retry-After": str(problem.retry_after)}
    if problem.status == 503:
        return {"Retry-After": "5"}
    return {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}


def _way_back(request: Request, ui: UI) -> str:
    """Where to go on after signing in again: this address, or the page from which a form or a fragment was asked for."""
    address = urlsplit(str(request.url))
    if request.method != "GET" or ui.is_htmx:
        address = urlsplit(request.headers.get("hx-current-url") or request.headers.get("referer", ""))
        if address.netloc != request.url.netloc:
            return "/"
    return f"{address.path}?{address.query}" if address.query else address.path


def _page(request: Request, problem: Problem) -> Response:
    runtime = runtime_of(request)
    with runtime.db.session(read_only=True, snapshot=request.scope.get("acm.snapshot")) as session:
        session.info["settings"], session.info["runtime"] = runtime.settings, runtime
        if (problem.status == 404 or problem.extra.get("again")) and not hasattr(request.state, "viewer"):
            for given in request.scope["acm.snapshot"].each("reader"):
                given.value(request, session)  # no endpoint has asked who reads: a wrong address keeps its frame
        ui = UI(request, session)
        sent = _sent(request)
        if problem.extra.get("again") and ui.viewer is None and sent and request.url.path != SIGN_IN:
            problem = Unauthenticated()  # the form is an old one because the session is
        if problem.status == 401 and not (sent or (ui.is_htmx and request.method != "GET")):
            target = _way_back(request, ui)
            if ui.is_htmx:
                return Response(status_code=401, headers={"HX-Redirect": f"{SIGN_IN}?next={quote(target, safe='')}"})
            return Response(status_code=303, headers={"Location": f"{SIGN_IN}?next={quote(target, safe='')}"})
        return ui.page(
            "errors/problem.html",
            fragment="problem",
            status=problem.status,
            problem=problem,
            said=Message(problem.detail, problem.params) if problem.detail else "",
            back=_way_back(request, ui),
            entered=sent,
            again_at=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            headers=headers_of(problem) | _fresh_token(request, problem),
        )


def _sent(request: Request) -> list[Entered]:
    """What a form of ours held that is answered by a problem."""
    form: FormData | None = request.scope.get("acm.form")
    return entered(Form(form), {}) if form is not None else []


def _fresh_token(request: Request, problem: Problem) -> dict[str, str]:
    """The token that holds since somebody signed in anew, for the page that still shows the form; other sites cannot
    read it."""
    return {"X-CSRF-Token": csrf.token_for(request)} if problem.extra.get("again") else {}


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return await render(request, error)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors: dict[str, list[object]] = {}
    for fault in error.errors():
        place = [str(part) for part in fault["loc"] if part not in ("body", "query", "path", "header")]
        errors.setdefault(".".join(place) or "body", []).append(str(fault["msg"]))
    return await render(request, Invalid(errors))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = KNOWN.get(error.status_code)
    if kind:
        return await render(request, kind())
    problem = Problem(str(error.detail))
    problem.status, problem.title = error.status_code, str(error.detail)
    return await render(request, problem)


async def _database(request: Request, error: Exception) -> Response:
    if "full" in str(getattr(error, "orig", "")).lower():  # not in the statement: it holds what people wrote
        return await render(request, StorageFull())
    log.warning("database", error=str(getattr(error, "orig", error))[:300])
    return await render(request, Busy())


async def _data(request: Request, error: Exception) -> Response:
    """A number or a text that no column can hold: whoever sent it means nothing that is there."""
    log.warning("data", error=str(getattr(error, "orig", ""))[:300])
    return await render(request, Malformed())


async def _integrity(request: Request, error: Exception) -> Response:
    log.warning("integrity", error=str(getattr(error, "orig", error))[:300])
    return await render(request, Conflict("Somebody changed this at the same moment. Open the page again"))


async def _os(request: Request, error: Exception) -> Response:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return await render(request, StorageFull())
    return await _broken(request, error)


async def _broken(request: Request, error: Exception) -> Response:
    log.error("broken", exc_info=error)
    return await render(
        request,
        Broken(
            "Tell the administrators this number: %(number)s",
            params={"number": getattr(request.state, "request_id", "")},
        ),
    )
