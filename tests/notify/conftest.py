"""A request of Maria's to be told of."""

import time

import pytest
from sqlalchemy import func, select

from acm import clock
from acm.catalog.filing import Filing, file_request
from acm.journal import Consumer, Event, Origin
from acm.notify.models import Notification
from acm.notify.telling import tell
from acm.pages.visibility import unrestricted
from acm.people.models import Person
from tests.catalog.conftest import offer

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


def caught_up(runtime):
    """Whether the consumer has passed the newest event."""
    with runtime.db.reading() as reading:
        newest = reading.scalar(unrestricted(select(func.max(Event.id)), "test"))
        cursor = reading.get(Consumer, "notify")
        return cursor is not None and cursor.event_id == newest
