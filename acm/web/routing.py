"""Routers whose endpoints commit before their answer leaves."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session


class CommittingRoute(APIRoute):
    """Commits the endpoint's ``db`` session when the endpoint returns; an error leaves nothing behind."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, committing(endpoint), **options)


def router(**options: Any) -> APIRouter:
    """A router for screens or JSON."""
    return APIRouter(route_class=CommittingRoute, **options)


def committing(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(endpoint):
        return endpoint

    @functools.wraps(endpoint)
    def run(*args: Any, **values: Any) -> Any:
        answer = endpoint(*args, **values)
        commit(values.get("db"))
        return answer

    return run


def commit(session: object) -> None:
    """Commit a writing session; a read-only one has nothing to commit."""
    if isinstance(session, Session) and not session.info.get("read_only"):
        session.commit()
