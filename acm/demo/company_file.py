"""What the files of the demo company say, read strictly: the company, its positions, its personas, its names."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field

from acm.catalog.vocabularies import Vocabularies, load_vocabularies
from acm.pages.types import Declaration

DATA = Path(__file__).parent / "data"

Words = dict[str, str]


class Company(Declaration):
    name: Words
    domain: str
    phone: str
    short_phone: str
    timezone: str
    language: str
    people: int
    password: str


class Owner(Declaration):
    """Who stands behind an approver's role: the holder of a position, a field of the form, or a relation."""

    role: str
    position: str = ""
    field: str = ""
    relation: str = ""


class Team(Declaration):
    """A group: `lead` is a position of its department, `members` how many people it has."""

    id: str
    department: str
    lead: str
    members: int


class Position(Declaration):
    """Held by one person, by one in each branch (`per`), or by many in proportion to `weight`."""

    id: str
    name: Words
    weight: int = 0
    group: str = ""
    per: Literal["", "branch"] = ""


class Staff(Declaration):
    department: str
    head: str
    positions: tuple[Position, ...]


class Held(Declaration):
    """A role of a persona; without a department it is held everywhere."""

    role: str
    department: str = ""


class Persona(Declaration):
    """Somebody with a login for the visitor of the demo."""

    login: str
    family: Words
    given: Words
    middle: Words
    sex: Literal["f", "m"]
    department: str
    branch: str
    position: str
    manager: str = ""
    phone: str = ""
    room: str = ""
    roles: tuple[Held, ...] = ()
    groups: tuple[str, ...] = ()
    language: str = ""
    """Chosen by the person; without it the screens follow the browser."""
    summary: Words = {}


class Inflected(Declaration):
    male: Words
    female: Words


class Names(Declaration):
    given_male: tuple[Words, ...]
    given_female: tuple[Words, ...]
    middle: tuple[Inflected, ...]
    family: tuple[Inflected, ...]


class CompanyFile(Declaration):
    version: Literal[1]
    company: Company
    business_owners: tuple[Owner, ...]
    groups: tuple[Team, ...]
    positions: tuple[Staff, ...]
    personas: tuple[Persona, ...] = Field(min_length=1)
    names: Names

    def position(self, id_: str) -> Position:
        return next(p for staff in self.positions for p in staff.positions if p.id == id_)


@cache
def company_file() -> CompanyFile:
    return CompanyFile.model_validate(read("company.yaml"))


def taxonomies(plugins: Path) -> list[Path]:
    """Folders of vocabularies that plugins bring for their part of the company."""
    return sorted(plugins.glob("*/taxonomies"))


@cache
def vocabularies(plugins: Path) -> Vocabularies:
    """The company's vocabularies and those of the plugins."""
    return load_vocabularies(DATA / "taxonomies.yaml", *taxonomies(plugins))


def read(name: str) -> Any:
    """A data file of the demo company as plain values."""
    text = (DATA / name).read_text(encoding="utf-8")
    return yaml.load(text, Loader=yaml.CSafeLoader) if yaml.__with_libyaml__ else yaml.safe_load(text)
