"""Numbers of pages: one counter per series, never reused."""

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from acm.pages.models import Counter


def next_number(session: Session, series: str) -> str:
    """The next number of a series, ``IT-42``. Locks the counter until the transaction ends: ask late."""
    return next_numbers(session, series, 1)[0]


def next_numbers(session: Session, series: str, count: int) -> list[str]:
    """The next numbers of a series, in one step, for imports."""
    last = next_count(session, series, count)
    return [f"{series}-{last - count + 1 + i}" for i in range(count)]


def next_count(session: Session, series: str, count: int = 1) -> int:
    """The last of the next ``count`` numbers of a series. A transaction that fails gives them back, so a series has no
    gaps as long as nothing numbered is deleted; the counter stays locked until the end: ask last."""
    session.flush()
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    begun = insert(Counter).values(series=series, last=count)
    raised = begun.on_conflict_do_update(index_elements=[Counter.series], set_={"last": Counter.last + count})
    return session.execute(raised.returning(Counter.last)).scalar_one()
