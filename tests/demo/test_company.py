"""The demo company: a thousand people in their places, made once and never twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from acm.audit import verify
from acm.cases.models import Case
from acm.catalog.models import Service
from acm.db import Database
from acm.demo import commands
from acm.demo.building import Building, NotADemo
from acm.demo.company_file import company_file, vocabularies
from acm.demo.marks import is_built
from acm.demo.people import make_people
from acm.journal import Event
from acm.kpi.panels import shelf
from acm.pages.models import Announcement, Article
from acm.pages.visibility import unrestricted, visible
from acm.people.models import Branch, BusinessOwner, Department, Group, GroupMember, Person
from acm.people.passwords import verify_password
from acm.people.rights import grants_of
from acm.people.routes import demo_logins
from acm.web.runtime import Runtime
from tests.demo.conftest import settings_in

PLUGINS = Path("plugins")


def count(session: Session, model: type) -> int:
    return session.scalar(unrestricted(select(func.count()).select_from(model), "test")) or 0


def persona(session: Session, login: str) -> Person:
    return session.scalars(select(Person).where(Person.login == login)).one()


def test_a_thousand_people_fill_the_branches_and_departments_as_declared() -> None:
    places = vocabularies(PLUGINS)

    people = make_people(company_file(), places, 7)

    assert len(people) == 1000
    assert Counter(p.branch for p in people) == {b.id: b.employees for b in places.branches}
    assert Counter(p.department for p in people) == {d.id: d.employees for d in places.departments}
    assert len({p.login for p in people}) == len({(p.family["ru"], p.given["ru"]) for p in people}) == 1000


def test_groups_have_as_many_people_as_declared_and_everybody_has_a_manager() -> None:
    people = make_people(company_file(), vocabularies(PLUGINS), 7)

    sizes = Counter(group for person in people for group in person.groups)
    assert sizes == {team.id: team.members for team in company_file().groups}
    assert [p.position.id for p in people if not p.manager] == ["ceo"]


def test_the_same_seed_makes_the_same_people_and_another_seed_others() -> None:
    places, file = vocabularies(PLUGINS), company_file()

    assert make_people(file, places, 7) == make_people(file, places, 7)
    assert make_people(file, places, 7) != make_people(file, places, 8)


def test_everything_declared_stands_in_the_database(company: Session) -> None:
    places = vocabularies(PLUGINS)

    assert count(company, Person) == 1000
    assert count(company, Branch) == 20
    assert count(company, Department) == len(places.departments)
    assert count(company, Group) == len(places.groups)
    assert count(company, BusinessOwner) == 20
    assert count(company, Article) == 42
    assert count(company, Announcement) == 6
    assert count(company, Service) == 132  # 112, "something else" in free words, and 19 steps that only orders open


def test_every_department_branch_and_group_has_somebody_who_leads_it(company: Session) -> None:
    for model, leader in ((Department, "head_id"), (Branch, "head_id"), (Group, "lead_id")):
        assert not [row.key for row in company.scalars(select(model)) if getattr(row, leader) is None]


def test_the_personas_sign_in_with_one_password_and_nobody_else_does(company: Session) -> None:
    logins = demo_logins(company)

    assert logins == ["employee", "head", "agent", "approver", "hr", "lawyer", "sales", "admin", "developer"]
    assert all(verify_password("demo", persona(company, login).password_hash) for login in logins)
    assert company.scalar(select(func.count()).select_from(Person).where(Person.password_hash != "")) == 9


def test_the_personas_stand_where_the_story_wants_them(company: Session) -> None:
    employee, agent, head = (persona(company, login) for login in ("employee", "agent", "head"))
    networks = company.scalars(select(Group).where(Group.key == "it-net")).one()
    it = company.scalars(select(Department).where(Department.key == "it")).one()

    assert employee.manager_id == persona(company, "approver").id
    assert company.get(GroupMember, (networks.id, agent.id)) is not None
    assert it.head_id == head.id
    assert grants_of(company, head).holds("kpi.view", it.id)
    assert grants_of(company, persona(company, "admin")).holds("admin.people")


def test_every_persona_who_leads_has_a_panel_and_the_lawyer_a_queue_too(company: Session, standing: Runtime) -> None:
    def panels(login: str) -> list[str]:
        return [p.key for p in shelf(company, standing.snapshot, grants_of(company, persona(company, login))).mine()]

    hr = company.scalars(select(Department).where(Department.key == "hr")).one()
    assert hr.head_id == persona(company, "hr").id
    assert panels("hr")[0] == "hr_onboarding"
    assert panels("head")[0] == "itsm"
    assert panels("lawyer")[0] == "legal"
    assert {"crm", "crm-care"} <= set(panels("sales"))
    lawyer = grants_of(company, persona(company, "lawyer"))
    assert company.scalars(visible(lawyer, Case).where(Case.group_id.in_(lawyer.groups))).all()


def test_the_vpn_services_belong_to_the_group_of_the_agent(company: Session) -> None:
    networks = company.scalars(select(Group).where(Group.key == "it-net")).one()
    statement = select(Service).where(Service.slug.in_(["it-004", "it-013"]))

    assert {s.group_id for s in company.scalars(unrestricted(statement, "test"))} == {networks.id}


def test_the_second_run_finds_everything_and_writes_nothing(demo: Runtime) -> None:
    def events() -> int:
        with demo.db.reading(demo.snapshot) as session:
            return count(session, Event)

    before = events()

    assert Building(demo, lambda words, done, total: None).build() is False
    assert is_built(demo.settings)
    assert events() == before


def test_the_journal_is_whole(company: Session) -> None:
    assert not list(verify(company))


def test_a_company_of_real_people_is_neither_mixed_nor_reset(runtime: Runtime) -> None:
    with pytest.raises(NotADemo):
        Building(runtime, lambda words, done, total: None).build()
    with pytest.raises(NotADemo):
        commands.reset(runtime.settings)


def test_reset_leaves_an_empty_database_of_the_present_schema(built: Path, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    (tmp_path / "demo.db").write_bytes((built / "demo.db").read_bytes())

    commands.reset(settings)

    with Database(settings.url).reading() as session:
        assert count(session, Person) == 0
    assert not is_built(settings)
