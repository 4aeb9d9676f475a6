"""The context in which a plugin brings its part of the demo company: history, told to nobody."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from acm import clock
from acm.cases.approving import OPEN, decide
from acm.cases.models import Case
from acm.journal import Origin
from acm.people.models import Person
from acm.people.rights import Grants
from acm.sdk.context import Context

SOURCE = "import:demo"


@dataclass
class Builder(Context):
    """A context without a person, at a moment of the past: ``ctx.at(moment, by=person).cases.open(…)``.

    What is done here starts no mail, no reactor and no veto.
    """

    moment: datetime | None = None
    person: Person | None = None
    seed: int = 0

    def at(self, moment: datetime, by: Person | None = None) -> Builder:
        """The same at another moment, with somebody who acts."""
        return replace(self, moment=moment, person=by)

    def approve(self, case: Case) -> None:
        """Let those who have to approve a case agree, one after the other."""
        self.session.flush()
        while step := next((one for one in case.approvals() if one.state in OPEN), None):
            approver = self.session.get_one(Person, step.approver_id)
            decide(
                self.session, case, step, "approve", self.at(self.now(), approver).origin(), grants=Grants(approver.id)
            )
            self.session.flush()

    def chance(self) -> Random:
        """A source of chance that gives the same in each demo company; asked again it begins anew."""
        return Random(f"{self.plugin}:{self.seed}")  # noqa: S311 - a demo

    def now(self) -> datetime:
        """The moment that is told of."""
        return self.moment or clock.now()

    def origin(self) -> Origin:
        """Who acts, and when."""
        return Origin(self.person, self.now(), source=SOURCE)
