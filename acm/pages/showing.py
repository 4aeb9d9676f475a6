"""Answers in words: for the check page, the request, the case and the history, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.i18n import translator, words
from acm.pages.models import File, Page
from acm.pages.types import Field, FieldKind
from acm.pages.visibility import inside, through
from acm.people.models import Branch, Department, Person
from acm.people.rights import Grants
from acm.taxonomy.models import Term, Vocabulary
from acm.web import words as said


@dataclass(frozen=True)
class Shown:
    """One question with its answer in words; people and files also as such. ``text`` is empty for no answer."""

    field: Field
    label: str
    text: str
    people: tuple[Person, ...] = ()
    files: tuple[File, ...] = ()
    rows: tuple[tuple[Shown, ...], ...] = ()

    @property
    def key(self) -> str:
        return self.field.key

    @property
    def is_empty(self) -> bool:
        return not (self.text or self.files or self.rows)


@dataclass
class _Named:
    """What the values name, read in one statement per sort."""

    lang: str
    zone: ZoneInfo
    today: date
    now: datetime
    people: dict[int, Person] = field(default_factory=dict)
    departments: dict[int, Department] = field(default_factory=dict)
    branches: dict[int, Branch] = field(default_factory=dict)
    pages: dict[int, tuple[str, str]] = field(default_factory=dict)
    files: dict[int, File] = field(default_factory=dict)
    terms: dict[tuple[str, str], str] = field(default_factory=dict)


def show_answers(
    session: Session,
    fields: Sequence[Field],
    values: Mapping[str, Any],
    *,
    grants: Grants,
    lang: str,
    zone: ZoneInfo,
    now: datetime,
    internal: bool = False,
    empty: bool = False,
) -> list[Shown]:
    """The answers of a page that passed the door, in the order of the form.

    ``internal`` shows the questions for agents too, ``empty`` also those without an answer. Pages that the reader
    may not see are left out as if they were not named.
    """
    asked = [f for f in fields if internal or not f.internal]
    named = _Named(lang, zone, now.astimezone(zone).date(), now)
    _look_up(session, asked, values, named, grants)
    shown = [_show(one, values.get(one.key), named) for one in asked]
    return [one for one in shown if empty or not one.is_empty]


def show_value(one: Field, value: Any, lang: str, zone: ZoneInfo, now: datetime) -> str:
    """One value that names nothing else, in words: for titles."""
    return _show(one, value, _Named(lang, zone, now.astimezone(zone).date(), now)).text


def _show(one: Field, value: Any, named: _Named) -> Shown:
    label = words(one.label, named.lang)
    if value is None or value == "" or value == []:
        return Shown(one, label, "")
    if one.kind is FieldKind.GROUP:
        rows = tuple(tuple(_show(f, row.get(f.key), named) for f in one.fields) for row in value)
        text = "; ".join(", ".join(cell.text for cell in row if cell.text) for row in rows)
        return Shown(one, label, text, rows=rows)
    given = value if isinstance(value, list) else [value]
    if one.kind is FieldKind.PERSON:
        people = tuple(named.people[i] for i in given if i in named.people)
        return Shown(one, label, ", ".join(p.name_in(named.lang) for p in people), people=people)
    if one.kind is FieldKind.FILE:
        files = tuple(named.files[i] for i in given if i in named.files)
        return Shown(one, label, ", ".join(f.name for f in files), files=files)
    return Shown(one, label, ", ".join(text for text in (_words(one, v, named) for v in given) if text))


def _words(one: Field, value: Any, named: _Named) -> str:
    """One value in words; a stored value that fits its kind no longer is shown as it is."""
    lang = named.lang
    try:
        match one.kind:
            case FieldKind.NUMBER:
                return said.number(value, lang, 6)
            case FieldKind.MONEY:
                return said.money(Decimal(value["amount"]), value["currency"], lang)
            case FieldKind.DATE:
                return said.full_day(date.fromisoformat(value), lang, named.today)
            case FieldKind.DATETIME:
                return said.moment(datetime.fromisoformat(value), lang, named.zone, named.now)
            case FieldKind.YES_NO:
                return translator(lang).gettext("Yes") if value else translator(lang).gettext("No")
            case FieldKind.CHOICE | FieldKind.MULTI_CHOICE:
                return _option(one, value, named)
            case FieldKind.DEPARTMENT:
                department = named.departments.get(value)
                return department.name(lang) if department else ""
            case FieldKind.BRANCH:
                branch = named.branches.get(value)
                return branch.name(lang) if branch else ""
            case FieldKind.PAGE if isinstance(value, int):
                return " ".join(named.pages.get(value, ()))
    except (ValueError, TypeError, KeyError, ArithmeticError):
        pass
    return str(value)


def _option(one: Field, value: str, named: _Named) -> str:
    if one.vocabulary:
        return named.terms.get((one.vocabulary, value), value)
    return next((words(o.label, named.lang) for o in one.options if o.id == value), str(value))


def _look_up(
    session: Session, fields: Sequence[Field], values: Mapping[str, Any], named: _Named, grants: Grants
) -> None:
    found = list(single_values(fields, values))

    def ids(kind: FieldKind) -> set[int]:
        return {v for f, v in found if f.kind is kind and isinstance(v, int)}

    if people := ids(FieldKind.PERSON):
        named.people = {p.id: p for p in session.scalars(select(Person).where(Person.id.in_(people)))}
    if departments := ids(FieldKind.DEPARTMENT):
        named.departments = {d.id: d for d in session.scalars(select(Department).where(Department.id.in_(departments)))}
    if branches := ids(FieldKind.BRANCH):
        named.branches = {b.id: b for b in session.scalars(select(Branch).where(Branch.id.in_(branches)))}
    if pages := ids(FieldKind.PAGE):
        statement = through(select(Page.id, Page.number, Page.title), grants).where(Page.id.in_(pages))
        named.pages = {row[0]: (row[1], row[2]) for row in session.execute(statement)}
    if files := ids(FieldKind.FILE):
        kept = select(File).where(File.id.in_(files), File.removed_at.is_(None))
        named.files = {f.id: f for f in session.scalars(inside(kept))}
    vocabularies = {f.vocabulary for f, _v in found if f.vocabulary}
    if vocabularies:
        spoken = (
            select(Vocabulary.key, Term.key, Term.names)
            .join(Term, Term.vocabulary_id == Vocabulary.id)
            .where(Vocabulary.key.in_(vocabularies), Term.key.in_({str(v) for f, v in found if f.vocabulary}))
        )
        named.terms = {(row[0], row[1]): words(row[2], named.lang) for row in session.execute(spoken)}


def single_values(fields: Iterable[Field], values: Mapping[str, Any]) -> Iterator[tuple[Field, Any]]:
    """Every single stored answer with its question, those of groups and of several answers one by one."""
    for one in fields:
        value = values.get(one.key)
        if one.kind is FieldKind.GROUP:
            for row in value or []:
                yield from single_values(one.fields, row)
        else:
            yield from ((one, v) for v in (value if isinstance(value, list) else [value]) if v is not None)
