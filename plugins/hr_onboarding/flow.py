"""Words and moves that the four types share."""

from __future__ import annotations

from acm.sdk import PriorityTarget, SlaClock, Stage, State, StateCategory, Transition

Words = dict[str, str]
NEW, APPROVAL, ACTIVE = StateCategory.NEW, StateCategory.APPROVAL, StateCategory.ACTIVE
WAITING, RESOLVED, CLOSED = StateCategory.WAITING, StateCategory.RESOLVED, StateCategory.CLOSED
CLOCKS = {
    NEW: SlaClock.RUNS, ACTIVE: SlaClock.RUNS, APPROVAL: SlaClock.RESPONSE_ONLY, WAITING: SlaClock.PAUSED,
}  # fmt: skip


def words(ru: str, en: str) -> Words:
    return {"ru": ru, "en": en}


def stage(key: str, ru: str, en: str) -> Stage:
    return Stage(key=key, names=words(ru, en))


def states(first: str, work: str, end: str, *, working: Words, done: Words, refused: Words) -> tuple[State, ...]:
    """The states of a type over three stages, of which the first may be that of the work; ``approval`` has its own."""

    def state(key: str, names: Words, category: StateCategory, stage: str) -> State:
        clock = CLOCKS.get(category, SlaClock.STOPPED)
        return State(key=key, names=names, category=category, stage=stage, sla=clock)

    return (
        state("new", words("Заказано", "Ordered"), NEW, first),
        state("approval", words("На согласовании", "In approval"), APPROVAL, "approval"),
        state("in_progress", working, ACTIVE, work),
        state("waiting_user", words("Ждём ответа", "Waiting for an answer"), WAITING, work),
        state("resolved", done, RESOLVED, end),
        state("closed", words("Закрыто", "Closed"), CLOSED, end),
        state("rejected", refused, StateCategory.REJECTED, end),
        state("cancelled", words("Отозвано", "Withdrawn"), StateCategory.CANCELLED, end),
    )


def moves(done: Words) -> tuple[Transition, ...]:
    """The moves between these states; ``done`` is the word on the button that ends the work."""
    found = []
    for source, target, ru, en, by, asks in (
        ("new", "in_progress", "Взять в работу", "Take into work", "worker", False),
        ("new", "waiting_user", "Спросить", "Ask", "worker", True),
        ("in_progress", "waiting_user", "Спросить", "Ask", "worker", True),
        ("waiting_user", "in_progress", "Продолжить", "Go on", "requester", False),
        ("approval", "new", "Согласовано", "Approved", "system", False),
        ("approval", "rejected", "Отклонить", "Refuse", "system", False),
        ("approval", "cancelled", "Отозвать", "Withdraw", "requester", False),
        ("resolved", "closed", "Закрыть", "Close", "requester", False),
        ("resolved", "in_progress", "Вернуть в работу", "Reopen", "requester", True),
        ("closed", "in_progress", "Вернуть в работу", "Reopen", "requester", True),
    ):
        found.append(Transition(source=source, target=target, names=words(ru, en), by=by, needs_comment=asks))
    for source in ("new", "in_progress", "waiting_user"):
        found.append(Transition(source=source, target="resolved", names=done))
        refuse, withdraw = words("Отклонить", "Refuse"), words("Отозвать", "Withdraw")
        found.append(Transition(source=source, target="rejected", names=refuse, needs_comment=True))
        found.append(Transition(source=source, target="cancelled", names=withdraw, by="requester"))
    return tuple(found)


PRIORITIES = tuple(
    PriorityTarget(priority=priority, names=words(ru, en), calendar="8x5", response_hours=first, resolve_hours=whole)
    for priority, ru, en, first, whole in (
        (1, "Критический", "Critical", 1, 8),
        (2, "Высокий", "High", 4, 24),
        (3, "Средний", "Moderate", 8, 40),
        (4, "Низкий", "Low", 8, 80),
    )
)
