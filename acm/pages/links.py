"""Links between pages: typed, seen from both sides, and told only to those who may see both ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from acm.errors import Conflict, Invalid
from acm.i18n import Message, _
from acm.journal import Event, Origin
from acm.pages.models import Link, Page
from acm.pages.visibility import inside, visible
from acm.people.rights import Grants

LINK_KINDS: dict[str, tuple[Message, Message]] = {
    "relates": (_("relates to"), _("relates to")),
    "blocks": (_("blocks"), _("is blocked by")),
    "duplicates": (_("duplicates"), _("is duplicated by")),
    "causes": (_("causes"), _("is caused by")),
    "explains": (_("explains"), _("is explained by")),
}
DEEPEST = 20
NAMING = ("link.added", "link.removed", "child.added", "child.removed")
HANGING = "parent.changed"


@dataclass(frozen=True)
class Linked:
    """The other end of a link, and the words for it on this side."""

    id: int
    kind: str
    words: Message
    page: Page


def link_pages(session: Session, source: Page, target: Page, kind: str, origin: Origin) -> Link:
    """Link two pages that both passed the door. The same link again changes nothing."""
    if kind not in LINK_KINDS:
        raise Invalid({"kind": [_("Choose one of the offered values")]})
    if source.id == target.id:
        raise Invalid({"page": [_("A page cannot be linked to itself")]})
    ends = [(Link.source_id == source.id) & (Link.target_id == target.id)]
    if LINK_KINDS[kind][0] == LINK_KINDS[kind][1]:
        ends.append((Link.source_id == target.id) & (Link.target_id == source.id))
    found = session.scalars(inside(select(Link).where(Link.kind == kind, or_(*ends)))).first()
    if found is not None:
        return found
    author = origin.by.id if origin.by else None
    link = Link(source_id=source.id, target_id=target.id, kind=kind, author_id=author, at=origin.at)
    session.add(link)
    session.flush()
    source.record("link.added", origin, {"link": kind, "page": target.id, "side": "source"})
    target.record("link.added", origin, {"link": kind, "page": source.id, "side": "target"})
    return link


def unlink_pages(session: Session, link: Link, source: Page, target: Page, origin: Origin) -> None:
    """Take a link away again."""
    session.delete(link)
    session.flush()
    source.record("link.removed", origin, {"link": link.kind, "page": target.id, "side": "source"})
    target.record("link.removed", origin, {"link": link.kind, "page": source.id, "side": "target"})


def links_of(session: Session, page: Page, grants: Grants, *kinds: str) -> list[Linked]:
    """The links of a page that passed the door, those whose other end this person may see too."""
    statement = select(Link).where(or_(Link.source_id == page.id, Link.target_id == page.id)).order_by(Link.id)
    if kinds:
        statement = statement.where(Link.kind.in_(kinds))
    rows = list(session.scalars(inside(statement)))
    others = {row.target_id if row.source_id == page.id else row.source_id for row in rows}
    if not others:
        return []
    pages = {p.id: p for p in session.scalars(visible(grants, Page).where(Page.id.in_(others)))}
    linked = []
    for row in rows:
        here = row.source_id == page.id
        other = pages.get(row.target_id if here else row.source_id)
        if other is not None:
            linked.append(Linked(row.id, row.kind, LINK_KINDS[row.kind][0 if here else 1], other))
    return linked


def names_only_visible(grants: Grants) -> ColumnElement[bool]:
    """The condition on events that none names a page which this person may not see."""
    seen = visible(grants, Page).with_only_columns(Page.id)
    before, after, other = (Event.data[key].as_integer() for key in ("from", "to", "page"))
    return or_(
        Event.kind.not_in((*NAMING, HANGING)),
        and_(Event.kind.in_(NAMING), other.in_(seen)),
        and_(
            Event.kind == HANGING,
            or_(before.is_(None), before.in_(seen)),
            or_(after.is_(None), after.in_(seen)),
        ),
    )


def set_parent(session: Session, child: Page, parent: Page | None, origin: Origin) -> None:
    """Hang a page below another, or free it; :class:`Conflict` when that would be a circle."""
    if (parent.id if parent else None) == child.parent_id:
        return
    if parent is not None and child.id in _ancestors(session, parent):
        raise Conflict("A page cannot hang below itself")
    before = child.parent_id
    child.parent_id = parent.id if parent else None
    child.record("parent.changed", origin, {"from": before, "to": child.parent_id})
    if before is not None:
        former = session.scalars(inside(select(Page).where(Page.id == before).with_for_update())).one()
        former.record("child.removed", origin, {"page": child.id})
    if parent is not None:
        parent.record("child.added", origin, {"page": child.id})


def children_of(session: Session, page: Page, grants: Grants) -> Sequence[Page]:
    """The pages below a page, those this person may see."""
    return list(session.scalars(visible(grants, Page).where(Page.parent_id == page.id).order_by(Page.id)))


def parent_of(session: Session, page: Page, grants: Grants) -> Page | None:
    """The page above, when this person may see it."""
    if page.parent_id is None:
        return None
    return session.scalars(visible(grants, Page).where(Page.id == page.parent_id)).first()


def _ancestors(session: Session, page: Page) -> set[int]:
    found: set[int] = set()
    current: int | None = page.id
    while current is not None and current not in found and len(found) < DEEPEST:
        found.add(current)
        current = session.scalar(inside(select(Page.parent_id).where(Page.id == current)))
    return found
