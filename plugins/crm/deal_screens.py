"""Screens of deals and leads: the board, moves by a form, new ones, the conversion of a lead."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import Response

from acm.sdk import Case, Context, Ctx, NotFound, Submitted, _, router

from .board import added, board, take_probability
from .converting import Wish, company_like, contact_like, convert
from .deals import DEAL, DEAL_TYPE, ENDS, LEAD, PROBABILITY, SOURCES
from .desk import SALES, place_of, require_desk
from .forms import Sheet, known_companies
from .parties import COMPANY, CONTACT

pages = router()
STEP = 50
Text = Annotated[str, Query(max_length=200)]
LEAD_FIELDS = ("company_name", "person_name")
NO_COMPANY = _("There is no such company, or several of that name: write its number")
NO_CONTACT = _("There is no such contact, or several of that name: write the number")


@pages.get("/deals")
def show_board(ctx: Ctx, of: Text = "") -> Response:
    """The board: open deals by stage with sums and weighted sums."""
    require_desk(ctx, SALES)
    return _board(ctx, of == "me")


@pages.post("/deals/{number}/stage")
def move(ctx: Ctx, number: str, sent: Submitted) -> Response:
    """Move a deal to another stage, if it still stands where the mover saw it."""
    deal = _find(ctx, number, DEAL)
    mine, target, why = sent.text("of") == "me", sent.text("target"), sent.text("comment")
    if deal.state != sent.text("from"):
        said = _("%(number)s was moved meanwhile: look where it stands and move it again")
        return _board(ctx, mine, [{"id": f"d-{number}", "text": ctx._(said) % {"number": number}}], 409)
    wanted = next((one for one in deal.case_type.moves_from(deal.state) if one.target == target), None)
    if wanted is None or (wanted.needs_comment and not why):
        said = _("Choose where %(number)s goes") if wanted is None else _("Say why %(number)s was lost")
        return _board(ctx, mine, [{"id": f"d-{number}", "text": ctx._(said) % {"number": number}}], 422)
    before = deal.state
    ctx.cases.move(deal, target, comment=why, audience="internal" if why else "all")
    take_probability(ctx, deal, before)
    return _to(ctx, f"/p/crm/deals{'?of=me' if mine else ''}#d-{number}")


@pages.get("/deals/new")
def ask_deal(ctx: Ctx, company: Text = "") -> Response:
    """The form of a new deal."""
    require_desk(ctx, SALES)
    return _deal_form(ctx, {"company": company})


@pages.post("/deals")
def add_deal(ctx: Ctx, sent: Submitted) -> Response:
    """Open a deal; it is its maker's."""
    require_desk(ctx, SALES)
    sheet = Sheet(ctx, sent)
    title = sheet.text("title", required=_("Write what is sold"))
    fields = {
        "company": sheet.page("company", COMPANY, NO_COMPANY), "contact": sheet.page("contact", CONTACT, NO_CONTACT),
        "amount": sheet.amount("amount"), "probability": sheet.percent("probability"),
        "next_step": sheet.text("next_step") or None, "next_on": sheet.day("next_on"),
        "source": sheet.choice("source", SOURCES) or None,
    }  # fmt: skip
    if sheet.errors:
        return _deal_form(ctx, sheet.typed, sheet)
    if fields["probability"] is None:
        fields["probability"] = PROBABILITY["lead"]
    return _to(ctx, f"/cases/{_open(ctx, DEAL, title, fields).number}")


@pages.get("/leads")
def show_leads(ctx: Ctx, view: Text = "open", cursor: Text = "") -> Response:
    """Leads that wait, the oldest first."""
    require_desk(ctx, SALES)
    where = {"is_open": True} if view == "open" else {}
    found = ctx.cases.list(LEAD, where, order="id" if view == "open" else "-id", limit=STEP, cursor=cursor)
    return ctx.page("leads.html", rows=found.items, view=view, next=found.next, step=STEP,
                    count=ctx.cases.count(LEAD, {"is_open": True}))  # fmt: skip


@pages.get("/leads/new")
def ask_lead(ctx: Ctx) -> Response:
    """The form of a new lead."""
    require_desk(ctx, SALES)
    return _lead_form(ctx, {})


