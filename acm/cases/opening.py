"""Opening a case: the row, its number, its clocks and its first event, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from acm.cases import vetoes
from acm.cases.models import Case
from acm.journal import Origin
from acm.pages.models import Page, TypeVersion
from acm.pages.numbering import next_number
from acm.pages.schema import stored_version
from acm.pages.types import CaseType
from acm.people.models import Branch, Department, Group, Person
from acm.sla import clocks


@dataclass(frozen=True)
class Opening:
    """What is known when a case is opened. ``series`` and ``number`` override the type's own;
    ``promised=False`` starts no clocks, for history that ran elsewhere."""

    title: str
    body: str = ""
    requester: Person | None = None
    beneficiary: Person | None = None
    owner: Person | None = None
    group: Group | None = None
    department: Department | None = None
    branch: Branch | None = None
    service: Page | None = None
    parent: Page | None = None
    priority: int | None = None
    impact: str = ""
    urgency: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    form_version: TypeVersion | None = None
    targets: clocks.Targets | None = None
    state: str = ""
    confidential: bool = False
    language: str = "ru"
    series: str = ""
    number: str = ""
    external: str | None = None
    promised: bool = True


def open_case(session: Session, definition: CaseType, opening: Opening, origin: Origin, zone: ZoneInfo) -> Case:
    """Write a new case of a type. Priority comes from impact × urgency where none is given, targets from the
    service or else from the priority; ``zone`` is that of the requester's branch."""
    vetoes.ask(session, "open", definition, origin, opening=opening)
    case = _row(session, definition, opening, origin)
    session.add(case)
    session.flush()
    case.record("case.opened", origin, _facts(case))
    targets = opening.targets or _targets_of(definition, case.priority)
    if targets and opening.promised:
        clocks.start(case, targets, zone, origin)
    return case


def _row(session: Session, definition: CaseType, opening: Opening, origin: Origin) -> Case:
    state = definition.state(opening.state or definition.initial)
    priority = opening.priority or definition.priority_matrix.get(opening.impact, {}).get(opening.urgency)
    beneficiary = opening.beneficiary or opening.requester
    branch = opening.branch or (beneficiary.branch if beneficiary else None)
    return Case(
        number=opening.number or next_number(session, opening.series or definition.series),
        type=definition.key,
        type_version_id=stored_version(session, definition).id,
        form_version_id=opening.form_version.id if opening.form_version else None,
        title=opening.title[:300],
        body=opening.body,
        language=opening.language,
        fields=dict(opening.fields),
        facts=dict(opening.facts),
        texts={},
        state=state.key,
        stage=state.stage,
        category=state.category.value,
        is_open=state.is_open,
        public=False,
        confidential=opening.confidential or definition.confidential,
        author_id=origin.by.id if origin.by else None,
        owner_id=_id(opening.owner),
        requester_id=_id(opening.requester),
        beneficiary_id=_id(beneficiary),
        department_id=_id(opening.department),
        branch_id=_id(branch),
        group_id=_id(opening.group),
        service_id=_id(opening.service),
        service_version=opening.service.version if opening.service else None,
        parent_id=_id(opening.parent),
        impact=opening.impact,
        urgency=opening.urgency,
        priority=priority,
        opened_at=origin.at,
        updated_at=origin.at,
        reopened=0,
        reassigned=0,
        version=1,
        external=opening.external,
        journal_seq=0,
        journal_head="0" * 64,
    )


def _facts(case: Case) -> dict[str, Any]:
    return {
        "type": case.type,
        "state": case.state,
        "service": case.service_id,
        "group": case.group_id,
        "owner": case.owner_id,
        "requester": case.requester_id,
        "beneficiary": case.beneficiary_id,
        "department": case.department_id,
        "branch": case.branch_id,
        "priority": case.priority,
        "impact": case.impact,
        "urgency": case.urgency,
        "title": case.title,
    }


def _targets_of(definition: CaseType, priority: int | None) -> clocks.Targets | None:
    target = definition.target(priority)
    return clocks.Targets(target.calendar, target.response_hours, target.resolve_hours, "priority") if target else None


def _id(row: Any) -> int | None:
    return row.id if row is not None else None
