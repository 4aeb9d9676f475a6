"""``acm doctor``: is the installation well? Each line says good, or what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from acm import audit, migrating
from acm.i18n import translator
from acm.jobs.models import Job
from acm.journal import Consumer, Event
from acm.kernel import seeing
from acm.kernel.models import ENABLED
from acm.pages.models import File
from acm.pages.visibility import unrestricted
from acm.people.models import Installation
from acm.sla.production import production_calendar_last_day
from acm.web.runtime import Runtime

HORIZON = timedelta(days=90)
LATE = timedelta(minutes=10)
MOST_FILES = 20_000


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, whether it is well, and in words what was seen or what to do."""

    subject: str
    is_well: bool
    words: str


def examine(runtime: Runtime, now: datetime, *, deep: bool = False) -> Iterator[Finding]:
    """Look at everything; ``deep`` also walks the whole journal (``--audit``)."""
    checks: list[tuple[str, Callable[[Runtime, datetime], Iterator[tuple[bool, str]]]]] = [
        ("database", _database),
        ("search", _search),
        ("jobs", _jobs),
        ("journal", _journal),
        ("files", _files),
        ("calendar", _calendar),
        ("plugins", _plugins),
        ("settings", _settings),
    ]
    if deep:
        checks.append(("audit", _audit))
    for subject, check in checks:
        try:
            yield from (Finding(subject, is_well, words) for is_well, words in check(runtime, now))
        except (SQLAlchemyError, OSError) as error:
            yield Finding(subject, False, f"cannot be looked at: {str(error).splitlines()[0]}")


def _database(runtime: Runtime, _now: datetime) -> Iterator[tuple[bool, str]]:
    if not migrating.is_current(runtime.db):
        yield False, "the schema is not of this version: run `acm migrate`"
        return
    with runtime.db.reading() as session:
        if runtime.db.is_sqlite:
            verdict = str(session.execute(text("PRAGMA quick_check(1)")).scalar_one())
            if verdict != "ok":
                yield False, f"SQLite finds damage: {verdict}. Restore the last backup"
                return
        events = session.scalar(unrestricted(select(func.count()).select_from(Event), "doctor"))
    yield True, f"{'SQLite' if runtime.db.is_sqlite else 'PostgreSQL'}, schema current, {events:,} events"


def _search(runtime: Runtime, _now: datetime) -> Iterator[tuple[bool, str]]:
    status = runtime.parts["search"].status()
    if not status.is_current:
        yield False, f"{status.backend}: the index is missing or of another version: run `acm reindex`"
    elif status.advice is not None:
        yield False, f"{status.backend}, {status.documents:,} documents: {translator('en').say(status.advice)}"
    else:
        yield True, f"{status.backend}, {status.documents:,} documents"


def _jobs(runtime: Runtime, now: datetime) -> Iterator[tuple[bool, str]]:
    with runtime.db.reading() as session:
        failed = session.scalar(select(func.count()).select_from(Job).where(Job.state == "failed")) or 0
        late = (
            session.scalar(select(func.count()).select_from(Job).where(Job.state == "ready", Job.run_at < now - LATE))
            or 0
        )
        last = session.scalars(select(Job).where(Job.state == "failed").order_by(Job.id.desc()).limit(1)).first()
    if failed and last:
        yield False, f"{failed} jobs have failed for good, the last is {last.name}: {last.error[:200]}"
    if late:
        yield False, f"{late} jobs are more than ten minutes late: is a worker running? (`acm serve` or `acm worker`)"
    if not failed and not late:
        yield True, "none failed, none late"


def _journal(runtime: Runtime, _now: datetime) -> Iterator[tuple[bool, str]]:
    with runtime.db.reading() as session:
        newest = session.scalar(unrestricted(select(func.max(Event.id)), "doctor")) or 0
        consumers = session.scalars(select(Consumer).where(Consumer.name.not_like("schedule:%")))
        behind = [(c.name, newest - c.event_id) for c in consumers]
    slow = [f"{name} is {count:,} events behind" for name, count in behind if count > 1000]
    if slow:
        yield False, f"{'; '.join(slow)}: they catch up while a worker runs"
    else:
        yield True, f"{len(behind)} consumers, none far behind"


def _files(runtime: Runtime, _now: datetime) -> Iterator[tuple[bool, str]]:
    with runtime.db.reading() as session:
        hashes = set(
            session.scalars(unrestricted(select(File.sha256).order_by(File.id.desc()).limit(MOST_FILES), "doctor"))
        )
    missing = [digest for digest in hashes if not runtime.files.path(digest).exists()]
    if missing:
        yield (
            False,
            f"{len(missing)} of {len(hashes)} attached files are not in {runtime.settings.data_dir / 'files'}: restore them",
        )
    else:
        yield True, f"{len(hashes):,} attached files are all there"


def _calendar(_runtime: Runtime, now: datetime) -> Iterator[tuple[bool, str]]:
    last = production_calendar_last_day()
    if last - now.date() < HORIZON:
        yield False, f"the production calendar ends on {last:%d.%m.%Y}; promises behind it are provisional: update ACM"
    else:
        yield True, f"the production calendar reaches to {last:%d.%m.%Y}"


def _plugins(runtime: Runtime, _now: datetime) -> Iterator[tuple[bool, str]]:
    with runtime.db.reading(runtime.snapshot) as session:
        plugins = seeing.seen(session, runtime)
    troubled = [p for p in plugins if p.reason]
    for plugin in troubled:
        yield False, f"{plugin.slug}: {plugin.state}: {plugin.reason}"
    if not troubled:
        enabled = [p.slug for p in plugins if p.state == ENABLED]
        yield True, f"{len(plugins)} there, enabled: {', '.join(enabled) or 'none'}"


def _settings(runtime: Runtime, _now: datetime) -> Iterator[tuple[bool, str]]:
    settings: Any = runtime.settings
    with runtime.db.reading() as session:
        is_demo = session.get(Installation, "demo") is not None
    well = True
    if not is_demo and not settings.base_url:
        well = False
        yield False, "ACM_BASE_URL is empty: mail carries no links and cookies are not marked secure"
    if is_demo and settings.is_https:
        well = False
        yield False, "this is the demo company with its one-press logins: do not serve it to strangers"
    if well:
        yield True, "nothing to object"


def _audit(runtime: Runtime, _now: datetime) -> Iterator[tuple[bool, str]]:
    with runtime.db.reading() as session:
        found = False
        for fault in audit.verify(session):
            found = True
            yield False, f"stream {fault.stream}, entry {fault.seq} (event {fault.event_id}): {fault.reason}"
        if not found:
            yield True, "every chain is whole"
