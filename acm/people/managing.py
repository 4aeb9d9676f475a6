"""Managing people: accounts, roles, groups. Every change goes to the person's journal.

Nobody widens their own rights: nobody changes their own roles, moves or joins a group by themselves. A right over an area
(``admin.*``, ``taxonomy.edit`` …) is granted only by somebody who holds it; the rights of daily work (reading and
working the cases of one department, its figures and texts) are granted by whoever manages people, for a department,
since somebody must hand them out first. The last administrator stays one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from acm.errors import Conflict, Forbidden, Invalid
from acm.i18n import _
from acm.journal import Origin, record, system_stream
from acm.people.models import Department, Group, GroupMember, Person, PersonRole, Role
from acm.people.passwords import check_strength, hash_password, new_token
from acm.people.rights import Grants, grants_of
from acm.people.signin import end_sessions, lock_person

MANAGE = "admin.people"
PLACE = ("department_id", "branch_id", "manager_id")
WORK = frozenset({"page.read", "case.work", "kpi.view", "catalog.edit", "article.edit", "queue.share"})


def may_grant(grants: Grants, role: Role, department_id: int | None) -> bool:
    """Whether the holder of these grants may give this role there."""
    if MANAGE not in grants.everywhere:
        return False
    held = all(grants.holds(permission, department_id) for permission in role.permissions)
    return held or (department_id is not None and set(role.permissions) <= WORK)


def grant_role(
    db: Session, grants: Grants, person: Person, role: Role, department: Department | None, origin: Origin
) -> None:
    """Give a person a role; their sessions end, so that the new rights begin with a new session."""
    department_id = department.id if department else None
    _check_change(grants, person, role, department_id)
    if _held(db, person, role, department_id) is not None:
        raise Conflict("This person has the role already")
    db.add(PersonRole(person_id=person.id, role_id=role.id, department_id=department_id))
    _changed(db, person, "person.role_granted", origin, {"role": role.key, "department": department_id})


def take_role(
    db: Session, grants: Grants, person: Person, role: Role, department: Department | None, origin: Origin
) -> None:
    """Take a role away; :class:`Conflict` for that of the last administrator."""
    department_id = department.id if department else None
    _check_change(grants, person, role, department_id)
    held = _held(db, person, role, department_id)
    if held is None:
        raise Conflict("This person does not have the role")
    if MANAGE in role.permissions and department_id is None:
        keep_one_administrator(db, person)
    db.delete(held)
    _changed(db, person, "person.role_taken", origin, {"role": role.key, "department": department_id})


def deactivate(db: Session, grants: Grants, person: Person, origin: Origin) -> None:
    """End somebody's access; what they did stays. Not oneself, not the last administrator."""
    _check_account(db, grants, person)
    keep_one_administrator(db, person)
    person.active = False
    _changed(db, person, "person.deactivated", origin, {})


def activate(db: Session, grants: Grants, person: Person, origin: Origin) -> None:
    """Give access again, with the roles of before."""
    _check_account(db, grants, person)
    person.active = True
    _changed(db, person, "person.activated", origin, {})


def check_place(grants: Grants, person: Person, before: Mapping[str, Any]) -> None:
    """Refuse a move of oneself: a department is an audience, a manager approves."""
    if person.id == grants.person_id and any(getattr(person, name) != before[name] for name in PLACE):
        raise Forbidden("Nobody moves themselves: ask another administrator")


def reset_password(db: Session, grants: Grants, person: Person, origin: Origin) -> str:
    """A new password, shown once; all sessions of the person end."""
    _check_account(db, grants, person)
    if not person.login:
        raise Conflict("This person has no login")
    password = new_token()[:16]
    person.password_hash = hash_password(password)
    _changed(db, person, "person.password_reset", origin, {})
    return password


def set_password(db: Session, person: Person, password: str, now: datetime) -> None:
    """One's own new password; all sessions end, the caller opens a new one."""
    check_strength(password)
    person.password_hash = hash_password(password)
    _changed(db, person, "person.password_changed", Origin(person, now), {})


