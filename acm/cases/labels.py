"""Keys that people write in addresses (``group=it-net``) as ids and names.

Groups, departments and branches are few and hardly change: they are kept for a minute in the process. People,
services and terms are read in one statement for each request; services pass the door.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, String, cast, literal, or_, select, union_all
from sqlalchemy.orm import Session

from acm.db import Json
from acm.i18n import words
from acm.pages.models import Page
from acm.pages.visibility import through
from acm.people.models import Branch, Department, Group, Person
from acm.people.rights import Grants
from acm.taxonomy.models import Term

Key = tuple[str, str]
FRESH_SECONDS = 60.0
COMPANY: dict[str, Any] = {"group": Group, "department": Department, "branch": Branch}


@dataclass
class Labels:
    """What was looked up: ids and names by kind and key, where a key may be an id too."""

    lang: str
    ids: dict[Key, int] = field(default_factory=dict)
    names: dict[Key, str] = field(default_factory=dict)
    asked: set[Key] = field(default_factory=set)

    def id(self, kind: str, key: str) -> int | None:
        """The id behind a key; None for what does not exist or may not be seen."""
        return self.ids.get((kind, key))

    def name(self, kind: str, key: str) -> str:
        return self.names.get((kind, key), key)

    def note(self, kind: str, id_: int, key: str, said: str) -> None:
        for alias in (key, str(id_)):
            if alias:
                self.ids[kind, alias], self.names[kind, alias] = id_, said


@dataclass(frozen=True)
class Unit:
    """A group, a department or a branch."""

    kind: str
    id: int
    key: str
    names: Mapping[str, str]


def labels_of(session: Session, grants: Grants, lang: str, keys: Iterable[Key]) -> Labels:
    """Look up keys that this request has not looked up yet: in one statement, or in none."""
    known: Labels = session.info.setdefault(f"case labels {lang}", Labels(lang))
    missing: dict[str, set[str]] = {}
    for kind, key in keys:
        if (kind, key) not in known.asked:
            missing.setdefault(kind, set()).add(key)
            known.asked.add((kind, key))
    asked = {(kind, key) for kind in COMPANY for key in missing.pop(kind, ())}
    if asked:
        for unit in units(session, asked):
            known.note(unit.kind, unit.id, unit.key, words(unit.names, lang))
    parts = [_statement(kind, wanted, grants) for kind, wanted in missing.items()]
    if parts:
        for kind, id_, key, names, text in session.execute(union_all(*parts) if len(parts) > 1 else parts[0]):
            known.note(kind, id_, key, text or words(names, lang))
    return known


_NO_UNITS: tuple[float, list[Unit], set[Key]] = (0.0, [], set())


def units(session: Session, needed: Iterable[Key] = ()) -> list[Unit]:
    """Groups, departments and branches, at most a minute old; read anew when a needed one is not among them."""
    runtime = session.info.get("runtime")
    at, kept, there = runtime.parts.get("case units", _NO_UNITS) if runtime else _NO_UNITS
    if not kept or time.monotonic() - at > FRESH_SECONDS or not there.issuperset(needed):
        parts = [select(literal(kind), model.id, model.key, model.names) for kind, model in COMPANY.items()]
        kept = [Unit(*row) for row in session.execute(union_all(*parts))]
        if runtime:
            there = {(u.kind, alias) for u in kept for alias in (u.key, str(u.id))}
            runtime.parts["case units"] = (time.monotonic(), kept, there)
    return list(kept)


def _statement(kind: str, keys: set[str], grants: Grants) -> Select[Any]:
    ids = [int(key) for key in keys if key.isdecimal() and len(key) < 10]
    nothing: Any = cast(literal(None), Json)
    if kind == "person":
        full = Person.given + " " + Person.family
        who = or_(Person.login.in_(keys), Person.id.in_(ids))
        people: Select[Any] = select(literal(kind), Person.id, Person.login, nothing, full)
        return people.where(who)
    if kind == "service":
        which = or_(Page.slug.in_(keys), Page.id.in_(ids))
        services: Select[Any] = select(literal(kind), Page.id, Page.slug, nothing, Page.title)
        return through(services.where(Page.kind == "service", which), grants)
    names: Any = Term.names
    return select(literal(kind), Term.id, cast(Term.id, String), names, literal("")).where(Term.id.in_(ids))
