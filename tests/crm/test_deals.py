"""Leads and deals: a board by stage whose sums are right, moves that nobody overruns, a lead that becomes a deal."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from acm.sdk import NotFound
from tests.crm.conftest import module

boards = module("board")


def test_the_board_sums_each_stage_plain_and_weighted(deal, as_person):
    deal(state="lead", amount=100_000, probability=10)
    deal(state="lead", amount=50_000)
    deal(state="proposal", amount=Decimal("200000.50"), probability=60)
    deal(state="proposal")
    deal(state="won", amount=1_000_000)

    columns, _companies = boards.board(as_person("sonya"))

    told = {column.state: (column.count, column.sums.get("RUB"), column.weighted.get("RUB")) for column in columns}
    assert told == {
        "lead": (2, Decimal(150_000), Decimal(15_000)),
        "qualified": (0, None, None),
        "proposal": (2, Decimal("200000.50"), Decimal("120000.30")),
        "negotiation": (0, None, None),
    }


def test_the_board_shows_deals_by_the_nearest_step_and_those_of_one_person(deal, as_person, browse, session, person):
    today = as_person("sonya").today()
    late, early = deal("Late", next_on=today + timedelta(days=9)), deal("Early", next_on=today + timedelta(days=1))
    other = deal("Not mine")
    other.owner_id = person("sasha").id

    sonya = browse("sonya")
    page = sonya.get("/p/crm/deals").text
    assert page.index(early.number) < page.index(late.number)
    assert other.number in page
    assert other.number not in sonya.get("/p/crm/deals?of=me").text


def test_a_figure_of_the_board_opens_its_deals(deal, browse):
    there = deal(state="proposal", amount=10)
    sonya = browse("sonya")
    address = re.search(
        r'href="(/cases\?type=crm\.deal&amp;state=proposal)" data-count="1"', sonya.get("/p/crm/deals").text
    )

    assert there.number in sonya.get(address[1].replace("&amp;", "&")).text


def test_a_deal_moves_by_a_form_and_takes_the_usual_probability(deal, browse, session):
    there = deal(amount=10, probability=10)
    answer = browse("sonya").submit(f"/p/crm/deals/{there.number}/stage", {"from": "lead", "target": "proposal"})

    session.refresh(there)
    assert answer.status_code == 303
    assert (there.state, there.fields["probability"]) == ("proposal", 50)


def test_a_probability_of_ones_own_stays(deal, browse, session):
    there = deal(amount=10, probability=33)
    browse("sonya").submit(f"/p/crm/deals/{there.number}/stage", {"from": "lead", "target": "proposal"})

    session.refresh(there)
    assert there.fields["probability"] == 33


def test_a_move_on_the_page_of_the_case_brings_the_probability_too(deal, as_person, follow):
    there = deal(amount=10, probability=10)
    as_person("sonya").cases.move(there, "negotiation")
    follow()

    assert there.fields["probability"] == 75


def test_the_second_of_two_movers_is_told_and_moves_nothing(deal, browse, session):
    there = deal()
    sonya = browse("sonya")
    sonya.submit(f"/p/crm/deals/{there.number}/stage", {"from": "lead", "target": "qualified"})

    late = sonya.submit(f"/p/crm/deals/{there.number}/stage", {"from": "lead", "target": "lost", "comment": "No"})

    session.refresh(there)
    assert (late.status_code, there.state) == (409, "qualified")
    assert f"{there.number} was moved meanwhile" in late.text


def test_who_loses_a_deal_says_why(deal, browse, session):
    there = deal()
    sonya = browse("sonya")

    assert sonya.submit(f"/p/crm/deals/{there.number}/stage", {"from": "lead", "target": "lost"}).status_code == 422
    done = sonya.submit(f"/p/crm/deals/{there.number}/stage", {"from": "lead", "target": "lost", "comment": "Price"})
    session.refresh(there)
    assert (done.status_code, there.state) == (303, "lost")


def test_care_sees_no_board(deal, browse):
    there = deal()

    assert browse("karim").get("/p/crm/deals").status_code == 403
    assert (
        browse("karim").submit(f"/p/crm/deals/{there.number}/stage", {"from": "lead", "target": "won"}).status_code
        == 404
    )


def test_a_new_deal_is_its_makers(crm, browse, company, as_person):
    there = company()
    sonya = browse("sonya")
    answer = sonya.submit(
        "/p/crm/deals", {"title": "Pumps", "company": "romashka", "amount": "1 500 000,50", "next_on": "1.12.2026"}
    )

    made = as_person("sonya").cases.find(answer.headers["location"].rpartition("/")[2])
    assert made.fields["company"] == there.id
    assert made.fields["amount"] == {"amount": "1500000.50", "currency": "RUB"}
    assert (made.fields["next_on"], made.fields["probability"], made.owner.login) == ("2026-12-01", 10, "sonya")
    assert sonya.submit("/p/crm/deals", {"title": "", "amount": "much", "next_on": "soon"}).status_code == 422


@pytest.fixture
def lead(browse, as_person):
    browse("sonya").submit("/p/crm/leads", {
        "title": "Wants pumps", "company_name": "Romashka LLC", "tax_id": "7701234567", "person_name": "Ivanova Olga",
        "email": "olga@romashka.example", "phone": "+7 917 555-01-23", "source": "site",
    })  # fmt: skip
    return as_person("sonya").cases.list("crm.lead").items[0]


def convert(browse, lead, **given):
    return browse("sonya").submit(f"/p/crm/leads/{lead.number}/conversion", {"title": "Pumps", **given})


def test_a_lead_becomes_a_deal_with_a_new_company_and_contact(lead, browse, as_person, session):
    answer = convert(browse, lead, amount="300000")

    ctx = as_person("sonya")
    deal = ctx.cases.find(answer.headers["location"].rpartition("/")[2])
    company, contact = ctx.pages.get(deal.fields["company"]), ctx.pages.get(deal.fields["contact"])
    session.refresh(lead)
    assert (lead.state, deal.state, deal.fields["source"]) == ("converted", "qualified", "site")
    assert (company.title, company.fields["tax_id"]) == ("Romashka LLC", "7701234567")
    assert (contact.title, contact.fields["company"]) == ("Ivanova Olga", company.id)
    assert {page.number for page in ctx.cases.linked(lead)} >= {deal.number}
    assert lead.number in browse("sonya").get(f"/p/crm/companies/{company.number}").text


def test_a_company_that_is_there_already_is_taken(lead, company, browse, as_person):
    there = company("Romashka, OOO", tax_id="7701234567")

    page = browse("sonya").get(f"/p/crm/leads/{lead.number}/conversion").text
    assert f"{there.number} Romashka, OOO" in page
    answer = convert(browse, lead, company=there.number)
    deal = as_person("sonya").cases.find(answer.headers["location"].rpartition("/")[2])
    assert deal.fields["company"] == there.id
    assert as_person("sonya").pages.count("crm.company") == 1


def test_a_lead_becomes_one_deal_only(lead, browse, as_person):
    convert(browse, lead)

    assert convert(browse, lead).status_code == 409
    assert as_person("sonya").cases.count("crm.deal") == 1


def test_others_find_no_lead(lead, browse, as_person):
    assert browse("maria").get(f"/p/crm/leads/{lead.number}/conversion").status_code == 404
    with pytest.raises(NotFound):
        as_person("karim").cases.find(lead.number)


def test_the_board_and_the_leads_cost_few_statements(deal, lead, company, browse, statements):
    there = company()
    for state in ("lead", "qualified", "proposal", "negotiation"):
        deal(state=state, amount=5, company=there)
    sonya = browse("sonya")
    for path in ("deals", "leads", f"leads/{lead.number}/conversion"):
        sonya.get(f"/p/crm/{path}")
        statements.clear()
        assert sonya.get(f"/p/crm/{path}").status_code == 200
        assert len(statements) <= 12, (path, len(statements))
