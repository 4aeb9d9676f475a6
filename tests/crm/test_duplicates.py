"""Duplicates: found by what they share, merged without losing anything, taken apart again as they were."""

from __future__ import annotations

import pytest

from acm.errors import Conflict
from tests.crm.conftest import module

duplicates, talks = module("duplicates"), module("talks")


@pytest.fixture
def pair(company):
    return company("ООО «Ромашка»", tax_id="7701234567"), company("Ромашка, ООО", phone="+7 917 555-01-23")


def test_twins_are_found_by_any_thing_they_share(company, as_person):
    one, two = company("Romashka LLC", tax_id="7701234567"), company("Romashka")
    three = company("Quite another name", tax_id="7701234567")
    four, five = company("A", phone="8 917 555 01 23"), company("B", phone="+7 917 5550123")
    company("Alone", email="alone@example.com")

    found = duplicates.twins(as_person("sonya"), "crm.company")

    told = [({page.number for page in group.pages}, group.by) for group in found]
    assert told == [
        ({one.number, two.number, three.number}, {"tax_id", "name_key"}),
        ({four.number, five.number}, {"phone_key"}),
    ]


def test_a_merge_moves_everything_and_fills_what_is_missing(pair, deal, browse, session, as_person):
    kept, gone = pair
    theirs = deal(company=gone, amount=10)
    sonya = browse("sonya")
    sonya.submit("/p/crm/contacts", {"title": "Ivanova", "company": gone.number})
    sonya.submit("/p/crm/talks", {"about": gone.number, "summary": "They called"})

    answer = sonya.submit("/p/crm/duplicates/companies", {"kept": kept.number, "gone": gone.number})

    assert answer.status_code == 303
    for page in (theirs, kept, gone):
        session.refresh(page)
    assert (theirs.fields["company"], gone.fields["merged_into"]) == (kept.id, kept.id)
    assert kept.fields["phone"] == "+7 917 555-01-23"
    profile = sonya.get(f"/p/crm/companies/{kept.number}").text
    for said in (theirs.number, "Ivanova", "They called"):
        assert said in profile
    assert sonya.get(f"/p/crm/companies/{gone.number}").headers["location"] == f"/p/crm/companies/{kept.number}"
    assert gone.number not in sonya.get("/p/crm/companies").text


def test_an_undone_merge_leaves_things_as_they_were(pair, deal, browse, session, as_person):
    kept, gone = pair
    theirs, ours = deal(company=gone), deal(company=kept)
    before = (dict(kept.fields), dict(gone.fields))
    sonya = browse("sonya")
    sonya.submit("/p/crm/duplicates/companies", {"kept": kept.number, "gone": gone.number})
    record = as_person("sonya").pages.list("crm.merge").items[0]

    assert sonya.submit(f"/p/crm/merges/{record.number}/undoing", {"kind": "companies"}).status_code == 303
    for page in (kept, gone, theirs, ours):
        session.refresh(page)
    assert (dict(kept.fields), dict(gone.fields)) == before
    assert (theirs.fields["company"], ours.fields["company"]) == (gone.id, kept.id)
    assert sonya.submit(f"/p/crm/merges/{record.number}/undoing").status_code == 409


def test_what_was_changed_after_the_merge_stays_when_it_is_undone(pair, deal, as_person, company):
    kept, gone = pair
    theirs, elsewhere = deal(company=gone), company("Polaris")
    ctx = as_person("sonya")
    record = duplicates.merge(ctx, kept, gone)
    ctx.cases.change(theirs, fields={"company": elsewhere})
    ctx.pages.change(kept, fields={"phone": "+7 495 111-22-33"})

    duplicates.undo(ctx, record)

    assert theirs.fields["company"] == elsewhere.id
    assert kept.fields["phone"] == "+7 495 111-22-33"


def test_what_the_merger_may_not_see_goes_over_too(pair, deal, as_person, session):
    kept, gone = pair
    secret = deal(company=gone)
    secret.confidential, secret.owner_id, secret.requester_id, secret.group_id = True, None, None, None
    session.flush()

    duplicates.merge(as_person("sonya"), kept, gone)
    assert secret.fields["company"] == kept.id


def test_nothing_is_merged_twice_or_into_itself(pair, as_person):
    kept, gone = pair
    ctx = as_person("sonya")
    duplicates.merge(ctx, kept, gone)

    for one, other in ((kept, gone), (gone, kept), (kept, kept)):
        with pytest.raises(Conflict):
            duplicates.merge(ctx, one, other)


def test_only_sales_merge(pair, browse):
    kept, gone = pair
    given = {"kept": kept.number, "gone": gone.number}

    assert browse("karim").submit("/p/crm/duplicates/companies", given).status_code == 403
    assert browse("maria").get("/p/crm/duplicates/companies").status_code == 403


def test_the_screen_of_duplicates_costs_few_statements(pair, company, browse, statements):
    company("C", email="a@b.example"), company("D", email="a@b.example", tax_id="7701234567")
    sonya = browse("sonya")
    sonya.get("/p/crm/duplicates/companies")
    statements.clear()
    assert sonya.get("/p/crm/duplicates/companies").status_code == 200
    assert len(statements) <= 12
