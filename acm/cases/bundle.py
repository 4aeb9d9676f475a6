"""The parts of an order, as its case keeps them: what is to come, what is open, who waits for whom.

An order holds its plan in the fact ``bundle``: ``{zone, title, parts}``, each part ``{key, service, title, group,
department, after, start, answers, due, state, case, ended}``; ``due`` is the moment planned, ``case`` the id of the
case it opened, ``ended`` the moment it was done or dropped. A part's own case holds in the fact ``part`` ``{key, title, blocks}``, where ``blocks`` are the title and group of all that
comes after it. So neither needs to read the other, which the reader may not see. What the rules are is told in
docs/explanation/bundles.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acm.cases.models import Case

WAITING, AWAY, OPEN, DONE, DROPPED = "waiting", "away", "open", "done", "dropped"
TO_COME = frozenset({WAITING, AWAY})
FINISHED = frozenset({DONE, DROPPED})


@dataclass(frozen=True)
class Part:
    """One part of an order. ``state`` is ``waiting`` for another part, ``away`` while nobody serves it, ``open``,
    ``done``, or ``dropped``: withdrawn or refused. ``department`` is ``{key, names}`` of that of its group, empty where
    nothing was known of it when the order was planned; ``given`` are the days among the answers it was opened with."""

    key: str
    service: str
    title: Mapping[str, str]
    group: Mapping[str, str]
    after: Sequence[str]
    start: Mapping[str, Any] | None
    answers: Mapping[str, str]
    due: datetime | None
    state: str
    case_id: int | None
    ended: datetime | None = None
    department: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_finished(self) -> bool:
        return self.state in FINISHED

    @property
    def is_dropped(self) -> bool:
        return self.state == DROPPED

    def is_late(self, now: datetime) -> bool:
        """Whether it could have been done by its day; what waits for others is held up and not late itself."""
        return self.due is not None and self.state in (OPEN, AWAY) and self.due < now

    def was_late(self, now: datetime) -> bool:
        """Whether its day has passed without it, or it was done after it."""
        return self.due is not None and self.state != DROPPED and self.due < (self.ended or now)


def is_order(facts: Mapping[str, Any]) -> bool:
    """Whether a case with these facts has parts."""
    return bool(facts.get("bundle"))


def parts_of(facts: Mapping[str, Any]) -> list[Part]:
    """The parts that the facts of an order tell of, in order."""
    return [_part(told) for told in (facts.get("bundle") or {}).get("parts", ())]


def unfinished(facts: Mapping[str, Any]) -> list[Part]:
    """The parts that still have to be done."""
    return [part for part in parts_of(facts) if not part.is_finished]


def progress(facts: Mapping[str, Any]) -> tuple[int, int]:
    """How many parts are done, and of how many; those that were dropped do not count."""
    states = [part.state for part in parts_of(facts) if part.state != DROPPED]
    return states.count(DONE), len(states)


def waited_for(part: Part, parts: Sequence[Part]) -> list[Part]:
    """The unfinished parts that a part comes after."""
    return [one for one in parts if one.key in part.after and not one.is_finished]


def held_up(part: Part, parts: Sequence[Part]) -> list[Part]:
    """All parts that cannot begin, or end, before this one has: directly or through others, in order."""
    keys = set(_behind(part.key, parts))
    return [one for one in parts if one.key in keys and not one.is_finished]


def ready(parts: Sequence[Part]) -> list[Part]:
    """The parts to come that wait for none."""
    return [part for part in parts if part.state in TO_COME and not waited_for(part, parts)]


def keep_part(order: Case, key: str, **changes: Any) -> None:
    """Change what an order keeps of one part."""
    bundle = order.facts["bundle"]
    parts = [{**told, **changes} if told["key"] == key else told for told in bundle["parts"]]
    if parts != bundle["parts"]:
        order.facts = {**order.facts, "bundle": {**bundle, "parts": parts}}


def _behind(key: str, parts: Sequence[Part]) -> Iterator[str]:
    seen, waiting = {key}, [key]
    while waiting:
        before = waiting.pop()
        for part in parts:
            if before in part.after and part.key not in seen:
                seen.add(part.key)
                waiting.append(part.key)
                yield part.key


def _part(told: Mapping[str, Any]) -> Part:
    due, ended = told.get("due"), told.get("ended")
    return Part(
        key=str(told["key"]), service=str(told["service"]), title=told["title"], group=told.get("group") or {},
        after=tuple(told.get("after", ())), start=told.get("start"), answers=told.get("answers") or {},
        due=datetime.fromisoformat(due) if due else None, state=str(told.get("state", WAITING)),
        case_id=told.get("case"), ended=datetime.fromisoformat(ended) if ended else None,
        department=told.get("department") or {}, given=told.get("given") or {},
    )  # fmt: skip
