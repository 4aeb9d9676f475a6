"""Incident and service request (ITIL 4), their states and what each does to the clock, priority and its targets."""

from __future__ import annotations

from acm.sdk import (
    CaseType,
    Option,
    PriorityTarget,
    SlaClock,
    Stage,
    State,
    StateCategory,
    Transition,
)


def _words(ru: str, en: str) -> dict[str, str]:
    return {"ru": ru, "en": en}


STAGES = (
    Stage(key="intake", names=_words("Приём", "Intake")),
    Stage(key="diagnosis", names=_words("Диагностика", "Diagnosis")),
    Stage(key="work", names=_words("Работа", "Work")),
    Stage(key="check", names=_words("Проверка", "Check")),
)
REQUEST_STAGES = (
    Stage(key="intake", names=_words("Приём", "Intake")),
    Stage(key="approval", names=_words("Согласование", "Approval")),
    Stage(key="work", names=_words("Выполнение", "Work")),
    Stage(key="check", names=_words("Проверка", "Check")),
)


def _states(diagnosis: str) -> tuple[State, ...]:
    active, stopped = StateCategory.ACTIVE, SlaClock.STOPPED
    return (
        State(key="new", names=_words("Новая", "New"), category=StateCategory.NEW, stage="intake"),
        State(key="assigned", names=_words("Назначена", "Assigned"), category=active, stage=diagnosis),
        State(key="in_progress", names=_words("В работе", "In progress"), category=active, stage="work"),
        State(
            key="waiting_user", names=_words("Ждём заявителя", "Waiting for requester"),
            category=StateCategory.WAITING, stage="work", sla=SlaClock.PAUSED,
        ),
        State(key="waiting_vendor", names=_words("Ждём поставщика", "Waiting for supplier"), category=active, stage="work"),
        State(key="waiting_problem", names=_words("Ждём решения проблемы", "Waiting for problem"), category=active, stage="work"),
        State(key="resolved", names=_words("Решена", "Resolved"), category=StateCategory.RESOLVED, stage="check", sla=stopped),
        State(key="closed", names=_words("Закрыта", "Closed"), category=StateCategory.CLOSED, stage="check", sla=stopped),
        State(key="cancelled", names=_words("Отменена", "Cancelled"), category=StateCategory.CANCELLED, stage="check", sla=stopped),
        State(key="rejected", names=_words("Отклонена", "Rejected"), category=StateCategory.REJECTED, stage="check", sla=stopped),
    )  # fmt: skip


APPROVAL = State(
    key="approval", names=_words("На согласовании", "In approval"), category=StateCategory.APPROVAL,
    stage="approval", sla=SlaClock.RESPONSE_ONLY,
)  # fmt: skip

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

IMPACTS = (
    Option(id="org", label=_words("Вся компания", "Whole company")),
    Option(id="branch", label=_words("Филиал", "Branch")),
    Option(id="team", label=_words("Отдел", "Team")),
    Option(id="one", label=_words("Один сотрудник", "One person")),
)
URGENCIES = (
    Option(id="now", label=_words("Работа стоит", "Work stopped")),
    Option(id="today", label=_words("Нужно сегодня", "Needed today")),
    Option(id="days", label=_words("В ближайшие дни", "In days")),
    Option(id="later", label=_words("Не срочно", "Not urgent")),
)
MATRIX = {
    "org": {"now": 1, "today": 1, "days": 2, "later": 3},
    "branch": {"now": 1, "today": 2, "days": 3, "later": 3},
    "team": {"now": 2, "today": 3, "days": 3, "later": 4},
    "one": {"now": 3, "today": 3, "days": 4, "later": 4},
}


def _target(priority: int, ru: str, en: str, calendar: str, response: float, resolve: float) -> PriorityTarget:
    return PriorityTarget(
        priority=priority, names=_words(ru, en), calendar=calendar, response_hours=response, resolve_hours=resolve
    )


PRIORITIES = (
    _target(1, "Критический", "Critical", "24x7", 0.25, 4),
    _target(2, "Высокий", "High", "12x7", 0.5, 8),
    _target(3, "Средний", "Moderate", "8x5", 2, 24),
    _target(4, "Низкий", "Low", "8x5", 8, 40),
)

INCIDENT = CaseType(
    key="itsm.incident",
    names=_words("Инцидент", "Incident"),
    series="IT",
    icon="warn",
    states=_states("diagnosis"),
    transitions=_transitions(),
    stages=STAGES,
    vocabularies=("itsm.closure_code",),
    impacts=IMPACTS,
    urgencies=URGENCIES,
    priority_matrix=MATRIX,
    priorities=PRIORITIES,
)

SERVICE_REQUEST = CaseType(
    key="itsm.service_request",
    names=_words("Запрос на обслуживание", "Service request"),
    series="IT",
    icon="file",
    states=(*_states("work"), APPROVAL),
    transitions=(*_transitions(), *APPROVAL_MOVES),
    stages=REQUEST_STAGES,
    vocabularies=("itsm.closure_code",),
    impacts=IMPACTS,
    urgencies=URGENCIES,
    priority_matrix=MATRIX,
    priorities=PRIORITIES,
)

CLOSURE_CODES = (
    ("solved", _words("Решено", "Solved")),
    ("workaround", _words("Временное решение", "Workaround")),
    ("user_error", _words("Ошибка пользователя", "User error")),
    ("duplicate", _words("Дубликат", "Duplicate")),
    ("no_fault", _words("Не воспроизводится", "No fault found")),
    ("vendor", _words("Решено поставщиком", "Solved by supplier")),
    ("knowledge", _words("Ответ из базы знаний", "Answered from knowledge base")),
    ("rejected", _words("Отказано", "Rejected")),
    ("withdrawn", _words("Отозвано заявителем", "Withdrawn")),
)
