"""The steps behind a figure of the panel, and that panel's table of departments."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from acm.sdk import Context, Ctx, router

from .lateness import by_department, shown
from .panel import JOINING

pages = router()


@pages.get("/steps")
def show_steps(
    ctx: Ctx, department: Annotated[str, Query(max_length=80)] = "", late: Annotated[bool, Query()] = False
) -> Response:
    """The steps of a department, or those of them that are late."""
    steps, names = shown(ctx, department, late)
    return ctx.page("steps.html", steps=steps, names=names, department=department, late=late, now=ctx.now())


def on_panel(ctx: Context, panel: str) -> str | None:
    """Below the figures of joining and leaving: late steps by department."""
    if panel != JOINING or ctx.ui is None:
        return None
    return ctx.fragment("panel.html", departments=by_department(ctx))
