"""Screens of segments: the list with counts, the members of one with who joined and left, the form, the churn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, NamedTuple

from fastapi import Query
from fastapi.responses import Response

from acm.sdk import Context, Ctx, Forbidden, NotFound, Page, Stale, Submitted, _, router

from .desk import SALES, require_desk, works
from .forms import Sheet
from .segment_rules import NAMED, read_rule
from .segments import MEMBERSHIP, SEGMENT, churned, companies_in, counts, kept, months_of, refresh

pages = router()
STEP, SHOWN = 50, 50
LONGEST_RULE, LONGEST_DESCRIPTION = 2000, 1000
Text = Annotated[str, Query(max_length=200)]


class Passage(NamedTuple):
    """Somebody joined or left."""

    day: date
    joined: bool
    company: Page


@pages.get("/segments")
def show_list(ctx: Ctx, cursor: Text = "") -> Response:
    """All segments with how many companies are in each now."""
    require_desk(ctx, SALES)
    found = ctx.pages.list(SEGMENT, order="title", limit=STEP, cursor=cursor)
    return ctx.page("segments.html", rows=found.items, counts=counts(ctx), next=found.next, step=STEP)


@pages.get("/segments/new")
def ask_new(ctx: Ctx) -> Response:
    """The form of a new segment."""
    require_desk(ctx, SALES)
    return _form(ctx, {}, None)


@pages.post("/segments")
def add(ctx: Ctx, sent: Submitted) -> Response:
    """Save a rule and count who meets it."""
    require_desk(ctx, SALES)
    sheet, fields = _read(ctx, sent)
    if sheet.errors:
        return _form(ctx, sheet.typed, None, sheet)
    given = {name: value for name, value in fields.items() if value}
    segment = ctx.pages.create(SEGMENT, title=sheet.typed["title"], fields=given, **kept(ctx))
    refresh(ctx, segment)
    return _to(ctx, segment)


@pages.get("/segments/{number}")
def show_one(ctx: Ctx, number: str, cursor: Text = "") -> Response:
    """Who is in it, who joined and left, and what share stays."""
    segment = _find(ctx, number)
    own = ctx.itself.pages
    now = own.list(MEMBERSHIP, {"segment": segment, "left_on": None}, order="title", limit=STEP, cursor=cursor)
    came = own.list(MEMBERSHIP, {"segment": segment}, order="-joined_on", limit=SHOWN).items
    went = own.list(MEMBERSHIP, {"segment": segment, "left_on !=": None}, order="-left_on", limit=SHOWN).items
    companies = companies_in(ctx, [*now.items, *came, *went])
    return ctx.page(
        "segment.html", page=segment, works=works(ctx, segment), step=STEP, next=now.next,
        rows=_passages([(one.fields["joined_on"], True, one) for one in now.items], companies), count=counts(ctx).get(segment.id, 0),
        history=_history(came, went, companies), months=months_of(ctx, segment),
        faults=read_rule(str(segment.fields.get("rule") or ""))[1],
    )  # fmt: skip


@pages.get("/segments/{number}/edit")
def ask_change(ctx: Ctx, number: str) -> Response:
    """The form with what is saved."""
    segment = _find(ctx, number)
    return _form(ctx, {"title": segment.title, **segment.fields}, segment)


@pages.post("/segments/{number}")
def change(ctx: Ctx, number: str, sent: Submitted) -> Response:
    """Save it, if nobody was faster, and count anew."""
    segment = _find(ctx, number)
    sheet, fields = _read(ctx, sent)
    if sheet.errors:
        return _form(ctx, sheet.typed, segment, sheet)
    try:
        ctx.pages.change(segment, version=sent.number("version"), title=sheet.typed["title"], fields=fields)
    except Stale:
        sheet.errors["title"] = _("Somebody changed it meanwhile. What you wrote stands here: check it and save again")
        return _form(ctx, sheet.typed, segment, sheet, status=409)
    refresh(ctx, segment)
    return _to(ctx, segment)


@pages.post("/segments/{number}/refreshing")
def count_now(ctx: Ctx, number: str) -> Response:
    """Count now who meets the rule."""
    segment = _find(ctx, number)
    if not works(ctx, segment):
        raise Forbidden()
    refresh(ctx, segment)
    return _to(ctx, segment)


def on_panel(ctx: Context, panel: str) -> str | None:
    """Below the panel of deals: how many clients left each month and what share stayed."""
    found = churned(ctx) if panel == "crm" else None
    return ctx.fragment("churn.html", page=found[0], months=found[1]) if found and found[1] else None


def _find(ctx: Context, number: str) -> Page:
    require_desk(ctx, SALES)
    page = ctx.pages.find(number)
    if page.type != SEGMENT:
        raise NotFound()
    return page


def _history(came: Sequence[Page], went: Sequence[Page], companies: Mapping[int, Page]) -> list[Passage]:
    """The latest first."""
    found = [(one.fields["joined_on"], True, one) for one in came] + [
        (one.fields["left_on"], False, one) for one in went
    ]
    found.sort(key=lambda passage: (passage[0], passage[2].id), reverse=True)
    return _passages(found[:SHOWN], companies)


def _passages(found: Sequence[tuple[str, bool, Page]], companies: Mapping[int, Page]) -> list[Passage]:
    """Those of companies that the person may see."""
    known = [(day, joined, companies.get(one.fields["company"])) for day, joined, one in found]
    return [Passage(date.fromisoformat(day), joined, company) for day, joined, company in known if company]


def _read(ctx: Context, sent: Submitted) -> tuple[Sheet, dict[str, Any]]:
    sheet = Sheet(ctx, sent)
    sheet.text("title", required=_("Write the name"))
    rule, description = sent.text("rule"), sent.text("description")[:LONGEST_DESCRIPTION]
    sheet.typed |= {"rule": rule, "description": description, "clients": "yes" if sent.flag("clients") else ""}
    faults = read_rule(rule)[1] if len(rule) <= LONGEST_RULE else [_("The rule is too long")]
    if faults:
        sheet.errors["rule"] = ". ".join(ctx._(one) for one in faults)
    return sheet, {"rule": rule, "description": description or None, "clients": sent.flag("clients") or None}


def _form(
    ctx: Context, given: dict[str, Any], page: Page | None, sheet: Sheet | None = None, status: int = 422
) -> Response:
    return ctx.page(
        "segment_form.html", given=given, page=page, errors=sheet.summary() if sheet else [], named=NAMED,
        faults=sheet.faults() if sheet else {}, status=status if sheet else 200,
    )  # fmt: skip


def _to(ctx: Context, page: Page) -> Response:
    return ctx.ui.redirect(f"/p/crm/segments/{page.number}") if ctx.ui else Response()
