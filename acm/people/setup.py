"""The first administrator of an empty installation. Done once, the door closes for ever (a fact in the database)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.errors import Invalid, NotFound
from acm.i18n import _
from acm.journal import Origin, record
from acm.people.models import Installation, Person, PersonRole, Role
from acm.people.passwords import check_strength, hash_password
from acm.people.people_file import COLUMNS, EMAIL, LOGIN
from acm.people.rights import ROLES
from acm.people.standing import ensure_common

SET_UP = "set_up"


def make_roles(db: Session, declared: Mapping[str, tuple[Mapping[str, str], Sequence[str]]]) -> None:
    """Roles that somebody declares and that are not there yet: names and permissions by key."""
    there = set(db.scalars(select(Role.key).where(Role.key.in_(declared))))
    for key, (names, permissions) in declared.items():
        if key not in there:
            db.add(Role(key=key, names=dict(names), permissions=list(permissions)))
    db.flush()


def is_open(db: Session) -> bool:
    return db.get(Installation, SET_UP) is None


def close(db: Session, now: datetime) -> None:
    """Close the set-up for ever; also the demo company does this."""
    if is_open(db):
        db.add(Installation(key=SET_UP, value=now.isoformat()))


def first_admin(
    db: Session, *, login: str, password: str, given: str, family: str, email: str, now: datetime
) -> Person:
    """Make the first administrator and close the set-up; :class:`NotFound` when it is closed."""
    if not is_open(db):
        raise NotFound()
    errors = account_faults(login=login.strip().lower(), given=given, family=family, email=email)
    try:
        check_strength(password)
    except Invalid as weak:
        errors |= {"password": list(weak.errors["password"])}
    if errors:
        raise Invalid(errors)
    ensure_roles(db)
    ensure_common(db)
    person = add_person(db, login=login, given=given, family=family, email=email, now=now)
    person.password_hash = hash_password(password)
    admin = db.scalars(select(Role).where(Role.key == "admin")).one()
    db.add(PersonRole(person_id=person.id, role_id=admin.id))
    close(db, now)
    return person


def account_faults(**given: str) -> dict[str, list[object]]:
    """What is wrong with the login, the name and the address of an account; all of it at once."""
    errors: dict[str, list[object]] = {}
    if "login" in given and not given["login"]:
        errors["login"] = [_("Enter a login")]
    elif "login" in given and not LOGIN.fullmatch(given["login"]):
        errors["login"] = [_("Use small Latin letters, figures, dots and hyphens")]
    if "given" in given and not (given["given"] or given.get("family")):
        errors["given"] = [_("Enter a name")]
    if given.get("email") and not EMAIL.fullmatch(given["email"]):
        errors["email"] = [_("This is no e-mail address. Example: anna@company.ru")]
    for name, text in given.items():
        if len(text) > COLUMNS[name]:
            errors.setdefault(name, [_("At most %(most)s characters", most=COLUMNS[name])])
    return errors


def add_person(
    db: Session, *, login: str, given: str, family: str, email: str, now: datetime, by: Person | None = None
) -> Person:
    """Add a person with a login; :class:`Invalid` when it is taken or something is no login, name or address."""
    login = login.strip().lower()
    if errors := account_faults(login=login, given=given, family=family, email=email):
        raise Invalid(errors)
    if db.scalars(select(Person.id).where(Person.login == login)).first():
        raise Invalid({"login": [_("This login is taken")]})
    person = Person(login=login, given=given, family=family, email=email, created_at=now)
    db.add(person)
    db.flush()
    record(db, person, "person.added", Origin(by or person, now), data={"login": login})
    return person


def ensure_roles(db: Session) -> None:
    """The core's roles with their permissions; what an admin changed stays."""
    known = set(db.scalars(select(Role.key)))
    for key, (names, permissions) in ROLES.items():
        if key not in known:
            db.add(Role(key=key, names=names, permissions=list(permissions)))
    db.flush()
