"""Numbers of pages: one counter per series, never reused."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.pages.models import Counter


def next_number(session: Session, series: str) -> str:
    """The next number of a series, ``IT-42``. Locks the counter until the transaction ends: ask late."""
    return next_numbers(session, series, 1)[0]


def next_numbers(session: Session, series: str, count: int) -> list[str]:
    """The next numbers of a series, in one step, for imports."""
    session.flush()
    counter = session.scalars(select(Counter).where(Counter.series == series).with_for_update()).first()
    if counter is None:
        counter = Counter(series=series, last=0)
        session.add(counter)
    counter.last += count
    session.flush()
    return [f"{series}-{counter.last - count + 1 + i}" for i in range(count)]
