"""Erasing a person's data: the row keeps its id, so that what others did with it stays whole, and nothing of them."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from acm.audit import erase
from acm.journal import Event, Origin, record
from acm.people.managing import keep_one_administrator
from acm.people.models import ApiToken, Department, Group, GroupMember, LoginThrottle, Person, PersonRole, SignIn
from acm.people.signin import lock_person


def erase_person(session: Session, person: Person, origin: Origin) -> None:
    """Blank a person and the data of their own journal; the chain of it stays intact.

    What they wrote on pages stays with the pages and bears no name any more. :class:`Conflict` for the last
    administrator.
    """
    keep_one_administrator(session, person)
    lock_person(session, person)
    statement = select(Event).prefix_with("/*door:system:erase*/").where(Event.stream == person.stream)
    erase(session, list(session.scalars(statement)), origin, f"person {person.id}")
    session.execute(delete(LoginThrottle).where(LoginThrottle.key == f"login:{person.login}"))
    for table in (SignIn, ApiToken, PersonRole, GroupMember):
        session.execute(delete(table).where(table.person_id == person.id))
    for place in (*session.scalars(select(Department).where(Department.head_id == person.id)),):
        place.head_id = None
    for group in session.scalars(select(Group).where(Group.lead_id == person.id)):
        group.lead_id = None
    person.login = person.external = None
    person.email = person.family = person.given = person.middle = person.latin = person.phone = ""
    person.password_hash, person.position, person.settings, person.active = "", {}, {}, False
    person.manager_id = None
    record(session, person, "person.erased", origin)
