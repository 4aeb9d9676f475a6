"""Outgoing webhooks: what goes out, to whom, how it is signed, and what happens when nobody answers."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from acm import clock
from acm.catalog.models import Service
from acm.errors import Forbidden
from acm.jobs.consumers import rewind
from acm.jobs.queue import run_due
from acm.journal import Origin
from acm.notify.models import Notification
from acm.notify.webhooks import Webhook, WebhookDelivery, ping
from acm.notify.webhooks_sending import FAILURES_TO_OPEN, PAUSES, Courier
from acm.pages.comments import add_comment
from acm.pages.links import link_pages
from acm.pages.visibility import unrestricted


def by(who, **more):
    return Origin(who, clock.now(), **more)


@pytest.fixture
def comment(session, person, request_of_maria):
    """``comment("hello")``: Pavel says it on Maria's request."""

    def say(text, **more):
        add_comment(session, request_of_maria, text, by(person("pavel")), **more)
        session.commit()

    return say


@pytest.fixture
def deliveries(session):
    return lambda: session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)).all()


def test_a_message_says_what_happened_to_which_page_and_is_signed(hook, comment, deliver, receiver, request_of_maria):
    _webhook, secret = hook()
    comment("which version?")

    deliver()

    [heard] = receiver.heard
    data = heard.said["data"]
    assert (heard.said["type"], data["page"]["number"], data["actor"]["login"], data["comment"]["body"]) == (
        "comment.added", request_of_maria.number, "pavel", "which version?",
    )  # fmt: skip
    assert heard.is_signed_with(secret)
    assert not heard.is_signed_with("whsec_" + "A" * 43 + "=")


def test_a_message_is_sent_once_however_often_the_journal_is_read(hook, comment, deliver, receiver, session):
    hook()
    comment("hello")
    deliver()
    rewind(session, "webhooks")
    deliver()

    assert receiver.kinds() == ["comment.added"]


def test_what_happened_before_the_webhook_and_what_was_imported_is_not_told(
    hook, comment, deliver, receiver, request_of_maria, person, session
):
    comment("before")
    hook()
    add_comment(session, request_of_maria, "old", by(person("pavel"), source="import:x"))

    deliver()

    assert receiver.heard == []


def test_only_the_chosen_kinds_and_cases_are_told(hook, comment, deliver, receiver, session, person, request_of_maria):
    hook(kinds=("case.moved",))
    hook(filter="group=hr-ops", name="Of another group")
    comment("not this")
    request_of_maria.enter(request_of_maria.case_type.state("in_progress"), by(person("oleg")))

    deliver()

    assert receiver.kinds() == ["case.moved"]


def test_a_filter_of_cases_lets_its_cases_through(hook, comment, deliver, receiver):
    hook(filter="group=it-net")
    comment("of our group")

    deliver()

    assert receiver.kinds() == ["comment.added"]


def test_pages_that_the_owner_may_not_see_are_not_told(hook, comment, deliver, receiver):
    hook("lev")
    comment("nothing for lawyers")

    deliver()

    assert receiver.heard == []


def test_a_right_that_was_lost_before_sending_holds(
    hook, comment, deliver, receiver, request_of_maria, session, deliveries
):
    hook("irina")
    receiver.code = 500
    comment("wait")
    deliver()
    receiver.code, request_of_maria.confidential = 204, True

    deliver(timedelta(seconds=10))

    assert (len(receiver.heard), [d.state for d in deliveries()]) == (1, ["dropped"])


def test_internal_comments_never_leave_unless_allowed_and_the_owner_works_the_page(hook, comment, deliver, receiver):
    hook()
    hook("anna", internal=True, name="Of a reader")
    comment("between us", audience="internal")
    deliver()
    assert receiver.heard == []

    hook(internal=True, name="Of a worker")
    comment("among us", audience="internal")
    deliver()

    assert [one.said["data"]["comment"]["body"] for one in receiver.heard] == ["among us"]


def test_a_link_to_a_page_the_owner_may_not_see_is_not_told(hook, deliver, receiver, request_of_maria, session, person):
    hook("maria")
    service = session.scalars(unrestricted(select(Service), "test")).first()
    service.public, service.confidential = False, True
    link_pages(session, request_of_maria, service, "relates", by(person("oleg")))

    deliver()

    assert "link.added" not in receiver.kinds()


def test_of_a_confidential_page_only_its_number_goes_out(hook, comment, deliver, receiver, request_of_maria, person):
    hook("maria")
    request_of_maria.confidential = True
    comment("very private")

    deliver()

    [heard] = receiver.heard
    assert request_of_maria.number.encode() in heard.body
    assert b"very private" not in heard.body
    assert request_of_maria.title.encode() not in heard.body


def test_the_webhook_of_somebody_who_left_tells_nothing(hook, comment, deliver, receiver, person):
    hook()
    person("oleg").active = False
    comment("hello")

    deliver()

    assert receiver.heard == []


def test_a_message_that_failed_is_sent_again_with_the_same_id_after_growing_pauses(
    hook, comment, deliver, receiver, deliveries
):
    hook()
    receiver.code = 503
    comment("hello")
    deliver()
    [delivery] = deliveries()
    assert (delivery.state, delivery.code, delivery.attempts) == ("waiting", 503, 1)

    deliver()
    assert len(receiver.heard) == 1, "its pause is not over"
    deliver(PAUSES[0] + timedelta(seconds=1))
    deliver(PAUSES[1] + timedelta(seconds=10))

    assert len({heard.headers["webhook-id"] for heard in receiver.heard}) == 1
    assert [len(receiver.heard), deliveries()[0].attempts] == [3, 3]


