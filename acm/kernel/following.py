"""The thread of a serving process that follows the database, tells what it runs, and in development enables edits.

The poll is the promise: at most every 200 ms it looks whether the registry has moved. On PostgreSQL a notification
wakes it sooner. What each process runs stands in ``plugin_worker_state``; a process that has not reported for a minute
is taken off the list.
"""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import delete, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from acm import clock
from acm.errors import Problem
from acm.i18n import Message
from acm.journal import Origin
from acm.kernel import lifecycle
from acm.kernel.models import CHANNEL, ENABLED, PluginWorkerState
from acm.kernel.world import World
from acm.web.runtime import Runtime

if TYPE_CHECKING:
    import psycopg

log = structlog.get_logger("acm.plugins")
LOOK_EVERY, REPORT_EVERY, EDITS_EVERY, RECONNECT_AFTER = 0.2, 20.0, 1.0, 5.0
DRAINS_EVERY = 1.0
"""Seconds between two reports of nothing but other numbers of requests on old versions."""
GONE_AFTER = timedelta(minutes=1)


class Follower:
    """Started with a serving process and stopped with it; :meth:`once` is one round."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.world: World = runtime.parts["world"]
        self.name = f"{socket.gethostname()}:{os.getpid()}"[:80]
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, name="acm-follower", daemon=True)
        self._reported: tuple[int, float] = (-1, 0.0)
        self._told: tuple[object, ...] = ()
        self._edits = 0.0
        self._refused: dict[str, str] = {}
        self.tell: Callable[[str], None] = partial(print, flush=True)
        """Says to the author, in development, what became of a change."""
        self._listening: psycopg.Connection[Any] | None = None
        self._connect_at = 0.0

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        """End the thread and take the process off the list."""
        self.stopping.set()
        if self.thread.is_alive():
            self.thread.join(timeout=5)
        if self._listening is not None:
            self._listening.close()
        with suppress(SQLAlchemyError), self.runtime.db.writing() as session:
            session.execute(delete(PluginWorkerState).where(PluginWorkerState.worker == self.name))

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                self.once()
            except Exception as error:  # the database may be away for a while: the thread goes on when it is back
                log.warning("follower", exc_info=error)
            self._wait()

    def once(self) -> None:
        """Look, and report when there is something new to tell or the last report is old."""
        self.world.look()
        if self.runtime.settings.develop and time.monotonic() - self._edits > EDITS_EVERY:
            self._edits = time.monotonic()
            self.enable_edits()
        version, at = self._reported
        late = time.monotonic() - at
        drains = late > DRAINS_EVERY and self._told != (self.world.faults, self.world.retirement.draining())
        if version != self.world.version or drains or late > REPORT_EVERY:
            self.report()

    def report(self) -> None:
        """Write what this process runs, and forget processes that are gone."""
        self._reported = (self.world.version, time.monotonic())
        now, draining = clock.now(), self.world.retirement.draining()
        self._told = (self.world.faults, draining)
        states = [PluginWorkerState(worker=self.name, slug="", generation=self.world.version, at=now)]
        for slug, row in list(self.world.rows.items()):
            if row.state == ENABLED or slug in draining:
                runs = self.world.loaded.get(slug)
                states.append(
                    PluginWorkerState(
                        worker=self.name, slug=slug, at=now, error=self.world.faults.get(slug, ""),
                        generation=self.world.generations.get(slug, 0) if runs else 0,
                        version=runs.version if runs else "", hash=runs.found.hash if runs else "",
                        draining=draining.get(slug, {}),
                    )
                )  # fmt: skip
        late = select(PluginWorkerState.worker).where(PluginWorkerState.slug == "")
        late = late.where(PluginWorkerState.at < now - GONE_AFTER)
        with self.runtime.db.writing() as session:
            gone = [self.name, *session.scalars(late)]
            session.execute(delete(PluginWorkerState).where(PluginWorkerState.worker.in_(gone)))
            session.add_all(states)

    def enable_edits(self) -> None:
        """Enable each enabled plugin anew whose folder has changed; what became of it is said in a line,
        a refusal once for the same files."""
        for slug, found in self.world.discovered().items():
            row = self.world.rows.get(slug)
            if row is None or row.state != ENABLED or found.hash in (row.hash, self._refused.get(slug)):
                continue
            began = time.perf_counter()
            try:
                with self.runtime.db.writing(self.runtime.snapshot) as session:
                    origin = Origin(None, clock.now())
                    row = lifecycle.enable(session, self.runtime, slug, origin, generation=row.generation)
                    said = f"{slug} {row.version} ({row.hash[:12]}) is enabled"
                lifecycle.publish(self.runtime)
                self.tell(f"{said}, {time.perf_counter() - began:.1f} s")
            except Problem as problem:
                self._refused[slug] = found.hash
                said = str(Message(problem.detail or problem.title, problem.params))
                self.tell(f"{slug} is refused, the version before goes on: {said}")

    def _wait(self) -> None:
        """Until the next look: the time of a poll, or less when PostgreSQL tells of a change."""
        connection = None if self.runtime.db.is_sqlite else self._connection()
        if connection is None:
            self.stopping.wait(LOOK_EVERY)
            return
        import psycopg

        try:
            for _told in connection.notifies(timeout=LOOK_EVERY, stop_after=1):
                return
        except psycopg.Error:
            self._listening = None

    def _connection(self) -> psycopg.Connection[Any] | None:
        import psycopg  # here and below: SQLite never needs it

        if self._listening is None and time.monotonic() > self._connect_at:
            self._connect_at = time.monotonic() + RECONNECT_AFTER * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
            url = make_url(self.runtime.db.url).set(drivername="postgresql")
            try:
                address = url.render_as_string(hide_password=False)
                self._listening = psycopg.connect(address, autocommit=True, connect_timeout=5)
                self._listening.execute(f"LISTEN {CHANNEL}")
            except psycopg.Error:
                self._listening = None
        return self._listening
