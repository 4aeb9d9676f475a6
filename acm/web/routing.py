"""Routers whose endpoints commit before their answer leaves."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection


class CommittingRoute(APIRoute):
    """Commits the endpoint's session, ``db`` or that of a plugin's context, when the endpoint returns; an error leaves
    nothing behind."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, committing(endpoint), **options)


def router(**options: Any) -> APIRouter:
    """A router for screens or JSON."""
    return APIRouter(route_class=CommittingRoute, **options)


def committing(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(endpoint)
    def run(*args: Any, **values: Any) -> Any:
        answer = endpoint(*args, **values)
        _commit_all(values)
        return answer

    @functools.wraps(endpoint)
    async def run_async(*args: Any, **values: Any) -> Any:
        answer = await endpoint(*args, **values)
        await run_in_threadpool(_commit_all, values)
        return answer

    return run_async if inspect.iscoroutinefunction(endpoint) else run


def _commit_all(values: Mapping[str, Any]) -> None:
    commit(values.get("db"))
    for value in values.values():
        if not isinstance(value, HTTPConnection):  # its session is that of a middleware that is not here
            commit(getattr(value, "session", None))


def commit(session: object) -> None:
    """Commit a writing session; a read-only one has nothing to commit."""
    if isinstance(session, Session) and not session.info.get("read_only"):
        session.commit()
