"""Work of plugins that was given up: jobs, and reactors that raised five times. An administrator lets one be tried
again, or lets it go; either stands in the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.errors import NotFound
from acm.jobs.models import Job
from acm.jobs.queue import FAILED, READY
from acm.journal import Origin, record, system_stream

SHOWN = 50


@dataclass(frozen=True)
class Parked:
    """One piece of work that was given up. ``what`` is ``react case.closed:thank`` or ``job send``; ``event`` is the
    number of the event that a reactor followed."""

    number: int
    what: str
    event: int | None
    tries: int
    since: datetime
    error: str


def parked(session: Session, slug: str) -> Sequence[Parked]:
    """The work of a plugin that was given up, the newest first."""
    statement = select(Job).where(Job.state == FAILED, Job.name.startswith(f"{slug}.", autoescape=True))
    jobs = session.scalars(statement.order_by(Job.id.desc()).limit(SHOWN))
    return [
        Parked(job.id, _what(job, slug), job.args.get("event"), job.attempts, job.created_at, job.error) for job in jobs
    ]


def try_again(session: Session, slug: str, number: int, origin: Origin) -> None:
    """Let it be tried from the beginning, at once."""
    job = _given_up(session, slug, number)
    _tell(session, slug, "plugin.tried_again", job, origin)
    job.state, job.attempts, job.run_at = READY, 0, origin.at


def let_go(session: Session, slug: str, number: int, origin: Origin) -> None:
    """Forget it; nobody will do it."""
    job = _given_up(session, slug, number)
    _tell(session, slug, "plugin.let_go", job, origin)
    session.delete(job)


def _given_up(session: Session, slug: str, number: int) -> Job:
    job = session.get(Job, number, with_for_update=True)
    if job is None or job.state != FAILED or not job.name.startswith(f"{slug}."):
        raise NotFound("This work is not given up any more")
    return job


def _tell(session: Session, slug: str, kind: str, job: Job, origin: Origin) -> None:
    data = {"plugin": slug, "job": job.id, "what": _what(job, slug), "error": job.error[:500]}
    record(session, system_stream(session, f"plugin:{slug}"), kind, origin, data=data)


def _what(job: Job, slug: str) -> str:
    name = job.name.removeprefix(f"{slug}.")
    return f"react {job.args.get('reactor', '')}" if name == "react" else f"job {name}"
