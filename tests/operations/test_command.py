"""The command ``acm``: what it says when it cannot do what it was asked for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from acm import cli, migrating
from acm.db import Database
from acm.settings import from_environment


def test_a_fault_is_told_whole_whatever_signs_are_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACM_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("ACM_DATABASE_URL", raising=False)
    migrating.migrate(Database(from_environment().url))
    name = f"[/b]{'x' * 120}.csv"
    monkeypatch.setattr(sys, "argv", ["acm", "import", "people", name])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 1
    assert capsys.readouterr().err == f"acm: There is no file {name}\n"
