"""Ctrl-C in the middle of an import: a sentence and the way on, no failure of the plugin that reads the format."""

from __future__ import annotations

import os
import signal
import time

import pytest
from rich.console import Console

from acm.errors import Problem
from acm.jobs.importing import bring_in
from acm.jobs.imports import Import, Importer, Report
from acm.kernel.guard import guarded
from acm.snapshot import Contribution, Snapshot


def read_slowly(run: Import) -> Report:
    run.tell(1, 100)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)
    raise AssertionError("nobody stopped it")


def test_an_interrupted_import_says_how_it_goes_on(database, tmp_path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("a,b", encoding="utf-8")
    reader = Importer("slow", {"en": "Slow"}, guarded("itsm", "importer slow", read_slowly))
    snapshot = Snapshot(1, {"importer": {"slow": Contribution("importer", "slow", reader, plugin="itsm")}})
    before = signal.getsignal(signal.SIGINT)

    with pytest.raises(Problem) as stopped:
        bring_in(database, snapshot, "slow", file, timezone="UTC", console=Console())

    assert "run the same command again" in stopped.value.detail
    assert signal.getsignal(signal.SIGINT) is before
