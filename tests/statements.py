"""The SQL that is sent while something happens, as the budgets count it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

UNCOUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "SET ", "SELECT set_config")
REGISTRY = "registry"
NOTES = ("plugin_failure", "plugin_cost")
NEWS = "notification.id"
"""In the statement that counts what the bell has; it is asked once a page, and again when something came."""


@contextmanager
def listening(engine: Any = Engine) -> Iterator[list[str]]:
    """Every statement of an engine, or of all, from now on; clear the list to begin anew.

    Not counted: the ends of transactions, and the look at the plugin registry, which is made each 250 ms and not
    for a request, nor what plugins' failures and costs write beside it.
    """
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(UNCOUNTED) and REGISTRY not in statement and not any(n in statement for n in NOTES):
            sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
