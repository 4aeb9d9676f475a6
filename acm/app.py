"""The composition root: one FastAPI application with a dispatcher in front.

``uvicorn acm.app:create_app --factory`` serves it; ``acm serve`` does that.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache

from fastapi import Depends, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Scope

from acm import __version__, clock, composition, logs
from acm.db import Database
from acm.kernel.dispatcher import Dispatcher
from acm.kernel.watchdog import Watchdog
from acm.operations import observe
from acm.people.signin import touch
from acm.settings import Settings, from_environment
from acm.web import assets, csrf, problems
from acm.web.middleware import Edge
from acm.web.runtime import Runtime


def create_app(settings: Settings | None = None, *, database: Database | None = None) -> Application:
    """The whole application; its runtime is ``create_app(...).runtime``."""
    runtime = composition.create_runtime(settings or from_environment(), database)
    app = FastAPI(
        title="ACM",
        version=__version__,
        lifespan=_lifespan(runtime),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.runtime = runtime
    problems.install(app)
    app.router.routes.extend(_routes())
    return Application(app, runtime)


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """The core's addresses, made once a process: to read every signature takes half a second."""
    core = FastAPI(dependencies=[Depends(csrf.protect)], docs_url=None, redoc_url=None, openapi_url=None)
    for router in composition.routers():
        core.include_router(router, include_in_schema=router.prefix.startswith("/api/"))
    core.mount("/static", assets.Forever(directory=assets.STATIC, check_dir=False))
    return tuple(core.router.routes)


def serving() -> ASGIApp:
    """The application as a process of ``acm serve`` runs it: with logs, a watchdog for the event loop and, unless told
    otherwise, a worker thread."""
    logs.configure()
    app = create_app()
    app.runtime.parts["follower"] = composition.follower(app.runtime)
    if not os.environ.get("ACM_NO_WORKER"):
        app.runtime.parts["worker"] = composition.worker(app.runtime)
    app.runtime.parts["watchdog"] = Watchdog()
    gc.freeze()  # what a start makes stays: no collection needs to walk it again
    gc.enable()
    return app


class Application:
    """The ASGI application with its parts in reach of tests and commands."""

    def __init__(self, api: FastAPI, runtime: Runtime) -> None:
        self.api = api
        self.runtime = runtime
        settings = runtime.settings
        inner = Afterwards(Dispatcher(api, runtime), runtime)
        edge = Edge(inner, body_limit=settings.body_limit_mb << 20, is_https=settings.is_https, observe=observe)
        self.stack: ASGIApp = GZipMiddleware(edge, minimum_size=600, compresslevel=6)

    async def __call__(self, scope: Scope, receive: Callable[..., object], send: Callable[..., object]) -> None:
        await self.stack(scope, receive, send)  # type: ignore[arg-type]


class Afterwards:
    """What is written after the answer has left, since a GET writes nothing: the session is in use, a page was seen."""

    def __init__(self, app: ASGIApp, runtime: Runtime) -> None:
        self.app = app
        self.runtime = runtime

    async def __call__(self, scope: Scope, receive: Callable[..., object], send: Callable[..., object]) -> None:
        await self.app(scope, receive, send)  # type: ignore[arg-type]
        state = scope.get("state", {})
        if sign_in_id := state.get("touch_sign_in"):
            await run_in_threadpool(self._touch, sign_in_id)
        if viewed := state.get("viewed"):
            await run_in_threadpool(self._viewed, *viewed)

    def _touch(self, sign_in_id: int) -> None:
        with self.runtime.db.writing() as session:
            touch(session, sign_in_id, clock.now())

    def _viewed(self, person_id: int, page_id: int) -> None:
        for contribution in self.runtime.snapshot.each("page_viewed"):
            contribution.value(self.runtime.db, person_id, page_id)


def _lifespan(runtime: Runtime) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def run(_app: FastAPI) -> AsyncIterator[None]:
        running = [runtime.parts[name] for name in ("follower", "worker", "watchdog") if name in runtime.parts]
        world = runtime.parts["world"]
        await run_in_threadpool(world.begin_serving, asyncio.get_running_loop())
        for part in running:
            part.start()
        yield
        for part in running:
            part.stop()
        await run_in_threadpool(world.end_serving)
        runtime.parts["isolation"].close()
        runtime.db.dispose()

    return run
