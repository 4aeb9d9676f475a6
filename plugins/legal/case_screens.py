"""Screens of one case: the versions of a contract, the course of a court case; and the table of terms of the law."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.responses import Response

from acm.sdk import Case, Context, Ctx, Invalid, NotFound, Submitted, _, is_working_day, router

from . import contracts, court
from .confirming import confirmed, may_rely
from .contracts import SIDES
from .terms import rules, table_changed
from .versions import add_version, versions_of

pages = router()


@pages.get("/contracts/{number}/versions")
def show_versions(ctx: Ctx, number: str) -> Response:
    """The versions of a contract, the newest first, and the form for another."""
    return _versions(ctx, _find(ctx, number, contracts.KEY))


@pages.post("/contracts/{number}/versions")
def save_version(ctx: Ctx, number: str, sent: Submitted) -> Response:
    """Keep another version."""
    case = _find(ctx, number, contracts.KEY, lock=True)
    given = {name: sent.text(name) for name in ("side", "note")}
    if sent.number("version") != case.version:
        said = ctx._(_("Somebody changed it meanwhile: look at the versions, choose the file again and send"))
        return _versions(ctx, case, given, {"text": said}, 409)
    try:
        add_version(ctx, case, sent)
    except Invalid as invalid:
        faults = {name: ctx._(messages[0]) for name, messages in invalid.errors.items()}
        return _versions(ctx, case, given, faults, 422)
    return ctx.ui.redirect(f"/p/legal/contracts/{case.number}/versions") if ctx.ui else Response()


@pages.get("/court/{number}")
def show_course(ctx: Ctx, number: str) -> Response:
    """The course of a court case: instances, hearings, terms."""
    case = _find(ctx, number, court.KEY)
    fields = case.fields
    return ctx.page(
        "court.html", case=case, instances=court.instances(fields), hearings=court.hearings(fields), now=ctx.now(),
        terms=court.running(fields, is_working_day), unknown=court.without_rule(fields), today=ctx.today(),
        levels=_labels(court.LEVELS), outcomes=_labels(court.OUTCOMES), occasions=court.OCCASIONS,
        relied=may_rely(ctx),
    )  # fmt: skip


@pages.get("/terms")
def show_terms(ctx: Ctx) -> Response:
    """The table of terms of the law, and who confirmed it."""
    return ctx.page(
        "terms.html", rules=rules(), procedures=court.PROCEDURE_NAMES, occasions=court.OCCASIONS, changed=table_changed(),
        confirmed=confirmed(ctx), relied=may_rely(ctx),
    )  # fmt: skip


def tab(ctx: Context, case: Case) -> Any:
    """The tab of a contract that leads to its versions, of a court case to its course."""
    if case.type not in (contracts.KEY, court.KEY) or not ctx.can("page.work", case):
        return None
    if case.type == contracts.KEY:
        count = len(case.fields.get("versions") or ()) + bool(case.fields.get("file"))
        return {"label": ctx._(_("Versions")), "href": f"/p/legal/contracts/{case.number}/versions", "count": count}
    count = len(case.fields.get("hearings") or ())
    return {"label": ctx._(_("Course of the case")), "href": f"/p/legal/court/{case.number}", "count": count}


def _versions(
    ctx: Context, case: Case, given: Mapping[str, str] | None = None, faults: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    found = versions_of(ctx, case)
    return ctx.page(
        "versions.html", case=case, versions=list(reversed(found)), given=given or {}, faults=faults or {}, status=status,
        authors=ctx.people.by_ids(one.file.author_id for one in found if one.file.author_id), sides=_labels(SIDES),
        errors=[{"id": name, "text": text} for name, text in (faults or {}).items()],
    )  # fmt: skip


def _find(ctx: Context, number: str, type_key: str, *, lock: bool = False) -> Case:
    case = ctx.cases.find(number, lock=lock)
    if case.type != type_key or not ctx.can("page.work", case):
        raise NotFound()
    return case


def _labels(known: Any) -> dict[str, Mapping[str, str]]:
    return {option.id: option.label for option in known}
