"""What plugins order from the catalogue, and how far an order of several parts is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acm.cases.bundle import Part, parts_of
from acm.cases.models import Case
from acm.catalog import following, rerouting
from acm.catalog.approvers import Approver
from acm.catalog.bundles import services_of
from acm.catalog.filing import Filing, file_request, find_service
from acm.errors import Forbidden, NotFound
from acm.pages.fields import stored_values
from acm.people.models import Person

if TYPE_CHECKING:
    from acm.sdk.context import Context


@dataclass(frozen=True)
class Catalog:
    """Orders for services, of this plugin or of others."""

    ctx: Context

    def order(
        self,
        service: str,
        answers: Mapping[str, Any],
        *,
        requester: Person,
        beneficiary: Person | None = None,
        title: str = "",
    ) -> Case:
        """File a request for the service of that id, as its form does: approvals, promise and group are the
        service's; the order of a bundle opens its parts. :class:`acm.sdk.NotFound` for a service that is not there,
        :class:`acm.sdk.PluginAway` while nobody serves it."""
        session, user = self.ctx.session, self.ctx.user
        if user is not None:
            found = find_service(session, user.grants, service)
        else:
            found = services_of(session, [service.lower()]).get(service.lower())  # type: ignore[assignment]
        if found is None:
            raise NotFound()
        values = stored_values(found.offering.form, answers)
        filing = Filing(found, values, requester, beneficiary or requester, requester.language or "ru", title=title)
        return file_request(session, filing, self.ctx.origin(), self.ctx.snapshot, self.ctx.zone.key)

    def parts(self, order: Case) -> Sequence[Part]:
        """The parts of an order and how far each is, as the order itself keeps them; none for another case."""
        return parts_of(order.facts)

    def lacking(self, case: Case) -> Sequence[Approver]:
        """The steps of approval that a case of the plugin's own types needs by its answers of today and that nobody
        has decided: those whose condition holds only since an answer changed, and those that approved a smaller
        number, or another answer, in their condition."""
        self._require_own(case)
        return rerouting.lacking(self.ctx.session, case, self.ctx.now())

    def reroute(self, case: Case, *, then: str, back: str) -> Sequence[Approver]:
        """Ask the steps that are lacking before a case goes on: it waits in its state of approval, goes to the state
        ``then`` when all have approved, to ``back`` when one refuses. Gives who is asked; when nobody is, nothing
        changes. :class:`acm.sdk.Problem` where nobody is named for a role."""
        self._require_own(case)
        return rerouting.reroute(self.ctx.session, case, self.ctx.origin(), then=then, back=back)

    def settle(self, order: Case) -> None:
        """Bring an order of the plugin's own types and its parts to what the rules of bundles say. What happens live
        is settled by itself; only history that is told by hand needs this."""
        self._require_own(order)
        following.settle(self.ctx.session, order, self.ctx.origin(), self.ctx.snapshot)

    def _require_own(self, case: Case) -> None:
        if case.type not in self.ctx.own_types:
            raise Forbidden("A plugin settles and reroutes cases of its own types alone")
