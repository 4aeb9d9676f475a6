"""``acm rebuild kpi``: counting everything anew from the journal."""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo

from rich.console import Console

from acm.kpi.keeping import rebuild
from acm.progress import telling
from acm.web.runtime import Runtime


def recount(runtime: Runtime, console: Console) -> int:
    """Make all facts and sums anew, with progress; returns the number of cases. Panels answer meanwhile."""
    with telling(console) as tell:
        zone = ZoneInfo(runtime.settings.timezone)
        return rebuild(runtime.db, runtime.snapshot, zone, progress=partial(tell, "Counting"))
