"""How far long work has come: bars in a terminal, plain lines elsewhere, each written at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

Tell = Callable[[str, int, int | None], None]
"""Hears of a step: its words, how much of it is done, and of how much, None while nobody knows."""
EVERY = 5.0


@contextmanager
def telling(console: Console, *, stays: bool = False, every: float = EVERY) -> Iterator[Tell]:
    """Show the steps while they go. Bars vanish at the end unless ``stays``; outside a terminal a step has a line when
    it begins, one each ``every`` seconds, and one when it is done."""
    if not console.is_terminal:
        yield Lines(console, every)
        return
    columns = TextColumn("{task.description:<26}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=not stays) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(words: str, done: int, total: int | None) -> None:
            if words not in tasks:
                tasks[words] = progress.add_task(words, total=total)
            progress.update(tasks[words], completed=done, total=total)

        yield tell


@dataclass
class Lines:
    """Steps as lines. What is told of once, done already, is a line of its own words."""

    console: Console
    every: float
    _said: dict[str, float] = field(default_factory=dict)

    def __call__(self, words: str, done: int, total: int | None) -> None:
        if words not in self._said:
            self._say(words, "" if done == total else " …")
        elif done == total:
            self._say(words, ": done" if done <= 1 else f": {done} of {total}, done")
        elif time.monotonic() - self._said[words] >= self.every:
            self._say(words, f": {done} of {total} ({100 * done // total} %)" if total else f": {done}")

    def _say(self, words: str, how_far: str) -> None:
        self._said[words] = time.monotonic()
        self.console.print(f"{words}{how_far}", highlight=False, markup=False, soft_wrap=True)
