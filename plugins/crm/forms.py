"""What people type into the forms of CRM, read and checked; nothing is lost when something is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from acm.sdk import Context, NotFound, Option, Page, Submitted, _

from .names import digits_of, key_of
from .parties import COMPANY

NUMBER = re.compile(r"\s*([A-Za-z]{2,6}-\d+)")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
MOST_AMOUNT = Decimal("1e15")
LONGEST = 300


@dataclass
class Sheet:
    """One sent form: what was typed and what is wrong with it, by the names of the fields."""

    ctx: Context
    sent: Submitted
    typed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, Any] = field(default_factory=dict)

    def text(self, name: str, *, required: Any = None) -> str:
        """A line of text; ``required`` is what is said when it is empty."""
        value = " ".join(self.sent.text(name).split())[:LONGEST]
        self.typed[name] = value
        if required is not None and not value:
            self.errors[name] = required
        return value

    def email(self, name: str) -> str:
        value = self.text(name)
        if value and not EMAIL.fullmatch(value):
            self.errors[name] = _("Write the e-mail like name@company.com")
        return value

    def phone(self, name: str) -> str:
        value = self.text(name)
        if value and not 3 <= len(digits_of(value)) <= 18:
            self.errors[name] = _("Write the number like +7 917 555-01-23")
        return value

    def tax_id(self, name: str) -> str:
        value = digits_of(self.text(name))
        if self.typed[name] and len(value) not in (9, 10, 12):
            self.errors[name] = _("A tax number has 10 or 12 digits")
        return value

    def choice(self, name: str, known: tuple[Option, ...]) -> str:
        value = self.text(name)
        if value and value not in {option.id for option in known}:
            self.errors[name] = _("Choose one of the list")
        return value

    def amount(self, name: str) -> Decimal | None:
        text = re.sub(r"[\s\u00a0₽]", "", self.text(name)).replace(",", ".")
        if not text:
            return None
        try:
            value = Decimal(text).quantize(Decimal("0.01"))
        except InvalidOperation:
            value = Decimal(-1)
        if not 0 <= value < MOST_AMOUNT:
            self.errors[name] = _("Write the sum in figures, such as 150000")
            return None
        return value

    def percent(self, name: str) -> int | None:
        text = self.text(name).rstrip("% ")
        if not text:
            return None
        if not text.isdecimal() or int(text) > 100:
            self.errors[name] = _("Write a figure from 0 to 100")
            return None
        return int(text)

    def day(self, name: str) -> date | None:
        text = self.text(name)
        if not text:
            return None
        found = re.fullmatch(r"(\d{1,2})[./](\d{1,2})(?:[./](\d{4}))?", text)
        try:
            if found:
                return date(int(found[3] or self.ctx.today().year), int(found[2]), int(found[1]))
            return date.fromisoformat(text)
        except ValueError:
            self.errors[name] = _("Write the date like 1.12.2026")
            return None

    def page(self, name: str, type_key: str, missing: Any) -> Page | None:
        """A page by its number, or a company or contact by its name; ``missing`` is said when there is none."""
        text = self.text(name)
        if not text:
            return None
        found = find_party(self.ctx, type_key, text)
        if found is None:
            self.errors[name] = missing
        return found

    def summary(self) -> list[dict[str, str]]:
        """The faults as the summary of the form shows them."""
        return [{"id": name, "text": self.ctx._(said)} for name, said in self.errors.items()]

    def faults(self) -> Mapping[str, str]:
        return {name: self.ctx._(said) for name, said in self.errors.items()}


def find_party(ctx: Context, type_key: str, text: str) -> Page | None:
    """The company or contact of a number or of a name; None when there is none, or more than one of that name."""
    number = NUMBER.match(text)
    if number:
        try:
            page = ctx.pages.find(number[1])
        except NotFound:
            return None
        return page if page.type == type_key else None
    found = ctx.pages.list(type_key, {"name_key": key_of(text), "merged_into": None}, limit=2).items
    return found[0] if len(found) == 1 else None


def known_companies(ctx: Context) -> list[dict[str, str]]:
    """What a field for a company offers: those that changed last."""
    found = ctx.pages.list(COMPANY, {"merged_into": None}, order="-updated", limit=100).items
    return [{"value": f"{page.number} {page.title}", "label": ""} for page in found]
