"""Who stands behind an approver's role: named by an administrator; a role that nobody holds is said, never skipped."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from acm.catalog.approvers import NobodyApproves
from acm.errors import Invalid
from acm.journal import Event, Origin
from acm.pages.visibility import inside
from acm.people.models import BusinessOwner, Department
from acm.people.standing import stand_behind
from tests.cast import MONDAY

NAMES = {"name_ru": "Финансовый директор", "name_en": "CFO"}


@pytest.fixture
def asks_cfo(offer):
    return offer(approvals=[{"step": 1, "role": "cfo"}])


@pytest.fixture
def ada(browse):
    return browse("ada")


def events(session) -> list[Event]:
    found = session.scalars(inside(select(Event).where(Event.kind.startswith("approver.")).order_by(Event.id)))
    return list(found)


def test_a_role_that_a_service_asks_and_nobody_holds_leads_the_list(asks_cfo, ada) -> None:
    page = ada.get("/admin/approvers").text

    assert page.index('href="/admin/approvers/cfo"') < page.index('href="/admin/approvers/it_head"')
    assert "1 role that services ask is held by nobody" in page
    assert "the head of the department approves instead" in ada.get("/admin/approvers/cfo").text


def test_an_administrator_names_a_person_and_the_next_request_asks_them(
    asks_cfo, ada, file: Any, person: Any, session: Any
) -> None:
    answer = ada.post("/admin/approvers/cfo", data={**NAMES, "person": "Орлов"})

    assert answer.headers["location"] == "/admin/approvers/cfo"
    session.expire_all()
    assert [a.approver_id for a in file(asks_cfo, reason="x").approvals()] == [person("lev").id]
    told = events(session)
    assert [(e.kind, e.actor_id) for e in told] == [("approver.added", person("ada").id)]
    assert told[0].data["changes"]["person"] == [None, person("lev").id]


def test_a_role_may_be_a_relation(asks_cfo, ada, session: Any) -> None:
    ada.post("/admin/approvers/cfo", data={**NAMES, "relation": "manager"})

    assert session.get_one(BusinessOwner, "cfo").relation == "manager"
    assert "the manager of whom the request is for" in ada.get("/admin/approvers").text


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"name_ru": "", "name_en": ""}, "Enter a name"),
        ({"person": "nobody-at-all"}, "We know nobody of that name"),
        ({"relation": "godfather"}, "Choose one of the offered values"),
        ({"person": "ada"}, "Nobody puts themselves behind a role"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(asks_cfo, ada, session: Any, answers: Any, said: str) -> None:
    page = ada.post("/admin/approvers/cfo", data={**NAMES, **answers})

    assert page.status_code == 422
    assert said in page.text
    assert session.get(BusinessOwner, "cfo") is None
    assert ("CFO" in page.text) == ("name_en" not in answers)


def test_a_role_is_added_before_the_file_of_services_that_names_it(ada, session: Any) -> None:
    assert ada.post("/admin/approvers", data={**NAMES, "role": "Big boss"}).status_code == 422
    assert ada.post("/admin/approvers", data={**NAMES, "role": "it_head"}).status_code == 422
    ada.post("/admin/approvers", data={**NAMES, "role": "cfo", "person": "lev"})

    assert session.get_one(BusinessOwner, "cfo").names == {"ru": "Финансовый директор", "en": "CFO"}


def test_whoever_has_left_cannot_be_named(session: Any, grants: Any, person: Any) -> None:
    with pytest.raises(Invalid):
        stand_behind(session, grants("ada"), "cfo", {"en": "CFO"}, Origin(person("ada"), MONDAY), person=person("dan"))


def test_where_nobody_at_all_could_approve_nothing_is_filed_and_the_way_out_is_said(
    asks_cfo, browse: Any, file: Any, session: Any
) -> None:
    for department in session.scalars(select(Department)):
        department.head_id = None
    session.commit()

    with pytest.raises(NobodyApproves):
        file(asks_cfo, reason="x")
    session.rollback()
    page = browse("maria").get(f"/services/{asks_cfo.slug}").text
    assert "Nobody is named yet who approves this: cfo" in page
    assert 'href="/people/ada"' in page
    assert 'href="/admin/approvers/cfo"' in browse("ada").get(f"/services/{asks_cfo.slug}").text


def test_the_form_keeps_the_answers_while_nobody_approves(asks_cfo, browse: Any, session: Any) -> None:
    for department in session.scalars(select(Department)):
        department.head_id = None
    session.commit()
    maria, address = browse("maria"), f"/services/{asks_cfo.slug}"
    maria.post(f"{address}/new", data={"step": "1", "reason": "because of the audit"})

    refused = maria.post(f"{address}/requests", data={})

    assert refused.status_code == 409
    assert "because of the audit" in refused.text
    assert "disabled" in refused.text


def test_the_head_who_stands_in_is_named_with_the_reason(asks_cfo, browse: Any) -> None:
    page = browse("maria").get(f"/services/{asks_cfo.slug}/new").text
    assert "approves, for nobody is named yet: cfo" in page
