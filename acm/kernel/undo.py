"""What a veto or a filter did to the data is undone when it fails: the core's transaction goes on.

A SAVEPOINT opens at the first use of data, so that a call that uses none costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session

from acm.kernel.isolation import CALL


def undoing(call: Callable[..., Any]) -> Callable[..., Any]:
    """The same guarded call: an exception rolls back what it did in the session of its context, and goes on."""

    def run(context: Any, *args: Any, **options: Any) -> Any:
        made, session = CALL.get(), getattr(context, "session", None)
        if made is None or session is None or session.info.get("read_only"):
            return call(context, *args, **options)
        made.session = session
        try:
            result = call(context, *args, **options)
        except BaseException:
            if made.savepoint is not None and made.savepoint.is_active:
                made.savepoint.rollback()
            raise
        if made.savepoint is not None and made.savepoint.is_active:
            made.savepoint.commit()
        return result

    return run


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
