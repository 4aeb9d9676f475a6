"""What a case of the demo company needs around it: people, groups, services and the moment that is now."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from acm.catalog.models import Service
from acm.demo.answers import Asker
from acm.demo.phrases import Phrases, phrases
from acm.journal import Origin
from acm.pages.models import TypeVersion
from acm.pages.visibility import unrestricted
from acm.people.models import Department, Group, GroupMember, Person
from acm.snapshot import Snapshot
from acm.taxonomy.models import Term, Vocabulary

SOURCE = "import:demo"


@dataclass
class Stage:
    """Everything read once for many cases of one session."""

    session: Session
    snapshot: Snapshot
    now: datetime
    seed: int
    zone: str
    people: dict[str, Person] = field(default_factory=dict)
    by_id: dict[int, Person] = field(default_factory=dict)
    groups: dict[int, Group] = field(default_factory=dict)
    members: dict[int, list[Person]] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    near: dict[int, list[int]] = field(default_factory=dict)
    terms: dict[str, list[str]] = field(default_factory=dict)
    kept: list[object] = field(default_factory=list)

    @property
    def phrases(self) -> Phrases:
        return phrases()

    def zone_of(self, person: Person) -> ZoneInfo:
        return ZoneInfo(person.branch.timezone if person.branch else self.zone)

    def origin(self, by: Person | None, at: datetime) -> Origin:
        """Of history: it is searched, counted and shown, and nobody is told."""
        return Origin(by, at, source=SOURCE)

    def speed(self, person: Person) -> float:
        """How long somebody takes, 1 is usual: from the login, so that the slow stay slow."""
        return _speed(self.seed, str(person.login))

    def asker(self, person: Person) -> Asker:
        near = self.near.setdefault(person.department_id or 0, [])
        if not near:
            near += [p.id for p in self.people.values() if p.department_id == person.department_id]
        return Asker(person.id, person.email, person.phone, person.branch_id, person.department_id, near,
                     self.terms)  # fmt: skip


def set_stage(session: Session, snapshot: Snapshot, now: datetime, seed: int, zone: str) -> Stage:
    """Read people, groups and services into a session, in seven statements."""
    stage = Stage(session, snapshot, now, seed, zone)
    statement = select(Person).where(Person.login.is_not(None)).order_by(Person.id).options(joinedload(Person.branch))
    stage.people = {str(p.login): p for p in session.scalars(statement)}
    stage.by_id = {p.id: p for p in stage.people.values()}
    stage.groups = {g.id: g for g in session.scalars(select(Group))}
    for group_id, person_id in session.execute(
        select(GroupMember.group_id, GroupMember.person_id).order_by(GroupMember.person_id)
    ):
        if person_id in stage.by_id:
            stage.members.setdefault(group_id, []).append(stage.by_id[person_id])
    found = session.scalars(unrestricted(select(Service), "demo"))
    stage.services = {service.key: service for service in found}
    chosen = select(Vocabulary.key, Term.key).join(Term, Term.vocabulary_id == Vocabulary.id).order_by(Term.id)
    for vocabulary, term in session.execute(chosen.where(Term.merged_into_id.is_(None))):
        stage.terms.setdefault(vocabulary, []).append(term)
    stage.kept = [*session.scalars(select(Department)), *session.scalars(select(TypeVersion))]
    return stage


@cache
def _speed(seed: int, login: str) -> float:
    return Random(f"{seed}:{login}").lognormvariate(0, 0.22)