def test_a_target_that_asks_for_time_gets_it(hook, comment, deliver, receiver, deliveries):
    hook()
    receiver.code, receiver.headers = 429, {"Retry-After": "3600"}
    comment("hello")

    deliver()

    [delivery] = deliveries()
    assert delivery.next_at >= clock.now() + timedelta(minutes=59)


def test_an_inner_address_that_nobody_listed_is_not_reached(hook, comment, deliver, deliveries):
    hook(url="http://169.254.169.254/latest/")
    comment("hello")

    deliver()

    [delivery] = deliveries()
    assert "is not public" in str(delivery.reason)


def test_after_failures_in_a_row_the_target_is_left_alone_for_a_while(hook, comment, deliver, receiver, session):
    webhook, _secret = hook()
    receiver.code = 500
    for number in range(FAILURES_TO_OPEN + 3):
        comment(f"hello {number}")

    deliver()
    assert (len(receiver.heard), webhook.open_until is not None) == (FAILURES_TO_OPEN, True)
    receiver.code = 204
    deliver(timedelta(minutes=2))

    assert (len({h.headers["webhook-id"] for h in receiver.heard}), webhook.open_until) == (FAILURES_TO_OPEN + 3, None)


def test_a_slow_target_holds_up_neither_another_target_nor_the_jobs(
    hook, comment, receiver, other_receiver, runtime, settings, read_journal
):
    receiver.held = threading.Event()
    courier = Courier(settings)
    hook()
    hook(url=other_receiver.url, name="Other")
    comment("hello")
    read_journal()
    courier(runtime.db, runtime.snapshot)
    quick = max(courier.busy)

    courier.busy[quick].result()
    run_due(runtime.db, runtime.snapshot, settings=settings)

    assert other_receiver.kinds() == ["comment.added"]
    receiver.held.set()
    courier.wait()
    courier.pool.shutdown()


def test_what_a_killed_process_held_is_sent_once_its_lease_has_ended(hook, comment, deliver, receiver):
    webhook, _secret = hook()
    webhook.lease_until = clock.now() + timedelta(seconds=60)
    comment("hello")
    deliver()
    assert receiver.heard == []

    deliver(timedelta(seconds=61))

    assert receiver.kinds() == ["comment.added"]


def test_a_target_that_is_gone_is_switched_off_at_once_and_its_owner_hears_of_it(
    hook, comment, deliver, receiver, runtime, settings, session, person, browse
):
    webhook, _secret = hook()
    receiver.code = 410
    comment("hello")

    deliver()
    run_due(runtime.db, runtime.snapshot, settings=settings)
    run_due(runtime.db, runtime.snapshot, settings=settings)

    assert (webhook.active, webhook.off_because) == (False, "gone")
    told = select(Notification).where(Notification.person_id == person("oleg").id, Notification.page_id.is_(None))
    assert len(session.scalars(unrestricted(told, "test")).all()) == 1
    assert "The webhook Monitoring is off" in browse("oleg").get("/me/notifications").text


def test_a_target_that_fails_for_days_is_switched_off(hook, comment, deliver, receiver, session):
    webhook, _secret = hook()
    receiver.code = 500
    comment("hello")
    deliver()
    assert webhook.active

    deliver(timedelta(days=3, seconds=5))

    assert (webhook.active, webhook.off_because) == (False, "failing")


def test_a_new_secret_signs_at_once_and_the_old_one_for_a_day(
    hook, comment, deliver, receiver, session, settings, person
):
    webhook, old = hook()
    new = webhook.rotate(settings, by(person("oleg")))
    comment("hello")
    deliver()

    assert receiver.heard[0].is_signed_with(old)
    assert receiver.heard[0].is_signed_with(new)
    ping(session, webhook, by(person("oleg")))
    deliver(timedelta(hours=25))
    assert not receiver.heard[1].is_signed_with(old)
    assert receiver.heard[1].is_signed_with(new)


def test_the_secret_lies_nowhere_in_the_database(hook, session):
    webhook, secret = hook()

    rows = session.execute(select(Webhook.__table__)).all()

    assert secret.removeprefix("whsec_") not in repr(rows)
    assert webhook.secret


def test_a_message_can_be_sent_again_under_its_id(hook, comment, deliver, receiver, deliveries):
    hook()
    comment("hello")
    deliver()
    deliveries()[0].send_again(clock.now())

    deliver()

    assert len(receiver.heard) == 2
    assert len({heard.headers["webhook-id"] for heard in receiver.heard}) == 1


def test_only_its_owner_says_where_a_webhook_sends_until_another_takes_it_over(hook, session, person, settings):
    webhook, _secret = hook("oleg")
    ada = by(person("ada"))

    for verb in (lambda: webhook.change(webhook.wish, ada), lambda: webhook.rotate(settings, ada), lambda: ping(session, webhook, ada)):  # fmt: skip
        with pytest.raises(Forbidden):
            verb()
    webhook.take_over(ada)

    assert webhook.rotate(settings, ada)
