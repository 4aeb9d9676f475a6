"""/admin/webhooks: what is told to whom, how it went, and the secret, shown once."""

from __future__ import annotations

from typing import Any

from fastapi.responses import Response
from sqlalchemy.orm import Session

from acm.errors import Conflict, Invalid
from acm.i18n import _
from acm.notify.webhooks import PING, Webhook, Wish, add_webhook, ping, remove_webhook
from acm.notify.webhooks_log import (
    KINDS,
    STATES,
    delivery_of,
    log_of,
    offered_kinds,
    require_known,
    waiting,
    webhook_of,
    webhooks,
)
from acm.people.signin import Me, Viewer, permitted
from acm.web.forms import Form, Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui

PATH = "/admin/webhooks"
router = new_router(prefix=PATH, dependencies=[permitted("webhook.manage")])
STEP = 50
Errors = dict[str, list[object]]


@router.get("")
def show_webhooks(ui: Ui, db: Db, me: Me) -> Response:
    found = webhooks(db)
    return ui.page("webhooks/index.html", webhooks=found, waiting=waiting(db, [w.id for w in found]))


@router.get("/new")
def new_webhook(ui: Ui, db: Db, me: Me) -> Response:
    return _new(ui, Wish("", ""))


@router.post("")
def make_webhook(ui: Ui, db: Db, me: Me, form: Submitted) -> Response:
    """A new webhook of one's own; its secret is shown this once."""
    wish = _wish(form)
    try:
        require_known(ui.snapshot, wish.kinds)
        webhook, secret = add_webhook(db, ui.settings, wish, me.origin())
    except Invalid as problem:
        return _new(ui, wish, problem.errors)
    return _page(ui, db, me, webhook, secret=secret)


@router.get("/{webhook_id}")
def show_webhook(ui: Ui, db: Db, me: Me, webhook_id: int, state: str = "", before: int = 0) -> Response:
    """One webhook with its log; ``state`` narrows the log, ``before`` goes on in it."""
    return _page(ui, db, me, webhook_of(db, webhook_id), state=state if state in STATES else "", before=before)


@router.post("/{webhook_id}")
def change_webhook(ui: Ui, db: Db, me: Me, webhook_id: int, form: Submitted) -> Response:
    """Say something else of it, as its owner saw it (``version``)."""
    webhook, wish = webhook_of(db, webhook_id, lock=True), _wish(form)
    try:
        if form.number("version") not in (None, webhook.version):
            raise Conflict("Somebody changed this webhook before you")
        require_known(ui.snapshot, wish.kinds)
        webhook.change(wish, me.origin())
    except Invalid as problem:
        db.rollback()
        return _page(ui, db, me, webhook_of(db, webhook_id), wish=wish, errors=problem.errors)
    return ui.redirect(f"{PATH}/{webhook_id}")


@router.post("/{webhook_id}/secret")
def rotate_secret(ui: Ui, db: Db, me: Me, webhook_id: int) -> Response:
    """A new secret, shown this once; the old one signs for a day more."""
    webhook = webhook_of(db, webhook_id, lock=True)
    return _page(ui, db, me, webhook, secret=webhook.rotate(ui.settings, me.origin()))


@router.post("/{webhook_id}/state")
def switch(ui: Ui, db: Db, me: Me, webhook_id: int, form: Submitted) -> Response:
    """On or off (``on`` empty)."""
    webhook = webhook_of(db, webhook_id, lock=True)
    if form.flag("on"):
        webhook.enable(me.origin())
    else:
        webhook.disable(me.origin())
    return ui.redirect(f"{PATH}/{webhook_id}")


@router.post("/{webhook_id}/owner")
def take_over(ui: Ui, db: Db, me: Me, webhook_id: int) -> Response:
    """From now on it acts as me."""
    webhook_of(db, webhook_id, lock=True).take_over(me.origin())
    return ui.redirect(f"{PATH}/{webhook_id}")


@router.post("/{webhook_id}/ping")
def send_test(ui: Ui, db: Db, me: Me, webhook_id: int) -> Response:
    """Send a test message."""
    ping(db, webhook_of(db, webhook_id, lock=True), me.origin())
    return ui.redirect(f"{PATH}/{webhook_id}#log")


@router.post("/{webhook_id}/deliveries/{delivery_id}/resend")
def resend(ui: Ui, db: Db, me: Me, webhook_id: int, delivery_id: int) -> Response:
    """Send a message again, under its id."""
    origin, webhook = me.origin(), webhook_of(db, webhook_id, lock=True)
    delivery_of(db, webhook, delivery_id).send_again(origin.at)
    return ui.redirect(f"{PATH}/{webhook_id}#log")


@router.get("/{webhook_id}/removal")
def ask_removal(ui: Ui, db: Db, me: Me, webhook_id: int) -> Response:
    return ui.page("webhooks/removal.html", webhook=webhook_of(db, webhook_id))


@router.post("/{webhook_id}/removal")
def remove(ui: Ui, db: Db, me: Me, webhook_id: int) -> Response:
    """Forget a webhook with its log."""
    remove_webhook(db, webhook_of(db, webhook_id, lock=True), me.origin())
    return ui.redirect(PATH)


def menu(ui: UI) -> dict[str, Any] | None:
    """The entry of the side bar, for those who may."""
    if not ui.viewer or not ui.viewer.may("webhook.manage"):
        return None
    current = ui.request.url.path.startswith(PATH)
    return {"key": "webhooks", "href": PATH, "label": ui.say(_("Webhooks")), "icon": "send", "current": current}


def _wish(form: Form) -> Wish:
    kinds = tuple(form.texts("kinds"))
    return Wish(form.text("name"), form.text("url"), kinds, form.text("filter"), form.flag("internal"))


def _new(ui: UI, wish: Wish, errors: Errors | None = None) -> Response:
    return ui.page(
        "webhooks/new.html", status=422 if errors else 200, wish=wish, errors=errors or {}, kinds=_kinds(ui, wish)
    )


def _page(
    ui: UI,
    db: Session,
    me: Viewer,
    webhook: Webhook,
    *,
    secret: str = "",
    state: str = "",
    before: int = 0,
    wish: Wish | None = None,
    errors: Errors | None = None,
) -> Response:
    wish = wish or webhook.wish
    log = log_of(db, webhook, me.grants, state=state, before=before, limit=STEP + 1)
    more = f"{PATH}/{webhook.id}?state={state}&before={log[STEP - 1].delivery.id}#log" if len(log) > STEP else ""
    return ui.page(
        "webhooks/show.html", status=422 if errors else 200, webhook=webhook,
        wish=wish, errors=errors or {}, mine=webhook.owner_id == me.id, secret=secret, kinds=_kinds(ui, wish),
        log=log[:STEP], next_href=more, state=state, states=STATES, waiting=waiting(db, [webhook.id]).get(webhook.id, 0),
        named={**KINDS, PING: _("A test")},
    )  # fmt: skip


def _kinds(ui: UI, wish: Wish) -> list[dict[str, str]]:
    return [{"value": kind, "label": ui.say(words)} for kind, words in offered_kinds(ui.snapshot, wish.kinds).items()]
