"""Who may do what: ``may(person, verb, subject)``.

:class:`Grants` is read once per request in one statement batch; the door (``pages/visibility.py``) and every
check work on it. Verbs about a page ask its relation to the person; verbs about an area ask the roles.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Protocol

from sqlalchemy import CompoundSelect, Text, bindparam, cast, literal, null, or_, select, union_all
from sqlalchemy.orm import Session

from acm.errors import Forbidden
from acm.people.models import Department, Group, GroupMember, Person, PersonRole, Role

PERMISSIONS = {
    "page.read": "Read all pages of a department that are not confidential",
    "case.work": "Work cases of a department: edit, assign, move, internal comments",
    "kpi.view": "See the panels of a department",
    "catalog.edit": "Edit services",
    "article.edit": "Write articles and announcements",
    "taxonomy.edit": "Edit vocabularies and terms",
    "queue.share": "Share queues",
    "admin.people": "Manage people, groups and roles",
    "admin.plugins": "Switch plugins on and off",
    "admin.system": "See the state of the system",
    "webhook.manage": "Tell other systems what one sees oneself, by webhooks",
    "journal.read": "Read the whole journal through the API",
}

ROLES: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "agent": ({"ru": "Исполнитель", "en": "Agent"}, ("page.read", "case.work", "article.edit")),
    "head": (
        {"ru": "Руководитель", "en": "Head"},
        ("page.read", "case.work", "kpi.view", "queue.share", "catalog.edit", "article.edit"),
    ),
    "admin": (
        {"ru": "Администратор", "en": "Administrator"},
        (
            "admin.people",
            "admin.plugins",
            "admin.system",
            "catalog.edit",
            "taxonomy.edit",
            "journal.read",
            "webhook.manage",
            "queue.share",
            "article.edit",
        ),
    ),
    "integration": ({"ru": "Интеграция", "en": "Integration"}, ("webhook.manage",)),
    "developer": ({"ru": "Разработчик", "en": "Developer"}, ("admin.plugins", "admin.system", "taxonomy.edit")),
}
AREAS = frozenset(
    {p for p in PERMISSIONS if p.startswith("admin.")} | {"taxonomy.edit", "webhook.manage", "journal.read"}
)
"""Permissions that no department bounds: a role given for one department gives none of them."""


class Subject(Protocol):
    """What a check needs of a page."""

    requester_id: int | None
    beneficiary_id: int | None
    owner_id: int | None
    group_id: int | None
    department_id: int | None
    confidential: bool


@dataclass(frozen=True, eq=False)
class Grants:
    """What a person holds, at one moment. What was read alike twice is one and the same thing."""

    person_id: int
    groups: frozenset[int] = frozenset()
    everywhere: frozenset[str] = frozenset()
    in_department: dict[int, frozenset[str]] = field(default_factory=dict)
    headed: frozenset[int] = frozenset()
    roles: frozenset[str] = frozenset()
    department_path: tuple[int, ...] = ()
    branch_id: int | None = None

    def holds(self, permission: str, department_id: int | None = None) -> bool:
        """Whether a permission is held everywhere, or in the department asked about."""
        if permission in self.everywhere:
            return True
        return department_id is not None and permission in self.in_department.get(department_id, frozenset())

    def departments_with(self, permission: str) -> frozenset[int]:
        """Departments in which a permission is held by role or by heading them."""
        return frozenset(d for d, permissions in self.in_department.items() if permission in permissions)

    @property
    def works_cases(self) -> bool:
        return bool(self.groups) or "case.work" in self.everywhere or bool(self.departments_with("case.work"))


HEAD_PERMISSIONS = frozenset(ROLES["head"][1])


def grants_of(session: Session, person: Person) -> Grants:
    """Read a person's grants: one statement, whatever the size of the company."""
    rows = session.execute(_held(), {"person": person.id})
    return _grants(person.id, person.department_id, person.branch_id, tuple(map(tuple, rows)))


