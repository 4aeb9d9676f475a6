"""Complaints: the category says the steps and their days, who decides, and that nothing is closed without its cause."""

from __future__ import annotations

from datetime import timedelta

import pytest

from acm import clock
from acm.catalog.filing import Filing, file_request, find_service
from acm.errors import Problem
from acm.journal import Origin
from tests.crm.conftest import module

complaints, rules = module("complaints"), module("rules")


@pytest.fixture
def complaint(as_person, person, department, group, follow):
    def make(category="fraud", **known):
        ctx = as_person("karim")
        case = ctx.cases.open(
            "crm.complaint", title="Money is gone", requester=person("karim"), owner=person("karim"),
            department=department("care"), group=group("client-care"), fields={"category": category, **known},
        )  # fmt: skip
        follow()
        return case

    return make


def tick(browse, case, session, *steps, login="karim"):
    session.refresh(case)
    return browse(login).submit(
        f"/p/crm/complaints/{case.number}/steps", {"version": case.version, "step": list(steps)}
    )


def test_every_category_has_its_words_steps_and_an_answer():
    found = complaints.categories()

    assert [one.id for one in found if not any(step.key == "answer" for step in one.steps)] == []
    assert all(one.names["ru"] and one.names["en"] and one.decides in ("agent", "head") for one in found)
    assert all(list(one.steps) == sorted(one.steps, key=lambda step: step.days) for one in found)


def test_a_complaint_promises_the_last_day_of_its_procedure(complaint):
    case = complaint("fraud")

    assert case.due_at == case.opened_at + timedelta(days=14)


def test_another_category_promises_another_day(complaint, as_person, follow):
    case = complaint("fraud")
    as_person("karim").cases.change(case, fields={"category": "service"})
    follow()

    assert case.due_at == case.opened_at + timedelta(days=5)


def test_the_company_is_found_by_the_name_that_was_told(company, complaint):
    there = company("Romashka LLC")

    assert complaint(client="Romashka, LLC").fields["company"] == there.id
    assert "company" not in complaint(client="Nobody knows").fields


def test_the_page_of_the_case_shows_the_checklist_and_a_tab(complaint, browse):
    case = complaint("fraud")
    page = browse("karim").get(f"/cases/{case.number}").text

    assert "Stop operations and secure the account" in page
    assert f"/p/crm/complaints/{case.number}/steps" in page


def test_a_tick_keeps_its_day_and_who_made_it(complaint, browse, session, person, itself):
    case = complaint("fraud")
    assert tick(browse, case, session, "register", "secure").status_code == 303

    session.refresh(case)
    assert case.fields["steps"] == [
        {"step": key, "done_on": itself.today().isoformat(), "by": person("karim").id} for key in ("register", "secure")
    ]
    tick(browse, case, session, "register")
    session.refresh(case)
    assert [row["step"] for row in case.fields["steps"]] == ["register"]


def test_the_decision_is_taken_by_whom_the_category_names(complaint, browse, session):
    case = complaint("fraud")
    assert tick(browse, case, session, "decide").status_code == 403
    assert tick(browse, case, session, "register", "decide", login="clara").status_code == 303
    assert tick(browse, case, session, "register", "secure").status_code == 303

    session.refresh(case)
    assert [row["step"] for row in case.fields["steps"]] == ["register", "secure", "decide"]

    easy = complaint("fees")
    assert tick(browse, easy, session, "decide").status_code == 303


def test_the_second_of_two_who_tick_is_told(complaint, browse, session):
    case = complaint("fraud")
    seen = case.version
    tick(browse, case, session, "register")

    late = browse("karim").submit(f"/p/crm/complaints/{case.number}/steps", {"version": seen, "step": "secure"})
    assert late.status_code == 409
    assert "Somebody changed it meanwhile" in late.text


def test_others_see_no_steps(complaint, browse):
    case = complaint("fraud")

    assert browse("maria").get(f"/p/crm/complaints/{case.number}/steps").status_code == 404
    assert browse("sonya").get(f"/p/crm/complaints/{case.number}/steps").status_code == 404


def test_it_is_not_answered_before_its_steps_are_done(complaint, browse, session, as_person):
    case = complaint("fees", root_cause="system")
    ctx = as_person("karim")
    ctx.cases.move(case, "in_progress")

    with pytest.raises(Problem) as refusal:
        ctx.cases.move(case, "answered")
    assert refusal.value.params["said"]["en"].startswith("Tick the steps of its procedure first: Register")
    tick(browse, case, session, "register", "check_sums", "decide")
    session.refresh(case)
    ctx.cases.move(case, "answered")
    assert case.state == "answered"


