"""What was said: written down on a company, a contact or a deal, shown where it belongs, to those who may see it."""

from __future__ import annotations

import pytest

from acm import clock
from acm.journal import Origin


@pytest.fixture
def write(browse):
    def submit(about, login="sonya", **given):
        return browse(login).submit("/p/crm/talks", {"about": about.number, "summary": "They want a discount", **given})

    return submit


def test_a_talk_stands_on_the_profile_with_its_next_step(company, write, browse):
    there = company()
    answer = write(there, kind="meeting", direction="in", next_step="Send prices", next_on="1.12.2030")

    assert answer.headers["location"] == f"/p/crm/companies/{there.number}"
    page = browse("karim").get(answer.headers["location"]).text
    for said in ("They want a discount", "Meeting, they to us", "Send prices"):
        assert said in page


def test_the_next_step_of_a_talk_on_a_deal_becomes_the_deals(deal, write, session):
    there = deal(next_step="Call")
    assert write(there, next_step="Send prices", next_on="1.12.2030").status_code == 303

    session.refresh(there)
    assert (there.fields["next_step"], there.fields["next_on"]) == ("Send prices", "2030-12-01")


def test_a_talk_on_a_deal_is_seen_on_its_company_by_those_who_see_deals(company, deal, write, browse):
    there = company()
    mine = deal(company=there)
    write(mine, summary="A secret price")

    assert "A secret price" in browse("sonya").get(f"/p/crm/companies/{there.number}").text
    assert "A secret price" in browse("sonya").get(f"/cases/{mine.number}").text
    assert "A secret price" not in browse("karim").get(f"/p/crm/companies/{there.number}").text


def test_a_talk_on_a_confidential_deal_is_for_its_group(company, deal, write, browse, session):
    there = company()
    mine = deal(company=there)
    mine.confidential = True
    write(mine, summary="A secret price")

    assert "A secret price" in browse("sonya").get(f"/p/crm/companies/{there.number}").text
    assert "A secret price" not in browse("irina").get("/search?q=secret").text


def test_what_was_said_before_a_deal_became_confidential_is_for_those_who_see_the_deal(
    company, deal, write, browse, session, person, follow
):
    there = company()
    mine = deal(company=there)
    write(mine, summary="A secret price")
    read = browse("sasha").get  # she heads Sales
    assert "A secret price" in read(f"/p/crm/companies/{there.number}").text

    mine.change("confidential", True, Origin(person("sonya"), clock.now()))
    mine.change("group", None, Origin(person("sonya"), clock.now()))
    follow()
    assert "A secret price" not in read(f"/p/crm/companies/{there.number}").text
    assert "A secret price" not in read("/search?q=secret").text
    assert "A secret price" in browse("sonya").get(f"/p/crm/companies/{there.number}").text

    mine.change("owner", person("sasha").id, Origin(person("sonya"), clock.now()))
    follow()
    assert "A secret price" in read(f"/p/crm/companies/{there.number}").text


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(company, write):
    answer = write(company(), summary="", next_step="Send prices", held_on="1.1.2099")

    assert answer.status_code == 422
    assert "Write what was said" in answer.text
    assert "cannot be later than today" in answer.text
    assert 'value="Send prices"' in answer.text


def test_others_write_nothing_down(company, deal, write, browse):
    assert write(company(), login="maria").status_code == 403
    assert write(deal(), login="karim").status_code == 404
    assert browse("maria").get("/p/crm/talks/new?about=CO-1").status_code == 403
