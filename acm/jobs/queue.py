"""``enqueue`` in the caller's transaction; one worker takes ready jobs by lease and runs their handlers.

Handlers are contributions to ``job``: ``fn(session, args)``, idempotent, each in a transaction of its own. A job
that raises is tried again after 10 s, 1 min, 10 min, 1 h; then it stays in sight as ``failed``. Those that talk to
somebody outside are contributions to ``outside_job``: a thread of their own runs them, and they end their transaction
before they talk, so that nobody waits for a slow mail server, neither the other jobs nor whoever writes.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from cronsim import CronSim
from sqlalchemy import delete, or_, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from acm import clock
from acm.db import Database
from acm.jobs.models import Job
from acm.journal import Consumer
from acm.snapshot import Snapshot

log = structlog.get_logger("acm.jobs")

Turn = Callable[[Snapshot], int]

INSIDE, OUTSIDE = "job", "outside_job"
LEASE = timedelta(seconds=60)
PAUSES = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
KEPT = timedelta(days=7)
READY, RUNNING, DONE, FAILED = "ready", "running", "done", "failed"


def enqueue(
    session: Session,
    name: str,
    args: Mapping[str, Any] | None = None,
    *,
    run_at: datetime | None = None,
    key: str | None = None,
) -> Job:
    """Ask for work in the present transaction. With a ``key`` an unfinished job of that key is moved instead."""
    now = clock.now()
    if key is not None:
        found = session.scalars(select(Job).where(Job.key == key).with_for_update()).first()
        if found is not None:
            found.args, found.run_at, found.state, found.attempts = dict(args or {}), run_at or now, "ready", 0
            return found
    job = Job(name=name, key=key, args=dict(args or {}), run_at=run_at or now, state="ready", created_at=now)
    session.add(job)
    return job


def cancel(session: Session, key: str) -> None:
    """Forget the unfinished job of a key."""
    session.execute(delete(Job).where(Job.key == key))


def holder() -> str:
    """Name of this process and thread, for leases."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident() % 10_000}"


def run_due(
    db: Database, snapshot: Snapshot, *, settings: object = None, now: datetime | None = None, limit: int = 100,
    points: Sequence[str] = (INSIDE, OUTSIDE),
) -> int:  # fmt: skip
    """Run what is due, one job a transaction; returns how many were run."""
    done = 0
    served = [name for point in points for name in snapshot.points.get(point, {})]
    while done < limit and (job_id := _take(db, now or clock.now(), served)) is not None:
        _run(db, snapshot, job_id, settings=settings, now=now)
        done += 1
    return done


