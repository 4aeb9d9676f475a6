"""Records every statement that reads a protected table without having passed the door.

The door marks its statements (``/*door:…*/``). Excepted are the reload of columns of a row that is loaded already,
and what a test itself reads. Tests watch with it, and so does ``acm plugin check``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.orm import ORMExecuteState, Session

from acm.pages.visibility import MARK, PROTECTED

READS = re.compile(rf'(?:\bFROM|\bJOIN|,)\s+"?(?:{"|".join(sorted(PROTECTED))})"?(?=[\s,)]|$)', re.IGNORECASE)
RELOAD = "acm_reload"


@dataclass(frozen=True)
class SideDoor:
    """A read of a protected table that nobody let through, and the line of ours that made it."""

    statement: str
    place: str

    def __str__(self) -> str:
        return f"{self.place}\n    {' '.join(self.statement.split())[:600]}"


def reads_unmarked(statement: str) -> bool:
    """Whether a statement reads a protected table and bears no mark of the door."""
    if MARK in statement or statement.lstrip()[:6].upper() not in ("SELECT", "WITH R", "WITH A"):
        return False
    return READS.search(statement) is not None


@contextmanager
def watching() -> Iterator[list[SideDoor]]:
    """Watch every engine; what is found stands in the list."""
    found: list[SideDoor] = []

    def before(_conn: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        options = context.execution_options if context is not None else {}
        if options.get(RELOAD) or not reads_unmarked(statement):
            return
        place = _caller()
        if place is not None:
            found.append(SideDoor(statement, place))

    def note_reload(state: ORMExecuteState) -> None:
        if state.is_column_load:
            state.update_execution_options(**{RELOAD: True})

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Session, "do_orm_execute", note_reload)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", before)
        event.remove(Session, "do_orm_execute", note_reload)


def _caller() -> str | None:
    """The line that asked, None when it stands in a test."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        path = frame.f_code.co_filename
        if "site-packages" not in path and path != __file__ and "/lib/python" not in path:
            return None if "/tests/" in path else f"{path}:{frame.f_lineno} in {frame.f_code.co_name}"
        frame = frame.f_back
    return "unknown"
