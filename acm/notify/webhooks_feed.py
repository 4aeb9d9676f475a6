"""Which events a webhook tells, and what it says of them. Both ask the door with the owner's grants.

The feed is a consumer of the journal; a message is written anew at each try, so that nothing private lies in the
outbox and a right that was lost meanwhile holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from acm import clock
from acm.cases.filtering import CaseFilter, Vantage, apply
from acm.db import Database, moment
from acm.jobs.consumers import consume
from acm.journal import Event
from acm.notify.webhooks import PING, Webhook, WebhookDelivery, queue
from acm.pages.links import names_only_visible
from acm.pages.models import Comment, Page
from acm.pages.visibility import inside, through
from acm.people.models import Person
from acm.people.rights import Grants, grants_of, may
from acm.settings import Settings
from acm.snapshot import Snapshot

CONSUMER = "webhooks"
SAID = ("comment.added", "comment.edited")


def feed(db: Database, snapshot: Snapshot) -> int:
    """One batch of the consumer ``webhooks``: messages for whom the new events concern."""
    return consume(db, snapshot, CONSUMER, _handle, limit=500)


def told(
    session: Session, webhook: Webhook, grants: Grants, event_ids: Iterable[int], cases: CaseFilter
) -> list[tuple[Event, Page]]:
    """The events, of those given, that may go out: of pages its owner sees, and of the ``cases`` meant."""
    statement: Any = (
        select(Event, Page)
        .join(Page, Page.id == Event.page_id)
        .options(joinedload(Page.type_version), joinedload(Page.form_version))
        .where(Event.id.in_(list(event_ids)), names_only_visible(grants))
        .order_by(Event.id)
    )
    if cases:
        statement = apply(statement, session, [cases], Vantage(grants, clock.now(), ZoneInfo("UTC")))
    rows = session.execute(through(statement, grants)).unique().all()
    return [(event, page) for event, page in rows if _is_open(webhook, grants, event, page)]


def message(session: Session, settings: Settings, event: Event, page: Page) -> dict[str, Any]:
    """What goes out about an event that :func:`told` let through; of a confidential page its number only."""
    actor = session.get(Person, event.actor_id) if event.actor_id else None
    data: dict[str, Any] = {
        "event": event.id,
        "internal": event.is_internal,
        "actor": {"id": actor.id, "login": actor.login, "name": actor.name} if actor else None,
        "page": _page(settings, page),
    }
    if not page.confidential:
        data["details"] = event.data
        if event.kind in SAID and (comment := _comment(session, event)):
            data["comment"] = {"id": comment.id, "audience": comment.audience, "body": comment.body}
    return {"type": event.kind, "timestamp": moment(event.at), "data": data}


def test_message(delivery: WebhookDelivery, webhook: Webhook) -> dict[str, Any]:
    """What a test says."""
    return {"type": PING, "timestamp": moment(delivery.created_at), "data": {"webhook": webhook.id}}


def _handle(session: Session, events: Sequence[Event]) -> None:
    live = [event for event in events if event.is_live and event.page_id is not None]
    active = select(Webhook).options(joinedload(Webhook.owner)).where(Webhook.active)
    for webhook in session.scalars(active.order_by(Webhook.id)).all() if live else ():
        wanted = [
            e.id for e in live if e.recorded_at > webhook.since and (not webhook.kinds or e.kind in webhook.kinds)
        ]
        if not wanted or not webhook.owner.active:
            continue
        known = set(session.scalars(select(WebhookDelivery.event_id).where(
            WebhookDelivery.webhook_id == webhook.id, WebhookDelivery.event_id.in_(wanted)
        )))  # fmt: skip
        grants, cases = grants_of(session, webhook.owner), CaseFilter.read(webhook.filter)
        for event, _page in told(session, webhook, grants, set(wanted) - known, cases):
            queue(session, webhook, event.kind, clock.now(), event)


def _is_open(webhook: Webhook, grants: Grants, event: Event, page: Page) -> bool:
    """Whether an event of a page that passed the door is for everybody, or this webhook may tell of internal matters."""
    hidden = {field.key for field in page.form if field.internal}
    internal = event.is_internal or (event.kind == "field.changed" and event.data.get("field") in hidden)
    if not internal and hidden & set(event.data.get("changes", ())):
        internal = True
    return not internal or (webhook.internal and may(grants, "comment.internal", page))


def _page(settings: Settings, page: Page) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": page.id, "number": page.number, "kind": page.kind, "confidential": page.confidential}
    if settings.base_url:
        shown["url"] = f"{settings.base_url.rstrip('/')}/pages/{page.number}"
    if not page.confidential:
        shown |= {"type": page.type, "title": page.title, "state": page.state, "is_open": page.is_open}
    return shown


def _comment(session: Session, event: Event) -> Comment | None:
    statement = select(Comment).where(Comment.id == event.data.get("comment"), Comment.audience == event.audience)
    return session.scalars(inside(statement)).first()
