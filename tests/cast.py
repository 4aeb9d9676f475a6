"""The one small cast of the tests: a company of three departments and nine people.

Maria asks, Anna is her manager, Oleg and Pavel work in Networks (IT), Irina heads IT, Vera works in HR operations,
Lev is a lawyer who sees nothing of the others, Ada administers, Dan has left.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from acm.people import setup
from acm.people.models import Branch, BusinessOwner, Department, Group, GroupMember, Person, PersonRole, Role
from acm.people.passwords import hash_password

MONDAY = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)  # 10:00 in Moscow
PASSWORD = "correct horse battery"


def build(session: Session) -> None:
    """Write the cast into an empty database."""
    setup.ensure_roles(session)
    setup.close(session, MONDAY)
    moscow = Branch(key="MOW", names={"ru": "Москва", "en": "Moscow"}, timezone="Europe/Moscow")
    vladivostok = Branch(key="VVO", names={"ru": "Владивосток", "en": "Vladivostok"}, timezone="Asia/Vladivostok")
    departments = {
        key: Department(key=key, names={"ru": ru, "en": en}, hue=hue)
        for key, ru, en, hue in (
            ("it", "ИТ-служба", "IT", 264),
            ("hr", "Кадры", "HR", 330),
            ("legal", "Юристы", "Legal", 300),
        )
    }
    session.add_all([moscow, vladivostok, *departments.values()])
    session.flush()
    people = _people(departments, moscow, vladivostok)
    session.add_all(people.values())
    session.flush()
    people["maria"].manager_id = people["anna"].id
    people["oleg"].manager_id = people["irina"].id
    departments["it"].head_id = people["irina"].id
    departments["hr"].head_id = people["anna"].id
    _groups(session, departments, people)
    roles = {role.key: role for role in session.query(Role)}
    for login, role, department in (
        ("oleg", "agent", "it"), ("pavel", "agent", "it"), ("vera", "agent", "hr"), ("lev", "agent", "legal"), ("ada", "admin", None),
    ):  # fmt: skip
        where = departments[department].id if department else None
        session.add(PersonRole(person_id=people[login].id, role_id=roles[role].id, department_id=where))
    session.add(
        BusinessOwner(role="line_manager", names={"ru": "Руководитель", "en": "Line manager"}, relation="manager")
    )
    session.add(
        BusinessOwner(role="it_head", names={"ru": "ИТ-директор", "en": "IT director"}, person_id=people["irina"].id)
    )


def _people(departments: dict[str, Department], moscow: Branch, vladivostok: Branch) -> dict[str, Person]:
    hashed = hash_password(PASSWORD)
    people: dict[str, Person] = {}
    for login, given, family, department, branch in (
        ("maria", "Мария", "Соколова", "hr", moscow),
        ("anna", "Анна", "Левина", "hr", moscow),
        ("oleg", "Олег", "Ким", "it", moscow),
        ("pavel", "Павел", "Громов", "it", vladivostok),
        ("irina", "Ирина", "Дорн", "it", moscow),
        ("vera", "Вера", "Пак", "hr", moscow),
        ("lev", "Лев", "Орлов", "legal", moscow),
        ("ada", "Ада", "Ли", "it", moscow),
        ("dan", "Дан", "Рощин", "it", moscow),
    ):
        person = Person(
            login=login, given=given, family=family, latin=f"{login.capitalize()} Latin", email=f"{login}@example.test",
            department_id=departments[department].id, branch_id=branch.id, password_hash=hashed, created_at=MONDAY,
            active=login != "dan",
        )  # fmt: skip
        people[login] = person
    return people


def _groups(session: Session, departments: dict[str, Department], people: dict[str, Person]) -> None:
    for key, ru, en, department, members in (
        ("it-desk", "Служба поддержки", "Service desk", "it", ("pavel",)),
        ("it-net", "Сети и связь", "Networks", "it", ("oleg", "pavel")),
        ("hr-ops", "Кадровое делопроизводство", "HR operations", "hr", ("vera",)),
        ("legal", "Юридическая служба", "Legal", "legal", ("lev",)),
    ):
        group = Group(key=key, names={"ru": ru, "en": en}, department_id=departments[department].id)
        session.add(group)
        session.flush()
        session.add_all(GroupMember(group_id=group.id, person_id=people[m].id) for m in members)
