"""Changing cases: by one, by many, and taking the next."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from acm.cases.changing import change_many, move, say, set_property, take, take_next
from acm.cases.filtering import CaseFilter
from acm.cases.models import Case, TransitionRefused
from acm.errors import Invalid
from acm.journal import Event, Origin
from acm.people.rights import grants_of


def origin(person, case=None):
    from acm import clock

    return Origin(person, clock.now())


def kinds(session, case):
    found = session.scalars(
        select(Event).prefix_with("/*door:system:test*/").where(Event.page_id == case.id).order_by(Event.id)
    )
    return [event.kind for event in found]


def test_the_first_public_word_of_a_worker_is_the_response(session, open_request, person):
    case = open_request()

    say(session, case, "thinking", origin(person("oleg")), audience="internal")
    assert case.first_response_at is None
    say(session, case, "We are on it", origin(person("oleg")))
    first = case.first_response_at
    say(session, case, "Still on it", origin(person("oleg")))

    assert first is not None
    assert case.first_response_at == first
    assert kinds(session, case).count("case.responded") == 1


def test_the_requesters_answer_moves_a_waiting_case_on(session, open_request, person):
    case = open_request(owner="oleg")
    move(session, case, "waiting_user", origin(person("oleg")), comment="Which office?")

    say(session, case, "The one by the river", origin(person("maria")))

    assert case.state == "in_progress"
    assert case.due_at is not None


def test_only_the_moves_of_the_type_are_taken(session, open_request, person):
    case = open_request()

    with pytest.raises(TransitionRefused):
        set_property(session, case, "state", "closed", origin(person("oleg")))
    with pytest.raises(Invalid) as refusal:
        set_property(session, case, "state", "waiting_user", origin(person("oleg")))

    assert "comment" in refusal.value.errors
    assert case.state == "new"


def test_taking_a_new_case_puts_it_into_work(session, open_request, person):
    case = open_request()

    take(case, person("oleg"), origin(person("oleg")))

    assert (case.owner_id, case.state) == (person("oleg").id, "in_progress")


def test_handing_a_case_to_another_group_leaves_it_to_all_of_them(session, open_request, person, group):
    case = open_request(owner="oleg")

    set_property(session, case, "group", "it-desk", origin(person("oleg")))

    assert (case.group_id, case.owner_id) == (group("it-desk").id, None)


def test_priority_follows_impact_and_urgency(session, open_request, person):
    case = open_request()
    before = case.due_at

    set_property(session, case, "impact", "org", origin(person("oleg")))
    set_property(session, case, "urgency", "now", origin(person("oleg")))

    assert case.priority == 1
    assert case.due_at is not None
    assert case.due_at != before


@pytest.mark.parametrize(
    ("name", "value"),
    [("owner", "nobody at all"), ("group", "no-such"), ("priority", "9"), ("impact", "world"), ("title", " "), ("number", "IT-1"), ("owner", "dan")],
)  # fmt: skip
def test_a_value_that_does_not_exist_is_refused_by_name(session, open_request, person, name, value):
    with pytest.raises(Invalid) as refusal:
        set_property(session, open_request(), name, value, origin(person("oleg")))

    assert name in refusal.value.errors


def test_many_cases_change_and_those_that_cannot_are_named_with_reasons(session, open_request, person):
    good = [open_request(f"good {n}") for n in range(3)]
    approval = open_request("in approval", state="approval")
    foreign = open_request("hr's own", to="hr-ops", unit="hr", by="vera")
    secret = open_request("secret", to="hr-ops", unit="hr", by="vera", confidential=True)
    numbers = [c.number for c in (good[0], approval, good[1], foreign, good[2], secret)]

    outcome = change_many(session, [*numbers, "RQ-999999"], {"state": "resolved", "owner": "me"}, "", grants_of(session, person("oleg")), origin(person("oleg")))  # fmt: skip
    session.commit()

    session.expire_all()
    assert outcome.changed == sorted(c.number for c in good)
    assert [c.state for c in good] == ["resolved"] * 3
    assert {f.number: str(f.reasons[0]) for f in outcome.failed} == {
        approval.number: "The case cannot move there now",
        foreign.number: "There is no such case for you",
        secret.number: "There is no such case for you",
        "RQ-999999": "There is no such case for you",
    }
    assert all(f.title != "secret" for f in outcome.failed)
    assert (approval.state, approval.owner_id) == ("approval", None)
    assert kinds(session, approval) == ["case.opened", "sla.set"]


def test_the_journal_stays_whole_after_a_failure_in_the_middle(session, open_request, person):
    from acm.audit import verify

    first, bad, last = open_request("a"), open_request("b", state="approval"), open_request("c")

    change_many(session, [first.number, bad.number, last.number], {"priority": "1", "state": "in_progress"}, "on it", grants_of(session, person("oleg")), origin(person("oleg")))  # fmt: skip
    session.commit()
    set_property(session, bad, "priority", "2", origin(person("oleg")))
    session.commit()

    assert list(verify(session)) == []


def test_more_than_two_hundred_at_once_are_refused(session, person):
    with pytest.raises(Invalid):
        change_many(session, [f"RQ-{n}" for n in range(201)], {"owner": "me"}, "", grants_of(session, person("oleg")), origin(person("oleg")))  # fmt: skip


def test_twenty_who_take_the_next_at_once_never_take_the_same(runtime, session, open_request, person, looks):
    for n in range(25):
        open_request(f"case {n}")
    queue, vantage, taken, faults = [CaseFilter.read({"group": "it-net"})], looks("oleg"), [], []
    oleg, start = person("oleg"), threading.Barrier(20)
    session.commit()

    def take_one():
        start.wait()
        try:
            with runtime.db.writing(runtime.snapshot) as db:
                case = take_next(db, queue, "due", vantage, oleg, origin(oleg))
                number = case.number
            taken.append(number)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=take_one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    assert len(set(taken)) == 20
    session.expire_all()
    owned = session.scalars(select(Case).prefix_with("/*door:system:test*/").where(Case.owner_id == oleg.id)).all()
    assert len(owned) == 20


def test_nothing_is_taken_that_one_may_not_work(session, open_request, person, looks):
    open_request("hr's", to="hr-ops", unit="hr", by="oleg")

    assert take_next(session, [CaseFilter()], "due", looks("oleg"), person("oleg"), origin(person("oleg"))) is None
