"""Who stands behind an approver's role: a person, a question of the form, or a relation to whom the request is for.

The roles are those that the steps of services name. Nobody widens their own rights: an approver reads what he decides
on, so nobody puts themselves behind a role.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy.orm import Session

from acm.errors import Forbidden, Invalid
from acm.i18n import Message, _
from acm.journal import Origin, record, system_stream
from acm.people.managing import MANAGE
from acm.people.models import BusinessOwner, Person
from acm.people.rights import Grants

ROLE = re.compile(r"[a-z][a-z0-9_]{0,59}")
FIELD = re.compile(r"([a-z][a-z0-9_]{0,59})?")
RELATIONS: dict[str, Message] = {
    "manager": _("the manager of whom the request is for"),
    "branch_head": _("the head of their branch"),
    "department_head": _("the head of their department"),
}
COMMON: dict[str, tuple[dict[str, str], str]] = {
    "line_manager": ({"ru": "Непосредственный руководитель", "en": "Line manager"}, "manager"),
    "department_head": ({"ru": "Руководитель отдела", "en": "Head of the department"}, "department_head"),
    "branch_head": ({"ru": "Директор филиала", "en": "Branch director"}, "branch_head"),
}
"""Roles that every company has: an installation begins with them."""


def ensure_common(db: Session) -> None:
    """The roles that are relations, where a company does not declare its own."""
    for role, (names, relation) in COMMON.items():
        if db.get(BusinessOwner, role) is None:
            db.add(BusinessOwner(role=role, names=dict(names), relation=relation))
    db.flush()


def stand_behind(
    db: Session, grants: Grants, role: str, names: Mapping[str, str], origin: Origin, *,
    person: Person | None = None, relation: str = "", field: str = "",
) -> BusinessOwner:  # fmt: skip
    """Say who a role is; a role that is not there yet is made. The answer of the form comes first, then the person."""
    if MANAGE not in grants.everywhere:
        raise Forbidden()
    owner = db.get(BusinessOwner, role)
    names = {lang: name.strip()[:200] for lang, name in names.items() if name.strip()}
    if errors := _faults(role, names, person, relation, field):
        raise Invalid(errors)
    if person is not None and person.id == grants.person_id and (owner is None or owner.person_id != person.id):
        raise Invalid({"person": [_("Nobody puts themselves behind a role: ask another administrator")]})
    before = _facts(owner) if owner else {}
    if owner is None:
        owner = BusinessOwner(role=role)
        db.add(owner)
    owner.names, owner.relation, owner.field = names, relation, field
    owner.person_id = person.id if person else None
    db.flush()
    if (now := _facts(owner)) != before:
        changes = {name: [before.get(name), value] for name, value in now.items() if before.get(name) != value}
        kind = "approver.named" if before else "approver.added"
        record(db, system_stream(db, "people"), kind, origin, data={"role": role, "changes": changes})
    return owner


def _faults(
    role: str, names: Mapping[str, str], person: Person | None, relation: str, field: str
) -> dict[str, list[Message]]:  # fmt: skip
    errors: dict[str, list[Message]] = {}
    if not ROLE.fullmatch(role):
        errors["role"] = [_("Use small Latin letters, figures and underscores; begin with a letter")]
    if not names:
        errors["name_ru"] = [_("Enter a name")]
    if relation and relation not in RELATIONS:
        errors["relation"] = [_("Choose one of the offered values")]
    if not FIELD.fullmatch(field):
        errors["field"] = [_("Choose one of the offered values")]
    if person is not None and not person.active:
        errors["person"] = [_("This person has left: name somebody who works here")]
    return errors


def _facts(owner: BusinessOwner) -> dict[str, object]:
    return {"names": owner.names, "person": owner.person_id, "relation": owner.relation, "field": owner.field}
