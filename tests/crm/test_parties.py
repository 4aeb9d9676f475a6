"""Companies and contacts: found by what is known of them, shown in one view, changed by one at a time."""

from __future__ import annotations

import pytest

from tests.crm.conftest import module

names = module("names")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ООО «Ромашка»", "Ромашка, ООО"),
        ("Общество с ограниченной ответственностью Зелёный луг", "зеленый луг"),
        ("JPMorgan Chase & Co.", "JPMORGAN CHASE"),
        ("Select Portfolio Servicing, Inc", "Select Portfolio Servicing Inc."),
        ("Müller GmbH", "Muller"),
    ],
)
def test_a_name_is_the_same_without_its_form_case_quotes_and_accents(one, other):
    assert names.key_of(one) == names.key_of(other)


def test_names_that_only_resemble_each_other_stay_apart():
    assert names.key_of("Ромашка Юг") != names.key_of("Ромашка Север")
    assert names.key_of("ООО") == "ооо"
    assert names.key_of("Йод") != names.key_of("Иод")


def test_a_phone_is_the_same_however_it_is_written():
    assert names.phone_key("8 (917) 555-01-23") == names.phone_key("+7 917 5550123") == "9175550123"
    assert names.phone_key("44") == ""


def test_a_company_is_added_and_shown(crm, browse):
    sonya = browse("sonya")
    answer = sonya.submit(
        "/p/crm/companies", {"title": "Romashka LLC", "tax_id": "7701 234567", "phone": "+7 917 555-01-23"}
    )

    assert answer.status_code == 303
    page = sonya.get(answer.headers["location"]).text
    assert "Romashka LLC" in page
    assert "7701234567" in page


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(crm, browse):
    answer = browse("sonya").submit(
        "/p/crm/companies", {"title": "", "tax_id": "77", "email": "no", "site": "example.com"}
    )

    assert answer.status_code == 422
    for said in ("Write the name", "10 or 12 digits", "name@company.com"):
        assert said in answer.text
    assert 'value="example.com"' in answer.text


@pytest.mark.parametrize("asked", ["omashk", "7701234567", "9175550123", "%2B7%20917%20555-01-23", "info@romashka"])
def test_a_company_is_found_by_what_is_known_of_it(company, browse, asked):
    there = company(tax_id="7701234567", phone="8 917 555 01 23", email="info@romashka.example")
    other = company("Polaris JSC")

    page = browse("karim").get(f"/p/crm/companies?q={asked}").text

    assert there.number in page
    assert other.number not in page


def test_a_contact_stands_with_its_company(company, browse):
    there = company()
    sonya = browse("sonya")
    answer = sonya.submit(
        "/p/crm/contacts", {"title": "Ivanova Olga", "company": f"{there.number} whatever", "role": "Buyer"}
    )

    assert answer.status_code == 303
    assert "Ivanova Olga" in sonya.get(f"/p/crm/companies/{there.number}").text
    assert "Romashka LLC" in sonya.get(answer.headers["location"]).text
    assert sonya.submit("/p/crm/contacts", {"title": "Petrov", "company": "Nowhere"}).status_code == 422


def test_the_second_of_two_editors_keeps_what_they_wrote(company, browse):
    there = company()
    sonya = browse("sonya")
    version = there.version
    sonya.submit(f"/p/crm/companies/{there.number}", {"version": version, "title": "Romashka Plus"})

    late = sonya.submit(f"/p/crm/companies/{there.number}", {"version": version, "title": "Romashka Minus"})

    assert late.status_code == 409
    assert "Somebody changed it meanwhile" in late.text
    assert 'value="Romashka Minus"' in late.text


def test_others_neither_find_nor_add_clients(company, browse):
    there = company()
    maria = browse("maria")

    assert maria.get("/p/crm/companies").status_code == 403
    assert maria.get(f"/p/crm/companies/{there.number}").status_code == 404
    assert maria.submit("/p/crm/companies", {"title": "Mine"}).status_code == 403
    assert "/p/crm/" not in maria.get("/").text


def test_care_reads_a_company_and_may_not_rewrite_it(company, browse):
    there = company()
    karim = browse("karim")

    assert karim.get(f"/p/crm/companies/{there.number}").status_code == 200
    assert karim.submit(f"/p/crm/companies/{there.number}", {"version": 1, "title": "Other"}).status_code == 403


def test_the_profile_shows_only_what_the_viewer_may_see(company, deal, browse):
    there = company()
    mine = deal("Pumps for a year", company=there, amount=250_000)

    assert mine.number in browse("sonya").get(f"/p/crm/companies/{there.number}").text
    hidden = browse("karim").get(f"/p/crm/companies/{there.number}").text
    assert mine.number not in hidden
    assert "250" not in hidden


def test_the_screens_cost_few_statements(company, deal, browse, statements):
    there = company()
    deal(company=there, amount=100)
    sonya = browse("sonya")
    for path in ("companies", f"companies/{there.number}", "contacts"):
        sonya.get(f"/p/crm/{path}")
        statements.clear()
        assert sonya.get(f"/p/crm/{path}").status_code == 200
        assert len(statements) <= 12, (path, len(statements), statements)
