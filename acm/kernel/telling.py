"""Telling the administrators, by the bell and by mail, that a plugin took itself off the floor."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.jobs.queue import enqueue
from acm.journal import Event
from acm.notify.models import Notification
from acm.pages.visibility import unrestricted
from acm.people.models import Person, PersonRole, Role

PERMISSION = "admin.plugins"


def tell_administrators(session: Session, slug: str) -> None:
    """Tell everybody who may switch plugins of the last thing that happened to this one."""
    session.flush()
    last = select(Event).where(Event.stream == f"plugin:{slug}").order_by(Event.seq.desc()).limit(1)
    event = session.scalars(unrestricted(last, "plugins")).one()
    roles = [role.id for role in session.scalars(select(Role)) if PERMISSION in role.permissions]
    holders = select(PersonRole.person_id).where(PersonRole.role_id.in_(roles))
    for person in session.scalars(select(Person).where(Person.id.in_(holders), Person.active).order_by(Person.id)):
        note = Notification(person_id=person.id, event_id=event.id, kind=event.kind, at=event.at)
        session.add(note)
        session.flush()
        if person.email and person.settings.get("mail", True):
            enqueue(session, "mail.notification", {"notification": note.id}, key=f"mail:{note.id}")
