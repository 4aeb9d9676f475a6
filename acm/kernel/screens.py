"""The guard around a plugin's own screens and its API."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from starlette.requests import ClientDisconnect, Request
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from acm import clock
from acm.errors import Problem
from acm.kernel.failures import failure_at
from acm.kernel.guard import Allowance, PluginFailed, TimedOut, admit, fail, is_our_cancelling, keep_calm, suspected
from acm.kernel.isolation import CALL, Call, Cell, Lanes, here
from acm.web import problems


class RouteGuard:
    """Around a plugin's own screens: what its endpoints did not say on purpose becomes :class:`PluginFailed`.

    At most :data:`~acm.kernel.isolation.LANES` requests to a plugin are worked on at once. One that has not begun to
    answer within its budget is answered for; it keeps its lane until it ends.
    """

    def __init__(self, app: ASGIApp, plugin: str) -> None:
        self.app = app
        self.plugin = plugin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        keep_calm(asyncio.get_running_loop())
        point = point_of(scope)
        cell = here().cell(self.plugin, point)
        scope["acm.point"] = point
        answer = _Answer(send)
        try:
            admit(cell)
            await self._serve(cell, scope, receive, answer)
        except PluginFailed as problem:
            if answer.is_begun:
                raise  # half a page is out: the connection is closed, nothing is appended
            response = await problems.render(Request(scope, receive), problem)
            await response(scope, receive, send)

    async def _serve(self, cell: Cell, scope: Scope, receive: Receive, answer: _Answer) -> None:
        lanes, allowance = here().lanes(self.plugin), Allowance(cell.patience)
        await self._enter(cell, lanes, allowance)
        made, began = Call(cell), time.perf_counter()
        token = CALL.set(made)
        task = asyncio.create_task(self._held(cell, scope, receive, answer))
        CALL.reset(token)
        task.add_done_callback(lambda _task: lanes.free.release())
        error: BaseException | None = None
        try:
            either: set[asyncio.Future[Any]] = {task, answer.begun}
            while not (await asyncio.wait(either, timeout=allowance.left, return_when="FIRST_COMPLETED"))[0]:
                if not allowance.left:
                    break
            if not task.done() and not answer.is_begun:
                self._give_up(lanes, task, answer)
                error = TimedOut()
                self._timed_out(cell, at_once=lanes.is_full)
            error = await task
        except asyncio.CancelledError:
            task.cancel()
            raise
        finally:
            here().ended(cell, time.perf_counter() - began, made.statements, failed=error is not None)
            cell.was_called = True
        self._judged(cell, error)

    async def _enter(self, cell: Cell, lanes: Lanes, allowance: Allowance) -> None:
        """Take a lane, within the time that the request has."""
        while True:
            try:
                await asyncio.wait_for(lanes.free.acquire(), allowance.left)
                return
            except TimeoutError:
                if not allowance.left:
                    self._timed_out(cell, at_once=lanes.is_full, counts=lanes.is_full)

    async def _held(self, cell: Cell, scope: Scope, receive: Receive, answer: _Answer) -> BaseException | None:
        """The plugin's answer; what it raises is given back, for SystemExit in a task would end the process."""
        try:
            if cell.was_called:
                await self.app(scope, receive, answer)
            else:
                with suspected(cell.plugin, cell.point):
                    await self.app(scope, receive, answer)
        except BaseException as error:  # a stranger's endpoint
            if is_our_cancelling(error):
                raise
            return error
        return None

    def _judged(self, cell: Cell, error: BaseException | None) -> None:
        if error is None or isinstance(error, Problem):
            cell.breaker.succeed()
        if isinstance(error, (ClientDisconnect, Problem)):
            raise error
        if error is not None:
            raise PluginFailed(fail(cell, error)) from error

    def _give_up(self, lanes: Lanes, task: asyncio.Task[Any], answer: _Answer) -> None:
        def ended(_task: asyncio.Task[Any]) -> None:
            lanes.overdue -= 1
            if not task.cancelled():
                task.exception()

        answer.is_late = True
        lanes.overdue += 1
        task.add_done_callback(ended)
        task.cancel()

    def _timed_out(self, cell: Cell, *, at_once: bool, counts: bool = True) -> NoReturn:
        said = f"TimedOut: no answer within {cell.patience * 1000:.0f} ms\n"
        failure = here().keep(failure_at(cell.plugin, cell.point, None, said, clock.now()))
        here().count(cell, failure, timed_out=True, at_once=at_once, counts=counts)
        raise PluginFailed(failure)


class _Answer:
    """What a screen sends, as long as somebody waits for it."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_late = False

    @property
    def is_begun(self) -> bool:
        return self.begun.done()

    async def __call__(self, message: Message) -> None:
        if self.is_late:
            return
        if not self.begun.done():
            self.begun.set_result(None)
        await self.send(message)


def point_of(scope: Scope) -> str:
    """The extension point of a request to a plugin: its router and the route's path, not the address."""
    kind = "api" if scope.get("acm.path", "").startswith("/api/") else "pages"
    found = (route.path for route in _routes(scope["app"].routes) if route.matches(scope)[0] is Match.FULL)
    return f"{kind} {scope['method']} {next(found, '')}".strip()


def _routes(routes: Iterable[Any]) -> Iterator[Any]:
    """The routes of an application and of the routers it includes."""
    for route in routes:
        if (included := getattr(route, "original_router", None)) is not None:
            yield from _routes(included.routes)
        elif hasattr(route, "path"):
            yield route
