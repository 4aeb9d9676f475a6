"""What every answer passes: request id, log line, security headers, limit of the body. Plain ASGI, streaming."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger("acm.request")

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=()",
    "cross-origin-opener-policy": "same-origin",
}


class BodyTooLarge(HTTPException):
    """The body went past the limit while it was read."""

    def __init__(self) -> None:
        super().__init__(413)


class Edge:
    """The outermost layer. ``metrics`` is called with method, route, status and seconds."""

    def __init__(self, app: ASGIApp, *, body_limit: int, is_https: bool, observe: Any = None) -> None:
        self.app = app
        self.body_limit = body_limit
        self.is_https = is_https
        self.observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = uuid4().hex[:12]
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), 500
        structlog.contextvars.bind_contextvars(request_id=request_id)

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._dress(scope, message, request_id)
            await send(message)

        try:
            if int(headers.get("content-length") or 0) > self.body_limit:
                await _refuse(answer)
            else:
                await self.app(scope, self._limited(receive), answer)
        except BodyTooLarge:
            await _refuse(answer)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "unmatched")
            if self.observe:
                self.observe(scope["method"], route, status, seconds)
            log.info("request", method=scope["method"], path=scope["path"], status=status, ms=round(seconds * 1000, 1))
            structlog.contextvars.unbind_contextvars("request_id")

    def _limited(self, receive: Receive) -> Receive:
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > self.body_limit:
                    raise BodyTooLarge
            return message

        return counted

    def _dress(self, scope: Scope, message: Message, request_id: str) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        headers["x-request-id"] = request_id
        if self.is_https:
            headers.setdefault("strict-transport-security", "max-age=31536000")
        if not scope["path"].startswith("/static/") and not ("/p/" in scope["path"] and "/static/" in scope["path"]):
            headers.setdefault("cache-control", "no-store")


async def _refuse(send: Send) -> None:
    body = b'{"type": "/problems/too-large", "title": "The request is too large", "status": 413}'
    await send(
        {
            "type": "http.response.start",
            "status": 413,
            "headers": [(b"content-type", b"application/problem+json"), (b"connection", b"close")],
        }
    )
    await send({"type": "http.response.body", "body": body})
