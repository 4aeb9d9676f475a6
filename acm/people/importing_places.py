"""Bringing departments and branches in from CSV files: all lines or, with every fault named by line and column, none.

They come before people, who work in them. A place is found again by its key: a second run of the same file changes
nothing. A column that the file does not have stays as it is here; an empty cell empties it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm import clock
from acm.jobs.imports import BadFile, Import, Importer, Report
from acm.journal import Origin, record, system_stream
from acm.people.models import Branch, Department, Person
from acm.people.people_file import Fault, delimiter_of, text_of
from acm.people.placing import settle
from acm.snapshot import Contribution

SOURCE = "import:places"
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
LONGEST = 200


@dataclass(frozen=True)
class Kind:
    """What a file of places makes: its columns beside ``key``, those that must be there first."""

    noun: str
    model: type[Branch] | type[Department]
    columns: tuple[str, ...]
    required: tuple[str, ...]


DEPARTMENTS = Kind(
    "department", Department, ("name_ru", "name_en", "summary_ru", "summary_en", "parent", "head"), ("name_ru",)
)
BRANCHES = Kind("branch", Branch, ("name_ru", "timezone", "name_en", "head"), ("name_ru", "timezone"))

Rows = dict[str, tuple[int, dict[str, str]]]
"""Line and cells by key."""


def import_places(run: Import, *, kind: Kind) -> Report:
    """Read the file, check every line, then write all of it in one transaction."""
    faults: list[Fault] = []
    rows = _read(run, kind, faults)
    with run.db.writing(run.snapshot) as session:
        places: Any = session.scalars(select(kind.model))
        known: dict[str, Any] = {place.key: place for place in places}
        heads = {login: id_ for login, id_ in session.execute(select(Person.login, Person.id)) if login}
        for line, cells in rows.values():
            faults += _cell_faults(line, cells, known.keys() | rows.keys(), heads)
        if kind is DEPARTMENTS:
            faults += _circles(rows, known)
        if faults:
            raise BadFile(run.path, [str(fault) for fault in sorted(faults)])
        report = _bring(session, kind, rows, known, heads)
        settle(session, run.snapshot)
        return report


def contributions() -> list[Contribution]:
    made = (
        Importer("departments", {"ru": "Отделы из CSV", "en": "Departments from CSV"}, partial(import_places, kind=DEPARTMENTS)),
        Importer("branches", {"ru": "Филиалы из CSV", "en": "Branches from CSV"}, partial(import_places, kind=BRANCHES)),
    )  # fmt: skip
    return [Contribution("importer", importer.key, importer) for importer in made]


def _read(run: Import, kind: Kind, faults: list[Fault]) -> Rows:
    """The lines of the file; what is wrong with them on their own goes to ``faults``."""
    rows: Rows = {}
    try:
        text = text_of(run.path)
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
        header = [name.strip().lower() for name in next(lines, [])]
        faults += _header_faults(header, kind)
        for cells in [] if faults else lines:
            if not any(cell.strip() for cell in cells):
                continue
            line = lines.line_num
            if len(cells) != len(header):
                faults.append(Fault(line, "", f"{len(cells)} cells, the header has {len(header)}"))
                continue
            values = dict(zip(header, (cell.strip() for cell in cells), strict=True))
            key = values.pop("key")
            if not KEY.fullmatch(key):
                faults.append(Fault(line, "key", f"{key!r}: use Latin letters, figures, hyphens, at most 40"))
            elif key in rows:
                faults.append(Fault(line, "key", f"{key!r} stands in line {rows[key][0]} already"))
            faults += [Fault(line, name, "this cell is empty") for name in kind.required if not values[name]]
            rows.setdefault(key, (line, values))
    except UnicodeDecodeError:
        faults.append(Fault(1, "", "this is not UTF-8; save the file as CSV UTF-8"))
    except csv.Error as error:
        faults.append(Fault(lines.line_num, "", f"the quotes do not fit: {error}"))
    return rows


def _header_faults(header: list[str], kind: Kind) -> Iterator[Fault]:
    known = ("key", *kind.columns)
    for name in ("key", *kind.required):
        if name not in header:
            yield Fault(1, name, "this column is missing")
    for place, name in enumerate(header):
        if name not in known:
            yield Fault(1, name or f"{place + 1}", f"no such column; known are {', '.join(known)}")
        elif name in header[:place]:
            yield Fault(1, name, "this column stands twice")


def _cell_faults(line: int, cells: Mapping[str, str], keys: set[str], heads: Mapping[str, int]) -> Iterator[Fault]:
    for name, said in cells.items():
        if len(said) > LONGEST:
            yield Fault(line, name, f"{len(said)} characters, at most {LONGEST}")
    if (parent := cells.get("parent")) and parent not in keys:
        yield Fault(line, "parent", f"there is no department {parent!r}, neither here nor in the file")
    if (head := cells.get("head", "").lower()) and head not in heads:
        yield Fault(line, "head", f"there is no person {head!r}: import people first, then this file once more")
    if (zone := cells.get("timezone")) and zone not in available_timezones():
        yield Fault(line, "timezone", f"{zone!r} is no time zone such as Europe/Moscow")


def _circles(rows: Rows, known: Mapping[str, Department]) -> Iterator[Fault]:
    """No department lies within itself: parents as they will be after the file."""
    keys = {place.id: key for key, place in known.items()}
    above = {key: keys.get(place.parent_id or 0, "") for key, place in known.items()}
    above |= {key: cells["parent"] for key, (_line, cells) in rows.items() if "parent" in cells}
    for key, (line, _cells) in rows.items():
        seen: set[str] = set()
        at = above.get(key, "")
        while at and at != key and at not in seen:
            seen.add(at)
            at = above.get(at, "")
        if at == key:
            yield Fault(line, "parent", f"{key!r} would lie within itself")


def _bring(session: Session, kind: Kind, rows: Rows, known: dict[str, Any], heads: Mapping[str, int]) -> Report:
    report, origin = Report(read=len(rows)), Origin(None, clock.now(), source=SOURCE)
    fresh = rows.keys() - known.keys()
    for key in rows:
        if key in fresh:
            known[key] = kind.model(key=key, names={})
            if isinstance(known[key], Branch):
                known[key].timezone = rows[key][1]["timezone"]
            session.add(known[key])
    session.flush()
    for key, (_line, cells) in rows.items():
        place = known[key]
        wanted = dict(_wanted(place, cells, known, heads))
        changes = {
            name: [getattr(place, name), value] for name, value in wanted.items() if getattr(place, name) != value
        }
        for name in changes:
            setattr(place, name, wanted[name])
        if not changes and key not in fresh:
            report.skipped["nothing changed"] += 1
            continue
        (report.made if key in fresh else report.updated)[kind.model.__tablename__] += 1
        told = f"{kind.noun}.{'added' if key in fresh else 'changed'}"
        record(session, system_stream(session, "people"), told, origin, data={"key": key, "changes": changes})
    session.flush()
    return report


def _wanted(place: Any, cells: Mapping[str, str], known: Mapping[str, Any], heads: Mapping[str, int]) -> Iterator[Any]:
    for column, prefix in (("names", "name_"), ("summaries", "summary_")):
        told = {name[-2:]: said for name, said in cells.items() if name.startswith(prefix)}
        if told:
            yield column, {lang: said for lang, said in {**(getattr(place, column) or {}), **told}.items() if said}
    if "parent" in cells:
        yield "parent_id", known[cells["parent"]].id if cells["parent"] else None
    if "head" in cells:
        yield "head_id", heads[cells["head"].lower()] if cells["head"] else None
    if "timezone" in cells:
        yield "timezone", cells["timezone"]
