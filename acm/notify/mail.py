"""Mail out: an outbox of jobs, so that no request waits for a mail server; what was sent is marked afterwards."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm import clock
from acm.i18n import translator
from acm.journal import Event
from acm.notify.models import Notification
from acm.notify.sentences import address, sentence
from acm.pages.models import Comment, Page
from acm.pages.visibility import unrestricted, visible
from acm.people.models import Person
from acm.people.rights import Grants, grants_of, may
from acm.settings import Settings, from_environment
from acm.web.markdown import plain

TIMEOUT = 20


def send_notification(session: Session, args: Mapping[str, Any]) -> None:
    """Job ``mail.notification``: write and send the mail of one notification, once."""
    settings: Settings = session.info.get("settings") or from_environment()
    note = session.scalars(
        unrestricted(select(Notification).where(Notification.id == args["notification"]), "mail")
    ).first()
    if note is None or note.mailed_at is not None or not settings.smtp_url:
        return
    person = session.get_one(Person, note.person_id)
    grants = grants_of(session, person)
    page = session.scalars(visible(grants, Page).where(Page.id == note.page_id)).first()
    event = session.scalars(unrestricted(select(Event).where(Event.id == note.event_id), "mail")).one()
    if person.active and (note.page_id is None or _may_still_hear(grants, page, event)):
        mail = compose(session, settings, person, page, event)
        session.commit()  # whoever writes must not wait for a mail server
        send(settings, mail)
    note.mailed_at = clock.now()


def _may_still_hear(grants: Grants, page: Page | None, event: Event) -> bool:
    """Whether a right that let somebody hear holds at the hour of sending: a letter may have waited for its server."""
    internal = event.is_internal and event.kind != "person.told"
    return page is not None and (not internal or may(grants, "comment.internal", page))


def compose(session: Session, settings: Settings, person: Person, page: Page | None, event: Event) -> EmailMessage:
    """The mail of one event to one person, in their language; a confidential page names its number only."""
    lang = person.language or settings.language
    texts = translator(lang)
    actor = session.get(Person, event.actor_id) if event.actor_id else None
    line = texts.say(sentence(event, page, actor.name_in(lang) if actor else ""))
    title = "" if page is None or page.confidential else page.title_in(lang)
    mail = EmailMessage()
    mail["From"], mail["To"] = settings.mail_from, person.email
    mail["Subject"] = " ".join(f"[{page.number}] {title}".split() if page else line.split())[:200]
    mail["Message-ID"] = make_msgid(idstring=f"{event.id}.{person.id}", domain="acm.invalid")
    if page is not None:
        mail["References"] = f"<page.{page.id}@acm.invalid>"
    mail["Auto-Submitted"] = "auto-generated"
    parts = [line]
    if page is not None and not page.confidential and (quote := _quote(session, event)):
        parts.append(quote)
    where = address(event, page)
    parts.append(settings.base_url.rstrip("/") + where if settings.base_url or page is None else page.number)
    body = "\n\n".join(parts)
    if snapshot := session.info.get("snapshot"):
        body = snapshot.filtered("mail.render_body", body, session, person=person, page=page)
    mail.set_content(body)
    return mail


def send_letter(session: Session, args: Mapping[str, Any]) -> None:
    """Job ``mail.letter``: a letter of a plugin, as its text stands."""
    settings: Settings = session.info.get("settings") or from_environment()
    if not settings.smtp_url:
        return
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = settings.mail_from, args["to"], " ".join(args["subject"].split())
    mail["Message-ID"], mail["Auto-Submitted"] = make_msgid(domain="acm.invalid"), "auto-generated"
    mail.set_content(args["text"])
    session.commit()
    send(settings, mail)


def _quote(session: Session, event: Event) -> str:
    """The words of a public comment; internal ones never leave the product."""
    if event.kind != "comment.added" or event.is_internal:
        return ""
    statement = select(Comment.body).where(Comment.id == event.data["comment"], Comment.audience == "all")
    return plain(session.scalar(unrestricted(statement, "mail")) or "", 2000)


def send(settings: Settings, mail: EmailMessage) -> None:
    """Hand a mail to the server of ``ACM_SMTP_URL``; raises what the server answers, the job tries again."""
    url = urlsplit(settings.smtp_url)
    host, port = url.hostname or "localhost", url.port or (465 if url.scheme == "smtps" else 25)
    context = ssl.create_default_context()
    server = (
        smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context)
        if url.scheme == "smtps"
        else smtplib.SMTP(host, port, timeout=TIMEOUT)
    )
    with server:
        server.ehlo()
        if url.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=context)
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(mail)
