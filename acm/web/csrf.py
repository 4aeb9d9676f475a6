"""Forged requests: every unsafe request that rides on a cookie carries a token and comes from this site.

The token is an HMAC of the session cookie (or, before sign-in, of a random cookie), so nothing is stored.
A request with a bearer token rides on no cookie and needs none.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256
from urllib.parse import urlsplit

from fastapi import Request

from acm.errors import Forbidden
from acm.web.runtime import SAFE_METHODS, runtime_of

FIELD, HEADER, ANONYMOUS_COOKIE = "csrf_token", "x-csrf-token", "acm_anonymous"


def cookie_name(is_https: bool) -> str:
    return "__Host-acm" if is_https else "acm"


def token_for(request: Request) -> str:
    """The token of this browser's forms. Before sign-in the caller must set :data:`ANONYMOUS_COOKIE`."""
    settings = runtime_of(request).settings
    return sign(settings.key(), _ticket(request))


def new_ticket() -> str:
    return secrets.token_urlsafe(18)


async def protect(request: Request) -> None:
    """Dependency of the whole application: refuses an unsafe request without the right token or from elsewhere."""
    form = None
    if request.method not in SAFE_METHODS and "form" in request.headers.get("content-type", ""):
        # read now: a slow sender must not hold the database's write lock
        form = await request.form(max_files=50, max_fields=2000)
    if request.method in SAFE_METHODS or request.headers.get("authorization", "").lower().startswith("bearer "):
        return
    site = request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none") or not _same_origin(request):
        raise Forbidden("The form was sent from another site")
    if site or request.headers.get("origin"):
        request.scope["acm.form"] = form  # surely one of ours: what was typed comes back if it is not taken
    given = request.headers.get(HEADER)
    if given is None and form is not None:
        value = form.get(FIELD)
        given = value if isinstance(value, str) else None
    ticket = _ticket(request)
    if not ticket or not given or not hmac.compare_digest(given.encode(), token_for(request).encode()):
        raise Forbidden("The form has expired: open the page again and send it once more", again=True)


def _same_origin(request: Request) -> bool:
    origin = request.headers.get("origin")
    if origin is None or origin == "null":
        return origin is None
    base = runtime_of(request).settings.base_url
    allowed = {request.headers.get("host", "")} | ({urlsplit(base).netloc} if base else set())
    return urlsplit(origin).netloc in allowed


def _ticket(request: Request) -> str:
    name = cookie_name(runtime_of(request).settings.is_https)
    return (
        request.cookies.get(name)
        or request.cookies.get(ANONYMOUS_COOKIE)
        or str(getattr(request.state, "anonymous_ticket", ""))
    )


def sign(key: str, ticket: str) -> str:
    return hmac.new(key.encode(), b"csrf:" + ticket.encode(), sha256).hexdigest()
