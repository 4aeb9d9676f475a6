"""Answers to the questions of a form: read with the rule the form shows, and shown again in words.

``read_answers`` takes what was typed (or JSON) and gives the values that are stored, the faults in words, and what
was typed, so that nothing is lost. A hidden question has no value; required and read-only follow their conditions
over the other answers. The same function serves the portal, the case page and the API.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import false, or_, select
from sqlalchemy.orm import Session

from acm.engine import expr
from acm.errors import Invalid
from acm.i18n import Message, _
from acm.pages.models import File, Page
from acm.pages.reading import READERS, Known, Wrong, address_in, not_before, read
from acm.pages.typed import MOST_ROWS, day_and_time, flat, typed_in
from acm.pages.types import Field, FieldKind
from acm.pages.visibility import inside, through
from acm.people.models import Branch, Department, Person
from acm.people.rights import Grants
from acm.taxonomy.models import Term, Vocabulary
from acm.web.forms import Form

MISSING = {
    FieldKind.CHOICE: _("Choose one answer"),
    FieldKind.MULTI_CHOICE: _("Choose at least one answer"),
    FieldKind.YES_NO: _("Choose yes or no"),
    FieldKind.FILE: _("Attach a file"),
    FieldKind.PERSON: _("Say who it is"),
    FieldKind.DATE: _("Enter a date"),
    FieldKind.DATETIME: _("Enter a date and a time"),
    FieldKind.TIME: _("Enter a time"),
    FieldKind.NUMBER: _("Enter a figure"),
    FieldKind.MONEY: _("Enter an amount"),
    FieldKind.DEPARTMENT: _("Choose a department"),
    FieldKind.BRANCH: _("Choose a branch"),
    FieldKind.GROUP: _("Add at least one line"),
}


@dataclass(frozen=True)
class Asking:
    """Who answers, where and when.

    ``files`` are the ids of files attached to each question; ``before`` holds the values that read-only questions
    keep. ``internal`` asks the questions for agents too. ``page`` is the page whose answers are corrected: what they
    name already may be named again.
    """

    session: Session
    grants: Grants
    lang: str
    zone: ZoneInfo
    now: datetime
    requester: Person | None = None
    beneficiary: Person | None = None
    files: Mapping[str, Sequence[int]] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    internal: bool = False
    page: Page | None = None


@dataclass
class Answers:
    """``values`` as stored, ``errors`` by the name of the input, ``typed`` as given, ``shown`` the keys asked."""

    values: dict[str, Any]
    errors: dict[str, Message]
    typed: dict[str, Any]
    shown: frozenset[str]
    required: frozenset[str]
    fixed: frozenset[str]

    def or_refuse(self) -> dict[str, Any]:
        """The values; :class:`acm.errors.Invalid` when an answer cannot be taken."""
        if self.errors:
            raise Invalid({name: [message] for name, message in self.errors.items()})
        return self.values


def read_answers(fields: Sequence[Field], given: Form | Mapping[str, Any], asking: Asking) -> Answers:
    """Read every answer of a form. See the module for the rules; faults of hidden questions do not count."""
    asked = [f for f in fields if asking.internal or not f.internal]
    typed = (
        typed_in(asked, given) if isinstance(given, Form) else {f.key: given[f.key] for f in asked if f.key in given}
    )
    for one in asked:
        if one.kind is FieldKind.FILE and one.key in asking.files:
            typed[one.key] = list(asking.files[one.key])
    known = _known(asked, typed, asking)
    values: dict[str, Any] = {}
    errors: dict[str, Message] = {}
    scope = _scope(asked, asking, known)
    for one in asked:
        _read_one(one, typed.get(one.key), known, scope, values, errors)
    _settle(asked, values, typed, asking)
    fixed = frozenset(f.key for f in asked if f.read_only_when and _holds(f.read_only_when, {**scope, **values}))
    for key in fixed:
        values.pop(key, None)
        _drop(errors, key)
        if asking.before.get(key) is not None:
            values[key] = asking.before[key]
    shown = _shown(asked, values, scope)
    values = {key: value for key, value in values.items() if key in shown}
    for key in {f.key for f in asked} - shown:
        _drop(errors, key)
    required = frozenset(f.key for f in asked if f.key in shown and _is_required(f, {**scope, **values}))
    for one in asked:
        if one.key in required and one.key not in values and not any(_belongs(name, one.key) for name in errors):
            errors[one.key] = MISSING.get(one.kind, _("Write an answer"))
        if one.must_be_yes and values.get(one.key) is False:
            errors[one.key] = _("This goes on with yes only")
    _periods(asked, values, errors, known)
    order = [f.key for f in asked]
    errors = dict(sorted(errors.items(), key=lambda pair: order.index(re.split(r"\[", pair[0])[0])))
    return Answers(values, errors, typed, shown, required, fixed)


def departments(session: Session) -> list[Department]:
    """Every department in the order of the portal; read once a request."""
    if "departments" not in session.info:
        session.info["departments"] = list(
            session.scalars(select(Department).order_by(Department.order, Department.id))
        )
    found: list[Department] = session.info["departments"]
    return found


def branches(session: Session) -> list[Branch]:
    """Every branch; read once a request."""
    if "branches" not in session.info:
        session.info["branches"] = list(session.scalars(select(Branch).order_by(Branch.id)))
    found: list[Branch] = session.info["branches"]
    return found


def _settle(fields: Sequence[Field], values: Mapping[str, Any], typed: dict[str, Any], asking: Asking) -> None:
    """Keep a date that was understood as a date: "tomorrow" in a draft must not move on."""
    for one in fields:
        value = values.get(one.key)
        if one.kind is FieldKind.DATE and isinstance(value, str):
            typed[one.key] = value
        elif one.kind is FieldKind.DATETIME and isinstance(value, str) and isinstance(typed.get(one.key), Mapping):
            typed[one.key] = day_and_time(value, asking.zone)


def _read_one(
    one: Field, raw: object, known: Known, scope: Mapping[str, Any], values: dict[str, Any], errors: dict[str, Message]
) -> None:
    try:
        value = _rows(one, raw, known, scope, errors) if one.kind is FieldKind.GROUP else read(one, raw, known)
    except Wrong as wrong:
        errors[one.key] = wrong.message
        return
    if value is not None:
        values[one.key] = value


def _rows(
    group: Field, raw: object, known: Known, scope: Mapping[str, Any], errors: dict[str, Message]
) -> list[dict[str, Any]] | None:
    if raw is not None and not isinstance(raw, list):
        raise Wrong(_("Write an answer"))
    rows = []
    for place, row in enumerate((raw or [])[:MOST_ROWS]):
        if not isinstance(row, Mapping):
            raise Wrong(_("Write an answer"))
        values: dict[str, Any] = {}
        faults: dict[str, Message] = {}
        for one in group.fields:
            _read_one(one, row.get(one.key), known, scope, values, faults)
        if not values and not faults:
            continue
        shown = _shown(group.fields, values, scope)
        for one in group.fields:
            if one.key in shown and one.key not in values and _is_required(one, {**scope, **values}):
                faults.setdefault(one.key, MISSING.get(one.kind, _("Write an answer")))
        errors |= {f"{group.key}[{place}].{key}": message for key, message in faults.items() if key in shown}
        rows.append({key: value for key, value in values.items() if key in shown})
    return rows or None


def _shown(fields: Sequence[Field], values: Mapping[str, Any], scope: Mapping[str, Any]) -> frozenset[str]:
    """The questions asked: a hidden one has no value, so hiding one may hide or show others."""
    shown = frozenset(f.key for f in fields)
    for _round in range(len(fields) + 1):
        present = {**scope, **{key: value for key, value in values.items() if key in shown}}
        now = frozenset(f.key for f in fields if not f.shown_when or _holds(f.shown_when, present))
        if now == shown:
            break
        shown = now
    return shown


def _is_required(one: Field, values: Mapping[str, Any]) -> bool:
    return one.required or bool(one.required_when and _holds(one.required_when, values))


def _holds(condition: str, values: Mapping[str, Any]) -> bool:
    return expr.compile(condition).holds(values)


def _periods(fields: Sequence[Field], values: Mapping[str, Any], errors: dict[str, Message], known: Known) -> None:
    """``x_to`` is not before ``x_from``."""
    for one in fields:
        start = values.get(f"{one.key.removesuffix('_to')}_from")
        end = values.get(one.key)
        is_end = one.key.endswith("_to") and one.kind in (FieldKind.DATE, FieldKind.DATETIME)
        if is_end and isinstance(start, str) and isinstance(end, str) and end < start:
            errors.setdefault(one.key, not_before(one, date.fromisoformat(start[:10]), known))


def _belongs(name: str, key: str) -> bool:
    return name == key or name.startswith(f"{key}[")


def _drop(errors: dict[str, Message], key: str) -> None:
    for name in [name for name in errors if _belongs(name, key)]:
        del errors[name]


def _scope(fields: Sequence[Field], asking: Asking, known: Known) -> dict[str, Any]:
    """What conditions may name besides the answers; people only when a condition asks for them."""
    scope: dict[str, Any] = {"today": known.today, "now": asking.now}
    conditions = [c for f in fields for c in (f.shown_when, f.required_when, f.read_only_when) if c]
    return scope | people_scope(conditions, asking.requester, asking.beneficiary)


def people_scope(
    conditions: Iterable[str], requester: Person | None, beneficiary: Person | None = None
) -> dict[str, Any]:
    """``requester`` and ``beneficiary`` for expressions that name them: login, department and branch by key."""
    roots = {name.partition(".")[0] for condition in conditions for name in expr.compile(condition).names}
    people = {"requester": requester, "beneficiary": beneficiary or requester}
    return {
        role: {
            "id": person.id,
            "login": person.login,
            "department": person.department.key if person.department else None,
            "branch": person.branch.key if person.branch else None,
            "manager": person.manager_id,
        }
        for role, person in people.items()
        if role in roots and person is not None
    }


def _known(fields: Sequence[Field], typed: Mapping[str, Any], asking: Asking) -> Known:
    """Look up all that the answers name: at most one statement per sort of thing, none for sorts not asked."""
    named = list(_named(fields, typed))
    raw = {kind: [value for one, value in named if one.kind is kind] for kind in FieldKind}
    known = Known(asking.lang, asking.zone, asking.now)
    session = asking.session
    if raw[FieldKind.PERSON]:
        before = asking.page.fields if asking.page else {}
        stored = {value for one, value in _named(fields, before) if one.kind is FieldKind.PERSON}
        known.people = _people(session, raw[FieldKind.PERSON], stored)
        near = (asking.requester, asking.beneficiary)
        known.near = [*stored, *(i for p in near if p for i in (p.id, p.manager_id) if i is not None)]
    if raw[FieldKind.DEPARTMENT]:
        known.departments = departments(session)
    if raw[FieldKind.BRANCH]:
        known.branches = branches(session)
    numbers = [str(v).strip().upper() for one, v in named if one.kind is FieldKind.PAGE and one.page_kind not in _WORDS]
    if numbers:
        statement = through(select(Page.number, Page.id), asking.grants).where(Page.number.in_(numbers[:100]))
        known.pages = {row[0]: row[1] for row in session.execute(statement)}
    if raw[FieldKind.FILE]:
        known.files = _own_files(session, raw[FieldKind.FILE], asking)
    vocabularies = {f.vocabulary for f in flat(fields) if f.vocabulary}
    if vocabularies:
        known.terms = _terms(session, vocabularies)
    return known


_WORDS = ("asset", "ci", "account")


def _named(fields: Iterable[Field], typed: Mapping[str, Any]) -> Iterator[tuple[Field, Any]]:
    """Every single answer with its question, those of groups and of several answers one by one."""
    for one in fields:
        value = typed.get(one.key)
        if one.kind is FieldKind.GROUP:
            for row in value if isinstance(value, list) else []:
                if isinstance(row, Mapping):
                    yield from _named(one.fields, row)
        elif isinstance(value, list):
            yield from ((one, v) for v in value[:100] if v not in ("", None))
        elif value not in ("", None) and one.kind in READERS:
            yield one, value


def _people(session: Session, given: Collection[Any], stored: Collection[int]) -> list[Person]:
    ids = [value for value in given if isinstance(value, int)]
    texts = [str(value) for value in given if not isinstance(value, int)][:100]
    tokens = {address_in(text) for text in texts}
    words = {form for text in texts for word in text.split() for form in (word, word.capitalize())}
    latin = {form for text in texts for form in (text.strip(), text.strip().title())}
    statement = select(Person).where(
        or_(Person.active, Person.id.in_(stored)),
        or_(
            Person.id.in_(ids),
            Person.login.in_({token.lower() for token in tokens}),
            Person.email.in_(tokens | {token.lower() for token in tokens}),
            Person.family.in_(words),
            Person.latin.in_(latin),
        ),
    )
    return list(session.scalars(statement.limit(500)))


def _own_files(session: Session, given: Collection[Any], asking: Asking) -> set[int]:
    """Files of this person that hang on no page yet, and those of the page whose answers are corrected."""
    ids = [int(str(value)) for value in given if str(value).isdecimal()]
    here = File.page_id == asking.page.id if asking.page else false()
    own = (File.author_id == asking.grants.person_id) & File.page_id.is_(None)
    return set(session.scalars(inside(select(File.id).where(File.id.in_(ids), File.removed_at.is_(None), own | here))))


def _terms(session: Session, vocabularies: Collection[str]) -> dict[str, frozenset[str]]:
    statement = (
        select(Vocabulary.key, Term.key)
        .join(Term, Term.vocabulary_id == Vocabulary.id)
        .where(Vocabulary.key.in_(vocabularies), Term.merged_into_id.is_(None))
    )
    found: dict[str, set[str]] = {}
    for vocabulary, term in session.execute(statement):
        found.setdefault(vocabulary, set()).add(term)
    return {vocabulary: frozenset(terms) for vocabulary, terms in found.items()}
