"""``acm import departments|branches FILE.csv``: what people work in, before there are people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.jobs.imports import BadFile, Import, Report
from acm.people.models import Branch, Department
from acm.web.runtime import Runtime

TWO = "key,name_ru,name_en,parent,head\nlab,Лаборатория,Laboratory,works,\nworks,Завод,Works,,irina\n"


@pytest.fixture
def bring(runtime: Runtime, tmp_path: Path) -> Callable[..., Report]:
    def bring(key: str, text: str) -> Report:
        path = tmp_path / f"{key}.csv"
        path.write_text(text)
        report: Report = runtime.snapshot.find("importer", key).run(
            Import(path, runtime.db, runtime.snapshot, "Europe/Moscow")
        )
        return report

    return bring


def test_departments_become_a_tree_with_heads(bring: Callable[..., Report], session: Session) -> None:
    assert bring("departments", TWO).made == {"department": 2}
    made = {place.key: place for place in session.scalars(select(Department))}
    assert made["lab"].parent_id == made["works"].id
    assert made["works"].head_id is not None
    assert (made["lab"].name("ru"), made["lab"].name("en")) == ("Лаборатория", "Laboratory")


def test_twice_is_once_and_a_changed_line_changes_what_it_names(bring: Callable[..., Report], session: Session) -> None:
    bring("departments", TWO)
    assert bring("departments", TWO).skipped == {"nothing changed": 2}
    assert bring("departments", "key,name_ru\nlab,Испытания\n").updated == {"department": 1}
    lab = session.scalars(select(Department).where(Department.key == "lab")).one()
    assert (lab.name("ru"), lab.name("en")) == ("Испытания", "Laboratory")


def test_branches_have_their_time_zone(bring: Callable[..., Report], session: Session) -> None:
    assert bring("branches", "key;name_ru;timezone\nOMS;Омск;Asia/Omsk\n").made == {"branch": 1}
    assert session.scalars(select(Branch.timezone).where(Branch.key == "OMS")).one() == "Asia/Omsk"


def test_every_fault_is_told_with_its_place_and_nothing_is_written(
    bring: Callable[..., Report], session: Session
) -> None:
    with pytest.raises(BadFile) as refusal:
        bring("departments", "key,name_ru,parent,head\na,,moon,nobody\nb,Б,c,\nc,В,b,\nb,Б,,\n")
    assert refusal.value.extra["faults"] == [
        "line 2, column head: there is no person 'nobody': import people first, then this file once more",
        "line 2, column name_ru: this cell is empty",
        "line 2, column parent: there is no department 'moon', neither here nor in the file",
        "line 3, column parent: 'b' would lie within itself",
        "line 4, column parent: 'c' would lie within itself",
        "line 5, column key: 'b' stands in line 3 already",
    ]
    with pytest.raises(BadFile, match="no time zone"):
        bring("branches", "key,name_ru,timezone\nOMS,Омск,Omsk\n")
    assert not session.scalars(select(Department).where(Department.key.in_(list("abc")))).all()
