"""A CSV file of people as rows, with a place and a reason for everything that cannot be read.

UTF-8, a header, a comma or a semicolon between the cells (found from the header), quotes as usual.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COLUMNS = {
    "login": 80, "family": 100, "given": 100, "middle": 100, "latin": 200, "email": 200, "department": 40,
    "branch": 40, "manager": 80, "position_ru": 200, "position_en": 200, "groups": 1000, "phone": 40,
}  # fmt: skip
REQUIRED = ("login", "family")
LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]*")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, order=True)
class Fault:
    """Why a cell cannot be taken. ``column`` is empty for a fault of the whole line."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        place = f"line {self.line}, column {self.column}" if self.column else f"line {self.line}"
        return f"{place}: {self.reason}"


@dataclass(frozen=True)
class Row:
    """One person of the file. ``values`` holds the columns that the file has; ``groups`` is None without that column."""

    line: int
    login: str
    values: dict[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] | None = None


def read_rows(path: Path) -> tuple[list[Row], list[Fault]]:
    """Read a file whole: its rows, and everything that is wrong with them on their own."""
    try:
        text = text_of(path)
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        return [], [Fault(line, "", "this is not UTF-8; save the file as CSV UTF-8")]
    except OSError as error:
        return [], [Fault(1, "", f"the file cannot be read: {error.strerror or error}")]
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    try:
        header = [name.strip().lower() for name in next(lines, [])]
        if faults := list(_header_faults(header)):
            return [], faults
        return _rows(_numbered(lines), header)
    except csv.Error as error:
        return [], [Fault(lines.line_num, "", f"the quotes do not fit: {error}")]


def text_of(path: Path) -> str:
    """The file as text; :class:`OSError` when it cannot be read, :class:`UnicodeDecodeError` when it is not UTF-8."""
    if path.stat().st_size > MAX_BYTES:
        raise OSError(0, f"it is larger than {MAX_BYTES // 1024 // 1024} MiB")
    return path.read_bytes().decode("utf-8-sig")


def delimiter_of(text: str) -> str:
    """What stands between the cells, found from the header."""
    header = text.partition("\n")[0]
    return ";" if header.count(";") > header.count(",") else ","


def _header_faults(header: list[str]) -> Iterator[Fault]:
    for name in REQUIRED:
        if name not in header:
            yield Fault(1, name, "this column is missing")
    for place, name in enumerate(header):
        if name not in COLUMNS:
            yield Fault(1, name or f"{place + 1}", f"no such column; known are {', '.join(COLUMNS)}")
        elif name in header[:place]:
            yield Fault(1, name, "this column stands twice")


def _numbered(lines: Any) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line they begin in: a cell in quotes may hold line breaks."""
    before = lines.line_num
    for cells in lines:
        yield before + 1, cells
        before = lines.line_num


def _rows(lines: Iterable[tuple[int, list[str]]], header: list[str]) -> tuple[list[Row], list[Fault]]:
    rows: list[Row] = []
    faults: list[Fault] = []
    for at, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            faults.append(Fault(at, "", f"{len(cells)} cells, the header has {len(header)}"))
            continue
        values = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        faults += _cell_faults(at, values)
        rows.append(_row(at, values))
    return rows, faults


def _row(line: int, values: dict[str, str]) -> Row:
    login = values.pop("login").lower()
    groups = values.pop("groups", None)
    if "manager" in values:
        values["manager"] = values["manager"].lower()
    keys = None if groups is None else tuple(dict.fromkeys(key for key in re.split(r"[\s,;|]+", groups) if key))
    return Row(line, login, values, keys)


def _cell_faults(line: int, values: dict[str, str]) -> Iterator[Fault]:
    for name in REQUIRED:
        if not values[name]:
            yield Fault(line, name, "this cell is empty")
    if values["login"] and not LOGIN.fullmatch(values["login"].lower()):
        yield Fault(line, "login", f"{values['login']!r}: use small Latin letters, figures, dots and hyphens")
    if (email := values.get("email")) and not EMAIL.fullmatch(email):
        yield Fault(line, "email", f"{email!r} is not an e-mail address")
    for name, text in values.items():
        if len(text) > COLUMNS[name]:
            yield Fault(line, name, f"{len(text)} characters, at most {COLUMNS[name]}")
        elif any(ord(character) < 32 for character in text):
            yield Fault(line, name, "there is a control character or a line break in it")
