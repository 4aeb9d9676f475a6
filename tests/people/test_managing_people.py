"""Managing people: who may grant what, the last administrator, what ends sessions and stands in the journal."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from acm.errors import Conflict, Forbidden
from acm.journal import Event, Origin
from acm.people import managing
from acm.people.models import Group, GroupMember, Person, PersonRole, Role, SignIn
from acm.people.passwords import verify_password
from acm.people.rights import grants_of
from tests.cast import MONDAY


@pytest.fixture
def role(session):
    return lambda key: session.scalars(select(Role).where(Role.key == key)).one()


@pytest.fixture
def ada(person):
    return Origin(person("ada"), MONDAY + timedelta(hours=1))


def kinds(session, person):
    return [e.kind for e in session.scalars(select(Event).where(Event.stream == person.stream).order_by(Event.seq))]


def test_an_administrator_makes_an_agent_of_a_department(session, person, department, grants, role, ada):
    maria = person("maria")

    managing.grant_role(session, grants("ada"), maria, role("agent"), department("hr"), ada)

    assert grants_of(session, maria).departments_with("case.work") == {department("hr").id}
    assert kinds(session, maria) == ["person.role_granted"]


def test_nobody_changes_their_own_roles(session, person, department, grants, role, ada):
    with pytest.raises(Forbidden):
        managing.grant_role(session, grants("ada"), person("ada"), role("agent"), department("it"), ada)


def test_the_rights_of_work_are_granted_for_a_department_never_for_the_whole_company(
    session, person, grants, role, ada
):
    with pytest.raises(Forbidden):
        managing.grant_role(session, grants("ada"), person("maria"), role("agent"), None, ada)


def test_a_right_over_an_area_is_granted_by_those_who_hold_it_alone(session, person, grants, role, ada, department):
    session.add(Role(key="keeper", names={"en": "Keeper"}, permissions=["admin.people"]))
    session.flush()
    session.add(PersonRole(person_id=person("vera").id, role_id=role("keeper").id))
    session.flush()

    with pytest.raises(Forbidden):
        managing.grant_role(session, grants("vera"), person("maria"), role("admin"), None, ada)
    managing.grant_role(session, grants("vera"), person("maria"), role("keeper"), None, ada)
    managing.grant_role(session, grants("ada"), person("maria"), role("admin"), None, ada)


@pytest.mark.parametrize("login", ["maria", "oleg", "irina"])
def test_who_does_not_manage_people_grants_nothing(session, person, grants, role, department, login):
    with pytest.raises(Forbidden):
        managing.grant_role(
            session, grants(login), person("vera"), role("agent"), department("it"), Origin(person(login), MONDAY)
        )


def test_the_last_administrator_stays(session, person, grants, role, ada):
    managing.grant_role(session, grants("ada"), person("vera"), role("admin"), None, ada)
    by_vera = Origin(person("vera"), MONDAY)
    managing.take_role(session, grants("vera"), person("ada"), role("admin"), None, by_vera)

    session.add(PersonRole(person_id=person("lev").id, role_id=role("developer").id))
    with pytest.raises(Forbidden):
        managing.deactivate(session, grants("ada"), person("vera"), ada)
    assert managing.administrators(session) == {person("vera").id}
    session.add(Role(key="keeper", names={"en": "Keeper"}, permissions=list(role("admin").permissions)))
    session.flush()
    session.add(PersonRole(person_id=person("ada").id, role_id=role("keeper").id))
    session.flush()
    managing.deactivate(session, grants("ada"), person("vera"), ada)
    assert managing.administrators(session) == {person("ada").id}


def test_taking_the_role_of_the_only_administrator_is_a_conflict(session, person, grants, role, ada):
    session.add(Role(key="keeper", names={"en": "Keeper"}, permissions=list(role("admin").permissions)))
    session.flush()
    session.add(PersonRole(person_id=person("vera").id, role_id=role("keeper").id))
    session.flush()
    everything = grants("vera")
    session.query(PersonRole).filter_by(person_id=person("vera").id).delete()

    with pytest.raises(Conflict):
        managing.take_role(session, everything, person("ada"), role("admin"), None, Origin(person("vera"), MONDAY))
    with pytest.raises(Conflict):
        managing.deactivate(session, everything, person("ada"), Origin(person("vera"), MONDAY))


def test_a_change_of_roles_ends_the_persons_sessions(browse, session, person, role):
    ada, maria = browse("ada"), browse("maria")
    it = person("oleg").department_id

    answer = ada.submit(
        f"/admin/people/{person('maria').id}/roles", {"verb": "grant", "role": "agent", "department": it}
    )

    assert answer.status_code == 303
    assert maria.get("/me").status_code == 303
    ended = session.scalars(select(SignIn).where(SignIn.person_id == person("maria").id)).one().ended_at
    assert ended is not None


def test_whoever_has_left_cannot_go_on_and_may_come_back(browse, person):
    ada, maria = browse("ada"), browse("maria")
    base = f"/admin/people/{person('maria').id}"

    ada.submit(f"{base}/deactivation")
    assert maria.get("/me").status_code == 303
    ada.submit(f"{base}/activation")
    assert browse("maria").get("/me").status_code == 200


def test_a_new_password_is_shown_once_and_works(browse, session, person):
    page = browse("ada").submit(f"/admin/people/{person('maria').id}/password")

    shown = page.text.split('readonly value="')[1].split('"')[0]
    session.expire_all()
    assert verify_password(shown, person("maria").password_hash)


def test_the_password_of_somebody_with_more_rights_is_not_reset(session, person, grants, role):
    session.add(Role(key="keeper", names={"en": "Keeper"}, permissions=["admin.people"]))
    session.flush()
    session.add(PersonRole(person_id=person("vera").id, role_id=role("keeper").id))
    session.flush()

    with pytest.raises(Forbidden):
        managing.reset_password(session, grants("vera"), person("ada"), Origin(person("vera"), MONDAY))


def test_nobody_joins_a_group_by_themselves_but_others_may_be_added(session, person, grants, group, ada):
    with pytest.raises(Forbidden):
        managing.join_group(session, grants("ada"), group("it-net"), person("ada"), ada)
    managing.join_group(session, grants("ada"), group("it-net"), person("maria"), ada)

    assert session.get(GroupMember, (group("it-net").id, person("maria").id)) is not None
    assert kinds(session, person("maria")) == ["person.joined_group"]


def test_a_person_is_added_with_a_login_of_their_own(browse, session):
    ada = browse("ada")

    page = ada.submit("/admin/people", {"login": "Nora", "given": "Нора", "family": "Белая"})

    assert page.status_code == 200
    assert "shown this once" in page.text
    assert session.scalars(select(Person).where(Person.login == "nora")).one().given == "Нора"
    again = ada.submit("/admin/people", {"login": "nora", "given": "Нора"})
    assert again.status_code == 422
    assert "This login is taken" in again.text


def test_nobody_is_their_own_manager_not_even_by_a_detour(browse, person, session):
    ada = browse("ada")

    answer = ada.submit(f"/admin/people/{person('anna').id}", {"given": "Анна", "manager": "maria"})

    assert answer.status_code == 422
    assert "Nobody is their own manager" in answer.text


def test_a_form_cannot_set_what_it_does_not_show(browse, person, session):
    browse("maria").submit("/me", {"theme": "dark", "active": "", "password_hash": "x", "login": "root"})
    browse("ada").submit(f"/admin/people/{person('maria').id}", {"given": "Мария", "password_hash": "x", "id": "1"})

    session.expire_all()
    maria = person("maria")
    assert maria.theme == "dark"
    assert maria.active
    assert maria.password_hash != "x"


def test_a_group_is_made_renamed_and_its_members_change(browse, session, person):
    ada = browse("ada")

    assert ada.submit("/admin/groups", {"key": "it-db", "name_ru": "Базы", "name_en": "Databases"}).status_code == 303
    assert ada.submit("/admin/groups", {"key": "it-db", "name_ru": "Базы"}).status_code == 422
    ada.submit("/admin/groups/it-db/members", {"login": "maria"})
    assert "Maria" in ada.get("/admin/groups/it-db").text
    ada.submit("/admin/groups/it-db/members", {"remove": person("maria").id})
    ada.submit("/admin/groups/it-db", {"name_ru": "Базы данных"})

    group = session.scalars(select(Group).where(Group.key == "it-db")).one()
    assert group.names == {"ru": "Базы данных"}
    assert session.scalars(select(GroupMember).where(GroupMember.group_id == group.id)).all() == []


def test_people_are_found_by_the_beginning_of_a_name_in_any_case(browse):
    ada = browse("ada")

    assert "maria" in ada.get("/admin/people?q=сокол").text
    assert "maria" in ada.get("/admin/people?q=МАРИЯ").text
    assert "maria" not in ada.get("/admin/people?q=ким").text
    assert "dan" in ada.get("/admin/people?left=yes").text


@pytest.mark.parametrize("move", ["department", "branch", "manager"])
def test_nobody_moves_themselves_to_where_more_is_read_or_somebody_else_approves(
    browse, session, person, department, move
):
    ada, maria = person("ada"), person("maria")
    there = {"department": str(department("hr").id), "branch": "", "manager": "maria"}
    before = (ada.department_id, ada.branch_id, ada.manager_id)

    refused = browse("ada").submit(f"/admin/people/{ada.id}", {move: there[move]})
    moved = browse("ada").submit(f"/admin/people/{maria.id}", {"department": str(department("it").id)})
    renamed = browse("ada").submit(f"/admin/people/{ada.id}", {"phone": "4400", "department": str(ada.department_id)})

    session.expire_all()
    assert (refused.status_code, moved.status_code, renamed.status_code) == (403, 303, 303)
    assert (ada.department_id, ada.branch_id, ada.manager_id) == before
    assert (maria.department_id, ada.phone) == (department("it").id, "4400")


def test_an_administrator_of_one_department_administers_nothing_of_the_whole(browse, session, person, department, role):
    session.add(PersonRole(person_id=person("vera").id, role_id=role("admin").id, department_id=department("hr").id))
    vera = browse("vera")

    areas = ["/admin/people", "/admin/groups", "/admin/plugins", "/admin/taxonomy", "/admin/webhooks", "/api/v1/events"]

    assert {vera.get(path).status_code for path in areas} == {403}
    assert vera.get("/kb/new").status_code == 200, "the rights of work are those of the department"
