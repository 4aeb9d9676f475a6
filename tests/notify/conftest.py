"""A request of Maria's to be told of."""

import time
from contextlib import nullcontext
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from acm import clock
from acm.catalog.filing import Filing, file_request
from acm.journal import Consumer, Event, Origin
from acm.notify.models import Notification
from acm.notify.telling import tell
from acm.notify.webhooks import Wish, add_webhook
from acm.notify.webhooks_feed import feed
from acm.notify.webhooks_sending import Courier
from acm.pages.visibility import unrestricted
from acm.people.models import Person
from tests.catalog.conftest import offer
from tests.notify.webhooks import Receiver

__all__ = ["offer"]


@pytest.fixture
def request_of_maria(session, offer, person, runtime):
    maria = person("maria")
    filing = Filing(offer(), {"reason": "I work from home"}, maria, maria, "en")
    case = file_request(session, filing, Origin(maria, clock.now()), runtime.snapshot, "Europe/Moscow")
    session.commit()
    return case


@pytest.fixture
def told(runtime, session):
    """``told()`` lets the consumer catch up and says who was told of what."""

    def run():
        session.commit()
        deadline = time.monotonic() + 20
        while tell(runtime.db, runtime.snapshot) or (not caught_up(runtime) and time.monotonic() < deadline):
            time.sleep(0.02)  # on PostgreSQL another database's transaction may hold events back
        session.expire_all()
        statement = select(Person.login, Notification.kind).join(Person, Person.id == Notification.person_id)
        rows = [
            tuple(row) for row in session.execute(statement.prefix_with("/*door:inside*/").order_by(Notification.id))
        ]
        session.commit()
        return rows

    return run


def caught_up(runtime, name="notify"):
    """Whether the consumer has passed the newest event."""
    with runtime.db.reading() as reading:
        newest = reading.scalar(unrestricted(select(func.max(Event.id)), "test"))
        cursor = reading.get(Consumer, name)
        return cursor is not None and cursor.event_id == newest


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def other_receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def settings(settings, receiver, other_receiver):
    """The receivers listen on this machine, so they have to be listed."""
    return settings.model_copy(update={"outbound_allow": f"{receiver.place} {other_receiver.place}"})


@pytest.fixture
def hook(session, settings, receiver, person):
    """``hook("oleg", kinds=…)`` is a webhook of Oleg's to the receiver, and its secret."""

    def make(login="oleg", **wish):
        wish = {"name": "Monitoring", "url": receiver.url, **wish}
        made = add_webhook(session, settings, Wish(**wish), Origin(person(login), clock.now()))
        session.commit()
        return made

    return make


@pytest.fixture
def read_journal(runtime, session):
    """``read_journal()`` lets the webhooks hear of all that has happened."""

    def run():
        session.commit()
        ends = time.monotonic() + 20
        while feed(runtime.db, runtime.snapshot) or (not caught_up(runtime, "webhooks") and time.monotonic() < ends):
            time.sleep(0.02)  # on PostgreSQL another database's transaction may hold events back

    return run


@pytest.fixture
def deliver(runtime, session, settings, read_journal):
    """``deliver()`` lets the journal be read and everything due be sent; ``deliver(later)`` as if it were later."""

    def run(later=timedelta(0)):
        read_journal()
        courier = Courier(settings)
        with time_machine.travel(clock.now() + later) if later else nullcontext():
            while courier(runtime.db, runtime.snapshot):
                courier.wait()
        courier.pool.shutdown()
        session.expire_all()

    return run
