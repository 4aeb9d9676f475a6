"""A plugin's own tables: named ``pl_<slug>_*``, with a table of their own that says how far they are.

The core's upgrade thus never needs a plugin's folder. What a plugin brings in ``migrations/versions/`` runs when it is
enabled, in the transaction that enables it: it fails as a whole, on SQLite too. Versions expand first and contract
later, for requests of the old version run on for a while; disabling touches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, MetaData, event, func, inspect, select
from sqlalchemy.orm import Session

from acm.kernel.discovery import Discovered

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

_TOUCHED = re.compile(
    r"""(?isx)^\s*(?:
    (?:create|alter|drop)\s+table\s+(?:if\s+(?:not\s+)?exists\s+)?
    | create\s+(?:unique\s+)?index\s+.*?\son\s+
    | drop\s+index\s+(?:if\s+exists\s+)?(?:ix_|uq_)?
    | insert\s+into\s+ | update\s+ | delete\s+from\s+
    )["`]?(\w+)"""
)
_HARMLESS = re.compile(r"(?is)^\s*(?:select|pragma|savepoint|release|rollback\s+to)\b")


class MigrationFailed(ValueError):
    """The tables could not be brought to the plugin's version; the transaction must be rolled back."""


def prefix(slug: str) -> str:
    return f"pl_{slug}_"


def version_table(slug: str) -> str:
    return f"alembic_version_{slug}"


def migrate(session: Session, found: Discovered) -> None:
    """Bring the plugin's tables to the version of these files, in the caller's transaction, one process at a time.

    Tables that are further than the files stay: an older version runs on what a newer one expanded. Raises
    :class:`MigrationFailed`.
    """
    folder = found.path / "migrations"
    if not (folder / "versions").is_dir():
        return
    from alembic.script import ScriptDirectory  # here and below: a start needs none of it

    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(version_table(found.slug)))))
    try:
        scripts = ScriptDirectory(str(folder), version_locations=[str(folder / "versions")])
        known = {script.revision for script in scripts.walk_revisions()}
        if set(_heads(connection, found.slug)) - known:
            return
        with _own_tables_only(connection, found.slug):
            _upgrade(connection, scripts, found.slug)
    except (Exception, SystemExit) as error:  # whatever a stranger's migration raises
        raise MigrationFailed(f"its migration failed: {type(error).__name__}: {error}"[:500]) from error


def drop_tables(session: Session, slug: str) -> list[str]:
    """Remove a plugin's own tables; returns their names."""
    connection = session.connection()
    names = [n for n in inspect(connection).get_table_names() if n.startswith(prefix(slug)) or n == version_table(slug)]
    if names:
        tables = MetaData()
        tables.reflect(connection, only=names)
        tables.drop_all(connection, tables=[table for table in tables.sorted_tables if table.name in names])
    return sorted(names)


def _heads(connection: Connection, slug: str) -> tuple[str, ...]:
    from alembic.migration import MigrationContext

    return MigrationContext.configure(connection, opts={"version_table": version_table(slug)}).get_current_heads()


def _upgrade(connection: Connection, scripts: ScriptDirectory, slug: str) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    def steps(revision: Any, _context: Any) -> Any:
        return scripts._upgrade_revs("head", revision)

    with EnvironmentContext(Config(), scripts, fn=steps) as environment:
        environment.configure(
            connection=connection, version_table=version_table(slug), transactional_ddl=False,
            render_as_batch=connection.dialect.name == "sqlite",
        )  # fmt: skip
        environment.run_migrations()


@contextmanager
def _own_tables_only(connection: Connection, slug: str) -> Iterator[None]:
    """Refuse every statement that changes a table of others."""
    own = (prefix(slug), version_table(slug), f"_alembic_tmp_{prefix(slug)}")

    def check(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        touched = _TOUCHED.match(statement)
        if touched and touched[1].startswith(own):
            return
        if not _HARMLESS.match(statement):
            what = touched[1] if touched else " ".join(statement.split()[:3])
            raise PermissionError(f"it may change tables {prefix(slug)}* only, not {what}")

    event.listen(connection, "before_cursor_execute", check)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", check)
