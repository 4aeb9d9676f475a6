"""One profile: everything about a company or a contact that the person who looks may see, in one view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from acm.sdk import Case, Context, Page

from . import complaints
from .deals import DEAL
from .parties import COMPANY, CONTACT
from .talks import Talk, talks_of

SHOWN = 20


@dataclass
class Profile:
    """The parts of a profile; each holds only what passed the door."""

    page: Page
    company: Page | None = None
    contacts: Sequence[Page] = ()
    deals: Sequence[Case] = ()
    sums: dict[str, Decimal] = field(default_factory=dict)
    complaints: Sequence[Case] = ()
    more_complaints: bool = False
    talks: Sequence[Talk] = ()
    cases: Sequence[Page] = ()
    files: Sequence[Any] = ()


def profile_of(ctx: Context, page: Page) -> Profile:
    """Read a profile: a handful of statements whatever the company has."""
    about = "company" if page.type == COMPANY else "contact"
    found = Profile(page, files=ctx.files.of(page))
    if page.type == COMPANY:
        found.contacts = ctx.pages.list(
            CONTACT, {"company": page, "merged_into": None}, order="title", limit=SHOWN
        ).items
    elif page.fields.get("company"):
        found.company = ctx.pages.by_ids([page.fields["company"]]).get(page.fields["company"])
    found.deals = ctx.cases.list(DEAL, {about: page}, order="-updated", limit=SHOWN).items
    found.sums = ctx.cases.total(DEAL, "amount", {about: page, "is_open": True})
    shown = ctx.cases.list(complaints.KEY, {about: page}, order="-opened", limit=SHOWN)
    found.complaints, found.more_complaints = shown.items, bool(shown.next)
    found.talks = talks_of(ctx, page)
    linked = ctx.pages.linked(page)
    found.cases = [one for one in linked if isinstance(one, Case) and one.type not in (DEAL, complaints.KEY)]
    return found
