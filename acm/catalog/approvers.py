"""Who approves a request: the steps of its service with people behind their roles.

A role stands for a person, a question of the form, or a relation to the beneficiary (manager, branch_head,
department_head). Nobody approves what they asked for themselves: then, and where nobody stands behind a role, the
head of the department decides, then the head above. Where there is no such head either, the step is held by nobody
and nothing can be filed until an administrator names somebody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.catalog.definitions import ApprovalStep, ServiceDefinition
from acm.engine import expr
from acm.errors import Problem
from acm.i18n import words
from acm.pages.answers import departments, people_scope
from acm.people.models import BusinessOwner, Department, Person
from acm.web.words import in_sentence


@dataclass(frozen=True)
class Approver:
    """A step with who decides it; ``person`` is None where nobody stands above the requester.

    ``is_held`` is false where nobody at all stands behind the role or above; ``is_named`` where only heads do.
    """

    step: ApprovalStep
    names: Mapping[str, str]
    person: Person | None
    is_held: bool = True
    is_named: bool = True

    @property
    def asked(self) -> tuple[str, int | None]:
        """The role and the id of who decides it."""
        return self.step.role, self.person.id if self.person else None

    def role(self, lang: str) -> str:
        """The name of the role, as it stands inside a sentence."""
        return in_sentence(words(self.names, lang) or self.step.role.replace("_", " "))


def asked_steps(
    definition: ServiceDefinition,
    values: Mapping[str, Any],
    *,
    requester: Person,
    beneficiary: Person,
    moments: Mapping[str, Any],
) -> list[ApprovalStep]:
    """The steps whose condition holds for these answers, in order."""
    conditions = [step.when for step in definition.approvals if step.when]
    scope = {**moments, **people_scope(conditions, requester, beneficiary), **values}
    return [s for s in definition.approvals if not s.when or expr.compile(s.when).holds(scope)]


def approvers(
    session: Session,
    steps: Sequence[ApprovalStep],
    values: Mapping[str, Any],
    *,
    requester: Person,
    beneficiary: Person,
    department_id: int | None = None,
) -> list[Approver]:
    """The people behind the steps, in three statements; ``department_id`` is the department that does the work."""
    if not steps:
        return []
    roles = {step.role for step in steps}
    owners = {o.role: o for o in session.scalars(select(BusinessOwner).where(BusinessOwner.role.in_(roles)))}
    tree = {d.id: d for d in departments(session)}
    above = [*_heads(beneficiary.department_id, tree), *_heads(department_id, tree)]
    behind = {step.step: [*_behind(owners.get(step.role), values, beneficiary, tree)] for step in steps}
    wanted = {i for ids in (above, *behind.values()) for i in ids if i is not None}
    people = {p.id: p for p in session.scalars(select(Person).where(Person.id.in_(wanted), Person.active))}
    own = {requester.id, beneficiary.id}
    found = []
    for step in steps:
        named = [people[i] for i in behind[step.step] if i in people]
        candidates = [*named, *(people[i] for i in above if i in people)]
        person = next((one for one in candidates if one.id not in own), None)
        owner = owners.get(step.role)
        found.append(Approver(step, owner.names if owner else {}, person, bool(candidates), bool(named)))
    return found


class NobodyApproves(Problem):
    """A request cannot be filed: nobody stands behind a role that has to approve it. What was typed is kept."""

    status = 409
    type = "/problems/nobody-approves"
    title = "Nobody is named yet who approves this"

    def __init__(self, roles: Sequence[str]) -> None:
        super().__init__("Ask an administrator to name who it is; your answers are kept", roles=list(roles))


def check_held(steps: Sequence[Approver]) -> None:
    """Raise :class:`NobodyApproves` for steps that nobody could take: they are not skipped in silence."""
    if lacking := [step.step.role for step in steps if not step.is_held]:
        raise NobodyApproves(lacking)


def _behind(
    owner: BusinessOwner | None, values: Mapping[str, Any], beneficiary: Person, tree: Mapping[int, Department]
) -> Iterator[int | None]:
    """Who stands behind a role: the answer of the form first, then the person, then the relation."""
    if owner is None:
        return
    answer = values.get(owner.field) if owner.field else None
    if isinstance(answer, int) and not isinstance(answer, bool):
        yield answer
    yield owner.person_id
    if owner.relation == "manager":
        yield beneficiary.manager_id
    elif owner.relation == "branch_head" and beneficiary.branch:
        yield beneficiary.branch.head_id
    elif owner.relation == "department_head":
        yield from _heads(beneficiary.department_id, tree)


def _heads(department_id: int | None, tree: Mapping[int, Department]) -> list[int | None]:
    """Heads of a department and of those above it, the nearest first."""
    heads: list[int | None] = []
    seen: set[int] = set()
    while department_id is not None and department_id in tree and department_id not in seen:
        seen.add(department_id)
        heads.append(tree[department_id].head_id)
        department_id = tree[department_id].parent_id
    return heads
