"""The roles that services ask to approve, with who stands behind each: what an administrator sets up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.catalog.models import Service
from acm.catalog.publishing import MARKED
from acm.i18n import words
from acm.pages.visibility import unrestricted
from acm.people.models import Branch, BusinessOwner, Department, Person


@dataclass
class ApproverRole:
    """A role with the published services that ask it; ``fields`` are their questions that name a person."""

    key: str
    owner: BusinessOwner | None = None
    person: Person | None = None
    services: list[Service] = field(default_factory=list)
    fields: dict[str, dict[str, str]] = field(default_factory=dict)

    def name(self, lang: str) -> str:
        return words(self.owner.names if self.owner else {}, lang) or self.key.replace("_", " ").capitalize()

    @property
    def has_left(self) -> bool:
        """Whether the person who is named does not work here any more."""
        return self.person is not None and not self.person.active

    @property
    def is_held(self) -> bool:
        """Whether somebody is named: a person who works here, a question, or a relation."""
        if self.owner is None:
            return False
        return bool(self.owner.relation or self.owner.field or (self.person is not None and self.person.active))


def approver_roles(session: Session) -> list[ApproverRole]:
    """Every role that is declared or asked for; those that nobody holds come first. For administrators alone."""
    statement = select(BusinessOwner, Person).outerjoin(Person, Person.id == BusinessOwner.person_id)
    roles = {owner.role: ApproverRole(owner.role, owner, person) for owner, person in session.execute(statement)}
    published = unrestricted(select(Service).where(Service.is_open.is_(True)).order_by(Service.slug), MARKED)
    for service in session.scalars(published):
        asked = {str(step.get("role")) for step in service.fields.get("approvals", ())}
        people = {one["key"]: one["label"] for one in service.fields.get("form", ()) if one.get("kind") == "person"}
        for key in asked:
            role = roles.setdefault(key, ApproverRole(key))
            role.services.append(service)
            role.fields |= people
    return sorted(roles.values(), key=lambda role: (role.is_held or not role.services, role.key))


def gaps_of(session: Session, relation: str) -> list[Any]:
    """Branches or departments without a head, which a relation leads to in vain."""
    model: Any = {"branch_head": Branch, "department_head": Department}.get(relation)
    if model is None:
        return []
    return list(session.scalars(select(model).where(model.head_id.is_(None)).order_by(model.key)))
