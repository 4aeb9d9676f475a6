"""The one guard around every call into a plugin: a fault is attributed, numbered, logged, and hurts nobody else."""

from __future__ import annotations

import functools
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from acm import clock
from acm.errors import Problem
from acm.web import problems

log = structlog.get_logger("acm.plugins")
KEPT = 20


@dataclass(frozen=True)
class Failure:
    """A call into a plugin that failed. ``number`` finds it in the log and on the plugin's page."""

    plugin: str
    point: str
    number: str
    at: datetime
    text: str

    @property
    def line(self) -> str:
        """The last line of the traceback: what was raised."""
        return self.text.strip().splitlines()[-1]


class PluginFailed(Problem):
    """A plugin raised what it did not say on purpose."""

    status = 502
    type = "/problems/plugin-failed"
    title = "A plugin has failed"

    def __init__(self, failure: Failure) -> None:
        super().__init__(
            "%(plugin)s is not available. Tell the administrators this number: %(number)s",
            params={"plugin": failure.plugin, "number": failure.number},
            plugin=failure.plugin,
        )
        self.failure = failure


recent: dict[str, deque[Failure]] = {}
"""The last failures of each plugin in this process, newest last."""


def guarded(plugin: str, point: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """The same call, that lets a :class:`Problem` through and turns everything else into :class:`PluginFailed`."""

    @functools.wraps(call)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return call(*args, **options)
        except Problem:
            raise  # said on purpose: the person may see it
        except (Exception, SystemExit, RecursionError) as error:  # we call strangers
            raise PluginFailed(note(plugin, point, error)) from error

    return run


class RouteGuard:
    """Around a plugin's own screens: what its endpoints did not say on purpose becomes :class:`PluginFailed`."""

    def __init__(self, app: ASGIApp, plugin: str) -> None:
        self.app = app
        self.plugin = plugin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except ClientDisconnect:
            raise
        except (Exception, SystemExit) as error:  # a stranger's endpoint
            failure = note(self.plugin, scope["path"], error)
            if begun:
                raise  # half a page is out: the connection is closed, nothing is appended
            request = Request(scope, receive)
            response = await problems.render(request, PluginFailed(failure))
            await response(scope, receive, send)


def note(plugin: str, point: str, error: BaseException) -> Failure:
    """Keep what happened, with a number for the person who meets it."""
    text = "".join(traceback.format_exception(error, limit=-8))[-4000:]
    failure = Failure(plugin, point, uuid4().hex[:6], clock.now(), text)
    recent.setdefault(plugin, deque(maxlen=KEPT)).append(failure)
    log.error("plugin failed", plugin=plugin, point=point, number=failure.number, traceback=text)
    return failure
