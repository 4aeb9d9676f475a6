"""Filing a request: from the answers to a service's form to an open case, in one transaction.

The service decides what is opened, who does it, until when and who approves; nothing is left to the caller. A key
makes it idempotent: pressing twice files once. The order of a bundle opens its parts with it, or when it is approved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, joinedload

from acm.cases.approving import ask_steps
from acm.cases.bundle import AWAY, OPEN, Part, is_order, keep_part, parts_of, ready
from acm.cases.models import Case
from acm.cases.opening import Opening, open_case
from acm.catalog.approvers import Approver, NobodyApproves, approvers, asked_steps, check_held
from acm.catalog.bundles import Order, answers_for, ask_again, days_in, plan_of, promised, services_of
from acm.catalog.definitions import ServiceDefinition
from acm.catalog.models import OTHER, Service
from acm.catalog.request_type import REQUEST
from acm.catalog.titles import title_of
from acm.errors import NotFound, PluginAway
from acm.i18n import LANGUAGES, words
from acm.journal import Origin
from acm.pages.models import Draft, File, PageTerm, SavedAnswer
from acm.pages.once import claim
from acm.pages.people import take_part
from acm.pages.showing import single_values
from acm.pages.typed import takes_files
from acm.pages.types import CaseType, FieldKind, StateCategory
from acm.pages.visibility import inside, visible
from acm.people.models import Department, Group, Person
from acm.people.rights import Grants
from acm.sla import clocks
from acm.sla.clocks import Targets
from acm.snapshot import Snapshot


@dataclass(frozen=True)
class Filing:
    """What is filed, for whom, and how it came. ``key`` is the idempotency key; ``title`` and ``number`` are given
    beforehand by imports; ``order`` is the one that this is a part of."""

    service: Service
    values: Mapping[str, Any]
    requester: Person
    beneficiary: Person
    lang: str
    key: str = ""
    draft: Draft | None = None
    watch: bool = False
    title: str = ""
    number: str = ""
    order: Order | None = None


def find_service(session: Session, grants: Grants, slug: str) -> Service:
    """The service of that address, if this person may order it; :class:`NotFound` otherwise."""
    statement = (
        visible(grants, Service)
        .where(Service.slug == slug.lower())
        .options(joinedload(Service.department), joinedload(Service.group))
    )
    service = session.scalars(statement).first()
    if service is None or not service.is_for(grants):
        raise NotFound()
    return service


def file_request(session: Session, filing: Filing, origin: Origin, snapshot: Snapshot, zone: str) -> Case:
    """Open the case of a request, or give the one already opened under the same key.

    The answers must have been read with the service's form; ``zone`` is that of the installation. Raises
    :class:`PluginAway` while the plugin that serves the service is away (the draft stays), :class:`NobodyApproves`
    where nobody holds a role that has to approve, :class:`Conflict` when a key comes again with other answers.
    """
    definition = filing.service.offering
    case_type = filing.service.case_type(snapshot)
    if case_type is None:
        raise PluginAway("This service is not available now. Your answers are kept")
    claimed = _claim(session, filing, origin) if filing.key else None
    if claimed is not None and (filed := _filed(session, claimed)) is not None:
        return filed
    place = ZoneInfo(filing.beneficiary.branch.timezone if filing.beneficiary.branch else zone)
    steps = _steps(session, filing, definition, origin.at.astimezone(place))
    check_held(steps)
    with session.no_autoflush:  # one write of the row at the end
        case = open_case(session, case_type, _opening(session, filing, case_type, steps), origin, place)
        _place(session, case, filing, origin, place)
        case.form_version_id = filing.service.fact("form", None)
        _keep_files(session, filing, case)
        if (term := filing.service.fact("term", None)) is not None:
            session.add(PageTerm(page_id=case.id, term_id=term))
        ask_steps(session, case, [step.asked for step in steps], origin)
        if filing.watch and filing.beneficiary.id != filing.requester.id:
            take_part(session, case, filing.beneficiary, "watcher", origin)
        if filing.draft is not None:
            session.delete(filing.draft)
        if claimed is not None:
            claimed.status, claimed.location, claimed.body = 201, f"/requests/{case.number}", {"number": case.number}
        begun = is_order(case.facts) and case.current.category is not StateCategory.APPROVAL
        if begun and open_parts(session, case, origin, snapshot):
            ask_again(session, case)
    if session.autoflush:  # one that writes many cases together says itself when
        session.flush()
    return case


def open_parts(session: Session, order: Case, origin: Origin, snapshot: Snapshot) -> list[Part]:
    """Open the parts of an order that wait for none; gives those that cannot be opened: their plugin is away, or
    nobody is named who approves them."""
    waiting = ready(parts_of(order.facts))
    services = services_of(session, [part.service for part in waiting]) if waiting else {}
    away = []
    for part in waiting:
        service = services.get(part.service)
        try:
            if service is None or service.case_type(snapshot) is None:
                raise PluginAway()
            open_part(session, Order(order, part), service, origin, snapshot)
        except (PluginAway, NobodyApproves):
            away.append(part)
            keep_part(order, part.key, state=AWAY)
    return away


def open_part(session: Session, order: Order, service: Service, origin: Origin, snapshot: Snapshot) -> Case:
    """Open the case of one part, for the people of its order."""
    above = order.case
    if above.requester is None:
        raise LookupError(f"{above.number} is an order of nobody")
    answers = answers_for(above, order.part, service, origin.at)
    filing = Filing(
        service, answers, above.requester, above.beneficiary or above.requester, above.language,
        title=order.title(above.language), order=order,
    )  # fmt: skip
    case = file_request(session, filing, origin, snapshot, order.zone.key)
    keep_part(above, order.part.key, state=OPEN, case=case.id, given=days_in(service, answers))
    above.record("child.added", origin, {"page": case.id})
    return case


def _place(session: Session, case: Case, filing: Filing, origin: Origin, place: ZoneInfo) -> None:
    """Give a part its day, an order its plan and the latest day of its parts, and both their names in both languages."""
    definition = filing.service.offering
    if filing.order is not None:
        case.texts = {lang: {"title": filing.order.title(lang)} for lang in LANGUAGES}
        due = filing.order.due(origin.at)
    elif definition.bundle:
        people = (filing.requester, filing.beneficiary)
        plan = plan_of(session, definition, filing.values, people, origin.at, place)
        case.facts = {**case.facts, "bundle": plan}
        if not filing.title:
            case.texts = {lang: {"title": _title(session, filing, lang)} for lang in LANGUAGES}
        due = max((part.due for part in parts_of(case.facts) if part.due), default=None)
        due = promised(due, origin.at, place)
    else:
        return
    if due is not None:
        case.promised_at = None
        clocks.promise(case, due, origin)


def _claim(session: Session, filing: Filing, origin: Origin) -> SavedAnswer:
    said = {"service": filing.service.id, "values": filing.values, "beneficiary": filing.beneficiary.id}
    return claim(session, filing.requester, filing.key, said, origin)


def _filed(session: Session, claimed: SavedAnswer) -> Case | None:
    """The case that was filed under an idempotency key before."""
    number = claimed.body.get("number")
    return session.scalars(inside(select(Case).where(Case.number == number))).one() if number else None


def _steps(session: Session, filing: Filing, definition: ServiceDefinition, now: datetime) -> list[Approver]:
    steps = asked_steps(
        definition, filing.values, requester=filing.requester, beneficiary=filing.beneficiary,
        moments={"now": now, "today": now.date()},
    )  # fmt: skip
    return approvers(
        session, steps, filing.values, requester=filing.requester, beneficiary=filing.beneficiary,
        department_id=filing.service.department_id,
    )  # fmt: skip


def _opening(session: Session, filing: Filing, case_type: CaseType, steps: Sequence[Approver]) -> Opening:
    definition, values = filing.service.offering, filing.values
    impact, urgency = (_ranked(case_type, name, values) for name in ("impact", "urgency"))
    approval = case_type.state_in(StateCategory.APPROVAL)
    waits = approval is not None and any(step.person for step in steps)
    order = filing.order
    return Opening(
        title=filing.title or _title(session, filing, filing.lang),
        requester=filing.requester,
        beneficiary=filing.beneficiary,
        branch=filing.beneficiary.branch,
        service=filing.service,
        parent=order.case if order else None,
        priority=case_type.priority_matrix.get(impact, {}).get(urgency) or definition.default_priority,
        impact=impact,
        urgency=urgency,
        fields=values,
        facts=_facts(definition, order, skips=[] if waits or approval is None else [approval.stage]),
        targets=Targets(definition.sla.calendar, definition.sla.response_hours, definition.sla.resolve_hours),
        state=approval.key if approval and waits else "",
        confidential=definition.confidential or (order is not None and order.case.confidential),
        language=filing.lang,
        series=series_of(definition, case_type),
        number=filing.number,
        **_workers(session, filing),
    )


def _title(session: Session, filing: Filing, lang: str) -> str:
    """The service and the most telling answer; an order of several parts bears the name of whom it is about."""
    definition = filing.service.offering
    asked = (f.key for f in definition.form if f.kind is FieldKind.PERSON and not f.prefill)
    about = next((filing.values[key] for key in asked if filing.values.get(key)), None) if definition.bundle else None
    person = session.get(Person, about) if isinstance(about, int) and not definition.confidential else None
    if person is None:
        return title_of(definition, filing.values, lang, filing.beneficiary.zone("UTC"))
    return f"{words(definition.name, lang)}: {person.name_in(lang)}"


def series_of(definition: ServiceDefinition, case_type: CaseType) -> str:
    """The series that numbers requests for a service: of its part of the catalogue, or of the type."""
    return definition.id.partition("-")[0] if case_type.key == REQUEST.key else case_type.series


def _workers(session: Session, filing: Filing) -> dict[str, Any]:
    """The group that gets the request and its department; free words go to the department that was named."""
    service, department_id = filing.service, filing.service.department_id
    statement = select(Group).order_by(Group.id)
    if service.slug == OTHER:
        named = filing.values.get("department")
        among = statement.where(Group.department_id == named) if named else statement
        group = session.scalars(among.limit(1)).first() or session.scalars(statement.limit(1)).first()
    else:
        group = service.group
    department_id = group.department_id if group and group.department_id else department_id
    return {"group": group, "department": session.get(Department, department_id) if department_id else None}


def _ranked(case_type: CaseType, name: str, values: Mapping[str, Any]) -> str:
    """Impact or urgency as the form says, where the type knows the word."""
    known = {o.id for o in (case_type.impacts if name == "impact" else case_type.urgencies)}
    said = values.get(name)
    return str(said) if said in known else ""


def _facts(definition: ServiceDefinition, order: Order | None, skips: list[str]) -> dict[str, Any]:
    """What agents are shown of the service, the stages that this case has no need of, and its place in an order."""
    facts: dict[str, Any] = {"kind": definition.type}
    if order is not None:
        facts["part"] = order.fact()
    if skips:
        facts["skips"] = skips
    if definition.tasks:
        facts["tasks"] = [task.model_dump(mode="json") for task in definition.tasks]
    for name in ("fulfilment", "creates_project", "suggest_knowledge"):
        if value := getattr(definition, name):
            facts[name] = value
    return facts


def _keep_files(session: Session, filing: Filing, case: Case) -> None:
    """Hang the files that answer questions on the case; those that answer none go with the draft."""
    form = filing.service.offering.form
    ids = {value for asked, value in single_values(form, filing.values) if asked.kind is FieldKind.FILE}
    if ids:
        mine = (File.author_id == filing.requester.id, File.page_id.is_(None))
        session.execute(update(File).where(File.id.in_(ids), *mine).values(page_id=case.id, draft_id=None))
    if takes_files(form) and filing.draft is not None:
        session.execute(delete(File).where(File.draft_id == filing.draft.id, File.page_id.is_(None)))
