"""The entry of the side bar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acm.sdk import Context, _

from .desk import works_here


def menu(ctx: Context) -> Mapping[str, Any] | None:
    """Clients, for those who work with them."""
    if ctx.user is None or not ctx.user.grants.works_cases or not works_here(ctx):
        return None
    here = ctx.ui.request.url.path if ctx.ui else ""
    return {
        "key": "crm", "href": "/p/crm/companies", "label": ctx._(_("Clients")), "icon": "friends",
        "current": here.startswith("/p/crm/"),
    }  # fmt: skip
