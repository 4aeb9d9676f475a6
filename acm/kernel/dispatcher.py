"""The ASGI dispatcher in front of the core: gives each request its snapshot."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from acm.web.runtime import Runtime


class Dispatcher:
    """Takes the snapshot once, at the start of a request, and puts it into the scope."""

    def __init__(self, core: ASGIApp, runtime: Runtime) -> None:
        self.core = core
        self.runtime = runtime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["acm.snapshot"] = self.runtime.snapshot
            scope["acm.path"] = scope["path"]
        await self.core(scope, receive, send)
