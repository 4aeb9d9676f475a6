"""Words and moves that the types of CRM share."""

from __future__ import annotations

from acm.sdk import Option, SlaClock, State, StateCategory, Transition

Words = dict[str, str]

OVER = frozenset({StateCategory.RESOLVED, StateCategory.CLOSED, StateCategory.CANCELLED, StateCategory.REJECTED})


def words(ru: str, en: str) -> Words:
    return {"ru": ru, "en": en}


def options(*known: tuple[str, str, str]) -> tuple[Option, ...]:
    """Options from ``(id, ru, en)``."""
    return tuple(Option(id=key, label=words(ru, en)) for key, ru, en in known)


def state(key: str, ru: str, en: str, category: StateCategory, stage: str) -> State:
    """A state with the clock its category means: waiting for the client stops it, what is over has none."""
    paused = SlaClock.PAUSED if category is StateCategory.WAITING else SlaClock.RUNS
    clock = SlaClock.STOPPED if category in OVER else paused
    return State(key=key, names=words(ru, en), category=category, stage=stage, sla=clock)


def path(*steps: tuple[str, str, str, str]) -> tuple[Transition, ...]:
    """Moves from ``(source, target, ru, en)``."""
    return tuple(Transition(source=s, target=t, names=words(ru, en)) for s, t, ru, en in steps)


def label_of(known: tuple[Option, ...], key: object) -> Words | None:
    """The words of an option, None for a key that is none."""
    return next((option.label for option in known if option.id == key), None)
