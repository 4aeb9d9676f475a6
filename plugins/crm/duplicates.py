"""The same company or contact written twice: found by what it shares, merged into one, and taken apart again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from acm.sdk import Case, Conflict, Context, Field, FieldKind, Page, PageType, _

from . import talks
from .complaints import KEY as COMPLAINT
from .deals import DEAL
from .desk import shared
from .parties import COMPANY, CONTACT
from .segments import MEMBERSHIP
from .words import words

KEY = "crm.merge"
SHARED_KEYS = {COMPANY: ("tax_id", "name_key", "phone_key", "email"), CONTACT: ("email", "phone_key", "name_key")}
FILLED = {
    COMPANY: ("tax_id", "industry", "phone", "phone_key", "email", "site", "address"),
    CONTACT: ("company", "role", "phone", "phone_key", "email"),
}
REFERENCES = {
    COMPANY: ((CONTACT, "company"), (DEAL, "company"), (COMPLAINT, "company"), (talks.KEY, "company"), (talks.KEY, "about"),
              (MEMBERSHIP, "company")),
    CONTACT: ((DEAL, "contact"), (COMPLAINT, "contact"), (talks.KEY, "about")),
}  # fmt: skip
MOST = 30
BATCH = 500

MERGE = PageType(
    key=KEY,
    names=words("Объединение", "Merge"),
    series="MG",
    icon="git-pull-request",
    fields=(
        Field(key="kept", kind=FieldKind.PAGE, label=words("Осталась", "Kept"), indexed=True),
        Field(key="gone", kind=FieldKind.PAGE, label=words("Влита", "Merged into it"), indexed=True),
        Field(key="moved", multiple=True, label=words("Что перенесено", "What was moved"), internal=True),
        Field(key="filled", multiple=True, label=words("Что дополнено", "What was filled in"), internal=True),
        Field(key="undone_on", kind=FieldKind.DATE, label=words("Разъединены", "Taken apart on")),
    ),
)


@dataclass
class Twins:
    """Pages that share something, and what it is: the names of the fields."""

    pages: list[Page] = field(default_factory=list)
    by: set[str] = field(default_factory=set)


def twins(ctx: Context, type_key: str) -> list[Twins]:
    """Groups of pages that share a tax number, a name, a phone or an e-mail, those of the surest sign first."""
    groups: list[Twins] = []
    of: dict[int, Twins] = {}
    for name in SHARED_KEYS[type_key]:
        for same in _same(ctx, type_key, name):
            there = [of[page.id] for page in same if page.id in of]
            group = there[0] if there else Twins()
            if not there:
                groups.append(group)
            group.by.add(name)
            for page in same:
                if page.id not in of:
                    group.pages.append(page)
                    of[page.id] = group
    return groups


def merge(ctx: Context, kept: Page, gone: Page) -> Page:
    """Move everything from one page to another of its type, fill in what the other lacks, and leave a record from which
    it can be undone. :class:`Conflict` when one of them was merged meanwhile."""
    if kept.id == gone.id or kept.type != gone.type or kept.fields.get("merged_into") or gone.fields.get("merged_into"):
        raise Conflict(ctx._(_("One of them was merged already")))
    lacking = {
        name: gone.fields[name] for name in FILLED[kept.type] if gone.fields.get(name) and not kept.fields.get(name)
    }
    ctx.pages.change(gone, fields={"merged_into": kept})
    if lacking:
        ctx.pages.change(kept, fields=lacking)
    moved = [f"{page.id}.{name}" for page, name in _move(ctx, kept.type, gone, kept)]
    fields = {"kept": kept, "gone": gone, "moved": moved, "filled": sorted(lacking)}
    return ctx.pages.create(KEY, title=f"{gone.title} → {kept.title}"[:300], fields=fields, **shared(ctx))


def undo(ctx: Context, record: Page) -> None:
    """Take two pages apart: what was moved goes back unless somebody moved it on, what was filled in goes away unless
    somebody changed it."""
    if record.fields.get("undone_on"):
        raise Conflict(ctx._(_("They were taken apart already")))
    kept, gone = (ctx.pages.get(record.fields[name], lock=True) for name in ("kept", "gone"))
    wanted = [one.rpartition(".") for one in record.fields.get("moved") or ()]
    known = ctx.itself.pages.by_ids(int(number) for number, _dot, _name in wanted)
    for number, _dot, name in wanted:
        page = known.get(int(number))
        if page is not None and page.fields.get(name) == kept.id:
            _refer(ctx, page, name, gone)
    taken = {n: None for n in record.fields.get("filled") or () if kept.fields.get(n) == gone.fields.get(n)}
    if taken:
        ctx.pages.change(kept, fields=taken)
    ctx.pages.change(gone, fields={"merged_into": None})
    ctx.pages.change(record, fields={"undone_on": ctx.today()})


def merges(ctx: Context) -> Sequence[Page]:
    """The last merges."""
    return ctx.pages.list(KEY, limit=20).items


def _same(ctx: Context, type_key: str, name: str) -> Iterator[list[Page]]:
    found = ctx.pages.tally(type_key, by=name, where={"merged_into": None, f"{name} !=": None})
    values = [one.part for one in found if one.count > 1][:MOST]
    if not values:
        return
    pages = ctx.pages.list(type_key, {f"{name} in": values, "merged_into": None}, order="id", limit=BATCH).items
    for value in values:
        yield [page for page in pages if page.fields.get(name) == value]


def _move(ctx: Context, type_key: str, source: Page, target: Page) -> Iterator[tuple[Page, str]]:
    """Everything that names the source, also what this person may not see: it must not be left behind."""
    for key, name in REFERENCES[type_key]:
        cases = key in (DEAL, COMPLAINT)
        cursor = ""
        while True:
            asked: Any = ctx.itself.cases if cases else ctx.itself.pages
            found = asked.list(key, {name: source}, order="id", limit=BATCH, cursor=cursor)
            for page in found.items:
                _refer(ctx, page, name, target)
                yield page, name
            if not (cursor := found.next):
                break


def _refer(ctx: Context, page: Page, name: str, to: Page) -> None:
    if isinstance(page, Case):
        ctx.itself.cases.change(page, fields={name: to})
    else:
        ctx.itself.pages.change(page, fields={name: to})
