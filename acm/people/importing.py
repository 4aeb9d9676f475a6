"""Bringing people in from a CSV file: all lines or, with every fault named by line and column, none.

A person is found again by login: a second run of the same file changes nothing, a changed line changes what it
names. A column that the file does not have stays as it is here; an empty cell empties it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm import clock
from acm.jobs.imports import BadFile, Import, Importer, Report
from acm.journal import Origin, record
from acm.people.models import Branch, Department, Group, GroupMember, Person
from acm.people.people_file import Fault, Row, read_rows
from acm.snapshot import Contribution

SOURCE = "import:people"
BATCH = 500


@dataclass
class Company:
    """What a file may name, read once: keys of departments, branches, groups, and logins with their people."""

    departments: Mapping[str, int]
    branches: Mapping[str, int]
    groups: Mapping[str, int]
    people: dict[str, Person] = field(default_factory=dict)
    members: dict[int, set[int]] = field(default_factory=dict)


def import_people(run: Import) -> Report:
    """Read the file, check every line, then write all of it in one transaction."""
    rows, faults = read_rows(run.path)
    with run.db.writing(run.snapshot) as session:
        company = company_of(session)
        faults += check(rows, company)
        if faults:
            raise BadFile(run.path, [str(fault) for fault in sorted(faults)])
        origin = Origin(None, clock.now(), source=SOURCE)
        return bring(session, rows, origin, company=company, tell=run.tell)


IMPORTER = Importer("people", {"ru": "Люди из CSV", "en": "People from CSV"}, import_people)


def company_of(session: Session) -> Company:
    """Read what lines may name."""
    company = Company(
        departments={row[1]: row[0] for row in session.execute(select(Department.id, Department.key))},
        branches={row[1]: row[0] for row in session.execute(select(Branch.id, Branch.key))},
        groups={row[1]: row[0] for row in session.execute(select(Group.id, Group.key))},
        people={str(p.login): p for p in session.scalars(select(Person).where(Person.login.is_not(None)))},
    )
    for person_id, group_id in session.execute(select(GroupMember.person_id, GroupMember.group_id)):
        company.members.setdefault(person_id, set()).add(group_id)
    return company


def check(rows: Iterable[Row], company: Company) -> list[Fault]:
    """Faults that only the company and the whole file can tell: unknown names, repeated logins, circles of managers."""
    rows = list(rows)
    faults: list[Fault] = []
    lines: dict[str, int] = {}
    for row in rows:
        if row.login in lines:
            faults.append(Fault(row.line, "login", f"{row.login!r} stands in line {lines[row.login]} already"))
        lines.setdefault(row.login, row.line)
    known = {"department": company.departments, "branch": company.branches}
    for row in rows:
        for name, among in known.items():
            if (said := row.values.get(name)) and said not in among:
                faults.append(Fault(row.line, name, f"there is no {name} {said!r}"))
        for key in row.groups or ():
            if key not in company.groups:
                faults.append(Fault(row.line, "groups", f"there is no group {key!r}"))
        manager = row.values.get("manager")
        if manager and manager not in lines and manager not in company.people:
            faults.append(Fault(row.line, "manager", f"there is no person {manager!r}, neither here nor in the file"))
    return [*faults, *_circles(rows, company)]


def bring(
    session: Session, rows: list[Row], origin: Origin, *, company: Company, tell: Any = lambda done, total: None
) -> Report:
    """Write checked rows: new people, changes of known ones, their groups; in the caller's transaction."""
    report = Report(read=len(rows))
    fresh = _add_missing(session, rows, company, origin)
    for done, row in enumerate(rows, 1):
        changes = _changes(session, row, company)
        if row.login in fresh:
            record(session, company.people[row.login], "person.added", origin, data={"login": row.login})
            report.made["people"] += 1
        elif changes:
            record(session, company.people[row.login], "person.changed", origin, data={"changes": changes})
            report.updated["people"] += 1
        else:
            report.skipped["nothing changed"] += 1
        if done % BATCH == 0:
            session.flush()
            tell(done, len(rows))
    session.flush()
    tell(len(rows), len(rows))
    return report


def _add_missing(session: Session, rows: list[Row], company: Company, origin: Origin) -> set[str]:
    """Rows of new people first, so that a line may name a manager who stands below it."""
    fresh = {row.login for row in rows} - company.people.keys()
    for row in rows:
        if row.login in fresh:
            company.people[row.login] = Person(
                login=row.login, created_at=origin.at, settings={}, position={}, journal_seq=0, journal_head="0" * 64
            )
            session.add(company.people[row.login])
    session.flush()
    return fresh


def _changes(session: Session, row: Row, company: Company) -> dict[str, Any]:
    """Bring one person to what the line says; returns ``{field: [before, after]}``."""
    person = company.people[row.login]
    wanted = dict(_wanted(row, person, company))
    changes = {name: [getattr(person, name), value] for name, value in wanted.items() if getattr(person, name) != value}
    for name in changes:
        setattr(person, name, wanted[name])
    if row.groups is not None:
        changes |= _regroup(session, person, {company.groups[key] for key in row.groups}, company)
    return changes


def _wanted(row: Row, person: Person, company: Company) -> Iterator[tuple[str, Any]]:
    for name, said in row.values.items():
        match name:
            case "department":
                yield "department_id", company.departments.get(said)
            case "branch":
                yield "branch_id", company.branches.get(said)
            case "manager":
                yield "manager_id", company.people[said].id if said else None
            case "position_ru" | "position_en":
                continue
            case _:
                yield name, said
    told = {name[-2:]: row.values[name] for name in ("position_ru", "position_en") if name in row.values}
    if told:
        yield "position", {lang: text for lang, text in {**(person.position or {}), **told}.items() if text}


def _regroup(session: Session, person: Person, wanted: set[int], company: Company) -> dict[str, Any]:
    held = company.members.get(person.id, set())
    if held == wanted:
        return {}
    session.add_all(GroupMember(person_id=person.id, group_id=group_id) for group_id in wanted - held)
    for group_id in held - wanted:
        session.delete(session.get_one(GroupMember, (group_id, person.id)))
    company.members[person.id] = wanted
    return {"groups": [sorted(held), sorted(wanted)]}


def _circles(rows: list[Row], company: Company) -> Iterator[Fault]:
    """Nobody may stand above himself: managers as they will be after the file."""
    logins = {p.id: login for login, p in company.people.items()}
    above = {login: logins.get(p.manager_id or 0, "") for login, p in company.people.items()}
    above |= {row.login: row.values["manager"] for row in rows if "manager" in row.values}
    for row in rows:
        seen: Counter[str] = Counter()
        at = row.login
        while at and not seen[at]:
            seen[at] += 1
            at = above.get(at, "")
        if at and at == row.login and row.values.get("manager"):
            yield Fault(row.line, "manager", f"{row.login!r} would stand above himself or herself")


def contributions() -> list[Contribution]:
    return [Contribution("importer", IMPORTER.key, IMPORTER)]
