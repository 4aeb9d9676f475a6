"""Vocabulary files: domains and categories, groups, departments, branches, calendars and the rest, read strictly.

A file holds any part of them; several files make one set (the company's, and each plugin's own).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from acm.catalog.checks import Known, validated
from acm.catalog.definitions import Key, MaybeWords, Name, ServiceFileError, Words
from acm.catalog.located import FileProblem, Located, read_yaml
from acm.pages.types import Declaration

Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-4]):[0-5][0-9]$")]


class Named(Declaration):
    """A term: an id that is for ever and its words."""

    id: Name
    name: Words


class Ranked(Named):
    rank: int = Field(ge=1)


class Category(Named):
    """A category of a domain; `department` where it is not the domain's."""

    department: str = ""


class Domain(Named):
    """A field of work: the prefix of its service ids and numbers, its department and its look."""

    prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,6}$")]
    department: Name
    icon: Name
    hue: int = Field(ge=0, lt=360)
    categories: tuple[Category, ...]

    def department_of(self, category: str) -> str:
        own = next((one.department for one in self.categories if one.id == category), "")
        return own or self.department


class Status(Named):
    sla_clock: Literal["runs", "response_only", "paused", "stopped"]


class Priority(Declaration):
    """1 is the most urgent; targets in hours of the calendar, where the service has none."""

    id: int = Field(ge=1, le=9)
    name: Words
    response_hours: float = Field(gt=0)
    resolve_hours: float = Field(gt=0)
    calendar: Name


class Calendar(Named):
    """Working time. `days`: all, or the working days of the production calendar in the file `holidays`."""

    days: Literal["all", "production_calendar"]
    from_: Clock = Field(alias="from")
    to: Clock
    lunch: tuple[Clock, Clock] | None = None
    holidays: str = "ignored"
    short_day: Literal["", "one_hour_earlier"] = ""
    timezone: Literal["", "requester_branch"] = ""


class GroupTerm(Named):
    department: Name


class DepartmentTerm(Named):
    """A department with its card on the portal; `employees` are its own, without those of its children."""

    parent: str = ""
    employees: int = Field(0, ge=0)
    icon: Name = "building"
    hue: int = Field(264, ge=0, lt=360)
    order: int = 100
    summary: MaybeWords = {}


class BranchTerm(Declaration):
    id: Name
    city: Words
    timezone: Name
    employees: int = Field(0, ge=0)
    size: Literal["head_office", "large", "medium", "small"] = "small"


class Vocabularies(Declaration):
    """One file, or several made one by `load_vocabularies`."""

    version: Literal[1] = 1
    domains: tuple[Domain, ...] = ()
    case_types: tuple[Named, ...] = ()
    statuses: tuple[Status, ...] = ()
    impact: tuple[Ranked, ...] = ()
    urgency: tuple[Ranked, ...] = ()
    priorities: tuple[Priority, ...] = ()
    priority_matrix: dict[Key, dict[Key, int]] = {}
    calendars: tuple[Calendar, ...] = ()
    closure_codes: tuple[Named, ...] = ()
    approver_roles: tuple[Named, ...] = ()
    groups: tuple[GroupTerm, ...] = ()
    departments: tuple[DepartmentTerm, ...] = ()
    branches: tuple[BranchTerm, ...] = ()
    field_options: dict[str, Words] = {}

    def domain(self, id_: str) -> Domain | None:
        return next((one for one in self.domains if one.id == id_), None)

    def known(self, case_types: Iterable[str] | None = None, roles: Iterable[str] | None = None) -> Known:
        """What a services file may name. A vocabulary that is empty is not checked."""
        return Known(
            domains=_ids(self.domains),
            categories={one.id: {c.id for c in one.categories} for one in self.domains} or None,
            types=_ids(self.case_types),
            case_types=None if case_types is None else frozenset(case_types),
            departments=_ids(self.departments),
            branches=_ids(self.branches),
            groups=_ids(self.groups),
            roles=None if roles is None else frozenset(roles),
            approver_roles=_ids(self.approver_roles),
            calendars=_ids(self.calendars),
        )


def load_vocabularies(*paths: Path) -> Vocabularies:
    """Read files, or all `*.yaml` of folders, into one set; raise ServiceFileError with every fault."""
    problems: list[FileProblem] = []
    whole = Vocabularies()
    for path in paths:
        for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
            document = read_yaml(file)
            problems += document.problems
            part = validated(document, Vocabularies, problems)
            if part is not None:
                problems += _repeated(part, whole, document)
                whole = _joined(whole, part)
    if problems:
        raise ServiceFileError(problems)
    return whole


def _ids(terms: Iterable[Named | BranchTerm]) -> frozenset[str] | None:
    return frozenset(term.id for term in terms) or None


def _joined(whole: Vocabularies, part: Vocabularies) -> Vocabularies:
    both: dict[str, object] = {}
    for name in part.model_fields_set - {"version"}:
        mine, added = getattr(whole, name), getattr(part, name)
        both[name] = {**mine, **added} if isinstance(added, dict) else mine + added
    return whole.model_copy(update=both)


def _repeated(part: Vocabularies, whole: Vocabularies, document: Located) -> Iterator[FileProblem]:
    for name in part.model_fields_set - {"version"}:
        terms = getattr(part, name)
        if isinstance(terms, dict):
            continue
        taken = {term.id for term in getattr(whole, name)}
        for index, term in enumerate(terms):
            if term.id in taken:
                yield document.problem((name, index, "id"), f"{term.id!r} is used twice")
            taken.add(term.id)
