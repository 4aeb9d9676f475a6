"""Keys that people write in addresses (``group=it-net``) as ids and names, read in one statement."""

from __future__ import annotations

from collections.abc import Iterable
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

KINDS = ("group", "department", "branch", "person", "service", "term")
Key = tuple[str, str]


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


def labels_of(session: Session, grants: Grants, lang: str, keys: Iterable[Key]) -> Labels:
    """Look up keys that this request has not looked up yet, in one statement; services pass the door."""
    known: Labels = session.info.setdefault(f"case labels {lang}", Labels(lang))
    missing: dict[str, set[str]] = {}
    for kind, key in keys:
        if (kind, key) not in known.asked:
            missing.setdefault(kind, set()).add(key)
            known.asked.add((kind, key))
    parts = [_statement(kind, wanted, grants) for kind, wanted in missing.items()]
    if not parts:
        return known
    for kind, id_, key, names, text in session.execute(union_all(*parts) if len(parts) > 1 else parts[0]):
        said = text or words(names, lang)
        for alias in (key, str(id_)):
            if alias:
                known.ids[kind, alias], known.names[kind, alias] = id_, said
    return known


def _statement(kind: str, keys: set[str], grants: Grants) -> Select[Any]:
    ids = [int(key) for key in keys if key.isdecimal() and len(key) < 10]
    nothing: Any = cast(literal(None), Json)
    model: Any
    if kind == "person":
        full = Person.given + " " + Person.family
        who = or_(Person.login.in_(keys), Person.id.in_(ids))
        people: Select[Any] = select(literal(kind), Person.id, Person.login, nothing, full)
        return people.where(who)
    if kind == "service":
        which = or_(Page.slug.in_(keys), Page.id.in_(ids))
        services: Select[Any] = select(literal(kind), Page.id, Page.slug, nothing, Page.title)
        return through(services.where(Page.kind == "service", which), grants)
    if kind == "term":
        names: Any = Term.names
        return select(literal(kind), Term.id, cast(Term.id, String), names, literal("")).where(Term.id.in_(ids))
    model = {"group": Group, "department": Department, "branch": Branch}[kind]
    which = or_(model.key.in_(keys), model.id.in_(ids))
    return select(literal(kind), model.id, model.key, model.names, literal("")).where(which)
