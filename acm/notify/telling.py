"""Who is told of what: the consumer that turns events into notifications and mail.

Told are those with a part in the page, never the actor, never those who muted it, and of internal events only those
who may read them. Everybody told passes the door at that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm import clock
from acm.cases.models import MOVES
from acm.db import Database
from acm.jobs.consumers import consume
from acm.jobs.queue import enqueue
from acm.journal import Event
from acm.notify.models import Mute, Notification
from acm.pages.models import Page, PagePerson
from acm.pages.visibility import door, unrestricted
from acm.people.models import Person
from acm.people.rights import Grants, grants_of, may
from acm.snapshot import Snapshot

TOLD = (
    *sorted(MOVES),
    "case.opened",
    "comment.added",
    "file.added",
    "approval.requested",
    "approval.decided",
    "person.added",
    "field.changed",
    "person.told",
)
REASON = "notify"
PROGRESS = frozenset({"case.opened", *MOVES} - {"case.rejected"})


def tell(db: Database, snapshot: Snapshot) -> int:
    """One batch of the consumer ``notify``."""
    return consume(db, snapshot, "notify", _handle, limit=200, kinds=TOLD)


def _handle(session: Session, events: Sequence[Event]) -> None:
    live = [event for event in events if event.is_live and event.page_id is not None]
    pages = _pages(session, {event.page_id for event in live if event.page_id})
    cast = _Cast(session)
    for event in live:
        page = pages.get(event.page_id or 0)
        if page is None:
            continue
        for person in cast.people(_concerned(session, page, event)):
            if cast.may_hear(person, page, event):
                _note(session, page, person, event)


def _concerned(session: Session, page: Page, event: Event) -> set[int]:
    """Ids of those an event is about; the actor is not told what they did."""
    people: set[int | None]
    if event.kind == "field.changed":
        people = {event.data.get("to")} if event.data.get("field") == "owner" else set()
    elif event.kind == "person.added":
        people = {event.data["person"]} if event.data.get("role") == "mentioned" else set()
    elif event.kind == "person.told":
        return {event.data["person"]}
    elif event.kind == "approval.requested":
        people = {event.data.get("approver")}
    elif event.kind == "case.opened":
        people = {page.requester_id, page.beneficiary_id, page.owner_id}
    else:
        people = {page.requester_id, page.beneficiary_id, page.owner_id, *_with_part(session, page)}
    if _goes_with_order(page, event):
        people = {page.owner_id} if event.kind == "case.opened" else people - {page.requester_id, page.beneficiary_id}
    own_filing = event.kind == "case.opened"
    return {i for i in people if i is not None and (i != event.actor_id or own_filing)}


def _goes_with_order(page: Page, event: Event) -> bool:
    """Whether the requester follows this on the order that the page is a part of. Of what asks them or is refused
    they hear all the same."""
    return "part" in page.facts and event.kind in PROGRESS and page.category != "waiting"


def _with_part(session: Session, page: Page) -> Iterable[int]:
    statement = select(PagePerson.person_id).where(
        PagePerson.page_id == page.id, PagePerson.role.in_(("watcher", "participant"))
    )
    return session.scalars(unrestricted(statement, REASON))


def _note(session: Session, page: Page, person: Person, event: Event) -> None:
    known = select(Notification.id).where(Notification.person_id == person.id, Notification.event_id == event.id)
    if session.scalars(unrestricted(known, REASON)).first():
        return
    own = event.actor_id == person.id
    note = Notification(
        person_id=person.id,
        page_id=page.id,
        event_id=event.id,
        kind=event.kind,
        at=event.at,
        read_at=clock.now() if own else None,
    )
    session.add(note)
    session.flush()
    if person.email and person.settings.get("mail", True):
        enqueue(session, "mail.notification", {"notification": note.id}, key=f"mail:{note.id}")


class _Cast:
    """People and their grants, read once a batch."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.grants: dict[int, Grants] = {}
        self.known: dict[int, Person] = {}

    def people(self, ids: set[int]) -> list[Person]:
        missing = ids - self.known.keys()
        if missing:
            self.known.update({p.id: p for p in self.session.scalars(select(Person).where(Person.id.in_(missing)))})
        return [self.known[i] for i in sorted(ids) if i in self.known and self.known[i].active and self.known[i].login]

    def may_hear(self, person: Person, page: Page, event: Event) -> bool:
        grants = self.grants.setdefault(person.id, grants_of(self.session, person))
        if event.is_internal and event.kind != "person.told" and not may(grants, "comment.internal", page):
            return False
        if self.session.get(Mute, (person.id, page.id)):
            return False
        seen = select(Page.id).where(Page.id == page.id, door(grants))
        return self.session.scalar(unrestricted(seen, REASON)) is not None


def _pages(session: Session, ids: set[int]) -> dict[int, Page]:
    return {page.id: page for page in session.scalars(unrestricted(select(Page).where(Page.id.in_(ids)), REASON))}
