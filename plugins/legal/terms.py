"""Terms of the law: a table of dated rules, and the day on which each ends.

A term runs from the day after its event. Terms in months end on the same day of the month, or on its last one; terms
in days count calendar or working days as the rule says. A last day that is not worked moves to the next that is
(arts. 113 and 114 APC, 107 and 108 CPC). The table is `procedure/terms.yaml`.
"""

from __future__ import annotations

import calendar
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

IsWorking = Callable[[date], bool]
ONE = timedelta(days=1)
FILE = Path(__file__).parent / "procedure" / "terms.yaml"
COUNTS = ("months", "days", "working_days")
LEVELS = ("first", "appeal", "cassation", "supreme")
IN_COURT = (*LEVELS, "ruling", "summary", "order")
AFTER = {
    "arbitration": IN_COURT, "civil": IN_COURT, "administrative": IN_COURT, "claim": ("business", "consumer"),
}  # fmt: skip
"""What begins a term, by procedure."""


class BadTable(ValueError):
    """The table cannot be used; the text names the rule and what is wrong with it."""


@dataclass(frozen=True)
class Rule:
    """One term. It holds for events of the days ``since`` to ``until``; ``met_by`` is the instance that, once begun,
    shows that it was kept."""

    key: str
    names: Mapping[str, str]
    article: Mapping[str, str]
    procedure: str
    after: str
    count: int
    unit: str
    met_by: str = ""
    since: date = date.min
    until: date = date.max

    def applies(self, procedure: str, event: str, on: date) -> bool:
        return (self.procedure, self.after) == (procedure, event) and self.since <= on <= self.until

    def ends(self, event: date, is_working: IsWorking) -> date:
        """The last day of the term that an event begins."""
        if self.unit == "months":
            last = _months_later(event, self.count)
        elif self.unit == "days":
            last = event + timedelta(days=self.count)
        else:
            return working_days_later(event, self.count, is_working)
        return next_working(last, is_working)


@dataclass(frozen=True)
class Term:
    """A rule that an event has set going."""

    rule: Rule
    event: date
    ends: date
    is_met: bool = False


def terms_of(
    procedure: str, events: Iterable[tuple[str, date]], begun: Iterable[str], is_working: IsWorking
) -> list[Term]:
    """The terms that the events of a case set going, the nearest first; ``begun`` are the instances it has reached."""
    reached = set(begun)
    found = [
        Term(rule, on, rule.ends(on, is_working), rule.met_by in reached)
        for event, on in events
        for rule in rules()
        if rule.applies(procedure, event, on)
    ]
    return sorted(found, key=lambda term: (term.ends, term.rule.key))


def working_days_later(day: date, count: int, is_working: IsWorking) -> date:
    """The day on which so many working days have passed, the first of them the one after ``day``."""
    while count > 0:
        day += ONE
        count -= is_working(day)
    return day


def next_working(day: date, is_working: IsWorking) -> date:
    """The day itself when it is worked, else the next that is."""
    while not is_working(day):
        day += ONE
    return day


def rule_for(procedure: str, event: str, on: date) -> Rule | None:
    """The first rule for an event of that day."""
    return next((rule for rule in rules() if rule.applies(procedure, event, on)), None)


@cache
def rules() -> tuple[Rule, ...]:
    """The whole table."""
    return read_rules(_table())


def table_changed() -> date:
    """The day of the last change of the table."""
    changed = _table().get("changed")
    if not isinstance(changed, date):
        raise BadTable("changed: the day of the last change is needed, such as 2026-11-29")
    return changed


@cache
def _table() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


def read_rules(table: Any) -> tuple[Rule, ...]:
    """The rules of a table; :class:`BadTable` names the first fault."""
    found = tuple(_rule(row) for row in table["rules"])
    for fault in _overlaps(found):
        raise BadTable(fault)
    return found


def _rule(row: Mapping[str, Any]) -> Rule:
    key = str(row.get("key", "without a key"))
    units = [unit for unit in COUNTS if unit in row]
    if len(units) != 1 or not isinstance(row[units[0]], int) or row[units[0]] < 1:
        raise BadTable(f"rule {key}: one of {', '.join(COUNTS)} is needed, 1 or more")
    known = {name: row[name] for name in ("procedure", "after", "met_by", "since", "until") if name in row}
    if row.get("procedure") not in AFTER or row.get("after") not in AFTER[row["procedure"]]:
        raise BadTable(f"rule {key}: no event {row.get('after')} of a procedure {row.get('procedure')} is known")
    if row.get("met_by") and row["met_by"] not in LEVELS:
        raise BadTable(f"rule {key}: there is no instance {row['met_by']}")
    if known.get("since", date.min) > known.get("until", date.max):
        raise BadTable(f"rule {key}: it ends before it begins")
    if unknown := row.keys() - {*known, "key", "name", "article", *COUNTS}:
        raise BadTable(f"rule {key}: there is no key {sorted(unknown)[0]}")
    try:
        return Rule(key=key, names=row["name"], article=row["article"], count=row[units[0]], unit=units[0], **known)
    except (KeyError, TypeError) as error:
        raise BadTable(f"rule {key}: {error}") from error


def _overlaps(found: tuple[Rule, ...]) -> Iterator[str]:
    """Two versions of one rule must not hold on the same day."""
    by_key: dict[str, list[Rule]] = {}
    for rule in found:
        by_key.setdefault(rule.key, []).append(rule)
    for key, versions in by_key.items():
        ordered = sorted(versions, key=lambda rule: rule.since)
        if any(later.since <= earlier.until for earlier, later in itertools.pairwise(ordered)):
            yield f"rule {key}: two versions hold on the same day"


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
