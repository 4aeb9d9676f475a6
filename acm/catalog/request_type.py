"""The core's one generic type of case, *request*, and what sorts of work a service may ask for."""

from __future__ import annotations

from acm.pages.types import CaseType, Option, PriorityTarget, SlaClock, Stage, State, StateCategory, Transition
from acm.taxonomy.definitions import TermDefinition, VocabularyDefinition


def _words(ru: str, en: str) -> dict[str, str]:
    return {"ru": ru, "en": en}


NEW, ACTIVE, WAITING = StateCategory.NEW, StateCategory.ACTIVE, StateCategory.WAITING
RESOLVED, CLOSED = StateCategory.RESOLVED, StateCategory.CLOSED
STOPPED = SlaClock.STOPPED

STATES = (
    State(key="new", names=_words("Новая", "New"), category=NEW, stage="work"),
    State(
        key="approval",
        names=_words("На согласовании", "In approval"),
        category=StateCategory.APPROVAL,
        stage="approval",
        sla=SlaClock.RESPONSE_ONLY,
    ),
    State(key="in_progress", names=_words("В работе", "In progress"), category=ACTIVE, stage="work"),
    State(
        key="waiting_user",
        names=_words("Ждём заявителя", "Waiting for requester"),
        category=WAITING,
        stage="work",
        sla=SlaClock.PAUSED,
    ),
    State(key="resolved", names=_words("Решена", "Resolved"), category=RESOLVED, stage="check", sla=STOPPED),
    State(key="closed", names=_words("Закрыта", "Closed"), category=CLOSED, stage="check", sla=STOPPED),
    State(
        key="rejected",
        names=_words("Отклонена", "Rejected"),
        category=StateCategory.REJECTED,
        stage="check",
        sla=STOPPED,
    ),
    State(
        key="cancelled",
        names=_words("Отменена", "Cancelled"),
        category=StateCategory.CANCELLED,
        stage="check",
        sla=STOPPED,
    ),
)

TAKE = _words("Взять в работу", "Take into work")
ASK = _words("Спросить заявителя", "Ask the requester")
RESOLVE = _words("Решить", "Resolve")
REJECT = _words("Отклонить", "Reject")
CANCEL = _words("Отозвать", "Cancel")
GO_ON = _words("Продолжить", "Go on")
REOPEN = _words("Вернуть в работу", "Reopen")

TRANSITIONS = (
    Transition(source="new", target="in_progress", names=TAKE),
    Transition(source="new", target="waiting_user", names=ASK, needs_comment=True),
    Transition(source="new", target="resolved", names=RESOLVE),
    Transition(source="new", target="rejected", names=REJECT, needs_comment=True),
    Transition(source="new", target="cancelled", names=CANCEL, by="requester"),
    Transition(source="approval", target="new", names=_words("Согласована", "Approved"), by="system"),
    Transition(source="approval", target="rejected", names=REJECT, by="system"),
    Transition(source="approval", target="cancelled", names=CANCEL, by="requester"),
    Transition(source="in_progress", target="waiting_user", names=ASK, needs_comment=True),
    Transition(source="in_progress", target="resolved", names=RESOLVE),
    Transition(source="in_progress", target="rejected", names=REJECT, needs_comment=True),
    Transition(source="in_progress", target="cancelled", names=CANCEL, by="requester"),
    Transition(source="waiting_user", target="in_progress", names=GO_ON, by="requester"),
    Transition(source="waiting_user", target="resolved", names=RESOLVE),
    Transition(source="waiting_user", target="rejected", names=REJECT, needs_comment=True),
    Transition(source="waiting_user", target="cancelled", names=CANCEL, by="requester"),
    Transition(source="resolved", target="closed", names=_words("Закрыть", "Close"), by="requester"),
    Transition(source="resolved", target="in_progress", names=REOPEN, by="requester", needs_comment=True),
    Transition(source="closed", target="in_progress", names=REOPEN, by="requester", needs_comment=True),
)

PRIORITIES = (
    PriorityTarget(
        priority=1, names=_words("Критический", "Critical"), calendar="24x7", response_hours=0.25, resolve_hours=4
    ),
    PriorityTarget(priority=2, names=_words("Высокий", "High"), calendar="12x7", response_hours=0.5, resolve_hours=8),
    PriorityTarget(priority=3, names=_words("Средний", "Moderate"), calendar="8x5", response_hours=2, resolve_hours=24),
    PriorityTarget(priority=4, names=_words("Низкий", "Low"), calendar="8x5", response_hours=8, resolve_hours=40),
)

REQUEST = CaseType(
    key="request",
    names=_words("Заявка", "Request"),
    series="RQ",
    icon="file",
    states=STATES,
    transitions=TRANSITIONS,
    stages=(
        Stage(key="filed", names=_words("Заявка", "Request")),
        Stage(key="approval", names=_words("Согласование", "Approval")),
        Stage(key="work", names=_words("Выполнение", "Work")),
        Stage(key="check", names=_words("Проверка", "Check")),
    ),
    impacts=(
        Option(id="org", label=_words("Вся компания", "Whole company")),
        Option(id="branch", label=_words("Филиал", "Branch")),
        Option(id="team", label=_words("Отдел", "Team")),
        Option(id="one", label=_words("Один сотрудник", "One person")),
    ),
    urgencies=(
        Option(id="now", label=_words("Работа стоит", "Work stopped")),
        Option(id="today", label=_words("Нужно сегодня", "Needed today")),
        Option(id="days", label=_words("В ближайшие дни", "In days")),
        Option(id="later", label=_words("Не срочно", "Not urgent")),
    ),
    priority_matrix={
        "org": {"now": 1, "today": 1, "days": 2, "later": 3},
        "branch": {"now": 1, "today": 2, "days": 3, "later": 3},
        "team": {"now": 2, "today": 3, "days": 3, "later": 4},
        "one": {"now": 3, "today": 3, "days": 4, "later": 4},
    },
    priorities=PRIORITIES,
)

CASE_TYPES = VocabularyDefinition(
    key="case_type",
    names=_words("Вид работы", "Kind of work"),
    terms=tuple(
        TermDefinition(key=key, names=_words(ru, en), order=order)
        for order, (key, ru, en) in enumerate(
            (
                ("incident", "Инцидент", "Incident"),
                ("service_request", "Запрос на обслуживание", "Service request"),
                ("change", "Изменение", "Change"),
                ("problem", "Проблема", "Problem"),
                ("case", "Дело", "Case"),
                ("question", "Вопрос", "Question"),
                ("survey", "Опрос", "Survey"),
            )
        )
    ),
)
