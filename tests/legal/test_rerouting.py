"""A contract that grew since it was approved is approved again before it is signed."""

from __future__ import annotations

import pytest

from acm import clock
from acm.cases.approving import decide
from acm.catalog.filing import Filing, file_request, find_service
from acm.errors import Conflict
from acm.journal import Origin
from acm.people.models import BusinessOwner
from acm.people.rights import grants_of

NAMED = {"line_manager": "pavel", "security": "irina", "finance": "oleg", "legal_head": "vera", "ceo": "anna"}


def rub(amount):
    return {"amount": str(amount), "currency": "RUB"}


@pytest.fixture
def approve(session):
    """Whoever is asked approves, one after the other; gives the roles. ``but="security"`` is refused."""

    def run(case, but=""):
        roles = []
        while step := next((one for one in case.approvals() if one.state == "pending"), None):
            roles.append(step.role)
            said = "reject" if step.role == but else "approve"
            origin, grants = Origin(step.approver, clock.now()), grants_of(session, step.approver)
            decide(session, case, step, said, origin, grants=grants, comment="Too much")
            session.commit()
        return roles

    return run


@pytest.fixture
def contract(legal, session, person, grants, approve):
    """A contract that Maria filed and that was approved, in Lev's review."""
    session.info["snapshot"] = legal.snapshot
    for role, login in NAMED.items():
        owner = session.get(BusinessOwner, role) or BusinessOwner(role=role, names={"en": role, "ru": role})
        owner.person_id, owner.relation, owner.field = person(login).id, "", ""
        session.add(owner)
    session.flush()
    service = find_service(session, grants("maria"), "lg-001")

    def make(amount=60_000, **answers):
        known = {"vendor": "Vector", "amount": rub(amount), "our_template": True, "deviates": False, **answers}
        filing = Filing(service, known, person("maria"), person("maria"), "en")
        origin = Origin(person("maria"), clock.now())
        case = file_request(session, filing, origin, legal.snapshot, "Europe/Moscow")
        approve(case)
        case.move("in_progress", Origin(person("lev"), clock.now()))
        session.commit()
        return case

    return make


@pytest.fixture
def agree(session, person, as_person, follow):
    """Lev corrects what is given and says that the text is agreed."""

    def run(case, **fields):
        if fields:
            as_person("lev").cases.change(case, fields=fields)
        if case.state != "agreed":
            case.move("agreed", Origin(person("lev"), clock.now()))
        follow()

    return run


def pending(case):
    return [step.role for step in case.approvals() if step.state in ("pending", "waiting")]


def test_what_was_approved_and_did_not_grow_is_agreed_at_once(contract, agree):
    agree(case := contract(), amount=55_000)

    assert case.state == "agreed"


def test_a_greater_sum_is_asked_of_those_whose_limit_it_passes_and_of_those_who_approved_less(contract, agree, approve):
    case = contract()
    assert [step.role for step in case.approvals()] == ["line_manager", "security"]

    agree(case, amount=150_000)

    assert (case.state, pending(case)) == ("approval", ["finance", "security"])
    approve(case)
    assert case.state == "agreed"


def test_new_deviations_are_asked_of_the_head_of_legal(contract, agree):
    case = contract()

    agree(case, deviates=True)

    assert (case.state, pending(case)) == ("approval", ["legal_head"])


def test_who_refuses_sends_it_back_to_review_and_is_asked_again_when_nothing_got_less(contract, agree, approve):
    case = contract()
    agree(case, amount=150_000)

    approve(case, but="finance")
    assert case.state == "in_progress"

    agree(case, amount=60_000)
    assert case.state == "agreed"


def test_who_was_not_reached_because_another_refused_is_asked_the_next_time(contract, agree, approve):
    case = contract()
    agree(case, amount=150_000)
    approve(case, but="finance")

    agree(case)

    assert pending(case) == ["finance", "security"]


def test_a_sum_that_grows_after_the_text_was_agreed_stops_it_too(contract, agree):
    case = contract()
    agree(case)

    agree(case, amount=2_000_000)

    assert (case.state, pending(case)) == ("approval", ["finance", "security", "legal_head"])


def test_nothing_is_signed_that_is_not_approved_as_it_stands(contract, agree, as_person, session, person):
    case = contract()
    agree(case)
    as_person("lev").cases.change(case, fields={"amount": 150_000, "signatory": person("anna")})
    session.commit()  # and before anybody was asked

    with pytest.raises(Conflict) as refusal:
        case.move("signed", Origin(person("lev"), clock.now()))

    assert person("oleg").name in str(refusal.value.params["who"])


def test_a_contract_that_nobody_filed_for_a_service_has_no_route(itself, session, person, follow):
    case = itself.cases.open("legal.contract", title="Supply", requester=person("maria"), fields={"amount": 9_000_000})
    for state in ("in_progress", "agreed"):
        case.move(state, Origin(person("lev"), clock.now()))
    follow()

    assert case.state == "agreed"
