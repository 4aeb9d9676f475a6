"""Webhooks and their messages as screens and programs read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from acm.errors import Invalid, NotFound
from acm.i18n import Message, _
from acm.notify.webhooks import WAITING, Webhook, WebhookDelivery
from acm.pages.models import Page
from acm.pages.visibility import visible
from acm.people.rights import Grants
from acm.snapshot import CORE, Snapshot

KINDS: dict[str, Message] = {
    "case.opened": _("A case is opened"),
    "case.moved": _("A case goes on to another state"),
    "case.responded": _("A case gets its first answer"),
    "case.resolved": _("A case is resolved"),
    "case.closed": _("A case is closed"),
    "case.cancelled": _("A case is withdrawn"),
    "case.rejected": _("A case is refused"),
    "case.reopened": _("A case is open again"),
    "field.changed": _("A property changes"),
    "comment.added": _("Somebody comments"),
    "comment.edited": _("A comment is corrected"),
    "file.added": _("A file is attached"),
    "file.removed": _("A file is removed"),
    "approval.requested": _("Somebody is asked to approve"),
    "approval.decided": _("An approval is decided"),
    "person.added": _("Somebody takes part"),
    "person.removed": _("Somebody leaves"),
    "link.added": _("A link is made"),
    "link.removed": _("A link is removed"),
    "page.created": _("An article or announcement is written"),
    "page.edited": _("An article or announcement changes"),
}
STATES: dict[str, Message] = {
    "waiting": _("waiting"),
    "delivered": _("delivered"),
    "failed": _("failed"),
    "dropped": _("not sent"),
}


LARGEST_ID = 2**31 - 1


@dataclass(frozen=True)
class Line:
    """A message of the log; ``page`` is its page where the reader may see it."""

    delivery: WebhookDelivery
    page: Page | None


def webhooks(session: Session, *, after: int = 0, limit: int = 200) -> list[Webhook]:
    """All webhooks with their owners, by id."""
    statement = select(Webhook).options(joinedload(Webhook.owner)).where(Webhook.id > after)
    return list(session.scalars(statement.order_by(Webhook.id).limit(limit)))


def webhook_of(session: Session, webhook_id: int, *, lock: bool = False) -> Webhook:
    """One webhook or :class:`NotFound`; locked where it is about to change."""
    if abs(webhook_id) > LARGEST_ID:
        raise NotFound()
    statement = select(Webhook).options(joinedload(Webhook.owner)).where(Webhook.id == webhook_id)
    if lock:
        statement = statement.with_for_update(of=Webhook).execution_options(populate_existing=True)
    found = session.scalars(statement).first()
    if found is None:
        raise NotFound()
    return found


def delivery_of(session: Session, webhook: Webhook, delivery_id: int) -> WebhookDelivery:
    """One message of a webhook, locked."""
    if abs(delivery_id) > LARGEST_ID:
        raise NotFound()
    statement = select(WebhookDelivery).where(
        WebhookDelivery.id == delivery_id, WebhookDelivery.webhook_id == webhook.id
    )
    found = session.scalars(statement.with_for_update()).first()
    if found is None:
        raise NotFound()
    return found


def log_of(
    session: Session, webhook: Webhook, grants: Grants, *, state: str = "", before: int = 0, limit: int = 50
) -> list[Line]:
    """The messages of a webhook, the newest first."""
    statement = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook.id)
    if state:
        statement = statement.where(WebhookDelivery.state == state)
    if before:
        statement = statement.where(WebhookDelivery.id < min(before, LARGEST_ID))
    return lines(session, grants, session.scalars(statement.order_by(WebhookDelivery.id.desc()).limit(limit)).all())


def lines(session: Session, grants: Grants, deliveries: Sequence[WebhookDelivery]) -> list[Line]:
    """Messages with those of their pages that the reader may see."""
    ids = {d.page_id for d in deliveries if d.page_id is not None}
    seen: Select[Page] = visible(grants).where(Page.id.in_(ids)).options(joinedload(Page.type_version))
    pages = {page.id: page for page in session.scalars(seen)} if ids else {}
    return [Line(d, pages.get(d.page_id or 0)) for d in deliveries]


def waiting(session: Session, ids: Iterable[int]) -> dict[int, int]:
    """How many messages of each webhook wait."""
    statement = select(WebhookDelivery.webhook_id, func.count()).where(
        WebhookDelivery.webhook_id.in_(list(ids)), WebhookDelivery.state == WAITING
    )
    return {row[0]: row[1] for row in session.execute(statement.group_by(WebhookDelivery.webhook_id))}


def known_kinds(snapshot: Snapshot) -> dict[str, Message | str]:
    """Every kind that a webhook may choose, with its words where it has any."""
    return {**{c.key: c.key for c in snapshot.each("event_words")}, **KINDS}


def offered_kinds(snapshot: Snapshot, chosen: Iterable[str]) -> dict[str, Message | str]:
    """The kinds that a form offers: those named here, those of plugins, and those chosen already."""
    plugins = [c.key for c in snapshot.each("event_words") if c.plugin != CORE]
    return {**KINDS, **{kind: kind for kind in (*plugins, *chosen) if kind not in KINDS}}


def require_known(snapshot: Snapshot, kinds: Iterable[str]) -> None:
    """Refuse kinds that nobody tells of."""
    known = known_kinds(snapshot)
    if unknown := [kind for kind in kinds if kind not in known]:
        raise Invalid({"kinds": [_("There is no event of the kind %(kind)s", kind=unknown[0][:60])]})
