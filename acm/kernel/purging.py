"""Removing a plugin for good: first its pages are written to a file, then their words are erased.

The rows, the numbers and the journal's chain of the pages stay, empty and seen by nobody, so that the audit still
holds, and so do groups and the sums of past figures. The plugin's row, its settings, its stored versions, its own tables
and vocabularies, its jobs, roles and permissions go, and uploaded files that no other page has; its services leave the
catalogue.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Table, delete, select, update
from sqlalchemy.orm import Session

from acm import audit, clock
from acm.catalog.models import Service
from acm.catalog.publishing import unpublish
from acm.db import Base, encode
from acm.errors import NotFound
from acm.jobs.models import Job
from acm.jobs.queue import enqueue
from acm.journal import Consumer, Event, Origin, record
from acm.kernel import drafts, lifecycle, migrating
from acm.kernel.costs import PluginCost
from acm.kernel.failures import PluginFailure
from acm.kernel.lifecycle import PluginRefused
from acm.kernel.models import ENABLED, Plugin, PluginWorkerState
from acm.kernel.world import World
from acm.pages.fields import drop_indexes
from acm.pages.models import File, Page, PageTerm, TypeVersion
from acm.pages.visibility import unrestricted
from acm.people.models import PersonRole, Role
from acm.taxonomy.models import Term, Vocabulary
from acm.web.runtime import Runtime
from acm.web.uploads import FileStore

BATCH = 500
REMOVED = "–"
JUST_SENT = timedelta(seconds=30)
"""So long a file may lie in the store before the page that has it is written."""
PEOPLE = ("author_id", "owner_id", "requester_id", "beneficiary_id", "department_id", "branch_id", "group_id",
          "service_id", "parent_id")  # fmt: skip


def purge(
    session: Session, runtime: Runtime, slug: str, origin: Origin, *, confirmed: str, generation: int | None = None
) -> Path:
    """Remove a plugin that is off, with what it holds; returns the file that holds it now.

    ``confirmed`` is the plugin's name as the person typed it. Call :func:`lifecycle.publish` after the commit, and
    then :func:`forget_files`.
    """
    row = session.get(Plugin, slug)
    if row is None:
        raise NotFound("There is no plugin of that name")
    if row.state == ENABLED:
        raise PluginRefused("it is enabled: disable it first")
    if confirmed != slug:
        raise PluginRefused(f"type {slug} to confirm that everything it holds is erased")
    row = lifecycle.claim(session, slug, generation)
    file, count = export(session, runtime, slug, origin), 0
    for ids in _pages(session, slug):
        count += len(ids)
        _leave_files(session, slug, ids, origin)
        _erase(session, ids, slug, origin)
    _forget(session, slug, origin)
    tables = migrating.drop_tables(session, slug)
    data = {"plugin": slug, "version": row.version, "pages": count, "tables": tables, "export": file.name}
    lifecycle.changed(session, row, "plugin.removed", origin, data)
    session.delete(row)
    session.flush()
    return file


def forget_uploads(session: Session, args: Mapping[str, Any]) -> None:
    """Job ``core.uploads``: the bytes of files go that stood on removed pages and that no other page has."""
    store = FileStore(session.info["settings"].data_dir / "files")
    named = select(File.sha256).where(File.sha256.in_(args["hashes"]))
    used = set(session.scalars(unrestricted(named, "removal of a plugin")))
    for sha256 in args["hashes"]:
        if sha256 not in used:
            store.forget(sha256, clock.now().timestamp() - JUST_SENT.total_seconds())


def forget_files(runtime: Runtime, slug: str) -> None:
    """Drop the stored versions and the draft, once nothing wants them any more."""
    world: World = runtime.parts["world"]
    world.store.drop(slug)
    shutil.rmtree(drafts.drafts(runtime) / slug, ignore_errors=True)


def export(session: Session, runtime: Runtime, slug: str, origin: Origin) -> Path:
    """Write every page of the plugin's types, with all that hangs on it and its history, a line of JSON each."""
    folder = runtime.settings.data_dir / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{slug}-{origin.at:%Y%m%d-%H%M%S-%f}.jsonl"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        for ids in _pages(session, slug):
            hanging = {table.name: _rows(session, table, column, ids) for table, column in _hanging()}
            history = _rows(session, Event.__table__, Event.__table__.c.page_id, ids)  # type: ignore[arg-type]
            for page in _rows(session, Page.__table__, Page.__table__.c.id, ids):  # type: ignore[arg-type]
                of_page = {
                    name: [row for row in rows if page["id"] in (row.get("page_id"), row.get("source_id"))]
                    for name, rows in hanging.items()
                }
                events = [event for event in history if event["page_id"] == page["id"]]
                file.write(encode({**page, **{k: v for k, v in of_page.items() if v}, "history": events}) + "\n")
    return path


