"""How a form is cut into question pages: up to five questions a page, what belongs together stays together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from acm.catalog.definitions import FieldDefinition, ServiceDefinition
from acm.engine import expr
from acm.i18n import Message, _
from acm.pages.types import FieldKind

MOST = 5
CONTACT = frozenset({FieldKind.PHONE, FieldKind.EMAIL})
CONTACT_KEYS = frozenset({"phone", "room", "email", "address", "branch"})


@dataclass(frozen=True)
class Step:
    """One question page; ``title`` is empty when it is the only one (the page bears the service's name)."""

    number: int
    fields: tuple[FieldDefinition, ...]
    title: Message | None = None

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(asked.key for asked in self.fields)


def asked_of(definition: ServiceDefinition) -> tuple[FieldDefinition, ...]:
    """The questions for the requester; those for agents are not asked on the portal."""
    return tuple(asked for asked in definition.form if not asked.internal)


def beneficiary_field(definition: ServiceDefinition) -> FieldDefinition | None:
    """The question that says for whom the request is; a form without one is preceded by "who is it for"."""
    return next((f for f in asked_of(definition) if f.kind is FieldKind.PERSON and f.prefill == "me"), None)


def steps_of(definition: ServiceDefinition) -> list[Step]:
    """The question pages of a service, balanced, in the order of the form."""
    fields = asked_of(definition)
    if len(fields) <= MOST:
        return [Step(1, fields)]
    blocks, size = _blocks(fields), ceil(len(fields) / ceil(len(fields) / MOST))
    pages: list[list[FieldDefinition]] = [[]]
    for block in blocks:
        if pages[-1] and len(pages[-1]) + len(block) > max(size, len(block)) and len(pages[-1]) >= size - 1:
            pages.append([])
        pages[-1].extend(block)
    return [Step(number, tuple(page), _title(number, page)) for number, page in enumerate(pages, 1)]


def _blocks(fields: Sequence[FieldDefinition]) -> list[list[FieldDefinition]]:
    """Questions that may not be parted: one with those that it shows or hides, a beginning with its end."""
    blocks: list[list[FieldDefinition]] = []
    for asked in fields:
        named = {name.partition(".")[0] for name in expr.compile(asked.shown_when).names} if asked.shown_when else set()
        if asked.key.endswith("_to"):
            named.add(f"{asked.key.removesuffix('_to')}_from")
        if blocks and named & {one.key for one in blocks[-1]} and len(blocks[-1]) < MOST:
            blocks[-1].append(asked)
        else:
            blocks.append([asked])
    return blocks


def _title(number: int, page: Sequence[FieldDefinition]) -> Message:
    if all(asked.kind in CONTACT or asked.key in CONTACT_KEYS for asked in page):
        return _("Where to find you")
    return _("What you need") if number == 1 else _("Details")