def _take(db: Database, now: datetime, served: Sequence[str]) -> int | None:
    """The next job that is due; one whose plugin is away stays where it is until somebody serves it again."""
    with db.writing() as session:
        statement = (
            select(Job)
            .where(
                Job.name.in_(served),
                or_(Job.state == "ready", (Job.state == "running") & (Job.lease_until < now)),
                Job.run_at <= now,
            )
            .order_by(Job.run_at, Job.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        job = session.scalars(statement).first()
        if job is None:
            return None
        job.state, job.holder, job.lease_until, job.attempts = "running", holder(), now + LEASE, job.attempts + 1
        return job.id


def _run(db: Database, snapshot: Snapshot, job_id: int, *, settings: object, now: datetime | None) -> None:
    try:
        with db.writing(snapshot) as session:
            session.info["settings"] = settings
            job = session.get_one(Job, job_id)
            handler = snapshot.find(INSIDE, job.name) or snapshot.find(OUTSIDE, job.name)
            if handler is None:
                job.state, job.run_at = "ready", (now or clock.now()) + timedelta(minutes=5)
                job.attempts -= 1  # it is parked, not tried
                return
            handler(session, job.args)
            job.state, job.key, job.done_at, job.error = "done", None, now or clock.now(), ""
    except Exception as error:  # whatever a handler raises is kept with the job and tried again
        log.warning("job failed", job=job_id, exc_info=error)
        _put_back(db, job_id, error, now or clock.now())


def _put_back(db: Database, job_id: int, error: Exception, now: datetime) -> None:
    with db.writing() as session:
        job = session.get_one(Job, job_id)
        job.error = f"{type(error).__name__}: {error}"[:2000]
        if job.attempts > len(PAUSES):
            job.state = FAILED
        else:
            job.state, job.run_at = "ready", now + PAUSES[job.attempts - 1]


class Worker:
    """Two threads until they are stopped: one runs due jobs and the consumers of the journal, the other what talks to
    somebody outside.

    Consumers are contributions to ``consumer``: ``fn(db, snapshot) -> int`` does one batch and says how much.
    Schedules are contributions to ``schedule``: ``(when, fn(session))``, where ``when`` is an interval in seconds or
    a line of cron ("17 3 * * *") in the zone of the installation. What fell due meanwhile runs once.
    """

    def __init__(self, runtime: Any, *, pause: float = 0.5) -> None:
        self.runtime = runtime
        self.pause = pause
        self.stopping = threading.Event()
        self.threads = [
            threading.Thread(target=self._go_round, args=(turn,), name=name, daemon=True)
            for name, turn in (("acm-worker", self._turn), ("acm-outside", self._outside))
        ]
        self._next: dict[tuple[str, int | str], datetime] = {}

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            if thread.is_alive():
                thread.join(timeout=10)

    def run(self) -> None:
        """Both threads until somebody stops them; for a process that does nothing else."""
        self.start()
        self.stopping.wait()

    def _go_round(self, turn: Turn) -> None:
        while not self.stopping.is_set():
            if not self._with_world(turn):
                self.stopping.wait(self.pause)

    def once(self) -> int:
        """One round of both threads; returns how much was done."""
        return self._with_world(self._turn) + self._with_world(self._outside)

    def _with_world(self, turn: Turn) -> int:
        world = self.runtime.parts.get("world")
        if world is None:
            return turn(self.runtime.snapshot)
        world.current()  # plugins come and go while no request is made
        with world.serving() as snapshot:
            return turn(snapshot)

    def _outside(self, snapshot: Snapshot) -> int:
        return self._due(snapshot, OUTSIDE)

    def _due(self, snapshot: Snapshot, point: str) -> int:
        try:
            return run_due(self.runtime.db, snapshot, settings=self.runtime.settings, points=(point,))
        except OperationalError as error:  # somebody writes for long, or the database is away: the next round tries
            log.info("worker waits", reason=str(error.orig))
            return 0
        except Exception as error:  # a fault of ours must not end the thread
            log.warning("worker", exc_info=error)
            return 0

    def _turn(self, snapshot: Snapshot) -> int:
        runtime, done = self.runtime, self._due(snapshot, INSIDE)
        for contribution in snapshot.each("schedule"):
            try:
                self._schedule(snapshot, contribution.key, *contribution.value)
            except Exception as error:  # a schedule in trouble must not hold up the others
                log.warning("schedule", name=contribution.key, exc_info=error)
        for contribution in snapshot.each("consumer"):
            try:
                done += contribution.value(runtime.db, snapshot)
            except Exception as error:  # one consumer in trouble must not hold up the others
                log.warning("consumer", name=contribution.key, exc_info=error)
        return done

    def _schedule(self, snapshot: Snapshot, key: str, when: int | str, fn: Callable[[Session], object]) -> None:
        """Run a schedule when it is due, in one process of all: the row of its name says when it is due next."""
        now = clock.now()
        looked = self._next.get((key, when))
        if looked is not None and now < looked:
            return
        following = next_due(when, now, self.runtime.settings.timezone)
        self._next[key, when] = following
        with self.runtime.db.writing(snapshot) as session:
            session.info["settings"] = self.runtime.settings
            row = session.get(Consumer, f"schedule:{key}"[:60], with_for_update=True)
            if row is None:
                row = Consumer(name=f"schedule:{key}"[:60], tx=0, event_id=0, holder="")
                row.lease_until = now if isinstance(when, int) else following
                session.add(row)
            if row.lease_until is None or row.lease_until <= now:
                row.holder, row.lease_until = holder(), following
                fn(session)


def next_due(when: int | str, now: datetime, zone: str) -> datetime:
    """When a schedule is due after ``now``."""
    if isinstance(when, int):
        return now + timedelta(seconds=when)
    return next(CronSim(when, now.astimezone(ZoneInfo(zone)))).astimezone(UTC)
