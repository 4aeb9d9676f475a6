"""What went wrong in plugins, shared over processes: the last twenty failures of each, with their tracebacks."""

from __future__ import annotations

import os
import re
import socket
import traceback
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import FrameType, TracebackType
from uuid import uuid4

from sqlalchemy import Index, Integer, String, Text, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from acm.db import Base

KEPT = 20
LONGEST = 4000
PACKAGE = "acm_plugins."
MASKED = "***"
_NAMED = re.compile(
    r"""(?ix)\b([\w-]*(?:passw(?:or)?d|secret|token|api_?key|authorization)[\w-]*)(["']?\s*[=:]\s*)
    (?:bearer\s+)?("[^"\n]*"|'[^'\n]*'|[^\s,;)]+)"""
)
_CREDENTIALS = re.compile(r"://[^/\s:@]+:[^/\s@]+@")
_BEARER = re.compile(r"(?i)\bbearer\s+[\w.~+/=-]{8,}")


class PluginFailure(Base):
    """A call into a plugin that failed, in whichever process."""

    __tablename__ = "plugin_failure"
    __table_args__ = (Index("ix_plugin_failure_slug_id", "slug", "id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    slug: Mapped[str] = mapped_column(String(31))
    point: Mapped[str] = mapped_column(String(120))
    number: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime]
    worker: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True)
class Failure:
    """A call into a plugin that failed. ``number`` finds it in the log and on the plugin's page."""

    plugin: str
    point: str
    number: str
    at: datetime
    text: str
    worker: str = ""

    @property
    def line(self) -> str:
        """The last line of the traceback: what was raised."""
        return self.text.strip().splitlines()[-1]

    @property
    def place(self) -> str:
        """The line of the plugin's own that failed; empty when none was reached."""
        first = self.text.splitlines()[0]
        return first if first.startswith(("in ", "at ")) else ""


recent: dict[str, deque[Failure]] = {}
"""The last failures of each plugin in this process, newest last; those of all processes: :func:`last_failures`."""


def worker_name() -> str:
    """Name of this process, as administrators see it."""
    return f"{socket.gethostname()}:{os.getpid()}"[-80:]


def failure_of(plugin: str, point: str, error: BaseException, at: datetime, secrets: Iterable[str] = ()) -> Failure:
    """An error as a numbered failure; its first line is the plugin's own line, secrets are masked."""
    text = "".join(traceback.format_exception(error, limit=-8))[-LONGEST:]
    return _made(plugin, point, _own_line(error.__traceback__), text, at, secrets)


def failure_at(plugin: str, point: str, frame: FrameType | None, said: str, at: datetime) -> Failure:
    """A call that does not end, as a failure: where it stands now, and what is said of it."""
    stack = "".join(traceback.format_stack(frame, limit=12)) if frame else ""
    place = ""
    while frame and not place:
        place = _line(frame, frame.f_lineno)
        frame = frame.f_back
    return _made(plugin, point, place, f"{stack[-LONGEST:]}{said}", at, ())


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """A text without passwords, tokens and the like: named ones, those in addresses, and the given ones."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, MASKED)
    text = _BEARER.sub(f"Bearer {MASKED}", text)
    return _CREDENTIALS.sub(f"://{MASKED}@", _NAMED.sub(rf"\1\2{MASKED}", text))


def keep(session: Session, failures: Sequence[Failure]) -> None:
    """Write failures and forget all but the last twenty of each plugin."""
    session.add_all(
        PluginFailure(slug=f.plugin[:31], point=f.point[:120], number=f.number, at=f.at, worker=f.worker, text=f.text)
        for f in failures
    )
    session.flush()
    for slug in {failure.plugin for failure in failures}:
        kept = select(PluginFailure.id).where(PluginFailure.slug == slug).order_by(PluginFailure.id.desc()).limit(KEPT)
        session.execute(
            delete(PluginFailure).where(PluginFailure.slug == slug, PluginFailure.id.not_in(kept)),
            execution_options={"synchronize_session": False},
        )


def last_failures(session: Session) -> dict[str, tuple[Failure, ...]]:
    """The last failures of every plugin over all processes, newest last; this process' own stand there at once."""
    found: dict[str, dict[str, Failure]] = {}
    for row in session.scalars(select(PluginFailure).order_by(PluginFailure.id)):
        one = Failure(row.slug, row.point, row.number, row.at, row.text, row.worker)
        found.setdefault(row.slug, {})[row.number] = one
    for slug, own in list(recent.items()):
        found.setdefault(slug, {}).update({failure.number: failure for failure in list(own)})
    return {slug: tuple(sorted(each.values(), key=lambda f: f.at)[-KEPT:]) for slug, each in found.items()}


def _made(plugin: str, point: str, place: str, text: str, at: datetime, secrets: Iterable[str]) -> Failure:
    text = mask(f"{place}\n{text}" if place else text, secrets)
    return Failure(plugin, point, uuid4().hex[:6], at, text, worker_name())


def _own_line(trace: TracebackType | None) -> str:
    """The innermost line of a plugin in a traceback."""
    found = ""
    while trace:
        found = _line(trace.tb_frame, trace.tb_lineno) or found
        trace = trace.tb_next
    return found


def _line(frame: FrameType, line: int) -> str:
    name = frame.f_globals.get("__name__", "")
    if not isinstance(name, str) or not name.startswith(PACKAGE):
        return ""
    package, _, module = name.removeprefix(PACKAGE).partition(".")
    place = f"{package.rpartition('_g')[0]}/{module.replace('.', '/') or '__init__'}.py"
    return f"in {place}:{line}, {frame.f_code.co_name}"
