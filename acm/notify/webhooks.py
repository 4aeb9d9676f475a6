"""Outgoing webhooks: what happens to pages is told to other systems, signed as Standard Webhooks asks.

A webhook acts as a person, its owner: only events of pages that the owner may see go out, internal ones never unless
the webhook says so and the owner works the page. Its secret lies encrypted and is shown once.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

import httpx
from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from acm.cases.filtering import NAMES, CaseFilter
from acm.db import Base, Json
from acm.errors import Conflict, Forbidden, Invalid
from acm.i18n import Message, _
from acm.journal import Event, Origin, record, system_stream
from acm.pages.models import session_of
from acm.people.models import Person
from acm.settings import Settings
from acm.web.forms import clean
from acm.web.outbound import PORTS
from acm.web.sealed import seal, unseal

PURPOSE = "webhook"
PREFIX = "whsec_"
BOTH_FOR = timedelta(hours=24)
PING = "webhook.ping"
WAITING, DELIVERED, FAILED, DROPPED = "waiting", "delivered", "failed", "dropped"
GONE, FAILING, BY_HAND = "gone", "failing", "by hand"
OWN = ("name", "url", "kinds", "filter", "internal")


@dataclass(frozen=True)
class Wish:
    """What the owner says of a webhook. No ``kinds`` means every kind; ``filter`` is one of cases, as in an address."""

    name: str
    url: str
    kinds: tuple[str, ...] = ()
    filter: str = ""
    internal: bool = False


class Webhook(Base):
    """An address that is told what happens. ``active`` with its reason, and the health of the target."""

    __tablename__ = "webhook"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    url: Mapped[str] = mapped_column(String(1000))
    owner_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    secret: Mapped[str] = mapped_column(Text)
    old_secret: Mapped[str] = mapped_column(Text, default="")
    old_until: Mapped[datetime | None]
    kinds: Mapped[list[str]] = mapped_column(Json, default=list)
    filter: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    internal: Mapped[bool] = mapped_column(Boolean, default=False)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    off_because: Mapped[str] = mapped_column(String(20), default="")
    since: Mapped[datetime]
    failures: Mapped[int] = mapped_column(Integer, default=0)
    failing_since: Mapped[datetime | None]
    open_until: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)

    owner: Mapped[Person] = relationship(foreign_keys=[owner_id])

    @property
    def wish(self) -> Wish:
        """What its owner said of it."""
        return Wish(self.name, self.url, tuple(self.kinds), CaseFilter.read(self.filter).query(), self.internal)

    def change(self, wish: Wish, by: Origin) -> None:
        """Say something else; only its owner may, since it sends what the owner sees."""
        self.require_owner(by)
        before = self.wish
        _write(self, wish)
        changed = [name for name in OWN if getattr(before, name) != getattr(self.wish, name)]
        if changed:
            self.note("webhook.changed", by, changed=changed)

    def take_over(self, by: Origin) -> None:
        """Let it act as another person from now on: the one who asks."""
        assert by.by is not None
        before, self.owner_id = self.owner_id, by.by.id
        self.note("webhook.taken_over", by, before=before, after=self.owner_id)

    def rotate(self, settings: Settings, by: Origin) -> str:
        """A new secret, shown this once. For a day messages bear both signatures."""
        self.require_owner(by)
        self.old_secret, self.old_until = self.secret, by.at + BOTH_FOR
        made = new_secret()
        self.secret = seal(settings, made, PURPOSE)
        self.note("webhook.rotated", by)
        return made

    def enable(self, by: Origin) -> None:
        """Switch it on again; what waited goes out, what happened meanwhile does not."""
        self.require_owner(by)
        if not self.active:
            self.active, self.off_because, self.since = True, "", by.at
            self.failures, self.failing_since, self.open_until = 0, None, None
            self.note("webhook.enabled", by)

    def disable(self, by: Origin, reason: str = BY_HAND) -> Event | None:
        """Switch it off, by hand or for a ``reason``; what waits is kept."""
        if not self.active:
            return None
        self.active, self.off_because = False, reason
        return self.note("webhook.disabled", by, reason=reason)

    def secrets_at(self, settings: Settings, now: datetime) -> list[str]:
        """The secrets that sign at a moment, the present one first."""
        sealed = [self.secret]
        if self.old_secret and self.old_until is not None and now < self.old_until:
            sealed.append(self.old_secret)
        return [unseal(settings, one, PURPOSE) for one in sealed]

    def require_owner(self, by: Origin) -> None:
        """Refuse anybody but the owner."""
        if by.by is None or by.by.id != self.owner_id:
            raise Forbidden("Only its owner may do this: take the webhook over first")

    def note(self, kind: str, by: Origin, **facts: object) -> Event:
        """Leave an event of it, and count its version up."""
        session = session_of(self)
        self.version = (self.version or 0) + 1
        return record(
            session, system_stream(session, "webhooks"), kind, by, data={"webhook": self.id, "name": self.name, **facts}
        )


class WebhookDelivery(Base):
    """One message to one address: of an event, or a test. What it says is written anew at each try."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_state_next_at", "state", "next_at"),
        Index("ix_webhook_delivery_webhook_id_id", "webhook_id", "id"),
        Index("ix_webhook_delivery_webhook_id_event_id", "webhook_id", "event_id", unique=True),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    message_id: Mapped[str] = mapped_column(String(40), unique=True)
    event_id: Mapped[int | None] = mapped_column(BigInteger)
    page_id: Mapped[int | None] = mapped_column(ForeignKey("page.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(12), default=WAITING)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    next_at: Mapped[datetime | None]
    code: Mapped[int | None] = mapped_column(Integer)
    fault: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    tries: Mapped[list[Any]] = mapped_column(Json, default=list)
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

    @property
    def reason(self) -> Message | None:
        """Why the last try failed, where there was no answer."""
        return Message(self.fault["text"], self.fault.get("params", {})) if self.fault else None

    def send_again(self, now: datetime) -> None:
        """Begin anew with the same message id; refused while it waits for its first try."""
        if self.state == WAITING and not self.attempts:
            raise Conflict("This message is on its way already")
        self.state, self.attempts, self.next_at, self.done_at = WAITING, 0, now, None


def add_webhook(session: Session, settings: Settings, wish: Wish, by: Origin) -> tuple[Webhook, str]:
    """A new webhook of the person who asks, and its secret, which is shown this once."""
    assert by.by is not None
    secret = new_secret()
    webhook = Webhook(
        owner_id=by.by.id, secret=seal(settings, secret, PURPOSE), since=by.at, created_at=by.at, active=True, version=0
    )
    _write(webhook, wish)
    session.add(webhook)
    session.flush()
    webhook.note("webhook.created", by, url=webhook.url)
    return webhook, secret


def remove_webhook(session: Session, webhook: Webhook, by: Origin) -> None:
    """Forget a webhook and its messages."""
    webhook.note("webhook.removed", by)
    session.delete(webhook)


def ping(session: Session, webhook: Webhook, by: Origin) -> WebhookDelivery:
    """Ask for a test message."""
    webhook.require_owner(by)
    if not webhook.active:
        raise Conflict("The webhook is off: switch it on first")
    return queue(session, webhook, PING, by.at)


def queue(session: Session, webhook: Webhook, kind: str, now: datetime, event: Event | None = None) -> WebhookDelivery:
    """A message that waits to be sent."""
    delivery = WebhookDelivery(
        webhook_id=webhook.id, message_id=f"msg_{secrets.token_hex(16)}", kind=kind, state=WAITING, attempts=0,
        next_at=now, created_at=now, event_id=event.id if event else None, page_id=event.page_id if event else None,
        tries=[], fault={},
    )  # fmt: skip
    session.add(delivery)
    session.flush()
    return delivery


def new_secret() -> str:
    """A secret as Standard Webhooks writes it: ``whsec_`` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signatures(secrets_: list[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The header ``webhook-signature``: one ``v1,…`` for each secret, HMAC-SHA256 over ``id.timestamp.body``."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix(PREFIX)) for secret in secrets_]
    return " ".join("v1," + base64.b64encode(hmac.new(key, signed, sha256).digest()).decode() for key in keys)


def _write(webhook: Webhook, wish: Wish) -> None:
    """Check a wish and write it; :class:`Invalid` names each field that cannot be taken."""
    errors: dict[str, list[object]] = {}
    wish = replace(
        wish,
        name=clean(wish.name, "name").strip(),
        url=clean(wish.url, "url").strip(),
        filter=clean(wish.filter, "filter"),
    )
    if not wish.name:
        errors["name"] = [_("Enter a name")]
    if fault := _fault_of(wish.url):
        errors["url"] = [fault]
    conditions = [(name, clean(value, "filter")) for name, value in parse_qsl(wish.filter.removeprefix("?"))]
    try:
        read = CaseFilter.read(conditions)
    except Invalid:
        read = CaseFilter()
    if wish.filter and (not read or {name for name, _value in conditions} - set(NAMES)):
        errors["filter"] = [_("This is no filter of cases: write it as in the address of a list, group=it-net")]
    if errors:
        raise Invalid(errors)
    webhook.name, webhook.url, webhook.internal = wish.name[:100], wish.url, wish.internal
    webhook.kinds, webhook.filter = list(dict.fromkeys(wish.kinds)), read.stored()


def _fault_of(address: str) -> Message | None:
    """What is wrong with an address; whether it is public is asked when it is used."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        return _("Enter an address that begins with https://")
    if url.scheme not in PORTS or not url.host or len(address) > 1000:
        return _("Enter an address that begins with https://")
    if url.userinfo:
        return _("An address holds no password: the signature says who sends")
    return None