def join_group(db: Session, grants: Grants, group: Group, person: Person, origin: Origin) -> None:
    """Make a person a member of a group (and so a reader of its cases)."""
    _check_group(grants)
    if person.id == grants.person_id:
        raise Forbidden("Nobody widens their own rights: ask another administrator")
    if db.get(GroupMember, (group.id, person.id)) is not None:
        return
    db.add(GroupMember(group_id=group.id, person_id=person.id))
    _changed(db, person, "person.joined_group", origin, {"group": group.key}, end=False)


def leave_group(db: Session, grants: Grants, group: Group, person: Person, origin: Origin) -> None:
    _check_group(grants)
    member = db.get(GroupMember, (group.id, person.id))
    if member is None:
        return
    db.delete(member)
    if group.lead_id == person.id:
        group.lead_id = None
    _changed(db, person, "person.left_group", origin, {"group": group.key}, end=False)


def add_group(
    db: Session, grants: Grants, key: str, names: dict[str, str], department: Department | None, origin: Origin
) -> Group:
    """Make a group; :class:`Invalid` when its key is taken or its name is missing."""
    _check_group(grants)
    names = {lang: name.strip() for lang, name in names.items() if name.strip()}
    key = key.strip().lower()
    if not names:
        raise Invalid({"name_ru": [_("Enter a name")]})
    if not key or not all(c.isascii() and (c.isalnum() or c in "-_") for c in key) or len(key) > 80:
        raise Invalid({"key": [_("Use small Latin letters, figures, hyphens")]})
    if db.scalars(select(Group.id).where(Group.key == key)).first() is not None:
        raise Invalid({"key": [_("There is such a group already")]})
    group = Group(key=key, names=names, department_id=department.id if department else None)
    db.add(group)
    db.flush()
    record(db, system_stream(db, "people"), "group.added", origin, data={"group": group.id, "key": key})
    return group


def administrators(db: Session) -> set[int]:
    """Active people who manage people everywhere."""
    roles = [role.id for role in db.scalars(select(Role)) if MANAGE in role.permissions]
    statement = (
        select(PersonRole.person_id)
        .join(Person, Person.id == PersonRole.person_id)
        .where(PersonRole.role_id.in_(roles), PersonRole.department_id.is_(None), Person.active)
    )
    return set(db.scalars(statement))


def members_of(db: Session, groups: Iterable[Group]) -> dict[int, int]:
    """How many active members each group has."""
    statement = (
        select(GroupMember.group_id, func.count())
        .join(Person, Person.id == GroupMember.person_id)
        .where(GroupMember.group_id.in_([g.id for g in groups]), Person.active)
        .group_by(GroupMember.group_id)
    )
    return {row[0]: row[1] for row in db.execute(statement)}


def _check_change(grants: Grants, person: Person, role: Role, department_id: int | None) -> None:
    if person.id == grants.person_id:
        raise Forbidden("Nobody changes their own roles: ask another administrator")
    if not may_grant(grants, role, department_id):
        raise Forbidden("Nobody grants a right they lack")


def _check_account(db: Session, grants: Grants, person: Person) -> None:
    """Who acts on an account must hold every right over an area that the account holds."""
    if MANAGE not in grants.everywhere:
        raise Forbidden()
    if person.id == grants.person_id:
        raise Forbidden("Not for one's own account: ask another administrator")
    theirs = grants_of(db, person).everywhere - WORK
    if not theirs <= grants.everywhere:
        raise Forbidden("This person holds rights that you lack")


def _check_group(grants: Grants) -> None:
    if MANAGE not in grants.everywhere:
        raise Forbidden()


def keep_one_administrator(db: Session, person: Person) -> None:
    """Raise :class:`Conflict` when there would be no administrator without this person."""
    db.scalars(select(Role).where(Role.key == "admin").with_for_update()).first()  # two at once wait for each other
    if administrators(db) <= {person.id}:
        raise Conflict("The last administrator cannot be removed")


def _held(db: Session, person: Person, role: Role, department_id: int | None) -> PersonRole | None:
    there = PersonRole.department_id.is_(None) if department_id is None else PersonRole.department_id == department_id
    statement = select(PersonRole).where(PersonRole.person_id == person.id, PersonRole.role_id == role.id, there)
    return db.scalars(statement).first()


def _changed(
    db: Session, person: Person, kind: str, origin: Origin, data: dict[str, object], *, end: bool = True
) -> None:
    lock_person(db, person)
    record(db, person, kind, origin, data=data)
    if end:
        end_sessions(db, person, origin.at)
