"""What a plugin's code is handed: everything it may reach, filtered by what the person, or the plugin, may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from acm import clock
from acm.cases.models import Case
from acm.journal import Origin
from acm.pages.visibility import unrestricted, visible, visible_page
from acm.people.signin import Viewer
from acm.snapshot import Snapshot


@dataclass
class Context:
    """One call into a plugin. ``user`` is None in jobs and reactors, which see the plugin's own case types alone."""

    plugin: str
    session: Session
    snapshot: Snapshot
    user: Viewer | None = None
    log: Any = field(init=False)

    def __post_init__(self) -> None:
        self.log = structlog.get_logger("acm.plugins").bind(plugin=self.plugin)

    def now(self) -> datetime:
        return clock.now()

    def origin(self) -> Origin:
        """Who acts: the person, or in a job nobody."""
        return self.user.origin() if self.user else Origin(None, clock.now())

    def case(self, number: str) -> Case:
        """A case the person may see; :class:`acm.errors.NotFound` otherwise."""
        if self.user is None:
            raise LookupError("outside a request ask for own_cases()")
        return visible_page(self.session, self.user.grants, number, Case)

    def own_cases(
        self, *, category: str = "", resolved_before: datetime | None = None, limit: int = 200
    ) -> Sequence[Case]:
        """Cases of the plugin's types: those the person may see, in jobs all of them."""
        types = [c.key for c in self.snapshot.each("page_type") if c.plugin == self.plugin]
        statement = (
            visible(self.user.grants, Case) if self.user else unrestricted(select(Case), f"plugin {self.plugin}")
        )
        statement = statement.where(Case.type.in_(types)).options(joinedload(Case.type_version))
        if category:
            statement = statement.where(Case.category == category)
        if resolved_before is not None:
            statement = statement.where(Case.resolved_at < resolved_before)
        return self.session.scalars(statement.order_by(Case.id).limit(limit)).all()
