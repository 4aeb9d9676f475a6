"""Incident and service request (ITIL 4): their states, moves and stages.

The names of the states, what each does to the clock, impact, urgency, priorities and their targets are read from
`taxonomies/`.
"""

from __future__ import annotations

from pathlib import Path

from acm.sdk import (
    CaseType,
    Option,
    PriorityTarget,
    SlaClock,
    Stage,
    State,
    StateCategory,
    Transition,
    read_taxonomies,
)

TAXONOMIES = read_taxonomies(Path(__file__).parent / "taxonomies")
STATUSES = {status.id: status for status in TAXONOMIES.statuses}


def _words(ru: str, en: str) -> dict[str, str]:
    return {"ru": ru, "en": en}


INTAKE = Stage(key="intake", names=_words("Приём", "Intake"))
APPROVAL = Stage(key="approval", names=_words("Согласование", "Approval"))
DIAGNOSIS = Stage(key="diagnosis", names=_words("Диагностика", "Diagnosis"))
REPAIR = Stage(key="work", names=_words("Работа", "Work"))
FULFILMENT = Stage(key="work", names=_words("Выполнение", "Fulfilment"))
CHECK = Stage(key="check", names=_words("Проверка", "Check"))


def _state(key: str, category: StateCategory, stage: Stage) -> State:
    """A state as the taxonomy names it, with what it does to the clock."""
    status = STATUSES[key]
    return State(key=key, names=status.name, category=category, stage=stage.key, sla=SlaClock(status.sla_clock))


def _states(begun: Stage, work: Stage) -> tuple[State, ...]:
    """The states of both types. Only waiting for the requester stops the clock: suppliers are our own affair."""
    active = StateCategory.ACTIVE
    return (
        _state("new", StateCategory.NEW, INTAKE),
        _state("assigned", active, begun),
        _state("in_progress", active, work),
        _state("waiting_user", StateCategory.WAITING, work),
        _state("waiting_vendor", active, work),
        _state("waiting_problem", active, work),
        _state("resolved", StateCategory.RESOLVED, CHECK),
        _state("closed", StateCategory.CLOSED, CHECK),
        _state("cancelled", StateCategory.CANCELLED, CHECK),
        _state("rejected", StateCategory.REJECTED, CHECK),
    )


AT_WORK = ("new", "assigned", "in_progress", "waiting_user", "waiting_vendor", "waiting_problem")
NAMED = {
    "assigned": _words("Принять", "Accept"),
    "in_progress": _words("Взять в работу", "Take into work"),
    "waiting_user": _words("Спросить заявителя", "Ask the requester"),
    "waiting_vendor": _words("Ждать поставщика", "Wait for the supplier"),
    "waiting_problem": _words("Ждать решения проблемы", "Wait for the problem"),
    "resolved": _words("Решить", "Resolve"),
    "rejected": _words("Отклонить", "Reject"),
}
COMMENTED = frozenset({"waiting_user", "rejected"})


def _transitions() -> tuple[Transition, ...]:
    moves = [
        Transition(source=source, target=target, names=names, needs_comment=target in COMMENTED)
        for source in AT_WORK
        for target, names in NAMED.items()
        if target not in (source, "assigned" if source != "new" else "")
    ]
    moves = [
        m.model_copy(update={"by": "requester"}) if (m.source, m.target) == ("waiting_user", "in_progress") else m
        for m in moves
    ]
    cancel, reopen = _words("Отозвать", "Withdraw"), _words("Вернуть в работу", "Reopen")
    moves += [Transition(source=s, target="cancelled", names=cancel, by="requester") for s in AT_WORK]
    return (
        *moves,
        Transition(source="resolved", target="closed", names=_words("Закрыть", "Close"), by="requester"),
        Transition(source="resolved", target="in_progress", names=reopen, by="requester", needs_comment=True),
        Transition(source="closed", target="in_progress", names=reopen, needs_comment=True),
    )


APPROVAL_MOVES = (
    Transition(source="approval", target="new", names=_words("Согласована", "Approved"), by="system"),
    Transition(source="approval", target="rejected", names=_words("Отклонить", "Reject"), by="system"),
    Transition(source="approval", target="cancelled", names=_words("Отозвать", "Withdraw"), by="requester"),
)

IMPACTS = tuple(Option(id=one.id, label=one.name) for one in TAXONOMIES.impact)
URGENCIES = tuple(Option(id=one.id, label=one.name) for one in TAXONOMIES.urgency)
PRIORITIES = tuple(
    PriorityTarget(
        priority=one.id,
        names=one.name,
        calendar=one.calendar,
        response_hours=one.response_hours,
        resolve_hours=one.resolve_hours,
    )
    for one in TAXONOMIES.priorities
)
CLOSURE_CODES = tuple((code.id, code.name) for code in TAXONOMIES.closure_codes)

INCIDENT = CaseType(
    key="itsm.incident",
    names=_words("Инцидент", "Incident"),
    series="IT",
    icon="warn",
    states=_states(DIAGNOSIS, REPAIR),
    transitions=_transitions(),
    stages=(INTAKE, DIAGNOSIS, REPAIR, CHECK),
    vocabularies=("itsm.closure_code",),
    impacts=IMPACTS,
    urgencies=URGENCIES,
    priority_matrix=TAXONOMIES.priority_matrix,
    priorities=PRIORITIES,
)

SERVICE_REQUEST = CaseType(
    key="itsm.service_request",
    names=_words("Запрос на обслуживание", "Service request"),
    series="IT",
    icon="file",
    states=(*_states(FULFILMENT, FULFILMENT), _state("approval", StateCategory.APPROVAL, APPROVAL)),
    transitions=(*_transitions(), *APPROVAL_MOVES),
    stages=(INTAKE, APPROVAL, FULFILMENT, CHECK),
    vocabularies=("itsm.closure_code",),
    impacts=IMPACTS,
    urgencies=URGENCIES,
    priority_matrix=TAXONOMIES.priority_matrix,
    priorities=PRIORITIES,
)
