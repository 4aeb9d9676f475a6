"""The demo company in the database: departments, branches, groups, people, roles and who stands behind approvals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.catalog.vocabularies import Domain, Vocabularies
from acm.demo.company_file import CompanyFile, company_file, vocabularies
from acm.demo.marks import DEMO
from acm.demo.people import Colleague, lead_of, make_people
from acm.journal import Origin
from acm.pages.kinds import CATEGORY
from acm.people import setup
from acm.people.importing import bring, company_of
from acm.people.layout import COMPANY
from acm.people.models import (
    Branch,
    BusinessOwner,
    Department,
    Group,
    Installation,
    Person,
    PersonRole,
    Role,
)
from acm.people.passwords import hash_password
from acm.taxonomy.definitions import TermDefinition
from acm.taxonomy.vocabularies import sync_vocabulary


def found_company(session: Session, plugins: Path, seed: int, origin: Origin) -> None:
    """Write the whole company into an empty database, in the caller's transaction."""
    file, places = company_file(), vocabularies(plugins)
    colleagues = make_people(file, places, seed)
    setup.ensure_roles(session)
    _places(session, places)
    rows = [colleague.row(line, file.company.domain) for line, colleague in enumerate(colleagues, 2)]
    bring(session, rows, origin, company=company_of(session))
    people = {str(p.login): p for p in session.scalars(select(Person).where(Person.login.is_not(None)))}
    _lead(session, file, colleagues, people)
    _give_roles(session, file, colleagues, people)
    _open_doors(file, people)
    _own(session, file, places, colleagues, people)
    _declare(session, file, places)
    setup.close(session, origin.at)


def _places(session: Session, places: Vocabularies) -> None:
    branches = [Branch(key=b.id, names=dict(b.city), timezone=b.timezone) for b in places.branches]
    departments = {
        d.id: Department(key=d.id, names=dict(d.name), summaries=dict(d.summary), hue=d.hue, icon=d.icon, order=d.order)
        for d in places.departments
    }
    session.add_all([*branches, *departments.values()])
    session.flush()
    for told in places.departments:
        if told.parent:
            departments[told.id].parent_id = departments[told.parent].id
    groups = [Group(key=g.id, names=dict(g.name), department_id=departments[g.department].id) for g in places.groups]
    session.add_all(groups)
    session.flush()


def _lead(
    session: Session, file: CompanyFile, colleagues: Sequence[Colleague], people: Mapping[str, Person]
) -> None:  # fmt: skip
    """Heads of departments, directors of branches, leads of groups."""
    by_position = {c.position.id: c.login for c in reversed(colleagues)}
    departments = {d.key: d for d in session.scalars(select(Department))}
    for staff in file.positions:
        departments[staff.department].head_id = people[by_position[staff.head]].id
    directors = {c.branch: people[c.login].id for c in colleagues if c.position.per}
    for branch in session.scalars(select(Branch)):
        branch.head_id = directors.get(branch.key)
    groups = {g.key: g for g in session.scalars(select(Group))}
    for team in file.groups:
        group = groups[team.id]
        group.lead_id = people[lead_of(colleagues, team.id, team.lead).login].id
        group.email = f"{team.id}@{file.company.domain}"


def _give_roles(
    session: Session, file: CompanyFile, colleagues: Sequence[Colleague], people: Mapping[str, Person]
) -> None:
    """Personas hold what the file says; whoever is in a group is an agent of the group's department."""
    roles = {r.key: r.id for r in session.scalars(select(Role))}
    departments = {d.key: d.id for d in session.scalars(select(Department))}
    of_group = {team.id: team.department for team in file.groups}
    held: set[tuple[str, str, str]] = set()
    for colleague in colleagues:
        if colleague.persona is not None:
            held |= {(colleague.login, one.role, one.department) for one in colleague.persona.roles}
        held |= {(colleague.login, "agent", of_group[group]) for group in colleague.groups}
    for login, role, department in sorted(held):
        session.add(
            PersonRole(person_id=people[login].id, role_id=roles[role], department_id=departments.get(department))
        )


def _open_doors(file: CompanyFile, people: Mapping[str, Person]) -> None:
    """The personas can sign in. All have one password, so it is hashed once."""
    hashed = hash_password(file.company.password)
    for persona in file.personas:
        person = people[persona.login]
        person.password_hash, person.language = hashed, persona.language
        person.settings = {"room": persona.room} if persona.room else {}


def _own(
    session: Session, file: CompanyFile, places: Vocabularies, colleagues: Sequence[Colleague],
    people: Mapping[str, Person],
) -> None:  # fmt: skip
    by_position = {c.position.id: c.login for c in reversed(colleagues)}
    names = {role.id: role.name for role in places.approver_roles}
    for owner in file.business_owners:
        person = people[by_position[owner.position]] if owner.position else None
        row = BusinessOwner(
            role=owner.role, names=dict(names[owner.role]), person_id=person.id if person else None,
            field=owner.field, relation=owner.relation,
        )  # fmt: skip
        session.add(row)


def _declare(session: Session, file: CompanyFile, places: Vocabularies) -> None:
    """Facts of the installation, and the company's own vocabularies."""
    facts: dict[str, Any] = {
        DEMO: " ".join(persona.login for persona in file.personas),
        f"{COMPANY}_ru": file.company.name["ru"],
        f"{COMPANY}_en": file.company.name["en"],
    }
    session.add_all(Installation(key=key, value=value) for key, value in facts.items())
    terms = tuple(term for place, domain in enumerate(places.domains) for term in _terms(domain, place))
    sync_vocabulary(session, CATEGORY.model_copy(update={"terms": terms}))


def _terms(domain: Domain, place: int) -> list[TermDefinition]:
    above = TermDefinition(key=domain.id, names=domain.name, order=place * 100)
    return [
        above,
        *(
            TermDefinition(key=f"{domain.id}/{c.id}", names=c.name, parent=domain.id, order=place * 100 + order)
            for order, c in enumerate(domain.categories, 1)
        ),
    ]