@pages.post("/leads")
def add_lead(ctx: Ctx, sent: Submitted) -> Response:
    """Write a lead down."""
    require_desk(ctx, SALES)
    sheet = Sheet(ctx, sent)
    title = sheet.text("title", required=_("Write what they are interested in"))
    fields: dict[str, Any] = {name: sheet.text(name) for name in LEAD_FIELDS}
    fields |= {
        "tax_id": sheet.tax_id("tax_id"), "phone": sheet.phone("phone"), "email": sheet.email("email"),
        "source": sheet.choice("source", SOURCES), "next_step": sheet.text("next_step"), "next_on": sheet.day("next_on"),
    }  # fmt: skip
    if not any(fields[name] for name in LEAD_FIELDS):
        sheet.errors["company_name"] = _("Write the company or the person")
    if sheet.errors:
        return _lead_form(ctx, sheet.typed, sheet)
    _open(ctx, LEAD, title, fields)
    return _to(ctx, "/p/crm/leads")


@pages.get("/leads/{number}/conversion")
def ask_conversion(ctx: Ctx, number: str) -> Response:
    """What becomes of a lead: its deal, and the company and contact that are there already or will be made."""
    lead = _find(ctx, number, LEAD)
    require_desk(ctx, SALES)
    company, contact = company_like(ctx, lead), contact_like(ctx, lead)
    given = {
        "title": lead.title, "next_step": lead.fields.get("next_step") or "",
        "company": f"{company.number} {company.title}" if company else "",
        "contact": f"{contact.number} {contact.title}" if contact else "",
    }  # fmt: skip
    return _conversion(ctx, lead, given)


@pages.post("/leads/{number}/conversion")
def make_conversion(ctx: Ctx, number: str, sent: Submitted) -> Response:
    """Make the deal."""
    require_desk(ctx, SALES)
    lead = _find(ctx, number, LEAD)
    sheet = Sheet(ctx, sent)
    wish = Wish(
        title=sheet.text("title", required=_("Write what is sold")), company=sheet.page("company", COMPANY, NO_COMPANY),
        contact=sheet.page("contact", CONTACT, NO_CONTACT), amount=sheet.amount("amount"),
        next_step=sheet.text("next_step"), next_on=sheet.day("next_on"),
    )  # fmt: skip
    if sheet.errors:
        return _conversion(ctx, lead, sheet.typed, sheet)
    return _to(ctx, f"/cases/{convert(ctx, lead, wish).number}")


def _board(ctx: Context, mine: bool, errors: list[dict[str, str]] | None = None, status: int = 200) -> Response:
    columns, companies = board(ctx, mine)
    open_deals = [deal for column in columns for deal in column.deals]
    return ctx.page(
        "board.html", columns=columns, companies=companies, mine=mine, errors=errors or [], status=status,
        sums=added(columns, "sums"), weighted=added(columns, "weighted"), count=sum(c.count for c in columns),
        shown=len(open_deals), today=ctx.today().isoformat(), usual=PROBABILITY,
        day_of=date.fromisoformat, ends={key: DEAL_TYPE.state(key).names for key in ENDS},
    )  # fmt: skip


def _open(ctx: Context, type_key: str, title: str, fields: dict[str, Any]) -> Case:
    department, group = place_of(ctx, SALES)
    person = ctx.user.person if ctx.user else None
    given = {name: value for name, value in fields.items() if value not in (None, "")}
    return ctx.cases.open(
        type_key, title=title, fields=given, owner=person, requester=person, department=department, group=group
    )


def _find(ctx: Context, number: str, type_key: str) -> Case:
    case = ctx.cases.find(number, lock=ctx.ui is not None and ctx.ui.request.method == "POST")
    if case.type != type_key:
        raise NotFound()
    return case


def _deal_form(ctx: Context, given: dict[str, Any], sheet: Sheet | None = None) -> Response:
    return ctx.page("deal_form.html", given=given, companies=known_companies(ctx), **_faults(ctx, sheet))


def _lead_form(ctx: Context, given: dict[str, Any], sheet: Sheet | None = None) -> Response:
    return ctx.page("lead_form.html", given=given, **_faults(ctx, sheet))


def _conversion(ctx: Context, lead: Case, given: dict[str, Any], sheet: Sheet | None = None) -> Response:
    return ctx.page("conversion.html", lead=lead, given=given, companies=known_companies(ctx), **_faults(ctx, sheet))


def _faults(ctx: Context, sheet: Sheet | None) -> dict[str, Any]:
    """What a form needs besides its values: faults, and the sources to choose from."""
    return {
        "errors": sheet.summary() if sheet else [], "faults": sheet.faults() if sheet else {},
        "status": 422 if sheet else 200, "sources": [{"value": o.id, "label": ctx._(o.label)} for o in SOURCES],
    }  # fmt: skip


def _to(ctx: Context, path: str) -> Response:
    return ctx.ui.redirect(path) if ctx.ui else Response()
