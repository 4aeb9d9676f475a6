"""From the journal to facts and sums."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

from sqlalchemy import select

from acm.journal import Consumer, Origin
from acm.kpi.keeping import rebuild, refresh
from acm.kpi.models import Fact, Rollup
from acm.people.models import Group
from tests.kpi.conftest import on

ZONE = ZoneInfo("Europe/Moscow")


def facts(session, kind=None):
    found = session.scalars(select(Fact).order_by(Fact.at, Fact.id)).all()
    return [fact for fact in found if kind is None or fact.kind == kind]


def summed(session, kind, grain="all"):
    rows = session.scalars(select(Rollup).where(Rollup.kind == kind, Rollup.grain == grain))
    return {(row.day.day, row.part, row.bucket): (row.count, row.total) for row in rows if row.count}


def test_a_resolved_case_is_counted_as_opened_answered_resolved_and_judged(session, desk, count):
    case = desk.file(on(16, 10))
    desk.solve(case, on(16, 12))
    count()

    kinds = Counter(fact.kind for fact in facts(session))
    assert kinds == {
        "opened": 1, "responded": 1, "resolved": 1, "judged": 1, "stayed.new": 1, "stayed.active": 1
    }  # fmt: skip
    assert [fact.value for fact in facts(session, "resolved")] == [2.0]
    assert [fact.value for fact in facts(session, "judged")] == [1.0]


def test_hours_are_working_hours_of_the_case(session, desk, count):
    case = desk.file(on(16, 17))
    desk.solve(case, on(17, 10))
    count()

    assert [fact.value for fact in facts(session, "resolved")] == [2.0]  # 17–18 and 9–10


def test_a_day_is_a_day_of_the_installation(session, desk, count):
    desk.file(on(16, 0, 30))
    count()

    [fact] = facts(session, "opened")
    assert (fact.day.day, fact.bucket) == (16, 0)


def test_a_reopened_case_counts_as_resolved_once_and_as_reopened_each_time(session, desk, count):
    case = desk.file(on(16, 10))
    desk.solve(case, on(16, 12))
    for hour in (14, 16):
        desk.move(case, "in_progress", on(16, hour))
        desk.move(case, "resolved", on(16, hour + 1))
    desk.move(case, "closed", on(17))
    count()

    assert [fact.at for fact in facts(session, "resolved")] == [on(16, 17)]
    assert len(facts(session, "reopened")) == 2
    assert [fact.day.day for fact in facts(session, "closed")] == [17]


def test_an_open_case_that_was_reopened_is_not_resolved(session, desk, count):
    case = desk.file(on(16, 10))
    desk.solve(case, on(16, 12))
    count()
    desk.move(case, "in_progress", on(16, 14))
    count()

    assert facts(session, "resolved") == []
    assert summed(session, "resolved") == {}


def test_giving_a_case_to_another_group_with_its_owner_is_one_hand_over(session, desk, count):
    case = desk.file(on(16, 10), owner=desk.person("oleg"))
    case.assign(
        Origin(desk.person("irina"), on(16, 11)), owner=desk.person("pavel"), group=desk.one(Group, key="it-desk")
    )
    case.assign(Origin(desk.person("irina"), on(16, 12)), owner=desk.person("oleg"))
    count()

    assert [fact.at for fact in facts(session, "reassigned")] == [on(16, 11), on(16, 12)]


def test_a_fact_bears_the_properties_the_case_has_now(session, desk, count):
    case = desk.file(on(16, 10))
    count()
    desk_group = desk.one(Group, key="it-desk")
    case.assign(Origin(desk.person("irina"), on(18)), owner=None, group=desk_group)
    case.change("priority", 1, Origin(desk.person("irina"), on(18)))
    count()

    [fact] = facts(session, "opened")
    assert (fact.group_id, fact.priority, fact.day.day) == (desk_group.id, 1, 16)
    assert summed(session, "opened", "group") == {(16, desk_group.id, 0): (1, 0.0)}
    assert summed(session, "opened", "priority") == {(16, 1, 0): (1, 0.0)}


def test_reading_the_journal_again_changes_nothing(session, desk, count):
    for hour in (9, 10, 11):
        desk.solve(desk.file(on(16, hour)), on(16, hour + 2))
    handled = count()
    before = {row: summed(session, row) for row in ("opened", "resolved", "judged")}
    ids = [fact.id for fact in facts(session)]
    cursor = session.get(Consumer, "kpi")
    cursor.tx = cursor.event_id = 0

    assert count() == handled
    assert [fact.id for fact in facts(session)] == ids
    assert {row: summed(session, row) for row in ("opened", "resolved", "judged")} == before


def test_confidential_cases_have_facts_and_are_in_no_sum(session, desk, count):
    desk.file(on(16, 10), confidential=True)
    count()

    assert len(facts(session, "opened")) == 1
    assert session.scalars(select(Rollup).where(Rollup.count != 0)).all() == []


def test_a_rebuild_gives_the_same_facts_and_sums(runtime, session, desk, count):
    for hour in (9, 10, 11):
        case = desk.file(on(16, hour))
        desk.solve(case, on(16, hour + 2))
    desk.move(case, "in_progress", on(17))
    desk.file(on(17), confidential=True)
    count()
    kinds = ("opened", "resolved", "judged", "stayed.active", "reopened")
    before = [(kind, grain, summed(session, kind, grain)) for kind in kinds for grain in ("all", "service", "branch")]
    number = len(facts(session))
    session.execute(Fact.__table__.delete())
    session.execute(Rollup.__table__.delete())
    session.commit()

    assert rebuild(runtime.db, runtime.snapshot, ZONE) == 4
    session.expire_all()
    assert len(facts(session)) == number
    assert [
        (kind, grain, summed(session, kind, grain)) for kind in kinds for grain in ("all", "service", "branch")
    ] == before
    assert count() == 0


def test_imported_events_count_with_their_own_times(session, desk, count):
    case = desk.file(on(16, 10))
    case.enter(case.case_type.state("in_progress"), Origin(None, on(2, 9), source="import:log"))
    count()

    assert [fact.day.day for fact in facts(session, "stayed.new")] == [2]
    assert [fact.value for fact in facts(session, "stayed.new")] == [0.0]


def test_the_counters_of_an_imported_log_count_and_not_what_its_moves_look_like(session, desk, count):
    case = desk.file(on(16, 10))
    origin = Origin(None, on(17), source="import:log")
    case.record("field.changed", origin, {"field": "group", "from": 1, "to": 2})
    case.record("record.updated", origin, {"row": "X/1", "changes": {}, "counted": {"reassigned": 2, "reopened": 1}})
    count()

    assert len(facts(session, "reassigned")) == 2
    assert len(facts(session, "reopened")) == 1


def test_refreshing_one_case_leaves_the_others_alone(session, desk, count):
    first, second = desk.file(on(16, 9)), desk.file(on(16, 10))
    count()
    ids = {fact.page_id: fact.id for fact in facts(session, "opened")}
    refresh(session, [first.id], ZONE)
    session.commit()

    assert {fact.page_id: fact.id for fact in facts(session, "opened")} == ids
    assert second.id in ids
