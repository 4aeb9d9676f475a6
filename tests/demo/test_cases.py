"""Eighteen months of cases, told by the product's own verbs."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.audit import verify
from acm.cases.models import MOVES, Approval, Case
from acm.demo import building
from acm.journal import Event
from acm.notify.models import Notification
from acm.notify.telling import tell
from acm.pages.models import Draft, PagePerson
from acm.pages.types import DONE, StateCategory
from acm.pages.visibility import unrestricted, visible
from acm.people.models import Group, Person
from acm.people.rights import grants_of
from acm.web.runtime import Runtime
from tests.demo.conftest import CASES, MADE, build


def cases(session: Session) -> list[Case]:
    return list(session.scalars(unrestricted(select(Case).order_by(Case.id), "test")))


def events(session: Session, *kinds: str) -> list[Event]:
    statement = select(Event).where(Event.page_id.is_not(None)).order_by(Event.id)
    return list(session.scalars(unrestricted(statement.where(Event.kind.in_(kinds)) if kinds else statement, "test")))


def open_of(session: Session, login: str, column: str) -> list[Case]:
    person = session.scalars(select(Person).where(Person.login == login)).one()
    return [case for case in cases(session) if case.is_open and getattr(case, column) == person.id]


def test_there_are_as_many_cases_as_asked_for_besides_those_of_departments_and_none_lies_in_the_future(
    company: Session,
) -> None:
    found = cases(company)

    assert len(found) >= CASES
    assert min(case.opened_at for case in found) < MADE - timedelta(days=480)
    assert max(case.updated_at for case in found) <= MADE
    assert max(event.at for event in events(company, *MOVES, "comment.added")) <= MADE


def test_every_move_is_one_that_its_type_declares(company: Session) -> None:
    by_id = {case.id: case for case in cases(company)}
    for event in events(company, *MOVES):
        declared = {(t.source, t.target) for t in by_id[event.page_id or 0].case_type.transitions}
        assert (event.data["from"], event.data["to"]) in declared


def test_every_case_is_what_its_journal_says(company: Session) -> None:
    state, owner = {}, {}
    for event in events(company, "case.opened", "field.changed", *MOVES):
        if event.kind == "case.opened":
            state[event.page_id], owner[event.page_id] = event.data["state"], event.data["owner"]
        elif event.kind != "field.changed":
            state[event.page_id] = event.data["to"]
        elif event.data["field"] == "owner":
            owner[event.page_id] = event.data["to"]
    for case in cases(company):
        assert (case.state, case.owner_id) == (state[case.id], owner.get(case.id))


def test_what_is_done_has_its_times_and_its_verdict(company: Session) -> None:
    for case in cases(company):
        assert case.is_open is (case.current.category not in DONE)
        if case.current.category in (StateCategory.RESOLVED, StateCategory.CLOSED):
            assert case.resolved_at is not None
            assert case.made_sla is not None or case.due_at is None


def test_most_promises_are_kept_and_some_are_not(company: Session) -> None:
    judged = [case.made_sla for case in cases(company) if case.made_sla is not None]

    assert 0.75 < sum(judged) / len(judged) < 0.99


def test_people_ask_on_working_days(company: Session) -> None:
    weekend = [case for case in cases(company) if case.service_id is not None and case.opened_at.weekday() >= 5]

    assert len(weekend) < CASES * 0.1


def test_history_rings_no_bell_and_a_few_live_events_do(demo: Runtime) -> None:
    while tell(demo.db, demo.snapshot):
        pass
    with demo.db.reading(demo.snapshot) as session:
        logins = {p.id: p.login for p in session.scalars(select(Person))}
        told = session.scalars(unrestricted(select(Notification), "test")).all()
        heard = Counter(logins[note.person_id] for note in told if note.read_at is None)
        live = [event for event in events(session) if event.is_live]

    assert {"employee", "agent", "approver", "head", "lawyer"} <= heard.keys()
    assert len(live) < 60


def test_the_employee_has_one_that_needs_her_one_in_approval_and_others_in_work(company: Session) -> None:
    mine = Counter(case.current.category for case in open_of(company, "employee", "requester_id"))

    assert mine[StateCategory.WAITING] == 1
    assert mine[StateCategory.APPROVAL] == 1
    assert mine[StateCategory.ACTIVE] == 2
    assert company.scalars(select(Draft)).one().key == "service:ad-001"


def test_the_approver_has_decisions_to_make(company: Session) -> None:
    approver = company.scalars(select(Person).where(Person.login == "approver")).one()
    pending = select(Approval).where(Approval.approver_id == approver.id, Approval.state == "pending")

    assert len(company.scalars(unrestricted(pending, "test")).all()) >= 3


def test_the_agent_has_work_of_his_own_some_of_it_late_and_is_mentioned(company: Session) -> None:
    agent = company.scalars(select(Person).where(Person.login == "agent")).one()
    own = open_of(company, "agent", "owner_id")
    mentioned = select(PagePerson).where(PagePerson.person_id == agent.id, PagePerson.role == "mentioned")

    assert len(own) >= 7
    assert sum(case.due_at is not None and case.due_at < MADE for case in own) >= 2
    assert company.scalars(unrestricted(mentioned, "test")).first() is not None


def test_the_queue_of_networks_has_something_to_take(company: Session) -> None:
    networks = company.scalars(select(Group).where(Group.key == "it-net")).one()
    free = [case for case in cases(company) if case.is_open and case.group_id == networks.id and case.owner_id is None]

    assert len(free) >= 3


def test_the_lawyer_alone_of_the_personas_sees_the_court_case(company: Session) -> None:
    people = {p.login: p for p in company.scalars(select(Person).where(Person.password_hash != ""))}
    court = next(case for case in cases(company) if case.title == "Судебное дело" and case.is_open)
    seen = {
        login
        for login, person in people.items()
        if company.scalars(visible(grants_of(company, person), Case).where(Case.id == court.id)).first()
    }

    assert seen == {"lawyer"}


def test_an_interrupted_run_goes_on_where_it_stopped_and_makes_the_same_history(
    company: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(session: Session) -> list[tuple[object, ...]]:
        return [(e.page_id, e.kind, e.at, e.actor_id, e.data) for e in events(session)]

    def interrupt(words: str, done: int, total: int) -> None:
        if done == 80:
            raise KeyboardInterrupt

    monkeypatch.setattr(building, "BATCH", 40)
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path, tell=interrupt)
    again = build(tmp_path)

    with again.db.reading(again.snapshot) as session:
        assert told(session) == told(company)
        assert not list(verify(session))
    again.db.dispose()
