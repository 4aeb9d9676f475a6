"""The world of one process: composes the snapshot from the core and the enabled plugins."""

from __future__ import annotations

from collections.abc import Sequence

from acm.snapshot import Contribution, Snapshot, compose
from acm.web.runtime import Runtime


class World:
    """Composes and publishes snapshots."""

    def __init__(self, runtime: Runtime, core: Sequence[Contribution]) -> None:
        self.runtime = runtime
        self.core = core

    def refresh(self) -> Snapshot:
        """Compose the snapshot anew and publish it."""
        with self.runtime.lock:
            self.runtime.snapshot = compose(self.runtime.snapshot.number + 1, self.core)
            return self.runtime.snapshot
