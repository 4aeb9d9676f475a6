"""Comments: public ones reach the requester, internal ones never leave those who work the page."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from acm.db import moment
from acm.errors import Forbidden, Invalid
from acm.i18n import _
from acm.journal import Origin
from acm.pages.models import Comment, Page
from acm.pages.people import take_part
from acm.pages.visibility import inside
from acm.people.models import Person
from acm.people.rights import Grants, may
from acm.web.markdown import mentioned

LONGEST = 50_000


def add_comment(session: Session, page: Page, body: str, origin: Origin, *, audience: str = "all") -> Comment:
    """Say something on a page. Mentioned people take part from then on; of an internal comment only its event tells."""
    body = body.strip()
    if not body:
        raise Invalid({"body": [_("Write something first")]})
    if len(body) > LONGEST:
        raise Invalid({"body": [_("This text is too long")]})
    comment = Comment(
        page_id=page.id,
        author_id=origin.by.id if origin.by else None,
        audience=audience,
        body=body,
        at=origin.at,
        earlier=[],
    )
    session.add(comment)
    session.flush()
    named = _people(session, mentioned(body)) if audience == "all" or origin.by else []
    page.record("comment.added", origin, {"comment": comment.id, "mentioned": [p.id for p in named]}, audience=audience)
    for person in named:
        take_part(session, page, person, "mentioned", origin)
    return comment


def edit_comment(session: Session, page: Page, comment: Comment, body: str, origin: Origin) -> None:
    """Change one's own comment; what stood there before is kept."""
    if origin.by is None or comment.author_id != origin.by.id:
        raise Forbidden("Only its author may change a comment")
    if not body.strip():
        raise Invalid({"body": [_("Write something first")]})
    comment.earlier = [*comment.earlier, {"body": comment.body, "until": moment(origin.at)}]
    comment.body, comment.edited_at = body.strip(), origin.at
    page.record("comment.edited", origin, {"comment": comment.id}, audience=comment.audience)


def comments_of(session: Session, page: Page, grants: Grants, *, since: datetime | None = None) -> list[Comment]:
    """The comments of a visible page that this person may read, in order of time."""
    statement = (
        select(Comment)
        .options(joinedload(Comment.author))
        .where(Comment.page_id == page.id)
        .order_by(Comment.at, Comment.id)
    )
    if not may(grants, "comment.internal", page):
        statement = statement.where(Comment.audience == "all")
    if since is not None:
        statement = statement.where(Comment.at > since)
    return list(session.scalars(inside(statement)))


def _people(session: Session, logins: list[str]) -> list[Person]:
    if not logins:
        return []
    found = session.scalars(select(Person).where(Person.login.in_([login.lower() for login in logins]), Person.active))
    return list(found)
