"""What a veto or a filter did to the data is undone when it fails: the core's transaction goes on.

A SAVEPOINT opens at the first use of data, so that a call that uses none costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction


class _Guard:
    """One call: its session, and the SAVEPOINT once there is one."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.savepoint: SessionTransaction | None = None
        self.is_opening = False

    def open(self) -> None:
        if self.savepoint is None and not self.is_opening:
            self.is_opening = True  # the flush before it asks too
            self.savepoint = self.session.begin_nested()


_guards: ContextVar[_Guard | None] = ContextVar("undone_on_failure", default=None)


@contextmanager
def undone_on_failure(session: Session | None) -> Iterator[None]:
    """Around a call that may use the caller's session: an exception rolls back what it did there, and goes on."""
    if session is None or session.info.get("read_only"):
        yield
        return
    guard = _Guard(session)
    token = _guards.set(guard)
    try:
        yield
    except BaseException:
        if guard.savepoint is not None and guard.savepoint.is_active:
            guard.savepoint.rollback()
        raise
    else:
        if guard.savepoint is not None and guard.savepoint.is_active:
            guard.savepoint.commit()
    finally:
        _guards.reset(token)


def _asked(state: ORMExecuteState) -> None:
    if (guard := _guards.get()) is not None and guard.session is state.session:
        guard.open()


def _added(session: Session, _instance: Any) -> None:
    if (guard := _guards.get()) is not None and guard.session is session:
        guard.open()


event.listen(Session, "do_orm_execute", _asked)
event.listen(Session, "before_attach", _added)
