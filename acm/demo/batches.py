"""Cases in batches: a transaction each, so that an interrupted run goes on where it stopped."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random

from sqlalchemy.orm import Session

from acm.catalog.filing import series_of
from acm.demo.lives import Life
from acm.demo.rhythm import Planned
from acm.demo.stage import Stage
from acm.journal import gathered
from acm.pages.numbering import next_numbers

BATCH = 250


def live_through(session: Session, stage: Stage, planned: Sequence[Planned], first: int) -> None:
    """Let a batch of the plan happen; ``first`` is its place in the whole plan, from which chance is drawn."""
    numbers = _numbers(session, stage, planned)
    with _no_collecting(), session.no_autoflush, gathered(session):
        for place, case in enumerate(planned, first):
            Life(stage, case, Random(f"{stage.seed}:{place}"), numbers[place - first]).live()


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Leave the collection of garbage to the end of the batch: with a hundred thousand living rows it costs a sixth."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _numbers(session: Session, stage: Stage, planned: Sequence[Planned]) -> list[str]:
    """Numbers for a whole batch, reserved with one step of each counter."""
    series = [_series(stage, case) for case in planned]
    wanted = Counter(series)
    reserved = {name: iter(next_numbers(session, name, count)) for name, count in sorted(wanted.items())}
    return [next(reserved[name]) for name in series]


def _series(stage: Stage, planned: Planned) -> str:
    service = stage.services[planned.service]
    case_type = service.case_type(stage.snapshot)
    if case_type is None:
        raise LookupError(f"{planned.service} opens a type that nobody gives")
    return series_of(service.offering, case_type)