@lru_cache(maxsize=500)  # of what was read just now: other rows are other grants
def _grants(me: int, department: int | None, branch: int | None, rows: tuple[tuple[Any, ...], ...]) -> Grants:
    parents: dict[int, int | None] = {}
    held: list[tuple[str, list[str], int | None]] = []
    headed, groups = set(), set()
    for sort, id_, parent, head, role, permissions in rows:
        if sort == "department":
            parents[id_] = parent
            if head == me:
                headed.add(id_)
        elif sort == "role":
            held.append((role, json.loads(permissions), id_))
        else:
            groups.add(id_)
    below = {d: {x for x in parents if d in _path(x, parents)} for d in parents}
    everywhere: set[str] = set()
    scoped: dict[int, set[str]] = {}
    for d in {x for h in headed for x in below[h]}:
        scoped.setdefault(d, set()).update(HEAD_PERMISSIONS)
    for _role, permissions, department_id in held:
        if department_id is None:
            everywhere.update(permissions)
        else:
            for d in below.get(department_id, {department_id}):
                scoped.setdefault(d, set()).update(permissions)
    return Grants(
        person_id=me,
        groups=frozenset(groups),
        everywhere=frozenset(everywhere),
        in_department={d: frozenset(p) for d, p in scoped.items()},
        headed=frozenset(x for h in headed for x in below[h]),
        roles=frozenset(role for role, _permissions, _department in held),
        department_path=tuple(_path(department, parents)),
        branch_id=branch,
    )


@cache
def _held() -> CompoundSelect[Any]:
    """Departments with their heads, the roles and the groups of a ``person``, as rows of one shape."""
    nothing: Any = null()
    no_list: Any = cast(nothing, Text)
    departments = select(
        literal("department"), Department.id, Department.parent_id, Department.head_id, literal(""), no_list
    )
    roles = (
        select(literal("role"), PersonRole.department_id, nothing, nothing, Role.key, cast(Role.permissions, Text))
        .join(Role, Role.id == PersonRole.role_id)
        .where(PersonRole.person_id == bindparam("person"))
    )
    groups = select(literal("group"), GroupMember.group_id, nothing, nothing, literal(""), no_list)
    return union_all(departments, roles, groups.where(GroupMember.person_id == bindparam("person")))


def _path(department_id: int | None, parents: dict[int, int | None]) -> list[int]:
    path: list[int] = []
    while department_id is not None and department_id not in path:
        path.append(department_id)
        department_id = parents.get(department_id)
    return path


def may(grants: Grants, verb: str, subject: Subject | None = None) -> bool:
    """Whether the holder of these grants may do ``verb`` (to ``subject``, which passed the door already).

    ``page.work`` is the right of the owning group, the owner, and of those who hold ``case.work`` in the page's
    department; a confidential page is worked by its owner and its owning group only.
    """
    if subject is None and verb in AREAS:
        return verb in grants.everywhere
    if subject is None:
        return grants.holds(verb) or verb in {p for held in grants.in_department.values() for p in held}
    if verb in ("page.work", "comment.internal"):
        return _works(grants, subject)
    if verb == "page.comment":
        return True
    if verb in ("request.cancel", "request.reopen", "request.answer"):
        return grants.person_id in (subject.requester_id, subject.beneficiary_id) or _works(grants, subject)
    return grants.holds(verb, subject.department_id)


def _works(grants: Grants, subject: Subject) -> bool:
    if grants.person_id == subject.owner_id or (subject.group_id is not None and subject.group_id in grants.groups):
        return True
    return not subject.confidential and grants.holds("case.work", subject.department_id)


def require(grants: Grants, verb: str, subject: Subject | None = None) -> None:
    """Raise :class:`Forbidden` unless :func:`may` allows."""
    if not may(grants, verb, subject):
        raise Forbidden()


def working_groups(session: Session, grants: Grants) -> list[Group]:
    """Groups whose cases the person may work."""
    departments = grants.departments_with("case.work")
    statement = (
        select(Group).where(or_(Group.id.in_(grants.groups), Group.department_id.in_(departments))).order_by(Group.key)
    )
    return list(session.scalars(statement))


def people_of(session: Session, group_ids: Iterable[int]) -> list[Person]:
    """Active members of groups, by name."""
    statement = (
        select(Person)
        .join(GroupMember, GroupMember.person_id == Person.id)
        .where(GroupMember.group_id.in_(list(group_ids)))
    )
    return list(session.scalars(statement.where(Person.active).order_by(Person.family, Person.given).distinct()))
