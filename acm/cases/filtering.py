"""The one filter language of cases: queues, lists behind figures, the API and saved views all speak it.

A filter is names with values, as in an address: ``group=it-net&owner=none&category=open&opened=2026-11-01..2026-11-30``.

===============  ==========================================================================================
state, type      keys of states and types; ``impact``, ``urgency`` likewise
category         ``open`` ``done`` or new approval active waiting resolved closed cancelled rejected
group owner requester beneficiary department branch service term
                 a key (login, slug) or an id, ``none``; people also ``me``, group also ``mine``
priority ids     numbers; ``ids`` are cases
due              ``overdue today week later none``, of open cases
opened closed resolved responded updated
                 ``from..to``: days (both inclusive, in the reader's zone) or moments (the last one excluded)
made_sla         ``yes no none``; ``reopened`` and ``reassigned`` ``yes no``
q                words of the title, or a number
===============  ==========================================================================================

Several values of one name are alternatives (comma or repeated); different names must all hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Executable, Result, Select, and_, bindparam, false, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.util import LRUCache

from acm.cases.labels import Key, Labels, labels_of
from acm.cases.models import Case
from acm.db import UTCDateTime
from acm.errors import Invalid
from acm.i18n import _
from acm.pages.models import PageTerm
from acm.pages.types import DONE, StateCategory
from acm.pages.visibility import visible
from acm.people.rights import Grants

WORDS = {
    "state": Case.state, "type": Case.type, "category": Case.category, "impact": Case.impact, "urgency": Case.urgency,
}  # fmt: skip
RELATIONS: dict[str, tuple[str, Any]] = {
    "group": ("group", Case.group_id),
    "owner": ("person", Case.owner_id),
    "requester": ("person", Case.requester_id),
    "beneficiary": ("person", Case.beneficiary_id),
    "department": ("department", Case.department_id),
    "branch": ("branch", Case.branch_id),
    "service": ("service", Case.service_id),
    "term": ("term", None),
}
NUMBERS = {"priority": Case.priority, "ids": Case.id}
SPANS = {
    "opened": Case.opened_at, "closed": Case.closed_at, "resolved": Case.resolved_at,
    "responded": Case.first_response_at, "updated": Case.updated_at,
}  # fmt: skip
CHOICES = {
    "due": ("overdue", "today", "week", "later", "none"),
    "made_sla": ("yes", "no", "none"),
    "reopened": ("yes", "no"),
    "reassigned": ("yes", "no"),
}
NAMES = (*WORDS, *RELATIONS, *NUMBERS, *SPANS, *CHOICES, "q")
LONGEST, MOST = 200, 1000


@dataclass(frozen=True)
class Vantage:
    """Who looks, when, and from which zone."""

    grants: Grants
    now: datetime
    zone: ZoneInfo
    lang: str = "ru"

    @property
    def tomorrow(self) -> datetime:
        """The end of the reader's day."""
        return self._midnight(1)

    @property
    def next_week(self) -> datetime:
        """The end of the reader's week: the coming Monday."""
        return self._midnight(7 - self.now.astimezone(self.zone).weekday())

    @property
    def moments(self) -> dict[str, datetime]:
        """What a statement made for :attr:`unset` is executed with."""
        return {"now": self.now, "tomorrow": self.tomorrow, "next_week": self.next_week}

    @property
    def unset(self) -> Vantage:
        """The same with its moments left open: for a statement that is kept and executed again later."""
        return _Unset(self.grants, _NOW, self.zone, self.lang)

    def _midnight(self, days: int) -> datetime:
        day = self.now.astimezone(self.zone).date() + timedelta(days=days)
        return datetime.combine(day, time(), self.zone)


class _Unset(Vantage):
    tomorrow, next_week = bindparam("tomorrow", type_=UTCDateTime()), bindparam("next_week", type_=UTCDateTime())  # type: ignore[assignment]


_NOW: Any = bindparam("now", type_=UTCDateTime())


