"""What a veto or a filter did to the data is undone when it fails: the core's transaction goes on.

A SAVEPOINT opens at the first use of data, so that a call that uses none costs nothing.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session

from acm.kernel.isolation import CALL, Call


def watch(made: Call, context: Any) -> None:
    """Open a SAVEPOINT as soon as this call uses the session of its context."""
    session = getattr(context, "session", None)
    if session is not None and not session.info.get("read_only"):
        made.session = session


def keep(made: Call) -> None:
    """The call ended well: what it did is a part of the transaction."""
    if made.savepoint is not None and made.savepoint.is_active:
        made.savepoint.commit()


def undo(made: Call) -> None:
    """The call failed: what it did has not happened."""
    if made.savepoint is not None and made.savepoint.is_active:
        made.savepoint.rollback()


def _first_use(session: Session) -> None:
    made = CALL.get()
    if made is not None and made.session is session:
        made.session = None  # the flush before a SAVEPOINT asks too
        made.savepoint = session.begin_nested()


def _asked(state: ORMExecuteState) -> None:
    _first_use(state.session)


def _added(session: Session, _instance: Any) -> None:
    _first_use(session)


event.listen(Session, "do_orm_execute", _asked)
event.listen(Session, "before_attach", _added)