def _pages(session: Session, slug: str) -> Iterator[list[int]]:
    last = 0
    while True:
        statement = select(Page.id).where(Page.type.startswith(f"{slug}.", autoescape=True), Page.id > last)
        ids = list(session.scalars(unrestricted(statement.order_by(Page.id).limit(BATCH), "removal of a plugin")))
        if not ids:
            return
        yield ids
        last = ids[-1]


def _hanging() -> list[tuple[Table, Column[Any]]]:
    """The tables whose rows belong to a page, with the column that says so."""
    return [
        (table, column)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        for key in column.foreign_keys
        if key.target_fullname == "page.id" and key.ondelete == "CASCADE"
    ]


def _forget(session: Session, slug: str, origin: Origin) -> None:
    """What stands beside the pages: services are withdrawn; vocabularies, errors and costs go."""
    for service in session.scalars(unrestricted(select(Service), "removal of a plugin")):
        if service.fact("plugin") == slug:
            unpublish(session, service, origin)
    terms = select(Term.id).join(Vocabulary).where(Vocabulary.plugin == slug)
    session.execute(delete(PageTerm).where(PageTerm.term_id.in_(terms)))
    session.execute(update(Term).where(Term.id.in_(terms)).values(parent_id=None, merged_into_id=None))
    session.execute(delete(Term).where(Term.vocabulary_id.in_(select(Vocabulary.id).where(Vocabulary.plugin == slug))))
    session.execute(delete(Vocabulary).where(Vocabulary.plugin == slug))
    _forget_work(session, slug)
    _forget_roles(session, slug)
    session.execute(delete(PluginFailure).where(PluginFailure.slug == slug))
    session.execute(delete(PluginCost).where(PluginCost.slug == slug))
    session.expire_all()


def _forget_work(session: Session, slug: str) -> None:
    """Its jobs, done or not, its place in the journal, when its schedules were due, the indexes of its types."""
    session.execute(delete(Job).where(Job.name.startswith(f"{slug}.", autoescape=True)))
    mine = Consumer.name.startswith(f"schedule:{slug}.", autoescape=True)
    session.execute(delete(Consumer).where(mine | (Consumer.name == f"react:{slug}")))
    session.execute(delete(PluginWorkerState).where(PluginWorkerState.slug == slug))
    keys = select(TypeVersion.key).where(TypeVersion.key.startswith(f"{slug}.", autoescape=True)).distinct()
    for key in session.scalars(keys).all():
        drop_indexes(session, key)


def _forget_roles(session: Session, slug: str) -> None:
    """Roles that it brought, and its permissions in the others."""
    brought = select(Role.id).where(Role.key.startswith(f"{slug}.", autoescape=True))
    session.execute(delete(PersonRole).where(PersonRole.role_id.in_(brought)))
    session.execute(delete(Role).where(Role.key.startswith(f"{slug}.", autoescape=True)))
    for role in session.scalars(select(Role)):
        kept = [name for name in role.permissions if not name.startswith(f"{slug}.")]
        if kept != role.permissions:
            role.permissions = kept
    session.flush()


def _rows(session: Session, table: Table, column: Column[Any], ids: Sequence[int]) -> list[dict[str, Any]]:
    statement = select(table).where(column.in_(ids))
    return [dict(row._mapping) for row in session.execute(unrestricted(statement, "export of a plugin"))]


def _leave_files(session: Session, slug: str, ids: Sequence[int], origin: Origin) -> None:
    """Ask for the bytes of these pages' files to go, once nobody can be about to send the same."""
    named = select(File.sha256).where(File.page_id.in_(ids)).distinct().order_by(File.sha256)
    if hashes := list(session.scalars(unrestricted(named, "removal of a plugin"))):
        args = {"plugin": slug, "hashes": hashes}
        enqueue(session, "core.uploads", args, run_at=origin.at + 2 * JUST_SENT)


def _erase(session: Session, ids: Sequence[int], slug: str, origin: Origin) -> None:
    """Take the words out of pages, and them out of everybody's sight; the journal says so page by page."""
    for page in session.scalars(unrestricted(select(Page).where(Page.id.in_(ids)), "removal of a plugin")):
        record(session, page, "page.removed", origin, data={"plugin": slug}, page_id=page.id)
    session.flush()
    events = select(Event).where(Event.page_id.in_(ids), Event.kind != "page.removed")
    audit.erase(session, session.scalars(unrestricted(events, "removal of a plugin")).all(), origin, f"plugin {slug}")
    session.flush()
    for table, column in reversed(_hanging()):
        session.execute(delete(table).where(column.in_(ids)))
    empty = dict.fromkeys(PEOPLE, None)
    session.execute(
        update(Page)
        .where(Page.id.in_(ids))
        .values(
            title=REMOVED, body="", texts={}, fields={}, facts={}, is_open=False, public=False, confidential=True,
            external=None, slug=None, **empty,
        )
    )  # fmt: skip
    session.expire_all()
