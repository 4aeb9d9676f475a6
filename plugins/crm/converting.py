"""A lead becomes a deal, with its company and its contact: those that are there already, or new ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from acm.sdk import Case, Conflict, Context, Page, _

from .deals import DEAL, PROBABILITY
from .desk import SALES, place_of, shared
from .names import key_of, phone_key
from .parties import COMPANY, CONTACT, keys_of

STAGE = "qualified"


@dataclass(frozen=True)
class Wish:
    """What the form of a conversion says. No company or contact means a new one, where the lead names one."""

    title: str
    company: Page | None = None
    contact: Page | None = None
    amount: Decimal | None = None
    next_step: str = ""
    next_on: date | None = None


def company_like(ctx: Context, lead: Case) -> Page | None:
    """The company a lead means: by its tax number, else by its name."""
    fields = lead.fields
    return _first(
        ctx, COMPANY, ("tax_id", fields.get("tax_id")), ("name_key", key_of(fields.get("company_name") or ""))
    )


def contact_like(ctx: Context, lead: Case) -> Page | None:
    """The contact a lead means: by e-mail, phone, else by name."""
    fields = lead.fields
    phone, name = phone_key(fields.get("phone") or ""), key_of(fields.get("person_name") or "")
    return _first(ctx, CONTACT, ("email", fields.get("email")), ("phone_key", phone), ("name_key", name))


def convert(ctx: Context, lead: Case, wish: Wish) -> Case:
    """Make a deal of a lead that is held; :class:`Conflict` when somebody did or dropped it meanwhile."""
    if not lead.is_open:
        raise Conflict(ctx._(_("This lead is over already: it became a deal, or was dropped")))
    company = wish.company or _new_company(ctx, lead)
    contact = wish.contact or _new_contact(ctx, lead, company)
    department, group = place_of(ctx, SALES)
    fields = {
        "company": company, "contact": contact, "amount": wish.amount, "probability": PROBABILITY[STAGE],
        "next_step": wish.next_step or None, "next_on": wish.next_on, "source": lead.fields.get("source"),
    }  # fmt: skip
    person = ctx.user.person if ctx.user else None
    deal = ctx.cases.open(
        DEAL, title=wish.title, fields={k: v for k, v in fields.items() if v is not None}, state=STAGE,
        owner=lead.owner or person, requester=person, department=department, group=group, confidential=lead.confidential,
    )  # fmt: skip
    ctx.cases.link(lead, deal, "causes")
    if company is not None:
        ctx.cases.link(lead, company)
    ctx.itself.cases.move(lead, "converted")
    return deal


def _new_company(ctx: Context, lead: Case) -> Page | None:
    name = lead.fields.get("company_name")
    if not name:
        return None
    known = {"tax_id": lead.fields.get("tax_id"), **keys_of(name, "")}
    return ctx.pages.create(COMPANY, title=name, fields=_given(known), **shared(ctx))


def _new_contact(ctx: Context, lead: Case, company: Page | None) -> Page | None:
    name = lead.fields.get("person_name")
    if not name:
        return None
    phone = lead.fields.get("phone") or ""
    known = {"company": company, "phone": phone or None, "email": lead.fields.get("email"), **keys_of(name, phone)}
    return ctx.pages.create(CONTACT, title=name, fields=_given(known), **shared(ctx))


def _given(fields: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in fields.items() if value is not None}


def _first(ctx: Context, type_key: str, *asked: tuple[str, str | None]) -> Page | None:
    for name, value in asked:
        found = ctx.pages.list(type_key, {name: value, "merged_into": None}, limit=2).items if value else ()
        if len(found) == 1:
            return found[0]
    return None
