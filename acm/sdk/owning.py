"""The tables that a plugin has made for itself by its migrations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnClause, Result, ScalarResult, TableClause, TextClause
from sqlalchemy.sql import ClauseElement, Executable, visitors

if TYPE_CHECKING:
    from acm.sdk.context import Context

Values = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


@dataclass(frozen=True)
class Tables:
    """The plugin's own tables ``pl_<slug>_…``, in the transaction of this call: statements of SQLAlchemy Core, whose
    tables are checked when they run. Pages are reached by ``ctx.pages`` and ``ctx.cases`` alone."""

    ctx: Context

    def execute(self, statement: Executable, values: Values = None) -> Result[Any]:
        """Run a statement: ``ctx.db.execute(insert(THINGS), {"name": "Laptop"})``."""
        return self.ctx.session.execute(self._own(statement), values)

    def scalars(self, statement: Executable) -> ScalarResult[Any]:
        """The first column of each row."""
        return self.ctx.session.scalars(self._own(statement))

    def scalar(self, statement: Executable) -> Any:
        """The first column of the first row, or None."""
        return self.ctx.session.scalar(self._own(statement))

    def _own(self, statement: Executable) -> Executable:
        if not isinstance(statement, ClauseElement):
            raise TypeError("ctx.db takes a statement of SQLAlchemy: select(), insert(), update(), delete()")
        prefix = f"pl_{self.ctx.plugin}_"
        for part in visitors.iterate(statement):
            if isinstance(part, TextClause) or (
                isinstance(part, ColumnClause) and part.is_literal and part.name != "*"
            ):
                raise LookupError("ctx.db takes no SQL as text: it cannot see which tables that reaches")
            if isinstance(part, TableClause) and not part.name.startswith(prefix):
                raise LookupError(f"ctx.db reaches tables {prefix}* only, not {part.name}")
        return statement
