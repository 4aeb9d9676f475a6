"""Sending what waits: a few threads of their own, so that a slow target holds up neither the jobs nor another target.

Each target has its queue. Whoever holds the lease on a webhook's row sends what is due, one message after the other,
for a few seconds; no transaction is open meanwhile. A killed process' lease ends and its message is sent again, with
the same id. Five failures in a row open the target's breaker; three days of nothing but failures switch it off.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import structlog
from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session, joinedload

from acm import __version__, clock
from acm.cases.filtering import CaseFilter
from acm.db import Database, moment
from acm.i18n import Message, _
from acm.jobs.queue import enqueue
from acm.journal import Event, Origin
from acm.notify.models import Notification
from acm.notify.webhooks import (
    DELIVERED,
    DROPPED,
    FAILED,
    FAILING,
    GONE,
    PING,
    WAITING,
    Webhook,
    WebhookDelivery,
    signatures,
)
from acm.notify.webhooks_feed import message, test_message, told
from acm.pages.visibility import unrestricted
from acm.people.rights import grants_of
from acm.settings import Settings
from acm.snapshot import Snapshot
from acm.web.outbound import OutboundRefused, guarded_client
from acm.web.sealed import OtherKey

log = structlog.get_logger("acm.webhooks")

PAUSES = tuple(
    timedelta(seconds=s) for s in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)  # 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h
THREADS = 8
TURN = 10.0
LEASE = timedelta(seconds=60)
FAILURES_TO_OPEN = 5
OPEN_FOR = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
FAILING_FOR = timedelta(days=3)
KEPT_TRIES = 20
KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Letter:
    """A message ready to be sent."""

    delivery_id: int
    message_id: str
    url: str
    body: bytes
    secrets: list[str]


@dataclass(frozen=True)
class Outcome:
    """What came of a try: the status of the answer, whose body nobody is shown, or the fault."""

    at: datetime
    seconds: float
    code: int | None = None
    retry_after: int = 0
    fault: dict[str, Any] = field(default_factory=dict)

    @property
    def is_fine(self) -> bool:
        return self.code is not None and 200 <= self.code < 300


class Courier:
    """The consumer that hands targets with something due to threads. One per process."""

    def __init__(self, settings: Settings, *, threads: int = THREADS) -> None:
        self.settings, self.threads = settings, threads
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="acm-webhook")
        self.busy: dict[int, Future[None]] = {}
        self.lock = threading.Lock()

    def __call__(self, db: Database, snapshot: Snapshot) -> int:
        """Give each due target that nobody serves to a free thread; says how many."""
        with self.lock:
            self.busy = {id_: future for id_, future in self.busy.items() if not future.done()}
            due = _due(db, clock.now(), except_=list(self.busy), limit=self.threads - len(self.busy))
            for id_ in due:
                self.busy[id_] = self.pool.submit(self._serve, db, snapshot, id_)
        return len(due)

    def wait(self) -> None:
        """Until every thread has come back."""
        for future in list(self.busy.values()):
            future.result()

    def _serve(self, db: Database, snapshot: Snapshot, webhook_id: int) -> None:
        """Send what is due to one target, for a turn."""
        if not _take(db, webhook_id, clock.now()):
            return
        try:
            ends = time.monotonic() + TURN
            while time.monotonic() < ends and (letter := self._next(db, snapshot, webhook_id)) is not None:
                keep(db, snapshot, letter.delivery_id, self._send(letter))
        except Exception as error:  # the lease ends below, and the next round tries again
            log.warning("webhook", webhook=webhook_id, exc_info=error)
        finally:
            _release(db, webhook_id)

    def _next(self, db: Database, snapshot: Snapshot, webhook_id: int) -> Letter | None:
        """The next message that its owner may still send; those of pages closed to them meanwhile are dropped."""
        with db.writing(snapshot) as session:
            now = clock.now()
            webhook = session.get(Webhook, webhook_id, options=[joinedload(Webhook.owner)])
            if webhook is None or not webhook.active or (webhook.open_until and webhook.open_until > now):
                return None
            for delivery in session.scalars(_waiting(webhook_id, now)):
                if (said := _said(session, self.settings, webhook, delivery)) is not None:
                    body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
                    sealed = _secrets(webhook, self.settings, now)
                    return Letter(delivery.id, delivery.message_id, webhook.url, body, sealed)
                delivery.state, delivery.next_at, delivery.done_at = DROPPED, None, now
        return None

    def _send(self, letter: Letter) -> Outcome:
        at, began = clock.now(), time.monotonic()
        if not letter.secrets:
            return Outcome(at, 0, fault={"text": OtherKey.title})
        try:
            with guarded_client(self.settings) as client:
                answer = client.post(letter.url, content=letter.body, headers=headers_of(letter, at))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Outcome(at, time.monotonic() - began, fault=_fault(error))
        after = answer.headers.get("retry-after", "")
        wait = min(int(after), 86_400) if after.isdecimal() and len(after) < 9 else 0
        return Outcome(at, time.monotonic() - began, answer.status_code, wait)


def headers_of(letter: Letter, at: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    timestamp = int(at.timestamp())
    return {
        "content-type": "application/json",
        "user-agent": f"ACM/{__version__}",
        "webhook-id": letter.message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures(letter.secrets, letter.message_id, timestamp, letter.body),
    }


def keep(db: Database, snapshot: Snapshot, delivery_id: int, outcome: Outcome) -> None:
    """Write what came of a try: on the message, and on the health of its target."""
    with db.writing(snapshot) as session:
        delivery = session.get(WebhookDelivery, delivery_id)
        if delivery is None:
            return
        webhook = session.get_one(Webhook, delivery.webhook_id, with_for_update=True)
        delivery.attempts += 1
        delivery.code, delivery.fault = outcome.code, outcome.fault
        one = {"at": moment(outcome.at), "ms": round(outcome.seconds * 1000), "code": outcome.code, **outcome.fault}
        delivery.tries = [*delivery.tries, one][-KEPT_TRIES:]
        if outcome.is_fine:
            delivery.state, delivery.next_at, delivery.done_at = DELIVERED, None, outcome.at
            webhook.failures, webhook.failing_since, webhook.open_until = 0, None, None
        else:
            _put_back(delivery, outcome)
            _suffer(session, webhook, outcome)


def _put_back(delivery: WebhookDelivery, outcome: Outcome) -> None:
    if delivery.attempts > len(PAUSES) or delivery.kind == PING:
        delivery.state, delivery.next_at, delivery.done_at = FAILED, None, outcome.at
        return
    pause = max(PAUSES[delivery.attempts - 1], timedelta(seconds=outcome.retry_after))
    delivery.state, delivery.next_at = WAITING, outcome.at + pause


def _suffer(session: Session, webhook: Webhook, outcome: Outcome) -> None:
    """Count a failure of the target: open its breaker, or switch it off and tell the owner."""
    webhook.failures += 1
    webhook.failing_since = webhook.failing_since or outcome.at
    if (over := webhook.failures - FAILURES_TO_OPEN) >= 0:
        webhook.open_until = outcome.at + OPEN_FOR[min(over, len(OPEN_FOR) - 1)]
    gone = outcome.code == httpx.codes.GONE
    if webhook.active and (gone or outcome.at - webhook.failing_since >= FAILING_FOR):
        event = webhook.disable(Origin(None, outcome.at), GONE if gone else FAILING)
        session.flush()
        if event is not None:
            enqueue(session, "webhook.off", {"webhook": webhook.id, "event": event.id}, key=f"webhook.off:{webhook.id}")


def tell_owner(session: Session, args: Mapping[str, Any]) -> None:
    """Job ``webhook.off``: let the owner know, by the bell and by mail, that their webhook was switched off."""
    webhook = session.get(Webhook, args["webhook"])
    event = session.scalars(unrestricted(select(Event).where(Event.id == args["event"]), "webhooks")).first()
    if webhook is None or event is None or not webhook.owner.active:
        return
    known = (Notification.person_id == webhook.owner_id, Notification.event_id == event.id)
    if session.scalars(unrestricted(select(Notification.id).where(*known), "webhooks")).first():
        return
    note = Notification(person_id=webhook.owner_id, event_id=event.id, kind=event.kind, at=event.at)
    session.add(note)
    session.flush()
    if webhook.owner.email and webhook.owner.settings.get("mail", True):
        enqueue(session, "mail.notification", {"notification": note.id}, key=f"mail:{note.id}")


def sweep(session: Session) -> None:
    """Forget messages that are done for a month."""
    done = WebhookDelivery.done_at < clock.now() - KEPT
    session.execute(delete(WebhookDelivery).where(WebhookDelivery.state != WAITING, done))


def _due(db: Database, now: datetime, *, except_: list[int], limit: int) -> list[int]:
    if limit <= 0:
        return []
    statement = (
        select(WebhookDelivery.webhook_id)
        .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
        .where(WebhookDelivery.state == WAITING, WebhookDelivery.next_at <= now, *_served_now(now))
        .where(WebhookDelivery.webhook_id.not_in(except_))
        .group_by(WebhookDelivery.webhook_id)
        .limit(limit)
    )
    with db.reading() as session:
        return list(session.scalars(statement))


def _served_now(now: datetime) -> tuple[Any, ...]:
    """Conditions on a webhook whose messages may be sent at this moment, by whoever comes first."""
    closed = or_(Webhook.open_until.is_(None), Webhook.open_until <= now)
    return (Webhook.active, closed, or_(Webhook.lease_until.is_(None), Webhook.lease_until <= now))


def _take(db: Database, webhook_id: int, now: datetime) -> bool:
    with db.writing() as session:
        claim = update(Webhook).where(Webhook.id == webhook_id, *_served_now(now)).values(lease_until=now + LEASE)
        taken: Any = session.execute(claim)
        return bool(taken.rowcount)


def _release(db: Database, webhook_id: int) -> None:
    with db.writing() as session:
        session.execute(update(Webhook).where(Webhook.id == webhook_id).values(lease_until=None))


def _waiting(webhook_id: int, now: datetime) -> Any:
    due = (WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.state == WAITING, WebhookDelivery.next_at <= now)
    return select(WebhookDelivery).where(*due).order_by(WebhookDelivery.next_at, WebhookDelivery.id).limit(50)


def _said(session: Session, settings: Settings, webhook: Webhook, delivery: WebhookDelivery) -> dict[str, Any] | None:
    """What a message says now, None when its owner may not tell it any more."""
    if delivery.event_id is None:
        return test_message(delivery, webhook)
    if not webhook.owner.active:
        return None
    found = told(session, webhook, grants_of(session, webhook.owner), [delivery.event_id], CaseFilter())
    return message(session, settings, *found[0]) if found else None


def _secrets(webhook: Webhook, settings: Settings, now: datetime) -> list[str]:
    try:
        return webhook.secrets_at(settings, now)
    except OtherKey:
        return []


def _fault(error: Exception) -> dict[str, Any]:
    """Why there was no answer, in words that can be translated."""
    if isinstance(error, OutboundRefused):
        return {"text": error.reason.id, "params": {k: str(v) for k, v in error.reason.params.items()}}
    if isinstance(error, httpx.TimeoutException):
        return {"text": _("No answer in time").id}
    said: Message = _("No connection: %(fault)s", fault=str(error)[:200])
    return {"text": said.id, "params": dict(said.params)}
