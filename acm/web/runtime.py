"""What one process holds: settings, database, files, and the snapshot in force."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from acm.db import Database
from acm.settings import Settings
from acm.snapshot import Snapshot
from acm.web.uploads import FileStore

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass
class Runtime:
    """The process' parts. ``snapshot`` is replaced by one assignment; a request keeps the one it began with.

    ``parts`` holds what higher concepts bring (the search backend, the kernel), by name.
    """

    settings: Settings
    db: Database
    files: FileStore
    snapshot: Snapshot = field(default_factory=Snapshot)
    parts: dict[str, Any] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


def snapshot_of(request: Request) -> Snapshot:
    """The snapshot this request began with."""
    snapshot: Snapshot = request.scope.get("acm.snapshot") or runtime_of(request).snapshot
    return snapshot


async def session_of(request: Request) -> AsyncIterator[Session]:
    """One session a request: read only for safe methods. Whoever answers commits; what is left is rolled back.

    Dependencies that wait for nothing are coroutines: each function would cost a change of threads. To end a read on
    SQLite is to wait for nothing, too.
    """
    runtime = runtime_of(request)
    session = runtime.db.session(read_only=request.method in SAFE_METHODS, snapshot=snapshot_of(request))
    session.info["settings"] = runtime.settings
    session.info["runtime"] = runtime
    try:
        yield session
    finally:
        if session.in_transaction() and not (session.info["read_only"] and runtime.db.is_sqlite):
            await run_in_threadpool(session.close)
        else:
            session.close()


async def _runtime(request: Request) -> Runtime:
    return runtime_of(request)


async def _snapshot(request: Request) -> Snapshot:
    return snapshot_of(request)


Db = Annotated[Session, Depends(session_of)]
App = Annotated[Runtime, Depends(_runtime)]
World = Annotated[Snapshot, Depends(_snapshot)]
