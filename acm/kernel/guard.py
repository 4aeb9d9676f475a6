"""The one guard around every call into a plugin: a fault is attributed, numbered, logged, and hurts nobody else."""

from __future__ import annotations

import functools
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import structlog

from acm import clock
from acm.errors import Problem
from acm.snapshot import Snapshot

log = structlog.get_logger("acm.plugins")
KEPT = 20


@dataclass(frozen=True)
class Failure:
    """A call into a plugin that failed. ``number`` finds it in the log and on the plugin's page."""

    plugin: str
    point: str
    number: str
    at: datetime
    text: str


class PluginFailed(Problem):
    """A plugin raised what it did not say on purpose."""

    status = 502
    type = "/problems/plugin-failed"
    title = "A plugin has failed"

    def __init__(self, failure: Failure) -> None:
        super().__init__(
            "%(plugin)s is not available. Tell the administrators this number: %(number)s",
            params={"plugin": failure.plugin, "number": failure.number},
            plugin=failure.plugin,
        )
        self.failure = failure


recent: dict[str, deque[Failure]] = {}
"""The last failures of each plugin in this process, newest last."""


def guarded(plugin: str, point: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """The same call, that lets a :class:`Problem` through and turns everything else into :class:`PluginFailed`."""

    @functools.wraps(call)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return call(*args, **options)
        except Problem:
            raise  # said on purpose: the person may see it
        except (Exception, SystemExit, RecursionError) as error:  # we call strangers
            raise PluginFailed(note(plugin, point, error)) from error

    return run


def note(plugin: str, point: str, error: BaseException) -> Failure:
    """Keep what happened, with a number for the person who meets it."""
    text = "".join(traceback.format_exception(error, limit=-8))[-4000:]
    failure = Failure(plugin, point, uuid4().hex[:8], clock.now(), text)
    recent.setdefault(plugin, deque(maxlen=KEPT)).append(failure)
    log.error("plugin failed", plugin=plugin, point=point, number=failure.number, exc_info=error)
    return failure


def call_each(snapshot: Snapshot, point: str, *args: Any, **options: Any) -> Iterator[tuple[str, Any]]:
    """Ask every giver of a point, one at a time; a failed one yields its :class:`Failure`, the others go on."""
    for contribution in snapshot.each(point):
        try:
            yield contribution.plugin, contribution.value(*args, **options)
        except PluginFailed as problem:
            yield contribution.plugin, problem.failure
