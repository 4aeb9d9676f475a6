"""``acm import services FILE``: all of it or nothing, a fault with its place, twice is once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.catalog.definitions import ServiceFileError
from acm.catalog.importing import import_catalogue
from acm.catalog.models import Service
from acm.jobs.imports import Import, Report
from acm.pages.visibility import unrestricted
from acm.web.runtime import Runtime

FILE = """\
version: 1
services:
  - id: HR-901
    domain: hr
    category: leave
    type: service_request
    department: hr
    name: {ru: Отгул, en: Day off}
    description: {ru: День отдыха, en: A day of rest}
    owner_group: hr-ops
    sla: {calendar: 8x5, response_hours: 4, resolve_hours: 16}
    approvals: [{step: 1, role: line_manager}]
    form:
      - {key: reason, kind: long_text, required: true, label: {ru: Почему, en: Why}}
"""


@pytest.fixture
def bring(runtime: Runtime, tmp_path: Path) -> Callable[[str], Report]:
    def bring(text: str) -> Report:
        path = tmp_path / "services.yaml"
        path.write_text(text, encoding="utf-8")
        return import_catalogue(Import(path, runtime.db, runtime.snapshot, "Europe/Moscow"))

    return bring


def slugs(session: Session) -> list[str | None]:
    found = list(session.scalars(unrestricted(select(Service.slug), "test")))
    session.commit()  # gives the lock back
    return found


def test_a_service_comes_once_and_changes_by_versions(bring: Callable[[str], Report], session: Session) -> None:
    assert bring(FILE).lines() == ["read 1 rows", "made 1 services"]
    assert bring(FILE).lines() == ["read 1 rows", "made nothing", "skipped 1: nothing changed"]
    assert bring(FILE.replace("Отгул", "Отгул на день")).lines()[-1] == "updated 1 services"
    assert "hr-901" in slugs(session)


def test_a_fault_names_file_line_and_column_and_nothing_is_published(
    bring: Callable[[str], Report], session: Session
) -> None:
    with pytest.raises(ServiceFileError) as refusal:
        bring(FILE.replace("owner_group: hr-ops", "owner_group: nobody").replace("8x5", "9x9"))

    told = str(refusal.value).splitlines()
    assert [line.split(": ")[0] for line in told] == ["services.yaml:10:18", "services.yaml:11:21"]
    assert "hr-901" not in slugs(session)
