"""Who takes part in a page: participants, approvers, watchers, the mentioned."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.journal import Origin
from acm.pages.models import Page, PagePerson
from acm.pages.visibility import inside
from acm.people.models import Person


def take_part(session: Session, page: Page, person: Person, role: str, origin: Origin) -> bool:
    """Give a person a part in a page; False when they had it already. Every part but the watcher's opens the door."""
    if _part(session, page, person, role) is not None:
        return False
    session.add(PagePerson(page_id=page.id, person_id=person.id, role=role))
    page.record(
        "person.added", origin, {"person": person.id, "role": role}, audience="all" if role != "watcher" else "internal"
    )
    return True


def leave(session: Session, page: Page, person: Person, role: str, origin: Origin) -> bool:
    """Take a part away again."""
    row = _part(session, page, person, role)
    if row is None:
        return False
    session.delete(row)
    page.record(
        "person.removed",
        origin,
        {"person": person.id, "role": role},
        audience="all" if role != "watcher" else "internal",
    )
    return True


def people_in(session: Session, page: Page, *roles: str) -> list[tuple[Person, str]]:
    """Everybody with a part in a page that passed the door, with the part."""
    statement = (
        select(Person, PagePerson.role)
        .join(PagePerson, PagePerson.person_id == Person.id)
        .where(PagePerson.page_id == page.id)
    )
    if roles:
        statement = statement.where(PagePerson.role.in_(roles))
    return [(person, role) for person, role in session.execute(inside(statement.order_by(Person.family)))]


def takes_part(session: Session, page: Page, person: Person, role: str) -> bool:
    """Whether a person has this part in a page that passed the door."""
    return _part(session, page, person, role) is not None


def _part(session: Session, page: Page, person: Person, role: str) -> PagePerson | None:
    statement = select(PagePerson).where(
        PagePerson.page_id == page.id, PagePerson.person_id == person.id, PagePerson.role == role
    )
    return session.scalars(inside(statement)).first()
