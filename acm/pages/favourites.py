"""Pages a person keeps at hand (favourites) or wants to hear of (watching)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from acm.journal import Origin
from acm.pages.models import Favourite, Page
from acm.pages.people import leave, take_part, takes_part
from acm.pages.visibility import visible
from acm.people.models import Person
from acm.people.rights import Grants


def keep(session: Session, page: Page, person: Person, origin: Origin) -> None:
    """Put a page that passed the door among the person's favourites."""
    if session.get(Favourite, (person.id, page.id)) is None:
        session.add(Favourite(person_id=person.id, page_id=page.id, at=origin.at))


def let_go(session: Session, page: Page, person: Person) -> None:
    """Take a page out of the favourites again."""
    row = session.get(Favourite, (person.id, page.id))
    if row is not None:
        session.delete(row)


def is_kept(session: Session, page: Page, person: Person) -> bool:
    return session.get(Favourite, (person.id, page.id)) is not None


def favourites_of(session: Session, grants: Grants, limit: int = 100) -> Sequence[Page]:
    """The favourites of the holder of these grants that they may still see, the latest first."""
    statement = (
        visible(grants, Page)
        .join(Favourite, (Favourite.page_id == Page.id) & (Favourite.person_id == grants.person_id))
        .order_by(Favourite.at.desc(), Page.id.desc())
        .limit(limit)
    )
    return list(session.scalars(statement))


def watch(session: Session, page: Page, person: Person, origin: Origin) -> None:
    """Hear of what happens on a page, as long as the door lets one in."""
    take_part(session, page, person, "watcher", origin)


def unwatch(session: Session, page: Page, person: Person, origin: Origin) -> None:
    """Hear of it no more."""
    leave(session, page, person, "watcher", origin)


def is_watching(session: Session, page: Page, person: Person) -> bool:
    return takes_part(session, page, person, "watcher")
