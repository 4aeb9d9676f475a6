"""Replaying history that happened elsewhere: cases from another system, with their own times and people.

Each update of the other system becomes one ``record.updated`` event that names its row and what it changed, before
it the events of the moves and hand-overs it brought. No clock is started and nobody is told: the journal's ``source``
says where it comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from acm import clock
from acm.cases.models import Case
from acm.cases.opening import Opening, open_case
from acm.journal import Origin
from acm.pages.numbering import next_numbers
from acm.pages.schema import stored_version
from acm.pages.types import ENDED, CaseType, PageType
from acm.pages.visibility import unrestricted
from acm.people.models import Department, Group, Person


@dataclass(frozen=True)
class Update:
    """One row of the other system. ``columns`` are properties of the case, ``fields`` its other values (only what is
    wanted now; unchanged ones make no event); ``row`` names the row within its case, counted from 1."""

    row: int
    at: datetime
    by: str
    state: str
    columns: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    made_sla: bool | None = None
    reopened: int = 0
    reassigned: int = 0


@dataclass(frozen=True)
class Record:
    """One case of the other system with all its updates, in its own order."""

    key: str
    title: str
    opened_at: datetime
    requester: str
    opened_by: str
    updates: list[Update]


class Replay:
    """Writes records of one source into cases of one type, in one transaction. ``form`` names their other values."""

    def __init__(
        self,
        session: Session,
        source: str,
        definition: CaseType,
        *,
        department: str,
        zone: ZoneInfo,
        form: PageType | None = None,
    ) -> None:
        self.session = session
        self.source = source
        served = session.info["snapshot"].find("page_type", definition.key) if session.info.get("snapshot") else None
        self.definition: CaseType = served or definition
        self.department = session.scalars(select(Department).where(Department.key == department)).first()
        self.zone = zone
        self.form = stored_version(session, form) if form else None
        self.people: dict[str, Person] = {}
        self.groups: dict[str, Group] = {}

    def write(self, records: list[Record]) -> tuple[int, int, int]:
        """Write what is not there yet; returns new cases, new updates, updates that were there already."""
        self._gather(records)
        there = self._known(records)
        new = [record for record in records if self._external(record) not in there]
        numbers = iter(next_numbers(self.session, self.definition.series, len(new))) if new else iter(())
        updates = present = 0
        with self.session.no_autoflush:
            for record in records:
                case = there.get(self._external(record)) or self._open(record, next(numbers))
                done = int(case.facts["import"]["row"])
                fresh = [update for update in record.updates if update.row > done]
                for update in fresh:
                    self._apply(case, record, update)
                updates, present = updates + len(fresh), present + len(record.updates) - len(fresh)
        return len(new), updates, present

    def person(self, name: str) -> Person | None:
        """The person of that name in the source, who has no login; None for no name."""
        return self.people[name] if name else None

    def group(self, name: str) -> Group | None:
        return self.groups[name] if name else None

    def _open(self, record: Record, number: str) -> Case:
        first = record.updates[0]
        opening = Opening(
            title=record.title,
            requester=self.person(record.requester),
            group=self.group(str(first.columns.get("group") or "")),
            owner=self.person(str(first.columns.get("owner") or "")),
            department=self.department,
            priority=first.columns.get("priority"),
            impact=str(first.columns.get("impact") or ""),
            urgency=str(first.columns.get("urgency") or ""),
            facts={"import": {"source": self.source, "key": record.key, "row": 0}},
            number=number,
            form_version=self.form,
            external=self._external(record),
            promised=False,
        )
        return open_case(
            self.session, self.definition, opening, self._origin(record.opened_by, record.opened_at), self.zone
        )

    def _apply(self, case: Case, record: Record, update: Update) -> None:
        origin = self._origin(update.by, update.at)
        before = {"reassigned": case.reassigned, "reopened": case.reopened}
        case.made_sla = update.made_sla  # the source's own verdict; what it was before stands in the journal
        closed_again = case.state == update.state and case.current.category in ENDED
        if case.state != update.state or closed_again:
            case.enter(self.definition.state(update.state), origin)
        changes = {k: [case.fields.get(k), v] for k, v in update.fields.items() if case.fields.get(k) != v}
        for name, value in update.columns.items():
            self._set(case, name, value, origin)
        if changes:
            case.fields = {**case.fields, **{k: v[1] for k, v in changes.items()}}
        case.facts = {**case.facts, "import": {**case.facts["import"], "row": update.row}}
        case.record(
            "record.updated",
            origin,
            {"row": f"{record.key}/{update.row}", "changes": changes, "counted": _rises(before, update)},
        )
        case.reassigned, case.reopened = update.reassigned, update.reopened

    def _set(self, case: Case, name: str, value: Any, origin: Origin) -> None:
        column = Case.COLUMNS[name]
        if name == "group":
            value = self.groups[value].id if value else None
        elif name == "owner":
            value = self.people[value].id if value else None
        before = getattr(case, column)
        if before != value:
            setattr(case, column, value)
            case.record("field.changed", origin, {"field": name, "from": before, "to": value})

    def _gather(self, records: list[Record]) -> None:
        """All people and groups of a batch, found or made in a few statements."""
        names = {n for r in records for n in (r.requester, r.opened_by, *_people(r.updates)) if n} - self.people.keys()
        found = self.session.scalars(select(Person).where(Person.external.in_([self._key(n) for n in names])))
        known = {p.external: p for p in found}
        for name in sorted(names):
            person = known.get(self._key(name)) or Person(
                family=name,
                latin=name,
                external=self._key(name),
                department_id=None,
                settings={},
                position={},
                created_at=clock.now(),
            )
            self.people[name] = person
            self.session.add(person)
        groups = {
            str(u.columns["group"]) for r in records for u in r.updates if u.columns.get("group")
        } - self.groups.keys()
        there = {
            g.key: g for g in self.session.scalars(select(Group).where(Group.key.in_([self._key(g) for g in groups])))
        }
        for name in sorted(groups):
            group = there.get(self._key(name)) or Group(
                key=self._key(name),
                names={"ru": name, "en": name},
                department_id=self.department.id if self.department else None,
            )
            self.groups[name] = group
            self.session.add(group)
        self.session.flush()

    def _known(self, records: list[Record]) -> dict[str, Case]:
        statement = (
            select(Case)
            .options(selectinload(Case.type_version))
            .where(Case.external.in_([self._external(r) for r in records]))
        )
        return {str(case.external): case for case in self.session.scalars(unrestricted(statement, "import"))}

    def _origin(self, by: str, at: datetime) -> Origin:
        return Origin(self.person(by), at, source=f"import:{self.source}")

    def _external(self, record: Record) -> str:
        return self._key(record.key)

    def _key(self, name: str) -> str:
        return f"{self.source}:{name}"


def _rises(before: Mapping[str, int], update: Update) -> dict[str, int]:
    """By how much the counters of the source rose with this update: what the figures count."""
    after = {"reassigned": update.reassigned, "reopened": update.reopened}
    return {name: after[name] - before[name] for name in after if after[name] > before[name]}


def _people(updates: Iterable[Update]) -> Iterable[str]:
    for update in updates:
        yield update.by
        yield str(update.columns.get("owner") or "")
