"""Words and moves that the types of Legal share."""

from __future__ import annotations

from collections.abc import Iterable

from acm.sdk import Option, SlaClock, State, StateCategory, Transition

Words = dict[str, str]


def words(ru: str, en: str) -> Words:
    return {"ru": ru, "en": en}


def options(*known: tuple[str, str, str]) -> tuple[Option, ...]:
    """Options from ``(id, ru, en)``."""
    return tuple(Option(id=key, label=words(ru, en)) for key, ru, en in known)


CLOCKS = {
    StateCategory.APPROVAL: SlaClock.RESPONSE_ONLY,
    StateCategory.WAITING: SlaClock.PAUSED,
    StateCategory.NEW: SlaClock.RUNS,
    StateCategory.ACTIVE: SlaClock.RUNS,
}


def state(key: str, ru: str, en: str, category: StateCategory, stage: str) -> State:
    """A state with the clock its category means: waiting for others stops it, what is over has none."""
    clock = CLOCKS.get(category, SlaClock.STOPPED)
    return State(key=key, names=words(ru, en), category=category, stage=stage, sla=clock)


def approval(stage: str) -> State:
    return state("approval", "На согласовании", "In approval", StateCategory.APPROVAL, stage)


def endings(stage: str) -> tuple[State, ...]:
    return (
        state("cancelled", "Отозвано", "Withdrawn", StateCategory.CANCELLED, stage),
        state("rejected", "Отклонено", "Rejected", StateCategory.REJECTED, stage),
    )


def path(*steps: tuple[str, str, str, str]) -> tuple[Transition, ...]:
    """Moves from ``(source, target, ru, en)``."""
    return tuple(Transition(source=s, target=t, names=words(ru, en)) for s, t, ru, en in steps)


def ways_out(*at_work: str) -> Iterable[Transition]:
    """Approved or not, refused with a reason, withdrawn by whoever asked."""
    withdraw, reject = words("Отозвать", "Withdraw"), words("Отклонить", "Reject")
    yield Transition(source="approval", target="new", names=words("Согласовано", "Approved"), by="system")
    yield Transition(source="approval", target="rejected", names=reject, by="system")
    yield Transition(source="approval", target="cancelled", names=withdraw, by="requester")
    for source in at_work:
        yield Transition(source=source, target="rejected", names=reject, needs_comment=True)
        yield Transition(source=source, target="cancelled", names=withdraw, by="requester")
