"""The screen of duplicates: who is written twice, one press to merge, one press to take apart again."""

from __future__ import annotations

from fastapi.responses import Response

from acm.sdk import Ctx, Forbidden, NotFound, Submitted, _, router

from .desk import SALES, require_desk
from .duplicates import KEY, merge, merges, twins, undo
from .parties import KINDS

pages = router()
SIGNS = {"tax_id": _("Tax number"), "name_key": _("Name"), "phone_key": _("Phone"), "email": _("E-mail")}


@pages.get("/duplicates/{kind}")
def show(ctx: Ctx, kind: str) -> Response:
    """Companies or contacts that share something, and the last merges."""
    require_desk(ctx, SALES)
    if kind not in KINDS:
        raise NotFound()
    return ctx.page("duplicates.html", kind=kind, groups=twins(ctx, KINDS[kind]), merges=merges(ctx), signs=SIGNS)


@pages.post("/duplicates/{kind}")
def merge_two(ctx: Ctx, kind: str, sent: Submitted) -> Response:
    """Merge one into the other."""
    require_desk(ctx, SALES)
    if kind not in KINDS:
        raise NotFound()
    found = sorted((ctx.pages.find(sent.text(name)) for name in ("kept", "gone")), key=lambda page: page.id)
    held = {page.number: ctx.pages.get(page.id, lock=True) for page in found}
    kept, gone = held[sent.text("kept").upper()], held[sent.text("gone").upper()]
    if {kept.type, gone.type} != {KINDS[kind]}:
        raise NotFound()
    if not (ctx.can("page.work", kept) and ctx.can("page.work", gone)):
        raise Forbidden()
    merge(ctx, kept, gone)
    return ctx.ui.redirect(f"/p/crm/duplicates/{kind}") if ctx.ui else Response()


@pages.post("/merges/{number}/undoing")
def take_apart(ctx: Ctx, number: str, sent: Submitted) -> Response:
    """Undo a merge."""
    require_desk(ctx, SALES)
    record = ctx.pages.find(number, lock=True)
    if record.type != KEY:
        raise NotFound()
    undo(ctx, record)
    kind = sent.text("kind")
    return ctx.ui.redirect(f"/p/crm/duplicates/{kind if kind in KINDS else 'companies'}") if ctx.ui else Response()
