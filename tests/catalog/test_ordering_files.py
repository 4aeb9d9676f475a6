"""Files of an order: kept whatever else is wrong, sent at once or with the form, gone with the request."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.cases.models import Case
from acm.pages.models import File
from acm.pages.visibility import inside, unrestricted
from tests.catalog.conftest import question
from tests.catalog.test_ordering import fill, send

ITEMS = [
    question("items", "group", required=True, fields=[question("what", required=True), question("photo", "file")]),
    question("why", required=True),
]
PHOTO = ("desk.txt", b"a desk", "text/plain")


@pytest.fixture
def cases(session: Session) -> Callable[[], list[Case]]:
    def read() -> list[Case]:
        session.rollback()
        return list(session.scalars(unrestricted(select(Case).order_by(Case.id), "test")))

    return read


def test_files_survive_a_fault_and_go_with_the_request(offer: Any, browse: Any, cases: Any, session: Session) -> None:
    offer(form=[question("file", "file", required=True), question("why", required=True)])
    maria = browse("maria")
    failed = fill(maria, "it-004", files={"file": ("order.txt", b"words", "text/plain")})
    assert failed.status_code == 422
    assert "order.txt" in failed.text
    assert fill(maria, "it-004", why="because").status_code == 303
    assert "order.txt" in maria.get("/services/it-004/new/check").text
    send(maria, "it-004")
    (case,) = cases()
    assert session.scalars(inside(select(File.name).where(File.page_id == case.id))).all() == ["order.txt"]


def test_a_file_may_be_sent_at_once_and_taken_away(offer: Any, browse: Any, session: Session) -> None:
    offer(form=[question("file", "file"), question("why")])
    maria = browse("maria")
    row = maria.submit("/services/it-004/files?field=file", {}, files={"file": ("a.txt", b"x", "text/plain")})
    assert "a.txt" in row.text
    gone = fill(maria, "it-004", remove=re.findall(r'name="remove" value="(\d+)"', row.text)[0])
    assert gone.status_code == 200
    assert "a.txt" not in gone.text


def test_files_of_lines_that_come_with_the_last_answer_go_with_the_request(
    offer: Any, browse: Any, cases: Any, session: Session
) -> None:
    offer(form=ITEMS)
    maria = browse("maria")
    lines = {"items[0].what": "Lamp", "items[1].what": "Desk"}
    photos = {"items[0].photo": ("lamp.txt", b"a lamp", "text/plain"), "items[1].photo": PHOTO}
    assert fill(maria, "it-004", files=photos, why="new room", **lines).status_code == 303
    send(maria, "it-004")
    (case,) = cases()
    names = inside(select(File.id, File.name).where(File.page_id == case.id))
    held = {name: file_id for file_id, name in session.execute(names)}
    assert [row["photo"] for row in case.fields["items"]] == [[held["lamp.txt"]], [held["desk.txt"]]]


def test_files_of_a_line_survive_a_fault_and_go_with_the_request(
    offer: Any, browse: Any, cases: Any, session: Session
) -> None:
    offer(form=ITEMS)
    maria = browse("maria")
    failed = fill(
        maria, "it-004", files={"items[1].photo": PHOTO}, **{"items[0].what": "Lamp", "items[1].what": "Desk"}
    )
    kept = re.findall(r'name="items\[1\]\.photo" value="(\d+)"', failed.text)
    assert failed.status_code == 422
    assert "desk.txt" in failed.text
    assert 'enctype="multipart/form-data"' in failed.text

    fewer = fill(
        maria,
        "it-004",
        remove_items="0",
        why="new room",
        **{"items[0].what": "Lamp", "items[1].what": "Desk", "items[1].photo": kept},
    )
    assert fewer.status_code == 200
    assert f'name="items[0].photo" value="{kept[0]}"' in fewer.text

    assert fill(maria, "it-004", why="room", **{"items[0].what": "Desk", "items[0].photo": kept}).status_code == 303
    assert "desk.txt" in maria.get("/services/it-004/new/check").text
    send(maria, "it-004")
    (case,) = cases()
    assert case.fields["items"] == [{"what": "Desk", "photo": [int(kept[0])]}]
    assert session.scalars(inside(select(File.name).where(File.page_id == case.id))).all() == ["desk.txt"]
    assert "desk.txt" in maria.get("/requests/IT-1").text


def test_a_file_of_a_line_may_be_sent_at_once_and_taken_away(offer: Any, browse: Any, cases: Any) -> None:
    offer(form=ITEMS)
    maria = browse("maria")
    row = maria.submit("/services/it-004/files?field=items[0].photo", {}, files={"file": PHOTO})
    kept = re.findall(r'name="items\[0\]\.photo" value="(\d+)"', row.text)
    answers = {"why": "room", "items[0].what": "Desk", "items[0].photo": kept}
    gone = fill(maria, "it-004", remove=kept[0], **answers)
    assert gone.status_code == 200
    assert "desk.txt" not in gone.text
    fill(maria, "it-004", why="room", **{"items[0].what": "Desk"})
    send(maria, "it-004")
    assert cases()[0].fields["items"] == [{"what": "Desk"}]
    assert maria.submit("/services/it-004/files?field=items[0].what", {}, files={"file": PHOTO}).status_code == 404


def test_a_file_of_somebody_else_cannot_be_named_in_a_line(offer: Any, browse: Any) -> None:
    offer(form=ITEMS)
    row = browse("oleg").submit("/services/it-004/files?field=items[0].photo", {}, files={"file": PHOTO})
    (theirs,) = re.findall(r'name="items\[0\]\.photo" value="(\d+)"', row.text)
    answer = fill(browse("maria"), "it-004", why="room", **{"items[0].what": "Desk", "items[0].photo": theirs})
    assert answer.status_code == 422
    assert "desk.txt" not in answer.text


def test_an_empty_file_is_a_fault_in_words(offer: Any, browse: Any) -> None:
    offer(form=[question("file", "file"), question("why")])
    answer = fill(browse("maria"), "it-004", files={"file": ("a.txt", b"", "text/plain")})
    assert answer.status_code == 422
    assert "The file is empty" in answer.text
