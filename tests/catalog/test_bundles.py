"""One order opens several requests: what is opened when, by when it is promised, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm import clock
from acm.cases import changing
from acm.cases.approving import decide
from acm.cases.bundle import held_up, parts_of, progress
from acm.cases.models import Case, PartsOpen
from acm.catalog import following, tracking
from acm.catalog.bundles import JOB
from acm.catalog.filing import Filing, file_request
from acm.catalog.models import Service
from acm.catalog.publishing import publish
from acm.jobs.models import Job
from acm.jobs.queue import run_due
from acm.journal import Origin
from acm.notify.models import Notification
from acm.notify.telling import tell
from acm.pages.types import StateCategory
from acm.pages.visibility import unrestricted
from acm.people.models import Person
from acm.people.rights import Grants
from acm.web.runtime import Runtime
from tests.cast import MONDAY
from tests.catalog.bundles import joiner, part, works
from tests.databases import settle

ANSWERS = {"name": "Lena", "date": "2026-12-01"}
APPROVED = {"approvals": [{"step": 1, "role": "line_manager"}]}


class World:
    """What the tests do: order, let time pass, look."""

    def __init__(self, session: Session, runtime: Runtime, person: Callable[[str], Person]) -> None:
        self.session, self.runtime, self.person = session, runtime, person
        for one in works():
            publish(session, one, Origin(None, MONDAY))

    def offer(self, **given: Any) -> Service:
        return publish(self.session, joiner(**given), Origin(None, MONDAY))

    def order(self, service: Service | None = None, **answers: Any) -> Case:
        maria = self.person("maria")
        filing = Filing(service or self.offer(), ANSWERS | answers, maria, maria, "en")
        case = file_request(self.session, filing, self.by("maria"), self.runtime.snapshot, "Europe/Moscow")
        self.session.commit()
        return case

    def by(self, login: str) -> Origin:
        return Origin(self.person(login), clock.now())

    def parts(self, order: Case) -> dict[str, Case]:
        statement = unrestricted(select(Case).where(Case.parent_id == order.id).order_by(Case.id), "test")
        return {case.facts["part"]["key"]: case for case in self.session.scalars(statement)}

    def states(self, order: Case) -> dict[str, str]:
        return {part.key: part.state for part in parts_of(order.facts)}

    def end(self, case: Case, category: StateCategory = StateCategory.RESOLVED, login: str = "oleg") -> None:
        state = case.case_type.state_in(category)
        assert state is not None
        case.enter(state, self.by(login))
        self.follow()

    def follow(self) -> None:
        """Let the worker do what is to be done."""
        self.session.commit()
        settle(self.session)
        while following.follow(self.runtime.db, self.runtime.snapshot):
            settle(self.session)
        run_due(self.runtime.db, self.runtime.snapshot)
        self.session.expire_all()


@pytest.fixture
def world(session: Session, runtime: Runtime, person: Callable[[str], Person]) -> Any:
    with time_machine.travel(MONDAY, tick=False):
        yield World(session, runtime, person)


def moscow(day: str, hour: int = 18) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour:02}:00:00+03:00")


# Opening ------------------------------------------------------------------------------------------------------


def test_the_order_and_the_parts_that_wait_for_none_are_opened_in_one_transaction(world: World) -> None:
    order = world.order()

    assert list(world.parts(order)) == ["account", "desk"]
    assert world.states(order) == {"account": "open", "laptop": "waiting", "desk": "open"}


def test_a_part_belongs_to_the_people_of_the_order_and_to_the_group_of_its_service(world: World) -> None:
    order = world.order()
    account, desk = world.parts(order).values()

    assert (account.requester_id, account.beneficiary_id) == (order.requester_id, order.beneficiary_id)
    assert (account.group.key, desk.group.key) == ("it-net", "hr-ops")
    assert (account.title_in("en"), account.title_in("ru")) == ("Account: Lena", "Account по-русски: Lena")


def test_a_part_is_answered_from_the_order(world: World) -> None:
    parts = world.parts(world.order())

    assert parts["account"].fields == {"what": "Lena"}


def test_a_part_whose_condition_does_not_hold_is_left_out(world: World) -> None:
    assert "car" not in world.states(world.order(car=False))
    assert world.states(world.order(car=True))["car"] == "waiting"


def test_what_came_after_a_part_left_out_comes_after_its_predecessors(world: World) -> None:
    parts = [
        part("first", answers={"what": "name"}),
        part("middle", answers={"what": "name"}, after=["first"], when="car"),
        part("last", answers={"what": "name"}, after=["middle"]),
    ]

    order = world.order(world.offer(bundle=parts))

    assert {p.key: p.after for p in parts_of(order.facts)} == {"first": (), "last": ("first",)}


def test_a_part_that_waited_is_opened_when_its_predecessor_is_done(world: World) -> None:
    order = world.order()

    world.end(world.parts(order)["account"])

    assert list(world.parts(order)) == ["account", "desk", "laptop"]
    assert world.states(order) == {"account": "done", "laptop": "open", "desk": "open"}


def test_following_twice_opens_once(world: World) -> None:
    order = world.order()
    world.end(world.parts(order)["account"])

    for _ in range(2):
        following.settle_later(world.session, {"order": order.id})
        world.follow()

    assert len(world.parts(order)) == 3


@pytest.mark.parametrize("ended", [StateCategory.CANCELLED, StateCategory.REJECTED])
def test_a_part_that_was_withdrawn_or_refused_is_waited_for_no_more(world: World, ended: StateCategory) -> None:
    order = world.order()

    world.end(world.parts(order)["account"], ended)

    assert world.states(order) == {"account": "dropped", "laptop": "open", "desk": "open"}
    assert progress(order.facts) == (0, 2)


def test_an_order_to_be_approved_opens_its_parts_when_it_is(world: World) -> None:
    order = world.order(world.offer(**APPROVED))
    world.follow()
    assert world.parts(order) == {}

    decide(
        world.session, order, order.approvals()[0], "approve", world.by("anna"), grants=Grants(world.person("anna").id)
    )
    world.follow()

    assert list(world.parts(order)) == ["account", "desk"]


def test_the_parts_of_a_confidential_order_are_confidential_and_name_nobody(world: World) -> None:
    order = world.order(world.offer(confidential=True))

    assert all(case.confidential for case in world.parts(order).values())
    assert world.parts(order)["account"].title_in("en") == "Account"


def test_an_order_keeps_the_bundle_it_was_filed_with(world: World) -> None:
    order = world.order()
    world.offer(bundle=[part("other", answers={"what": "name"})])

    world.end(world.parts(order)["account"])

    assert list(world.parts(order)) == ["account", "desk", "laptop"]


# Days ---------------------------------------------------------------------------------------------------------


def test_a_part_is_promised_for_the_end_of_a_working_day_before_the_date(world: World) -> None:
    parts = world.parts(world.order())  # 1 December is a Tuesday

    assert parts["account"].due_at == moscow("2026-11-26")
    assert parts["desk"].due_at == moscow("2026-11-30")


def test_the_order_is_promised_for_the_latest_day_of_its_parts(world: World) -> None:
    assert world.order().due_at == moscow("2026-11-30")


def test_a_day_that_has_passed_already_becomes_today(world: World) -> None:
    parts = world.parts(world.order(date="2026-11-17"))

    assert parts["account"].due_at == moscow("2026-11-16")


def test_the_promises_follow_the_date_when_it_is_corrected(world: World) -> None:
    order = world.order()

    order.answer("date", "2026-12-08", world.by("vera"))
    world.follow()

    assert world.parts(order)["account"].due_at == moscow("2026-12-03")
    assert {part.key: part.due for part in parts_of(order.facts)}["laptop"] == moscow("2026-12-07")


# A plugin that is away ----------------------------------------------------------------------------------------


def test_a_part_of_a_service_that_is_not_here_waits_and_is_opened_when_it_comes(world: World) -> None:
    parts = [part("badge", "SC-009", answers={"what": "name"})]
    order = world.order(world.offer(bundle=parts))
    assert world.states(order) == {"badge": "away"}

    badge = works()[0].model_copy(update={"id": "SC-009"})
    publish(world.session, badge, Origin(None, clock.now()))
    world.session.commit()
    for minute in (3, 4):
        with time_machine.travel(MONDAY.replace(minute=minute), tick=False):
            world.follow()

    assert world.states(order) == {"badge": "open"}


def test_an_order_that_waits_for_a_plugin_asks_once_however_often_it_is_touched(world: World) -> None:
    order = world.order(world.offer(bundle=[part("badge", "SC-009", answers={"what": "name"})]))

    for title in ("One", "Two"):
        order.change("title", title, world.by("vera"))
        order.answer("name", title, world.by("vera"))
        world.follow()

    waiting = world.session.scalars(select(Job).where(Job.name == JOB, Job.state == "ready")).all()
    assert len(waiting) == 1


# The end ------------------------------------------------------------------------------------------------------


def test_the_order_is_resolved_when_every_part_is(world: World) -> None:
    order = world.order()

    for key in ("account", "laptop", "desk"):
        assert order.is_open
        world.end(world.parts(order)[key])

    assert order.category == "resolved"
    assert progress(order.facts) == (3, 3)


def test_an_order_whose_parts_were_all_refused_is_left_to_its_group(world: World) -> None:
    order = world.order()

    for key in ("account", "laptop", "desk"):
        world.end(world.parts(order)[key], StateCategory.REJECTED)

    assert order.is_open


def test_an_order_with_open_parts_cannot_be_resolved_by_hand(world: World) -> None:
    order = world.order()

    assert {move.target for move in order.moves()}.isdisjoint({"resolved", "closed"})
    with pytest.raises(PartsOpen):
        changing.move(world.session, order, "resolved", world.by("vera"))


def test_withdrawing_the_order_withdraws_its_open_parts_and_opens_no_others(
    world: World, grants: Callable[[str], Grants]
) -> None:
    order = world.order()
    world.end(world.parts(order)["desk"])

    tracking.withdraw(world.session, order, world.by("maria"), grants("maria"))
    world.follow()

    parts = world.parts(order)
    assert {key: case.category for key, case in parts.items()} == {"account": "cancelled", "desk": "resolved"}


def test_closing_the_order_closes_its_resolved_parts(world: World, grants: Callable[[str], Grants]) -> None:
    order = world.order()
    for key in ("account", "laptop", "desk"):
        world.end(world.parts(order)[key])

    tracking.accept(order, world.by("maria"), grants("maria"))
    world.follow()

    assert {case.category for case in world.parts(order).values()} == {"closed"}


def test_a_part_that_is_opened_again_opens_the_order_again(world: World) -> None:
    order = world.order()
    for key in ("account", "laptop", "desk"):
        world.end(world.parts(order)[key])

    world.end(world.parts(order)["desk"], StateCategory.ACTIVE)

    assert order.category == "active"
    assert world.states(order)["desk"] == "open"


def test_who_waits_for_whom_is_known_through_others(world: World) -> None:
    order = world.order(car=True)
    parts = parts_of(order.facts)

    assert [one.key for one in held_up(parts[0], parts)] == ["laptop", "car"]
    assert [one["title"]["en"] for one in world.parts(order)["account"].facts["part"]["blocks"]] == ["Laptop", "Car"]


def test_the_requester_hears_of_the_order_and_of_a_part_that_asks_but_not_of_every_step(world: World) -> None:
    order = world.order()
    account, desk = world.parts(order).values()
    world.end(desk)
    world.end(account, StateCategory.WAITING)

    world.session.commit()
    while tell(world.runtime.db, world.runtime.snapshot):
        pass

    maria = select(Notification.page_id).where(Notification.person_id == world.person("maria").id)
    assert set(world.session.scalars(unrestricted(maria, "test"))) == {order.id, account.id}