def test_it_is_not_closed_before_the_steps_after_the_answer_are_done(complaint, browse, session, as_person):
    case = complaint("goods", root_cause="process")
    ctx = as_person("karim")
    ctx.cases.move(case, "in_progress")
    session.commit()
    tick(browse, case, session, "register", "investigate", "decide", "answer")
    session.refresh(case)
    ctx.cases.move(case, "answered")
    session.commit()

    with pytest.raises(Problem) as refusal:
        ctx.cases.move(case, "closed")
    assert refusal.value.params["said"]["en"] == "Tick the steps of its procedure first: Set measures"
    tick(browse, case, session, "register", "investigate", "decide", "answer", "prevent")
    session.refresh(case)
    ctx.cases.move(case, "closed")
    assert case.state == "closed"


@pytest.mark.parametrize("target", ["decided", "rejected"])
def test_only_whom_the_category_names_decides_or_rejects(complaint, as_person, target):
    case = complaint("fraud")
    as_person("karim").cases.move(case, "in_progress")

    with pytest.raises(Problem, match="head of client care"):
        as_person("karim").cases.move(case, target, comment="Nothing was wrong")
    as_person("clara").cases.move(case, target, comment="Nothing was wrong")
    assert case.state == target


def test_who_decides_ticks_the_decision_by_it(complaint, as_person, person, follow, session):
    case = complaint("fees")
    as_person("karim").cases.move(case, "in_progress")
    as_person("karim").cases.move(case, "decided")
    follow()

    assert [(row["step"], row["by"]) for row in case.fields["steps"]] == [("decide", person("karim").id)]


@pytest.mark.parametrize(("category", "refused"), [("fraud", True), ("service", False)])
def test_it_is_not_closed_without_a_root_cause_where_its_category_wants_one(
    complaint, as_person, browse, session, category, refused
):
    case = complaint(category)
    steps = [line.key for line in complaints.category_of(case.fields).steps]
    assert tick(browse, case, session, *steps, login="clara").status_code == 303
    session.refresh(case)
    case.state, case.category = "answered", "resolved"
    ctx = as_person("karim")

    if refused:
        with pytest.raises(Problem, match="root cause first"):
            ctx.cases.move(case, "closed")
        ctx.cases.change(case, fields={"root_cause": "process"})
    ctx.cases.move(case, "closed")
    assert case.state == "closed"


def test_the_service_opens_a_complaint(crm, session, person, grants, follow):
    session.info["snapshot"] = crm.snapshot
    service = find_service(session, grants("maria"), "cr-002")
    answers = {"client": "Romashka", "product": "Pumps", "category": "goods", "details": "Broken", "severity": "low"}
    filing = Filing(service, answers, person("maria"), person("maria"), "en")
    case = file_request(session, filing, Origin(person("maria"), clock.now()), crm.snapshot, "Europe/Moscow")
    follow()

    assert (case.type, case.fields["category"]) == ("crm.complaint", "goods")
    assert case.due_at == case.opened_at + timedelta(days=14)


def test_the_list_narrows_by_category_company_and_lateness(complaint, company, browse, session):
    there = company()
    one, other = complaint("fraud", company=there), complaint("fees")
    other.due_at = clock.now() - timedelta(days=1)
    karim = browse("karim")

    def shown(query):
        page = karim.get(f"/p/crm/complaints?{query}").text
        return {case.number for case in (one, other) if f"/cases/{case.number}" in page}

    assert shown("") == {one.number, other.number}
    assert shown("category=fees") == {other.number}
    assert shown(f"company={there.number}") == {one.number}
    assert shown("view=late") == {other.number}
    assert karim.get("/p/crm/complaints?category=none").status_code == 404


def test_a_complaint_stands_in_the_profile_of_its_company(complaint, company, browse):
    there = company()
    case = complaint(company=there)

    assert case.number in browse("karim").get(f"/p/crm/companies/{there.number}").text


def test_the_screens_of_complaints_cost_few_statements(complaint, company, browse, statements):
    case = complaint(company=company())
    karim = browse("karim")
    for path in ("complaints", f"complaints/{case.number}/steps", "companies/CO-1"):
        karim.get(f"/p/crm/{path}")
        statements.clear()
        assert karim.get(f"/p/crm/{path}").status_code == 200
        assert len(statements) <= 12, (path, len(statements))
