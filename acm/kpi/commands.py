"""``acm rebuild kpi``: counting everything anew from the journal."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from acm.kpi.keeping import rebuild
from acm.web.runtime import Runtime


def recount(runtime: Runtime, console: Console) -> int:
    """Make all facts and sums anew, with progress; returns the number of cases. Panels answer meanwhile."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Counting", total=None)
        return rebuild(
            runtime.db,
            runtime.snapshot,
            ZoneInfo(runtime.settings.timezone),
            progress=lambda done, all_: progress.update(task, completed=done, total=all_),
        )