@dataclass(frozen=True)
class CaseFilter:
    """Conditions on cases, as names with values."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, given: Mapping[str, Any] | Iterable[tuple[str, str]]) -> CaseFilter:
        """Take the known names of an address or of a queue; :class:`Invalid` for a value that cannot be meant."""
        found: dict[str, list[str]] = {}
        for name, value in _pairs(given):
            if name in NAMES and value != "":
                found.setdefault(name, []).extend(_values(name, value))
        return cls({name: tuple(dict.fromkeys(found[name])) for name in NAMES if name in found})

    def __bool__(self) -> bool:
        return bool(self.values)

    def get(self, name: str) -> tuple[str, ...]:
        return self.values.get(name, ())

    def having(self, name: str, *values: str) -> CaseFilter:
        """The same with other values of one name; without values the name goes."""
        return CaseFilter({n: v for n, v in {**self.values, name: values}.items() if v})

    def without(self, name: str, value: str) -> CaseFilter:
        return self.having(name, *(v for v in self.get(name) if v != value))

    def query(self) -> str:
        """The filter as the query of an address."""
        return urlencode({name: ",".join(values) for name, values in self.values.items()}, safe=",:")

    def stored(self) -> dict[str, Any]:
        """The filter as a queue keeps it."""
        return {name: list(values) for name, values in self.values.items()}

    @property
    def is_open_only(self) -> bool:
        return self.get("category") == ("open",) or bool(self.get("due"))

    def named(self) -> Iterator[Key]:
        """The keys whose ids and names must be known before :meth:`conditions`."""
        for name in RELATIONS:
            for value in self.get(name):
                if value not in ("none", "me", "mine"):
                    yield RELATIONS[name][0], value

    def conditions(self, vantage: Vantage, labels: Labels) -> Iterator[ColumnElement[bool]]:
        """One condition for each name."""
        for name, values in self.values.items():
            if name in WORDS:
                yield or_(*(_word(name, value) for value in values))
            elif name in RELATIONS:
                yield _relation(name, values, vantage, labels)
            elif name in NUMBERS:
                yield NUMBERS[name].in_([int(value) for value in values])
            elif name in SPANS:
                yield or_(*(_span(SPANS[name], value, vantage.zone) for value in values))
            elif name == "q":
                yield and_(*(_text(value) for value in values))
            else:
                yield or_(*(_CHOICES[name](value, vantage) for value in values))


def apply(statement: Select[Any], session: Session, filters: Sequence[CaseFilter], vantage: Vantage) -> Select[Any]:
    """Add the conditions of several filters, all of which must hold, to a statement on cases."""
    keys = [key for one in filters for key in one.named()]
    labels = labels_of(session, vantage.grants, vantage.lang, keys)
    statement = statement.where(Case.kind == "case")  # a count of columns alone says it nowhere else
    for one in filters:
        statement = statement.where(*one.conditions(vantage, labels))
    return statement


def counting(
    session: Session,
    filters: Sequence[CaseFilter],
    vantage: Vantage,
    make: Callable[[Vantage], Executable],
    *asked: object,
) -> Result[*tuple[Any, ...]]:
    """Execute a statement about these filters that ``make`` writes, which takes longer than to run it: it is kept by
    the rights, the filters, the ids of what they name, and what else is ``asked``."""
    named = [key for one in filters for key in one.named()]
    labels = labels_of(session, vantage.grants, vantage.lang, named)
    ids = (labels.id(*key) for key in named)
    key = (
        make.__qualname__,
        vantage.grants,
        vantage.zone,
        *asked,
        *(tuple(one.values.items()) for one in filters),
        *ids,
    )
    statement = _kept.get(key)
    if statement is None:
        statement = _kept[key] = make(vantage.unset)
    return session.execute(statement, vantage.moments)


_kept: LRUCache[Any, Executable] = LRUCache(500)


def matching(session: Session, filters: Sequence[CaseFilter], vantage: Vantage) -> Select[Any]:
    """The cases this person may see and the filters let through."""
    return apply(visible(vantage.grants, Case), session, filters, vantage)


def _pairs(given: Mapping[str, Any] | Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    pairs = given.items() if isinstance(given, Mapping) else given
    for name, value in pairs:
        for one in value if isinstance(value, (list, tuple)) else (value,):
            yield str(name), str(one).strip()


def _values(name: str, value: str) -> list[str]:
    if name == "q":
        return [value[:LONGEST]]
    values = [part.strip() for part in value.split(",") if part.strip()]
    if len(values) > MOST or any(len(part) > LONGEST or "\x00" in part for part in values):
        raise Invalid({name: [_("There are too many values")]})
    for part in values:
        if not _is_meant(name, part):
            raise Invalid({name: [_("“%(value)s” is no value of this condition", value=part)]})
    return values


def _is_meant(name: str, value: str) -> bool:
    if name in NUMBERS:
        return value.isdecimal() and len(value) < 10
    if name in CHOICES:
        return value in CHOICES[name]
    if name == "category":
        return value in ("open", "done", *StateCategory)
    if name in SPANS:
        try:
            return read_span(value, ZoneInfo("UTC")) != (None, None)
        except (ValueError, OverflowError):
            return False
    return True


def read_span(value: str, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """The two ends of ``from..to`` (each may be missing) or of one day; the second one is excluded."""
    first, dots, last = value.partition("..")
    last = last if dots else first
    return _end(first, zone, 0), _end(last, zone, 1)


def _end(text: str, zone: ZoneInfo, days: int) -> datetime | None:
    if not text:
        return None
    if len(text) <= 10:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=days), time(), zone)
    moment = datetime.fromisoformat(text.replace(" ", "+"))
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _span(column: Any, value: str, zone: ZoneInfo) -> ColumnElement[bool]:
    first, last = read_span(value, zone)
    ends = [column.is_not(None)]
    if first is not None:
        ends.append(column >= first)
    if last is not None:
        ends.append(column < last)
    return and_(*ends)


def _word(name: str, value: str) -> ColumnElement[bool]:
    if name == "category" and value in ("open", "done"):
        return Case.is_open.is_(value == "open")
    found: ColumnElement[bool] = WORDS[name] == ("" if value == "none" else value)
    if name == "category":  # the indexes of lists begin with who works a case and whether it is open
        return and_(Case.is_open.is_(value not in DONE), found)
    return found


def _relation(name: str, values: Sequence[str], vantage: Vantage, labels: Labels) -> ColumnElement[bool]:
    kind, column = RELATIONS[name]
    ids = [found for value in values if (found := labels.id(kind, value)) is not None]
    if "me" in values and kind == "person":
        ids.append(vantage.grants.person_id)
    if "mine" in values and name == "group":
        ids.extend(sorted(vantage.grants.groups))
    if name == "term":
        return Case.id.in_(select(PageTerm.page_id).where(PageTerm.term_id.in_(ids)))
    ways: list[ColumnElement[bool]] = []
    if ids:
        ways.append(column == ids[0] if len(ids) == 1 else column.in_(ids))
    if "none" in values:
        ways.append(column.is_(None))
    return or_(*ways) if ways else false()


def _text(value: str) -> ColumnElement[bool]:
    """SQLite folds the case of Latin letters only, so the usual spellings are asked for."""
    spellings = dict.fromkeys((value, value.lower(), value.capitalize(), value.upper()))
    ways: list[ColumnElement[bool]] = [Case.title.icontains(one, autoescape=True) for one in spellings]
    return or_(Case.number == value.upper().lstrip("№# "), *ways)


def _due(value: str, vantage: Vantage) -> ColumnElement[bool]:
    due: Any = Case.due_at
    ends = {
        "overdue": (None, vantage.now),
        "today": (vantage.now, vantage.tomorrow),
        "week": (vantage.tomorrow, vantage.next_week),
        "later": (vantage.next_week, None),
    }
    conditions = [Case.is_open.is_(True)]
    if value == "none":
        return and_(*conditions, due.is_(None))
    first, last = ends[value]
    if first is not None:
        conditions.append(due >= first)
    if last is not None:
        conditions.append(due < last)
    return and_(*conditions)


def _made(value: str, vantage: Vantage) -> ColumnElement[bool]:
    return Case.made_sla.is_(None) if value == "none" else Case.made_sla.is_(value == "yes")


_CHOICES: dict[str, Callable[[str, Vantage], ColumnElement[bool]]] = {
    "due": _due,
    "made_sla": _made,
    "reopened": lambda value, _vantage: Case.reopened > 0 if value == "yes" else Case.reopened == 0,
    "reassigned": lambda value, _vantage: Case.reassigned > 0 if value == "yes" else Case.reassigned == 0,
}
