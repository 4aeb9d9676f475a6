"""The bell: what I was told, read and muted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi.responses import Response
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload

from acm import clock
from acm.db import Database
from acm.i18n import Message
from acm.journal import Event
from acm.notify.models import Mute, Notification
from acm.notify.sentences import address, sentence
from acm.pages.models import Page
from acm.pages.visibility import inside, through, visible_page
from acm.people.models import Person
from acm.people.rights import Grants
from acm.people.signin import Me, Viewer
from acm.web.forms import Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui

router = new_router()
SHOWN = 100


@dataclass(frozen=True)
class Told:
    """A line of the bell."""

    text: Message
    actor: Person | None
    page: Page | None
    href: str
    at: datetime
    unread: bool


@router.get("/me/notifications")
def show_notifications(ui: Ui, db: Db, me: Me) -> Response:
    return ui.page(
        "notify/notifications.html", told=told_to(db, me.grants, ui.lang), mail=me.person.settings.get("mail", True)
    )


@router.post("/me/notifications")
def read_all(ui: Ui, db: Db, me: Me) -> Response:
    """Mark everything as read."""
    statement = update(Notification).where(Notification.person_id == me.id, Notification.read_at.is_(None))
    db.execute(statement.values(read_at=clock.now()))
    return ui.redirect("/me/notifications")


@router.post("/me/notifications/mail")
def choose_mail(ui: Ui, db: Db, me: Me, form: Submitted) -> Response:
    """Mail about my requests: yes or no."""
    me.person.settings = {**me.person.settings, "mail": form.flag("mail")}
    return ui.redirect("/me/notifications")


@router.get("/pages/{number}/mute")
def show_mute(ui: Ui, db: Db, me: Me, number: str) -> Response:
    """Whether I hear of a page, and the button to change it."""
    page: Page = visible_page(db, me.grants, number)
    return ui.page("notify/mute.html", page=page, is_muted=db.get(Mute, (me.id, page.id)) is not None)


@router.post("/pages/{number}/mute")
def mute(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Hear nothing of a page, or hear of it again (``on`` empty)."""
    page: Page = visible_page(db, me.grants, number)
    row = db.get(Mute, (me.id, page.id))
    if form.flag("on") and row is None:
        db.add(Mute(person_id=me.id, page_id=page.id))
    elif not form.flag("on") and row is not None:
        db.delete(row)
    return ui.redirect(form.text("next") or f"/pages/{page.number}")


def told_to(db: Session, grants: Grants, lang: str) -> list[Told]:
    """The latest notifications about pages the person may still see."""
    statement = (
        select(Notification, Page, Event)
        .join(Page, Page.id == Notification.page_id)
        .join(Event, Event.id == Notification.event_id)
        .options(joinedload(Page.type_version))
        .where(Notification.person_id == grants.person_id)
        .order_by(Notification.id.desc())
        .limit(SHOWN)
    )
    rows = db.execute(through(statement, grants)).unique().all()
    actors = {
        p.id: p
        for p in db.scalars(select(Person).where(Person.id.in_({row[2].actor_id for row in rows if row[2].actor_id})))
    }
    lines = []
    for note, page, event in sorted([*rows, *_without_page(db, grants)], key=lambda row: -row[0].id):
        actor = actors.get(event.actor_id or 0)
        said = sentence(event, page, actor.name_in(lang) if actor else "")
        lines.append(Told(said, actor, page, address(event, page), note.at, note.read_at is None))
    return lines


def _without_page(db: Session, grants: Grants) -> list[tuple[Notification, None, Event]]:
    """What the person was told of what is theirs alone."""
    statement = select(Notification, Event).join(Event, Event.id == Notification.event_id)
    statement = statement.where(Notification.person_id == grants.person_id, Notification.page_id.is_(None))
    rows = db.execute(inside(statement.order_by(Notification.id.desc()).limit(SHOWN)))
    return [(note, None, event) for note, event in rows]


def is_muted(db: Session, person_id: int, page: Page) -> bool:
    return db.get(Mute, (person_id, page.id)) is not None


def read_about(database: Database, person_id: int, page_id: int) -> None:
    """Mark what concerns a page as read: its reader has seen it. Writes only when something is unread."""
    unread = (Notification.person_id == person_id, Notification.page_id == page_id, Notification.read_at.is_(None))
    with database.reading() as session:
        if session.scalars(inside(select(Notification.id).where(*unread).limit(1))).first() is None:
            return
    with database.writing() as session:
        session.execute(update(Notification).where(*unread).values(read_at=clock.now()))


def bell(ui: UI) -> dict[str, object]:
    """The number on the bell, for every page's layout."""
    viewer: Viewer | None = ui.viewer
    if viewer is None or ui.is_htmx:
        return {}
    statement = (
        select(func.count())
        .select_from(Notification)
        .where(Notification.person_id == viewer.id, Notification.read_at.is_(None))
    )
    return {"bell": ui.db.scalar(inside(statement))}
