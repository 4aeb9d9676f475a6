"""Which panels there are and who may open them.

A panel belongs to a department; whoever holds ``kpi.view`` there (its head, or by a role) may open it. Plugins
contribute panels; besides, every department has one without any set-up, at its own key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.errors import Forbidden, NotFound
from acm.kpi.core import department_panel
from acm.kpi.declarations import Measure, Panel, Widget
from acm.people.models import Department, Person
from acm.people.rights import Grants
from acm.snapshot import Snapshot

PERMISSION = "kpi.view"


@dataclass(frozen=True)
class OpenPanel:
    """A panel with the departments whose cases it counts: its own and those below."""

    panel: Panel
    department: Department
    departments: frozenset[int]


@dataclass(frozen=True)
class Shelf:
    """All panels, for one viewer."""

    tree: dict[int, Department]
    snapshot: Snapshot
    grants: Grants
    session: Session

    def open(self, key: str) -> OpenPanel:
        """The panel of that key; :class:`NotFound`, or :class:`Forbidden` for those who may not see its figures."""
        panel: Panel | None = self.snapshot.find("panel", key)
        department = self._department(panel.department if panel else key)
        if department is None:
            raise NotFound()
        if not self.grants.holds(PERMISSION, department.id):
            raise self._refused(
                [department], "These figures are for the head of the department and those who were given the right"
            )
        return OpenPanel(
            panel or department_panel(key, department.names), department, frozenset(self._below(department.id))
        )

    def mine(self) -> list[Panel]:
        """The panels this viewer may open, the one of their own department first."""
        found: list[Panel] = []
        for department in sorted(self.tree.values(), key=self._nearness):
            if self.grants.holds(PERMISSION, department.id):
                given = [p for p in self.snapshot.values("panel") if p.department == department.key]
                found += [*given, department_panel(department.key, department.names)]
        return found

    def first(self) -> Panel:
        """Where a head is led; :class:`Forbidden` for those who may see no figures at all."""
        panels = self.mine()
        if not panels:
            own = [self.tree[d] for d in self.grants.department_path if d in self.tree]
            raise self._refused(own, "Figures are for heads of departments and those who were given the right")
        return panels[0]

    def _refused(self, departments: Sequence[Department], why: str) -> Forbidden:
        """The refusal with the heads of these departments, who can open what was asked for."""
        heads = [d.head_id for d in departments if d.head_id]
        people = {p.id: p for p in self.session.scalars(select(Person).where(Person.id.in_(heads), Person.active))}
        found = [people[head] for head in dict.fromkeys(heads) if head in people]
        return Forbidden(
            why, who=[{"login": p.login or "", "names": {"ru": p.name_in("ru"), "en": p.name_in("en")}} for p in found]
        )

    def _department(self, key: str) -> Department | None:
        return next((d for d in self.tree.values() if d.key == key), None)

    def _nearness(self, department: Department) -> tuple[bool, bool, int, str]:
        """Departments one heads come first, the topmost of them before those below; then one's own."""
        mine = department.id in self.grants.headed
        return (
            not (mine and department.parent_id not in self.grants.headed),
            not (mine or department.id in self.grants.department_path),
            department.order,
            department.key,
        )

    def _below(self, department_id: int) -> Iterator[int]:
        seen: set[int] = set()
        waiting = [department_id]
        while waiting:
            current = waiting.pop()
            if current not in seen:
                seen.add(current)
                yield current
                waiting += [d.id for d in self.tree.values() if d.parent_id == current]


def shelf(session: Session, snapshot: Snapshot, grants: Grants) -> Shelf:
    """All panels of the company, in one statement."""
    return Shelf({d.id: d for d in session.scalars(select(Department))}, snapshot, grants, session)


def widgets_of(panel: Panel, snapshot: Snapshot) -> list[Widget]:
    """The widgets of a panel that are there now; those of a plugin that is away are left out."""
    found = (snapshot.find("widget", key) for key in panel.widgets)
    return [widget for widget in found if widget is not None]


def measure_of(snapshot: Snapshot, key: str) -> Measure | None:
    found: Measure | None = snapshot.find("measure", key)
    return found
