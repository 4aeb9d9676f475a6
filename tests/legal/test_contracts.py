"""Contract approval: the route by sum and template, the right to sign, the number in the register."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from threading import Barrier, Thread

import pytest

from acm import clock
from acm.catalog.approvers import asked_steps
from acm.errors import Conflict
from acm.journal import Origin
from acm.sdk import Context
from tests.legal.conftest import module

rules = module("rules")


def route(legal, person, **values):
    """Roles that are asked to approve a contract with these answers."""
    service = legal.snapshot.find("service", "lg-001")
    maria, now = person("maria"), clock.now()
    asked = {"amount": {"amount": "84000", "currency": "RUB"}, "our_template": True, "deviates": False, **values}
    steps = asked_steps(service, asked, requester=maria, beneficiary=maria, moments={"now": now, "today": now.date()})
    return [step.role for step in steps]


def rub(amount):
    return {"amount": str(amount), "currency": "RUB"}


def test_the_route_grows_with_the_sum_and_with_what_deviates(legal, person):
    assert route(legal, person, amount=rub(40_000)) == ["line_manager"]
    assert route(legal, person) == ["line_manager", "security"]
    assert route(legal, person, amount=rub(40_000), our_template=False) == ["line_manager", "security", "legal_head"]
    assert route(legal, person, amount=rub(40_000), deviates=True) == ["line_manager", "legal_head"]
    assert route(legal, person, amount=rub(2_000_000)) == ["line_manager", "finance", "security", "legal_head"]
    assert route(legal, person, amount=rub(20_000_000))[-1] == "ceo"


@pytest.fixture
def agreed(legal, itself, session, person):
    """A contract of Maria's department whose text is agreed, in Lev's hands."""

    def make(amount=500_000, **fields):
        case = itself.cases.open(
            "legal.contract", title="Supply", requester=person("maria"), owner=person("lev"),
            fields={"vendor": "Vector", "amount": amount, **fields},
        )  # fmt: skip
        for state in ("in_progress", "agreed"):
            case.move(state, Origin(person("lev"), clock.now()))
        session.commit()
        return case

    return make


@pytest.fixture
def empower(itself, session, person):
    """``empower("anna", limit=1000000)`` issues a power of attorney for this year."""

    def issue(login, *, limit=None, powers=("contracts",), until=None):
        today = itself.now().date()
        case = itself.cases.open(
            "legal.power", title="Power", requester=person("maria"), owner=person("lev"),
            fields={
                "employee": person(login), "powers": list(powers), "limit": limit,
                "date_from": today - timedelta(days=10), "date_to": until or today + timedelta(days=90),
            },
        )  # fmt: skip
        for state in ("in_progress", "issued"):
            case.move(state, Origin(person("lev"), clock.now()))
        session.commit()
        return case

    return issue


def sign(case, person):
    return case.move("signed", Origin(person("lev"), clock.now()))


def test_nobody_signs_before_it_is_said_who(agreed, person):
    with pytest.raises(Conflict, match="Say first who signs for us"):
        sign(agreed(), person)


def test_without_a_power_of_attorney_nothing_is_signed(agreed, person):
    case = agreed(signatory=person("anna"))

    with pytest.raises(Conflict, match="has no power of attorney"):
        sign(case, person)
    assert case.state == "agreed"


def test_a_power_that_covers_the_sum_lets_it_be_signed(agreed, empower, person):
    empower("anna", limit=500_000)

    sign(case := agreed(signatory=person("anna")), person)

    assert case.state == "signed"


def test_a_refusal_names_the_power_that_came_closest_and_its_limit(agreed, empower, person):
    power = empower("anna", limit=400_000)
    case = agreed(signatory=person("anna"))

    with pytest.raises(Conflict) as refusal:
        sign(case, person)
    assert power.number in str(refusal.value.params["number"])
    assert refusal.value.params["limit"] == "400\u00a0000\u00a0RUB"


def test_a_power_for_court_does_not_sign_contracts(agreed, empower, person):
    empower("anna", powers=("court",))

    with pytest.raises(Conflict, match="does not allow to sign contracts"):
        sign(agreed(signatory=person("anna")), person)


def test_the_day_of_signing_counts_not_today(agreed, empower, person, itself):
    empower("anna")
    earlier = itself.now().date() - timedelta(days=11)

    with pytest.raises(Conflict, match="is valid on"):
        sign(agreed(signatory=person("anna"), signed_on=earlier), person)


def test_a_revoked_power_signs_nothing_from_that_day_on(agreed, empower, person, session):
    power = empower("anna")
    power.move("revoked", Origin(person("lev"), clock.now()), comment="left")
    session.commit()

    with pytest.raises(Conflict, match="is valid on"):
        sign(agreed(signatory=person("anna")), person)


def test_the_lawyer_reads_why_on_the_screen(agreed, empower, person, browse):
    power = empower("anna", limit=400_000)
    case = agreed(signatory=person("anna"))
    lev = browse("lev")

    answer = lev.submit(f"/cases/{case.number}/state", {"state": "signed"})

    assert answer.status_code == 409
    assert f"The power of attorney {power.number} is limited to" in answer.text
    assert browse("lev", lang="ru").submit(f"/cases/{case.number}/state", {"state": "signed"}).status_code == 409


def registered(agreed, empower, person, session, follow, count=1):
    empower("anna")
    cases = [agreed(signatory=person("anna")) for _ in range(count)]
    for case in cases:
        for state in ("signed", "registered"):
            case.move(state, Origin(person("lev"), clock.now()))
    session.commit()
    follow()
    for case in cases:
        session.refresh(case)
    return cases


def test_registered_contracts_get_numbers_without_a_gap(agreed, empower, person, session, follow, itself):
    cases = registered(agreed, empower, person, session, follow, count=3)

    year = itself.now().year % 100
    assert [case.fields["reg_number"] for case in cases] == [f"{n}/{year}" for n in (1, 2, 3)]
    assert all(case.fields["registered_on"] for case in cases)


def test_contracts_registered_at_once_get_numbers_without_a_gap_though_one_of_them_fails(legal, agreed, itself):
    ids = [agreed().id for _ in range(5)]
    day, together, given = itself.today(), Barrier(5), []

    def register(place):
        together.wait()
        with suppress(ZeroDivisionError), legal.db.writing(legal.snapshot) as session:
            session.info |= {"settings": legal.settings, "runtime": legal}
            context = Context("legal", session, legal.snapshot)
            case = context.cases.get(ids[place], lock=True)
            rules.give_number(context, case, day)
            session.flush()
            if place == 2:
                raise ZeroDivisionError("this one fails at its end")
            given.append(case.fields["reg_number"])

    threads = [Thread(target=register, args=(place,)) for place in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(given) == [f"{n}/{day:%y}" for n in (1, 2, 3, 4)]


def test_a_contract_that_comes_back_keeps_its_number(agreed, empower, person, session, follow):
    (case,) = registered(agreed, empower, person, session, follow)
    number = case.fields["reg_number"]

    for state in ("in_progress", "agreed", "signed", "registered"):
        case.move(state, Origin(person("lev"), clock.now()), comment="a mistake")
    session.commit()
    follow()

    session.refresh(case)
    assert case.fields["reg_number"] == number


def test_nobody_types_the_number_of_the_register(agreed, browse, session):
    case = agreed()

    answer = browse("lev").submit(f"/cases/{case.number}/answers", {"reg_number": "1/99", "seen": ""})

    assert answer.status_code in (409, 422)
    session.refresh(case)
    assert "reg_number" not in case.fields


def test_the_register_shows_it_to_those_who_see_the_case(agreed, empower, person, session, follow, browse, group):
    (case,) = registered(agreed, empower, person, session, follow)
    case.change("group", group("legal").id, Origin(None, clock.now()))

    assert case.fields["reg_number"] in browse("lev").get("/p/legal/contracts").text
    assert case.fields["reg_number"] not in browse("oleg").get("/p/legal/contracts").text
    assert case.number in browse("lev").get("/p/legal/contracts?q=vect").text
    assert case.number not in browse("lev").get("/p/legal/contracts?q=nord").text
    assert browse("lev").get("/p/legal/contracts?view=nothing").status_code == 404
