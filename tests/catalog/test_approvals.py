"""Approvals: steps in order, one at a time, each decision a fact of the journal."""

import pytest
from sqlalchemy import select

from acm import clock
from acm.cases.approving import approvals_of, decide
from acm.catalog.filing import Filing, file_request
from acm.errors import Conflict, Forbidden, Invalid
from acm.journal import Event, Origin

TWO_STEPS = [{"step": 1, "role": "line_manager"}, {"step": 2, "role": "it_head"}]


@pytest.fixture
def asked(session, offer, person, runtime):
    """Maria's request that Anna and then Irina approve."""
    service = offer(approvals=TWO_STEPS)
    maria = person("maria")
    filing = Filing(service, {"reason": "home"}, maria, maria, "en")
    case = file_request(session, filing, Origin(maria, clock.now()), runtime.snapshot, "Europe/Moscow")
    session.commit()
    return case


def origin(who):
    return Origin(who, clock.now())


def test_the_manager_is_asked_first_and_the_second_step_waits(asked, session, grants):
    assert [a.case.number for a in approvals_of(session, grants("anna"))] == [asked.number]
    assert approvals_of(session, grants("irina")) == []
    assert [step.state for step in asked.approvals()] == ["pending", "waiting"]


def test_after_the_last_approval_the_work_begins(asked, session, person, grants):
    first, second = asked.approvals()

    decide(session, asked, first, "approve", origin(person("anna")), grants=grants("anna"))
    assert asked.state == "approval"
    decide(session, asked, second, "approve", origin(person("irina")), grants=grants("irina"))

    assert asked.state == "new"
    kinds = session.scalars(select(Event.kind).prefix_with("/*door:inside*/").where(Event.page_id == asked.id)).all()
    assert kinds.count("approval.decided") == 2


def test_a_refusal_needs_a_reason_and_ends_the_request(asked, session, person, grants):
    first = asked.approvals()[0]

    with pytest.raises(Invalid):
        decide(session, asked, first, "reject", origin(person("anna")), grants=grants("anna"))
    decide(session, asked, first, "reject", origin(person("anna")), grants=grants("anna"), comment="no budget")

    assert asked.state == "rejected"
    assert [step.state for step in asked.approvals()] == ["rejected", "skipped"]


def test_nobody_decides_for_another_and_nobody_decides_twice(asked, session, person, grants):
    first = asked.approvals()[0]

    with pytest.raises(Forbidden):
        decide(session, asked, first, "approve", origin(person("irina")), grants=grants("irina"))
    decide(session, asked, first, "approve", origin(person("anna")), grants=grants("anna"))
    with pytest.raises(Conflict):
        decide(session, asked, first, "approve", origin(person("anna")), grants=grants("anna"))


def test_a_question_goes_to_the_requester_and_the_answer_brings_it_back(asked, browse, session, grants):
    step = asked.approvals()[0]
    browse("anna").submit(f"/approvals/{step.id}", {"decision": "ask", "comment": "for how long?"})

    page = browse("maria").get(f"/requests/{asked.number}").text
    browse("maria").submit(f"/requests/{asked.number}/comments", {"text": "until May"})

    assert "for how long?" in page
    session.expire_all()
    assert asked.approvals()[0].state == "pending"


def test_the_approver_sees_the_whole_request_and_decides_on_one_page(asked, browse, session):
    anna = browse("anna")
    page = anna.get("/approvals").text
    assert asked.number in page
    assert "home" in page

    refused = anna.submit(f"/approvals/{asked.approvals()[0].id}", {"decision": "reject"})
    assert refused.status_code == 422
    assert "Say why" in refused.text

    assert anna.submit(f"/approvals/{asked.approvals()[0].id}", {"decision": "approve"}).status_code == 303


def test_a_step_of_somebody_else_is_as_if_it_did_not_exist(asked, browse):
    assert browse("lev").submit(f"/approvals/{asked.approvals()[0].id}", {"decision": "approve"}).status_code == 404
