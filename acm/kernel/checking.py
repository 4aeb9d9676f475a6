"""What ``acm plugin check`` knows while it runs, and what it says of each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from acm.kernel.discovery import Discovered
from acm.kernel.recording import SideDoor
from acm.kernel.trial import Trial
from acm.snapshot import Contribution


@dataclass(frozen=True)
class Line:
    """What one step found: nothing wrong, or what to do."""

    subject: str
    words: str
    faults: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    """What the company must have that the house of a check cannot know: no fault."""

    @property
    def is_well(self) -> bool:
        return not self.faults


@dataclass
class Checking:
    """One check, while it runs."""

    found: Discovered
    cases: int
    cycles: int
    said: str = ""
    hints: list[str] = field(default_factory=list)
    house: Trial | None = None
    doors: Sequence[SideDoor] = ()
    tables: set[str] = field(default_factory=set)
    given: tuple[Contribution, ...] = ()

    @property
    def trial(self) -> Trial:
        assert self.house is not None
        return self.house

    @property
    def slug(self) -> str:
        return self.found.slug


Step = Callable[[Checking], Iterator[str]]
