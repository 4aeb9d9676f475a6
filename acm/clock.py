"""The one place that reads the wall clock."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment in UTC, to the microsecond. Verbs take it as an argument; only edges call this."""
    return datetime.now(UTC)
