"""Screens of complaints: the list by category and company, the checklist of one, what stands beside its case."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import Response

from acm.sdk import Case, Context, Ctx, Invalid, NotFound, Submitted, _, router

from .board import companies_of
from .complaints import KEY, categories, category_of, lines
from .desk import require_desk
from .party_screens import find as find_party
from .rules import may_tick, tick

pages = router()
STEP = 50
Text = Annotated[str, Query(max_length=200)]
VIEWS = {"open": _("Open now"), "late": _("Past their day"), "all": _("All")}


@pages.get("/complaints")
def show_list(ctx: Ctx, view: Text = "open", category: Text = "", company: Text = "", cursor: Text = "") -> Response:
    """Complaints, those that must be answered first before the others."""
    require_desk(ctx)
    if view not in VIEWS or (category and category not in {one.id for one in categories()}):
        raise NotFound()
    of = find_party(ctx, "companies", company) if company else None
    narrowed: dict[str, Any] = {**({"field.category": category} if category else {}), **({"company": of} if of else {})}
    where = {**narrowed, **_views(ctx)[view]}
    found = ctx.cases.list(KEY, where, order="-id" if view == "all" else "due", limit=STEP, cursor=cursor)
    return ctx.page(
        "complaints.html", rows=found.items, companies=companies_of(ctx, found.items), views=VIEWS, view=view,
        category=category, client=of, categories=categories(), named={one.id: one.names for one in categories()},
        count=ctx.cases.count(KEY, where), next=found.next, step=STEP,
    )  # fmt: skip


@pages.get("/complaints/{number}/steps")
def show_steps(ctx: Ctx, number: str) -> Response:
    """The checklist of a complaint."""
    return _steps(ctx, _find(ctx, number))


@pages.post("/complaints/{number}/steps")
def save_steps(ctx: Ctx, number: str, sent: Submitted) -> Response:
    """Tick steps, or take a tick back, if nobody changed the complaint meanwhile."""
    case = _find(ctx, number, lock=True)
    done = set(sent.texts("step"))
    if sent.number("version") != case.version:
        return _steps(ctx, case, _("Somebody changed it meanwhile: look at the steps and tick again"), 409)
    known = {line.step.key for line in lines(case.fields, case.opened_at, ctx.zone)}
    fixed = {line.step.key for line in lines(case.fields, case.opened_at, ctx.zone)
             if line.done_on and not may_tick(ctx, case, line.step.key)}  # fmt: skip
    if not done <= known:
        raise Invalid({"step": [_("There is no such step")]})
    tick(ctx, case, done | fixed)
    return ctx.ui.redirect(f"/p/crm/complaints/{number}/steps") if ctx.ui else Response()


def tab(ctx: Context, case: Case) -> Any:
    """The tab of a complaint's case that leads to its checklist, with what is left."""
    if case.type != KEY or not ctx.can("page.work", case):
        return None
    left = sum(line.done_on is None for line in lines(case.fields, case.opened_at, ctx.zone))
    return {
        "label": ctx._(_("Steps of the complaint")),
        "href": f"/p/crm/complaints/{case.number}/steps",
        "count": left,
    }


def beside(ctx: Context, case: Case) -> str | None:
    """At the side of a complaint: its checklist; of a deal or a lead: its company."""
    if case.type == KEY and ctx.can("page.work", case):
        known = lines(case.fields, case.opened_at, ctx.zone)
        return ctx.fragment("steps_aside.html", case=case, lines=known, today=ctx.today(), company=_company(ctx, case))
    company = _company(ctx, case)
    return ctx.fragment("company_aside.html", company=company) if company else None


def _company(ctx: Context, case: Case) -> Any:
    held = case.fields.get("company") if case.type.startswith("crm.") else None
    return ctx.pages.by_ids([held]).get(held) if held else None


def _views(ctx: Context) -> dict[str, dict[str, Any]]:
    return {"open": {"is_open": True}, "late": {"is_open": True, "due <": ctx.now()}, "all": {}}


def _find(ctx: Context, number: str, lock: bool = False) -> Case:
    case = ctx.cases.find(number, lock=lock)
    if case.type != KEY or not ctx.can("page.work", case):
        raise NotFound()
    return case


def _steps(ctx: Context, case: Case, fault: Any = None, status: int = 200) -> Response:
    known = lines(case.fields, case.opened_at, ctx.zone)
    return ctx.page(
        "steps.html", case=case, lines=known, category=category_of(case.fields), today=ctx.today(), status=status,
        allowed={line.step.key for line in known if may_tick(ctx, case, line.step.key)},
        errors=[{"id": "form", "text": ctx._(fault)}] if fault else [],
    )  # fmt: skip
