"""The ASGI dispatcher in front of the core: gives each request its snapshot, and finds a plugin by its slug.

``/p/<slug>/…`` and ``/api/p/<slug>/…`` go to a sub-application made of the plugin's router; session, CSRF and errors
are the core's. The cost does not grow with the number of plugins.
"""

from __future__ import annotations

from typing import Any

from fastapi import Depends, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from acm.kernel.world import World
from acm.people.signin import require_viewer
from acm.snapshot import Snapshot
from acm.web import csrf, problems
from acm.web.runtime import Runtime

PREFIXES = {"/p/": "pages", "/api/p/": "api"}


class Dispatcher:
    """Takes the snapshot once, at the start of a request, and puts it into the scope."""

    def __init__(self, core: ASGIApp, runtime: Runtime) -> None:
        self.core = core
        self.runtime = runtime
        self.world: World = runtime.parts["world"]
        self._apps: dict[tuple[int, str], FastAPI] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.core(scope, receive, send)
            return
        snapshot: Snapshot = (
            await run_in_threadpool(self.world.current) if self.world.is_due() else self.runtime.snapshot
        )
        scope["acm.snapshot"], scope["acm.path"] = snapshot, scope["path"]
        for prefix, kind in PREFIXES.items():
            if scope["path"].startswith(prefix):
                slug, _, rest = scope["path"][len(prefix) :].partition("/")
                app = self._app(snapshot, slug, kind)
                if app is not None:
                    inner = {**scope, "path": f"/{rest}", "root_path": f"{prefix}{slug}", "app": app}
                    await app(inner, receive, send)
                    return
        await self.core(scope, receive, send)

    def _app(self, snapshot: Snapshot, slug: str, kind: str) -> FastAPI | None:
        router: Any = snapshot.find("router", f"{slug}:{kind}")
        if router is None:
            return None
        key = (id(router), kind)
        if key not in self._apps:
            app = FastAPI(
                docs_url=None,
                redoc_url=None,
                openapi_url=None,
                dependencies=[Depends(csrf.protect), Depends(require_viewer)],
            )
            app.state.runtime = self.runtime
            problems.install(app)
            app.include_router(router)
            self._apps[key] = app
        return self._apps[key]
