"""Departments and branches by page: made, led, moved; nobody makes themselves a head."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from acm.journal import Event
from acm.pages.visibility import inside
from acm.people.models import Branch, Department

HR = {"name_ru": "Кадры", "name_en": "People"}


@pytest.fixture
def ada(browse):
    return browse("ada")


def kinds(session):
    return list(
        session.scalars(inside(select(Event.kind).where(Event.kind.startswith("department.")).order_by(Event.id)))
    )


def test_a_department_is_made_with_its_head_below_another(ada, session, person, department):
    answer = ada.post(
        "/admin/departments",
        data={**HR, "key": "care", "head": "Vera Latin (vera)", "parent": str(department("hr").id), "hue": "155"},
    )

    assert answer.headers["location"] == "/admin/departments/care"
    made = session.scalars(select(Department).where(Department.key == "care")).one()
    assert (made.head_id, made.parent_id, made.hue) == (person("vera").id, department("hr").id, 155)
    assert kinds(session)[-1] == "department.added"
    assert "Vera Latin" in ada.get("/admin/departments/care").text


def test_a_branch_needs_a_time_zone_that_there_is(ada, session):
    page = ada.post("/admin/branches", data={"name_en": "Omsk", "key": "OMS", "timezone": "Siberia"})
    assert page.status_code == 422
    assert "There is no such time zone" in page.text
    assert 'value="Omsk"' in page.text
    ada.post("/admin/branches", data={"name_en": "Omsk", "key": "OMS", "timezone": "Asia/Omsk"})
    assert session.scalars(select(Branch).where(Branch.key == "OMS")).one().timezone == "Asia/Omsk"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"key": "it"}, "This key is taken"),
        ({"key": "о кадрах"}, "Use Latin letters"),
        ({"key": "x" * 41}, "Use Latin letters"),
        ({"name_ru": "", "name_en": ""}, "Enter a name"),
        ({"head": "ada"}, "Nobody makes themselves a head"),
        ({"head": "dan"}, "We know nobody of that name"),
        ({"parent": "999"}, "Choose one of the offered values"),
    ],
)
def test_what_is_wrong_with_a_department_is_said(ada, session, answers, said):
    if answers.get("head") == "dan":
        answers = {"head": "Нетаков"}
    page = ada.post("/admin/departments", data={**HR, "key": "care", **answers})

    assert page.status_code == 422
    assert said in page.text
    assert session.scalars(select(Department).where(Department.key == "care")).first() is None


def test_a_department_cannot_lie_within_itself(ada, department, session):
    ada.post("/admin/departments", data={**HR, "key": "care", "parent": str(department("hr").id)})
    inner = session.scalars(select(Department).where(Department.key == "care")).one()

    page = ada.post("/admin/departments/hr", data={**HR, "parent": str(inner.id)})

    assert page.status_code == 422
    assert "cannot lie within itself" in page.text


def test_a_new_head_sees_the_work_at_once(ada, browse, person, department):
    ada.post("/admin/departments/legal", data={"name_en": "Legal", "head": "lev"})

    assert browse("lev").get("/kpi").headers["location"] == "/kpi/legal"


def test_saving_without_a_change_leaves_no_event(ada, session, department):
    ada.post("/admin/departments/hr", data={**HR, "head": "anna"})
    before = len(kinds(session))

    ada.post("/admin/departments/hr", data={**HR, "head": "anna"})

    assert len(kinds(session)) == before
