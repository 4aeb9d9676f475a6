"""Webhooks over JSON: the same as the screens."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import ConfigDict, Field
from sqlalchemy.orm import Session

from acm.errors import Invalid
from acm.i18n import _
from acm.notify.webhooks import Webhook, Wish, add_webhook, ping, remove_webhook
from acm.notify.webhooks_log import (
    STATES,
    Line,
    delivery_of,
    lines,
    log_of,
    require_known,
    webhook_of,
    webhooks,
)
from acm.people.signin import Me, permitted
from acm.web.api import (
    IfMatch,
    Model,
    Paged,
    View,
    after_id,
    api_router,
    page_of,
    require_version,
    tag_answer,
    write_cursor,
)
from acm.web.runtime import Db, World
from acm.web.templating import Ui

router = api_router("webhooks")
MAY = [permitted("webhook.manage")]
EXAMPLE: dict[str, Any] = {
    "name": "Chat",
    "url": "https://chat.example/hooks/42",
    "kinds": ["case.opened"],
    "filter": "group=it-net",
}


class WebhookView(
    View,
    json_schema_extra={
        "example": {
            "id": 3,
            "name": "Chat",
            "url": "https://chat.example/hooks/42",
            "owner": "ada",
            "kinds": ["case.opened"],
            "filter": "group=it-net",
            "internal": False,
            "active": True,
            "off_because": "",
            "failures": 0,
            "failing_since": None,
            "created_at": "2026-11-20T08:00:00Z",
            "version": 1,
        }
    },
):
    id: int
    name: str
    url: str
    owner: str | None
    kinds: list[str]
    filter: str
    internal: bool
    active: bool
    off_because: str
    failures: int
    failing_since: datetime | None
    created_at: datetime
    version: int


class MadeView(
    WebhookView,
    json_schema_extra={
        "example": {
            "id": 3,
            "name": "Chat",
            "url": "https://chat.example/hooks/42",
            "owner": "ada",
            "kinds": ["case.opened"],
            "filter": "group=it-net",
            "internal": False,
            "active": True,
            "off_because": "",
            "failures": 0,
            "failing_since": None,
            "created_at": "2026-11-20T08:00:00Z",
            "version": 1,
            "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        }
    },
):
    """With its secret, which is shown this once."""

    secret: str


class SecretView(
    View,
    json_schema_extra={
        "example": {"secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "old_until": "2026-11-21T08:00:00Z"}
    },
):
    secret: str
    old_until: datetime | None


class WebhooksView(View):
    items: list[WebhookView]
    next: str | None


class DeliveryView(
    View,
    json_schema_extra={
        "example": {
            "id": 70,
            "message_id": "msg_2Lh9KRb0pzN4LePd3XiA4v12Axj",
            "kind": "case.opened",
            "event_id": 311,
            "page": "IT-42",
            "state": "delivered",
            "attempts": 1,
            "next_at": None,
            "code": 204,
            "fault": "",
            "created_at": "2026-11-20T08:00:00Z",
            "done_at": "2026-11-20T08:00:01Z",
        }
    },
):
    """A message. ``page`` is the number of its page, where you may see it."""

    id: int
    message_id: str
    kind: str
    event_id: int | None
    page: str | None
    state: str
    attempts: int
    next_at: datetime | None
    code: int | None
    fault: str
    created_at: datetime
    done_at: datetime | None


class DeliveriesView(View):
    items: list[DeliveryView]
    next: str | None


class NewWebhook(Model):
    """A webhook that acts as you. No ``kinds`` means every kind; ``filter`` is one of cases, as in an address."""

    name: str = Field(max_length=100)
    url: str = Field(max_length=1000)
    kinds: list[str] = Field(default=[], max_length=200)
    filter: str = Field(default="", max_length=1000)
    internal: bool = False

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})


class WebhookChange(Model):
    """What is left out stays."""

    name: str | None = Field(default=None, max_length=100)
    url: str | None = Field(default=None, max_length=1000)
    kinds: list[str] | None = Field(default=None, max_length=200)
    filter: str | None = Field(default=None, max_length=1000)
    internal: bool | None = None
    active: bool | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"active": False}]})


@router.get("/webhooks", response_model=WebhooksView, dependencies=MAY)
def list_webhooks(db: Db, me: Me, page: Paged) -> Any:
    """Every webhook, by id."""
    rows = webhooks(db, after=after_id(page), limit=page.limit + 1)
    return page_of(rows, page.limit, view_of, lambda w: write_cursor(id=w.id))


@router.post("/webhooks", status_code=201, dependencies=MAY)
def make_webhook(db: Db, me: Me, ui: Ui, world: World, new: NewWebhook, response: Response) -> MadeView:
    """A webhook that acts as you; its secret is in this answer and in no other."""
    require_known(world, new.kinds)
    wish = Wish(new.name.strip(), new.url.strip(), tuple(new.kinds), new.filter.strip(), new.internal)
    webhook, secret = add_webhook(db, ui.settings, wish, me.origin())
    tag_answer(response, webhook.version)
    response.headers["Location"] = f"/api/v1/webhooks/{webhook.id}"
    return MadeView(**view_of(webhook).model_dump(), secret=secret)


@router.get("/webhooks/{webhook_id}", dependencies=MAY)
def show_webhook(db: Db, me: Me, webhook_id: int, response: Response) -> WebhookView:
    webhook = webhook_of(db, webhook_id)
    tag_answer(response, webhook.version)
    return view_of(webhook)


@router.patch("/webhooks/{webhook_id}", dependencies=MAY)
def change_webhook(
    db: Db, me: Me, world: World, webhook_id: int, change: WebhookChange, response: Response, if_match: IfMatch = None
) -> WebhookView:
    """Change it, or switch it on or off."""
    webhook = _locked(db, webhook_id, if_match, change.model_dump(exclude_unset=True))
    given = {k: v for k, v in change.model_dump(exclude_unset=True, exclude={"active"}).items() if v is not None}
    if given:
        require_known(world, given.get("kinds", ()))
        texts: dict[str, Any] = {k: v.strip() if isinstance(v, str) else v for k, v in given.items()}
        webhook.change(replace(webhook.wish, **texts), me.origin())
    if change.active is not None:
        switch = webhook.enable if change.active else webhook.disable
        switch(me.origin())
    db.flush()
    tag_answer(response, webhook.version)
    return view_of(webhook)


@router.delete("/webhooks/{webhook_id}", status_code=204, dependencies=MAY)
def remove(db: Db, me: Me, webhook_id: int, if_match: IfMatch = None) -> None:
    """Remove it with its log."""
    remove_webhook(db, _locked(db, webhook_id, if_match, {}), me.origin())


@router.post("/webhooks/{webhook_id}/secret", dependencies=MAY)
def rotate_secret(db: Db, me: Me, ui: Ui, webhook_id: int) -> SecretView:
    """A new secret, in this answer and in no other; the old one signs too until ``old_until``."""
    webhook = webhook_of(db, webhook_id, lock=True)
    return SecretView(secret=webhook.rotate(ui.settings, me.origin()), old_until=webhook.old_until)


@router.post("/webhooks/{webhook_id}/owner", dependencies=MAY)
def take_over(db: Db, me: Me, webhook_id: int) -> WebhookView:
    """Let it act as you from now on."""
    webhook = webhook_of(db, webhook_id, lock=True)
    webhook.take_over(me.origin())
    return view_of(webhook)


@router.post("/webhooks/{webhook_id}/ping", status_code=202, dependencies=MAY)
def send_test(db: Db, me: Me, webhook_id: int) -> DeliveryView:
    """Send a test message."""
    return delivery_view(Line(ping(db, webhook_of(db, webhook_id, lock=True), me.origin()), None))


@router.get("/webhooks/{webhook_id}/deliveries", response_model=DeliveriesView, dependencies=MAY)
def list_deliveries(
    db: Db,
    me: Me,
    webhook_id: int,
    page: Paged,
    state: Annotated[str, Query(max_length=20, description="waiting, delivered, failed or dropped.")] = "",
) -> Any:
    """The messages of a webhook, the newest first."""
    if state and state not in STATES:
        raise Invalid({"state": [_("Choose one of the offered values")]})
    webhook = webhook_of(db, webhook_id)
    rows = log_of(db, webhook, me.grants, state=state, before=after_id(page), limit=page.limit + 1)
    return page_of(rows, page.limit, delivery_view, lambda one: write_cursor(id=one.delivery.id))


@router.post("/webhooks/{webhook_id}/deliveries/{delivery_id}/resend", status_code=202, dependencies=MAY)
def resend(db: Db, me: Me, webhook_id: int, delivery_id: int) -> DeliveryView:
    """Send a message again, under its id."""
    origin, webhook = me.origin(), webhook_of(db, webhook_id, lock=True)
    delivery = delivery_of(db, webhook, delivery_id)
    delivery.send_again(origin.at)
    return delivery_view(lines(db, me.grants, [delivery])[0])


def view_of(webhook: Webhook) -> WebhookView:
    """A webhook without its secret."""
    wish = webhook.wish
    return WebhookView(
        id=webhook.id, owner=webhook.owner.login, active=webhook.active, off_because=webhook.off_because,
        failures=webhook.failures or 0, failing_since=webhook.failing_since, created_at=webhook.created_at,
        version=webhook.version, name=wish.name, url=wish.url, kinds=list(wish.kinds), filter=wish.filter,
        internal=wish.internal,
    )  # fmt: skip


def delivery_view(line: Line) -> DeliveryView:
    one = line.delivery
    return DeliveryView(
        id=one.id, message_id=one.message_id, kind=one.kind, event_id=one.event_id, state=one.state,
        page=line.page.number if line.page else None, attempts=one.attempts, next_at=one.next_at, code=one.code,
        fault=str(one.reason or ""), created_at=one.created_at, done_at=one.done_at,
    )  # fmt: skip


def _locked(db: Session, webhook_id: int, if_match: str | None, yours: dict[str, Any]) -> Webhook:
    """The webhook in the version that the caller saw."""
    webhook = webhook_of(db, webhook_id, lock=True)
    require_version(if_match, webhook.version, theirs=view_of(webhook).model_dump(mode="json"), yours=yours)
    return webhook
