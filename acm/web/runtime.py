"""What one process holds: settings, database, files, and the snapshot in force."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.orm import Session

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


def session_of(request: Request) -> Iterator[Session]:
    """One session a request: read only for safe methods. Whoever answers commits; what is left is rolled back."""
    runtime = runtime_of(request)
    with runtime.db.session(read_only=request.method in SAFE_METHODS, snapshot=snapshot_of(request)) as session:
        session.info["settings"] = runtime.settings
        session.info["runtime"] = runtime
        yield session


Db = Annotated[Session, Depends(session_of)]
App = Annotated[Runtime, Depends(runtime_of)]
World = Annotated[Snapshot, Depends(snapshot_of)]
