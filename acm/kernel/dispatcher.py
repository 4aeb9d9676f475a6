"""The ASGI dispatcher in front of the core: gives each request its snapshot, and finds a plugin by its slug.

``/p/<slug>/…`` and ``/api/p/<slug>/…`` go to a sub-application made of the plugin's router; session, CSRF and errors
are the core's. The cost does not grow with the number of plugins.
"""

from __future__ import annotations

from typing import Any

from fastapi import Depends, FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from acm.kernel.guard import PluginFailed, note
from acm.kernel.loader import Generation
from acm.kernel.registrar import Mounted
from acm.kernel.screens import RouteGuard
from acm.kernel.world import World
from acm.people.signin import permitted, require_viewer
from acm.snapshot import Snapshot
from acm.web import csrf, problems
from acm.web.runtime import Runtime

WAYS = {"/p/": "pages", "/api/p/": "api"}
SEEN_COOKIE, SEEN_HEADER = b"acm_min_gen=", b"acm-min-gen"


class Dispatcher:
    """Takes the snapshot once, at the start of a request, and puts it into the scope."""

    def __init__(self, core: ASGIApp, runtime: Runtime) -> None:
        self.core = core
        self.runtime = runtime
        self.world: World = runtime.parts["world"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.core(scope, receive, send)
            return
        at_least = _known_version(scope)
        if self.world.is_due(at_least):
            await run_in_threadpool(self.world.current, at_least)
        with self.world.serving() as snapshot:
            scope["acm.snapshot"], scope["acm.path"] = snapshot, scope["path"]
            app, prefix = self._application(snapshot, scope["path"])
            if prefix:
                scope = {**scope, "root_path": prefix, "app": app}
            await app(scope, receive, send)

    def _application(self, snapshot: Snapshot, path: str) -> tuple[ASGIApp, str]:
        """Who answers an address, and below what prefix: a plugin that serves it, or the core."""
        for way, kind in WAYS.items():
            if path.startswith(way):
                slug, _, rest = path[len(way) :].partition("/")
                app = application_of(self.runtime, snapshot, slug, kind)
                if app is not None and not rest.startswith("static/"):  # the core serves files of plugins
                    return app, f"{way}{slug}"
        return self.core, ""


def _known_version(scope: Scope) -> int:
    """The registry's version that this browser has seen: a process that lags behind follows before it answers."""
    for name, value in scope["headers"]:
        if name == b"cookie" and (at := value.find(SEEN_COOKIE)) >= 0:
            digits = value[at + len(SEEN_COOKIE) :].partition(b";")[0]
        elif name == SEEN_HEADER:
            digits = value
        else:
            continue
        if digits.isdigit() and len(digits) < 12:
            return int(digits)
    return 0


def application_of(runtime: Runtime, snapshot: Snapshot, slug: str, kind: str) -> FastAPI | None:
    """The application of a plugin's ``pages`` or ``api`` router, made once a generation; None when it gives none."""
    mounted: Mounted | None = snapshot.find("router", f"{slug}:{kind}")
    if mounted is None:
        return None
    generation: Generation = snapshot.plugins[slug]
    if kind not in generation.apps:
        generation.apps[kind] = sub_application(runtime, slug, mounted)
    return generation.apps[kind]


def sub_application(runtime: Runtime, slug: str, mounted: Mounted) -> FastAPI:
    """The application around a plugin's router; the plugin cannot opt out of what stands before it."""
    before: list[Any] = [Depends(csrf.protect), Depends(require_viewer)]
    if mounted.permission:
        before.append(permitted(mounted.permission))
    app = FastAPI(
        title=slug,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=before,
        middleware=[Middleware(RouteGuard, plugin=slug)],
    )
    app.state.runtime, app.state.plugin = runtime, slug
    problems.install(app)
    del app.exception_handlers[Exception]  # the guard attributes it

    async def broken(request: Request, error: Exception) -> Response:
        return await problems.render(request, PluginFailed(note(slug, request.scope["acm.point"], error)))

    app.add_exception_handler(OSError, broken)
    app.include_router(mounted.router)
    return app
