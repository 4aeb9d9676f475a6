"""Cases of the cast: requests that Networks and HR work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from acm import clock
from acm.cases.filtering import Vantage
from acm.cases.models import Case
from acm.cases.opening import Opening, open_case
from acm.catalog.request_type import REQUEST
from acm.journal import Origin
from acm.people.models import Department, Group, Person
from acm.people.rights import Grants

MOSCOW = ZoneInfo("Europe/Moscow")
Open = Callable[..., Case]


@pytest.fixture
def open_request(
    session: Session,
    person: Callable[[str], Person],
    group: Callable[[str], Group],
    department: Callable[[str], Department],
) -> Open:
    """``open_request("VPN fails", owner="oleg")`` is Maria's request to Networks; committed."""

    def run(
        title: str = "VPN fails",
        *,
        by: str = "maria",
        owner: str = "",
        to: str = "it-net",
        unit: str = "it",
        at: datetime | None = None,
        due: timedelta | None = None,
        state: str = "",
        **more: object,
    ) -> Case:
        asked = person(by)
        opening = Opening(
            title=title,
            requester=asked,
            owner=person(owner) if owner else None,
            group=group(to) if to else None,
            department=department(unit),
            state=state,
            language="en",
            impact="one",
            urgency="days",
            **more,  # type: ignore[arg-type]
        )
        moment = at or clock.now()
        case = open_case(session, REQUEST, opening, Origin(asked, moment), MOSCOW)
        if due is not None:
            case.due_at = moment + due
        session.commit()
        return case

    return run


@pytest.fixture
def looks(grants: Callable[[str], Grants]) -> Callable[..., Vantage]:
    """``looks("oleg")`` is what Oleg sees now."""
    return lambda login, now=None: Vantage(grants(login), now or clock.now(), MOSCOW, "en")
