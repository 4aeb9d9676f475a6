"""``acm import people FILE.csv``: all lines or none, twice is once, every fault with its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.audit import verify
from acm.db import Base
from acm.jobs.imports import BadFile, Import, Report
from acm.journal import Event
from acm.people.importing import import_people
from acm.people.models import GroupMember, Person
from acm.web.runtime import Runtime

HEADER = "login,family,given,email,department,branch,manager,position_ru,position_en,groups,phone\n"
TWO = (
    HEADER
    + "zoya,Мир,Зоя,zoya@example.test,it,MOW,gleb,Инженер,Engineer,it-net it-desk,+7 900 000-00-01\n"
    + "gleb,Ан,Глеб,gleb@example.test,it,VVO,irina,Ведущий инженер,Lead engineer,it-net,\n"
)


@pytest.fixture
def bring(runtime: Runtime, tmp_path: Path) -> Callable[..., Report]:
    def bring(text: str | bytes) -> Report:
        path = tmp_path / "people.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return import_people(Import(path, runtime.db, runtime.snapshot, "Europe/Moscow"))

    return bring


def faults_of(bring: Callable[..., Report], text: str | bytes) -> list[str]:
    with pytest.raises(BadFile) as refusal:
        bring(text)
    return list(refusal.value.extra["faults"])


def count(session: Session, model: type[Base]) -> int:
    found = len(session.scalars(select(model)).all())
    session.commit()  # gives the lock back
    return found


def test_new_people_get_their_place_their_manager_and_their_groups(
    bring: Callable[..., Report], session: Session, person: Callable[[str], Person]
) -> None:
    report = bring(TWO)

    zoya, gleb = person("zoya"), person("gleb")
    assert report.lines() == ["read 2 rows", "made 2 people"]
    assert (zoya.department.key, zoya.branch.key, zoya.manager_id) == ("it", "MOW", gleb.id)
    assert zoya.position == {"ru": "Инженер", "en": "Engineer"}
    assert zoya.password_hash == ""
    assert len(session.scalars(select(GroupMember).where(GroupMember.person_id == zoya.id)).all()) == 2
    assert not list(verify(session))


def test_the_same_file_again_changes_nothing(bring: Callable[..., Report], session: Session) -> None:
    bring(TWO)
    events = count(session, Event)

    report = bring(TWO)

    assert report.lines() == ["read 2 rows", "made nothing", "skipped 2: nothing changed"]
    assert count(session, Event) == events


def test_a_changed_line_changes_what_it_names_and_keeps_the_rest(
    bring: Callable[..., Report], session: Session, person: Callable[[str], Person]
) -> None:
    bring(TWO)

    report = bring("login;family;branch;groups\nZoya;Мир;VVO;it-net\n")

    assert report.updated["people"] == 1
    zoya = person("zoya")
    assert (zoya.branch.key, zoya.email, zoya.given) == ("VVO", "zoya@example.test", "Зоя")
    changed = session.scalars(select(Event).where(Event.kind == "person.changed")).one()
    assert set(changed.data["changes"]) == {"branch_id", "groups"}


def test_every_fault_is_named_by_line_and_column_and_nothing_is_written(
    bring: Callable[..., Report], session: Session
) -> None:
    before = count(session, Person)
    text = (
        HEADER
        + "zoya,Мир,Зоя,zoya@example.test,it,MOW,gleb,,,it-net,\n"
        + "Кот!,,Глеб,nowhere,moon,MARS,,,,nobody,\n"
        + "zoya,Мир\n"
        + "zoya,Мир,Зоя,,it,MOW,,,,,\n"
    )

    assert faults_of(bring, text) == [
        "line 2, column manager: there is no person 'gleb', neither here nor in the file",
        "line 3, column branch: there is no branch 'MARS'",
        "line 3, column department: there is no department 'moon'",
        "line 3, column email: 'nowhere' is not an e-mail address",
        "line 3, column family: this cell is empty",
        "line 3, column groups: there is no group 'nobody'",
        "line 3, column login: 'Кот!': use small Latin letters, figures, dots and hyphens",
        "line 4: 2 cells, the header has 11",
        "line 5, column login: 'zoya' stands in line 2 already",
    ]
    assert count(session, Person) == before


def test_nobody_can_stand_above_themselves(bring: Callable[..., Report]) -> None:
    circle = "login,family,manager\nzoya,Мир,gleb\ngleb,Ан,anna\nanna,Левина,zoya\n"

    assert [fault.partition(":")[0] for fault in faults_of(bring, circle)] == [
        "line 2, column manager", "line 3, column manager", "line 4, column manager",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("login,family\nzoya,Мир".encode("cp1251"), "line 2: this is not UTF-8; save the file as CSV UTF-8"),
        ("login,family,shoe\n", "line 1, column shoe: no such column"),
        ("login,given\n", "line 1, column family: this column is missing"),
        ("login,login,family\n", "line 1, column login: this column stands twice"),
        ('login,family\nzoya,"Мир\n', "line 2: the quotes do not fit"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(bring: Callable[..., Report], text: str | bytes, fault: str) -> None:
    assert faults_of(bring, text)[0].startswith(fault)


def test_a_line_break_inside_a_cell_does_not_shift_the_lines_that_follow(bring: Callable[..., Report]) -> None:
    text = 'login,family,given\nzoya,Мир,"Зоя\nАня"\ngleb,,Глеб\n'

    assert [fault.partition(":")[0] for fault in faults_of(bring, text)] == [
        "line 2, column given",
        "line 4, column family",
    ]
