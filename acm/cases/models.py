"""A case: a page that is worked. Its verbs decide, change the row, and leave an event.

Event kinds and their data (the contract of search, KPI, notifications and history):

``case.opened``     {type, state, service, group, owner, requester, beneficiary, department, branch, priority}
``case.moved``      {from, to} between open states; ``case.resolved``, ``case.closed``, ``case.cancelled``,
                    ``case.rejected`` and ``case.reopened`` carry the same
``field.changed``   {field, from, to}: owner, group, priority, impact, urgency, title, confidential, department,
                    branch, beneficiary, or the key of an answer (``fields.<key>`` where a property has that name);
                    answers to questions for agents are for own people only
``case.responded``  {} the first answer to the requester
``sla.set``         {calendar, response_due, due, promised, provisional}
``comment.added``   {comment}, audience as the comment's; ``file.added`` {file, name}
``approval.requested`` / ``approval.decided`` / ``approval.asked``   {step, role, approver, decision}
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from acm.cases import vetoes
from acm.cases.bundle import unfinished
from acm.db import Base, Json
from acm.errors import Conflict, Invalid, PluginAway
from acm.i18n import _
from acm.journal import Event, Origin
from acm.pages.models import Page, session_of
from acm.pages.types import DONE, ENDED, CaseType, State, StateCategory, Transition
from acm.people.models import Group, Person
from acm.sla import clocks

MOVES = frozenset({"case.moved", "case.resolved", "case.closed", "case.cancelled", "case.rejected", "case.reopened"})
KIND_OF = {
    StateCategory.RESOLVED: "case.resolved",
    StateCategory.CLOSED: "case.closed",
    StateCategory.CANCELLED: "case.cancelled",
    StateCategory.REJECTED: "case.rejected",
}
VERB_OF = {
    "case.resolved": "resolve", "case.closed": "close", "case.cancelled": "cancel", "case.rejected": "reject",
    "case.reopened": "reopen",
}  # fmt: skip


class TransitionRefused(Conflict):
    """The type has no such move from the present state, or not for this person."""

    type = "/problems/transition-refused"
    title = "The case cannot move there now"


class PartsOpen(TransitionRefused):
    """The case is an order, and parts of it are still to be done."""

    type = "/problems/parts-open"
    title = "Parts of this order are not done yet"


class Case(Page):
    """A page with states, an owner and a promise."""

    __mapper_args__ = {"polymorphic_identity": "case"}

    @property
    def case_type(self) -> CaseType:
        definition = self.definition
        if not isinstance(definition, CaseType):
            raise LookupError(f"{self.number} is a case without states")
        return definition

    @property
    def current(self) -> State:
        """The present state as the type declares it."""
        return self.case_type.state(self.state)

    @property
    def is_done(self) -> bool:
        return self.current.category in DONE

    @property
    def is_served(self) -> bool:
        """Whether somebody gives its type now; while its plugin is away a case is a plain page."""
        snapshot = session_of(self).info.get("snapshot")
        return snapshot is None or snapshot.find("page_type", self.type) is not None

    def require_served(self) -> None:
        """Raise :class:`PluginAway` while the plugin of the type is away."""
        if not self.is_served:
            raise PluginAway("Its plugin is off: the case can be read and commented, not changed")

    def moves(self, *, by: str = "worker") -> list[Transition]:
        """Moves offered now to workers, or to the requester; none while its plugin is away."""
        if not self.is_served:
            return []
        return [
            t
            for t in self.case_type.moves_from(self.state)
            if (t.by == by or (by == "worker" and t.by == "requester")) and not self._waits_for_parts(t.target)
        ]

    def move(self, target: str, origin: Origin, *, by: str = "worker", comment: str = "") -> Event:
        """Move to another state of the type; :class:`TransitionRefused` when the type does not allow it.

        ``by`` is ``worker``, ``requester`` or ``system``; the system may take any declared move.
        """
        self.require_served()
        allowed = [t for t in self.case_type.moves_from(self.state) if t.target == target]
        if by != "system":
            allowed = [t for t in allowed if t.by == by or (by == "worker" and t.by == "requester")]
        if not allowed:
            raise TransitionRefused()
        if by != "system" and self._waits_for_parts(target):
            raise PartsOpen()
        if allowed[0].needs_comment and not comment.strip():
            raise Invalid({"comment": [_("Say why, in a few words")]})
        return self.enter(self.case_type.state(target), origin)

    def _waits_for_parts(self, target: str) -> bool:
        """Whether a state would say "done" of an order whose parts are not."""
        said = self.case_type.state(target).category in (StateCategory.RESOLVED, StateCategory.CLOSED)
        return said and not self.is_done and bool(unfinished(self.facts))

    def enter(self, state: State, origin: Origin) -> Event:
        """Be in a state from now on: times, clocks, stage and the event. No rule is asked but those of plugins."""
        self.require_served()
        before = self.current
        reopened = before.category in DONE and state.category not in DONE
        kind = "case.reopened" if reopened else KIND_OF.get(state.category, "case.moved")
        self._ask("move", origin, target=state.key)
        if kind in VERB_OF:
            self._ask(VERB_OF[kind], origin, target=state.key)
        data: dict[str, Any] = {"from": before.key, "to": state.key}
        self.state, self.stage, self.category = state.key, state.stage, state.category.value
        self.is_open = state.category not in DONE
        if state.category is StateCategory.RESOLVED:
            self.resolved_at = origin.at
        if state.category in ENDED:
            self.closed_at = origin.at
            self.resolved_at = self.resolved_at or (origin.at if state.category is StateCategory.CLOSED else None)
        if reopened:
            self.resolved_at = self.closed_at = None
            self.reopened += 1
        clocks.on_state(self, before.sla, state.sla, origin.at)
        if state.category is StateCategory.RESOLVED or (
            state.category is StateCategory.CLOSED and before.category not in DONE
        ):
            data["made_sla"] = self.made_sla
        return self.record(kind, origin, data)

    def assign(self, origin: Origin, *, owner: Person | None, group: Group | None = None) -> None:
        """Hand over to a person, a group, or both; a new group without a person leaves the case unowned."""
        if group is not None and group.id != self.group_id:
            self.change("group", group.id, origin)
            if owner is None and self.owner_id is not None:
                self.change("owner", None, origin)
        if owner is not None and owner.id != self.owner_id:
            self.change("owner", owner.id, origin)

    COLUMNS = {
        "owner": "owner_id", "group": "group_id", "priority": "priority", "impact": "impact", "urgency": "urgency",
        "title": "title", "department": "department_id", "branch": "branch_id", "beneficiary": "beneficiary_id",
        "confidential": "confidential",
    }  # fmt: skip

    def change(self, field: str, value: Any, origin: Origin) -> Event | None:
        """Set one property, else one answer, and record what it was; nothing happens if it is the same."""
        column = self.COLUMNS.get(field)
        if column is None:
            return self.answer(field, value, origin)
        self.require_served()
        before = getattr(self, column)
        if before == value:
            return None
        self._ask("assign" if field in ("owner", "group") else "change", origin, field=field, value=value)
        setattr(self, column, value)
        if field in ("owner", "group") and before is not None:
            self.reassigned += 1
        self.version += 1
        event = self.record("field.changed", origin, {"field": field, "from": before, "to": value})
        if field in ("impact", "urgency"):
            self._prioritise(origin)
        if field == "priority":
            clocks.retarget(self, origin)
        return event

    def answer(self, key: str, value: Any, origin: Origin) -> Event | None:
        """Correct one answer, None takes it away, and record what it was; nothing happens if it is the same."""
        self.require_served()
        before = self.fields.get(key)
        if before == value:
            return None
        self._ask("change", origin, field=f"fields.{key}" if key in self.COLUMNS else key, value=value)
        self.fields = {k: v for k, v in {**self.fields, key: value}.items() if v is not None}
        self.version += 1
        data = {"field": f"fields.{key}" if key in self.COLUMNS else key, "from": before, "to": value}
        internal = any(asked.internal for asked in self.form if asked.key == key)
        return self.record("field.changed", origin, data, audience="internal" if internal else "all")

    def _ask(self, verb: str, origin: Origin, **facts: Any) -> None:
        vetoes.ask(session_of(self), verb, self, origin, **facts)

    def _prioritise(self, origin: Origin) -> None:
        priority = self.case_type.priority_matrix.get(self.impact, {}).get(self.urgency)
        if priority is not None and priority != self.priority:
            self.change("priority", priority, origin)

    def respond(self, origin: Origin) -> None:
        """Note the first answer to the requester, once."""
        if self.first_response_at is None:
            self.first_response_at = origin.at
            self.record("case.responded", origin)

    def approvals(self) -> list[Approval]:
        """Steps of approval in order."""
        statement = (
            select(Approval).prefix_with("/*door:inside*/").where(Approval.page_id == self.id).order_by(Approval.step)
        )
        return list(session_of(self).scalars(statement))


class Approval(Base):
    """One step of approval. ``waiting`` steps come later, one is ``pending`` at a time."""

    __tablename__ = "approval"
    __table_args__ = (
        Index("ix_approval_page_id_step", "page_id", "step"),
        Index("ix_approval_approver_id_state", "approver_id", "state"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id", ondelete="CASCADE"))
    step: Mapped[int] = mapped_column(Integer)
    role: Mapped[str] = mapped_column(String(60))
    approver_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    comment: Mapped[str] = mapped_column(Text, default="")
    asked_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]

    approver: Mapped[Person | None] = relationship(foreign_keys=[approver_id])


class Queue(Base):
    """A saved filter with its columns, order and grouping. Shared to groups and roles, or one's own."""

    __tablename__ = "queue"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    names: Mapped[dict[str, str]] = mapped_column(Json)
    icon: Mapped[str] = mapped_column(String(40), default="list")
    filters: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    columns: Mapped[list[str]] = mapped_column(Json, default=list)
    sort: Mapped[str] = mapped_column(String(40), default="due")
    grouping: Mapped[str] = mapped_column(String(40), default="due")
    shared: Mapped[bool] = mapped_column(Boolean, default=False)
    audience: Mapped[list[str]] = mapped_column(Json, default=list)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    plugin: Mapped[str] = mapped_column(String(40), default="core")
    order: Mapped[int] = mapped_column("sort_order", Integer, default=100)
