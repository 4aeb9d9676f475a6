"""Screens of companies and contacts: lists with a search, the profile, forms to add and to change."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import Response

from acm.sdk import Context, Ctx, NotFound, Page, Stale, Submitted, _, router

from .desk import SALES, require_desk, shared, works, works_here
from .forms import Sheet, find_party, known_companies
from .names import digits_of, phone_key
from .parties import COMPANY, CONTACT, INDUSTRIES, KINDS, keys_of
from .profile import profile_of
from .words import label_of

pages = router()
STEP = 50
LEAST_DIGITS = 7
Text = Annotated[str, Query(max_length=200)]
COMPANY_FIELDS = ("tax_id", "industry", "phone", "email", "site", "address")
CONTACT_FIELDS = ("company", "role", "phone", "email")


@pages.get("/{kind}", name="parties")
def show_list(ctx: Ctx, kind: str, q: Text = "", cursor: Text = "") -> Response:
    """Companies or contacts by name, found by a part of the name, a tax number, a phone or an e-mail."""
    key = _kind(kind)
    require_desk(ctx)
    where = {"merged_into": None, **_searched(ctx, key, q.strip())}
    found = ctx.pages.list(key, where, order="title", limit=STEP, cursor=cursor)
    companies = ctx.pages.by_ids(page.fields["company"] for page in found.items if page.fields.get("company"))
    return ctx.page(
        "parties.html", kind=kind, rows=found.items, sells=works_here(ctx, SALES), companies=companies, q=q, next=found.next, step=STEP,
        count=ctx.pages.count(key, where), industry=lambda key: label_of(INDUSTRIES, key),
    )  # fmt: skip


@pages.get("/{kind}/new")
def ask_new(ctx: Ctx, kind: str, company: Text = "") -> Response:
    """The form of a new company or contact."""
    key = _kind(kind)
    require_desk(ctx)
    return _form(ctx, key, {"company": company}, None)


@pages.post("/{kind}")
def add(ctx: Ctx, kind: str, sent: Submitted) -> Response:
    """Add a company or a contact."""
    key = _kind(kind)
    require_desk(ctx)
    sheet, fields = _read(ctx, key, sent)
    if sheet.errors:
        return _form(ctx, key, sheet.typed, None, sheet)
    given = {name: value for name, value in fields.items() if value is not None}
    page = ctx.pages.create(key, title=sheet.typed["title"], fields=given, **shared(ctx))
    return _to(ctx, page)


@pages.get("/{kind}/{number}")
def show_one(ctx: Ctx, kind: str, number: str) -> Response:
    """The profile: what is known, contacts, deals, complaints, talks and files."""
    page = find(ctx, kind, number)
    if page.fields.get("merged_into"):
        return _to(ctx, ctx.pages.get(page.fields["merged_into"]))
    return ctx.page(
        "profile.html", kind=kind, profile=profile_of(ctx, page), page=page, works=works(ctx, page),
        industry=label_of(INDUSTRIES, page.fields.get("industry")),
    )  # fmt: skip


@pages.get("/{kind}/{number}/edit")
def ask_change(ctx: Ctx, kind: str, number: str) -> Response:
    """The form with what is known."""
    page = find(ctx, kind, number)
    require_desk(ctx)
    given: dict[str, Any] = {name: page.fields.get(name) or "" for name in (*COMPANY_FIELDS, *CONTACT_FIELDS)}
    if page.type == CONTACT and (above := given["company"]):
        company = ctx.pages.by_ids([above]).get(above)
        given["company"] = f"{company.number} {company.title}" if company else ""
    return _form(ctx, page.type, {"title": page.title, **given}, page)


@pages.post("/{kind}/{number}")
def change(ctx: Ctx, kind: str, number: str, sent: Submitted) -> Response:
    """Save it, if nobody was faster."""
    page = find(ctx, kind, number)
    sheet, fields = _read(ctx, page.type, sent)
    if sheet.errors:
        return _form(ctx, page.type, sheet.typed, page, sheet)
    try:
        ctx.pages.change(page, version=sent.number("version"), title=sheet.typed["title"], fields=fields)
    except Stale:
        sheet.errors["title"] = _("Somebody changed it meanwhile. What you wrote stands here: check it and save again")
        return _form(ctx, page.type, sheet.typed, page, sheet, status=409)
    return _to(ctx, page)


def find(ctx: Context, kind: str, number: str) -> Page:
    """The page of a number if it is of that kind and may be seen."""
    page = ctx.pages.find(number)
    if page.type != _kind(kind):
        raise NotFound()
    return page


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise NotFound()
    return KINDS[kind]


def _searched(ctx: Context, key: str, text: str) -> dict[str, Any]:
    """The text as a condition: an e-mail, a tax number, a phone, else a part of the name."""
    if "@" in text:
        return {"email has": text}
    digits = digits_of(text)
    if len(digits) < LEAST_DIGITS or re.search(r"[^\W\d]", text):
        return {"title has": text} if text else {}
    if key == COMPANY and ctx.pages.count(key, {"tax_id": digits, "merged_into": None}):
        return {"tax_id": digits}
    return {"phone_key": phone_key(text)}


def _read(ctx: Context, key: str, sent: Submitted) -> tuple[Sheet, dict[str, Any]]:
    sheet = Sheet(ctx, sent)
    title = sheet.text("title", required=_("Write the name"))
    phone, email = sheet.phone("phone"), sheet.email("email")
    fields: dict[str, Any] = {"phone": phone, "email": email, **keys_of(title, phone)}
    if key == COMPANY:
        fields |= {
            "tax_id": sheet.tax_id("tax_id"), "industry": sheet.choice("industry", INDUSTRIES),
            "site": sheet.text("site"), "address": sheet.text("address"),
        }  # fmt: skip
    else:
        there_is_none = _("There is no such company, or several of that name: write its number")
        fields |= {"company": sheet.page("company", COMPANY, there_is_none), "role": sheet.text("role")}
    return sheet, {name: value or None for name, value in fields.items()}


def _form(
    ctx: Context, key: str, given: dict[str, Any], page: Page | None, sheet: Sheet | None = None, status: int = 422
) -> Response:
    kind = "companies" if key == COMPANY else "contacts"
    if key == CONTACT and given.get("company") and sheet is None and page is None:
        company = find_party(ctx, COMPANY, given["company"])
        given["company"] = f"{company.number} {company.title}" if company else ""
    return ctx.page(
        "party_form.html", kind=kind, given=given, page=page, errors=sheet.summary() if sheet else [],
        faults=sheet.faults() if sheet else {}, status=status if sheet else 200,
        industries=[{"value": o.id, "label": ctx._(o.label)} for o in INDUSTRIES],
        companies=known_companies(ctx) if key == CONTACT else [],
    )  # fmt: skip


def _to(ctx: Context, page: Page) -> Response:
    return ctx.ui.redirect(address(page)) if ctx.ui else Response()


def address(page: Page) -> str:
    """Where a company or contact is shown."""
    return f"/p/crm/{'companies' if page.type == COMPANY else 'contacts'}/{page.number}"
