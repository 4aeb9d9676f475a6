"""Files: streamed, kept once, saved never shown, read through the door of their page."""

import errno
import io
import os
import threading

import pytest
from PIL import Image
from sqlalchemy import select

from acm import clock
from acm.pages.models import Draft, Event, File, PagePerson
from acm.pages.visibility import visible_page
from tests.cast import MONDAY

TEXT = ("log.txt", b"it broke at noon", "text/plain")


def upload(browser, page, *files, **fields):
    return browser.submit(f"/pages/{page.number}/files", fields, files=[("file", file) for file in files])


@pytest.fixture
def attached(session, case, browse):
    """Maria's file at her case."""
    session.commit()
    assert upload(browse("maria"), case, TEXT).status_code == 303
    return session.scalars(select(File)).one()


def test_a_file_is_kept_with_its_name_size_and_its_real_type(attached):
    assert (attached.name, attached.size, attached.media_type) == ("log.txt", 16, "text/plain")


def test_a_file_is_only_ever_saved(attached, browse):
    answer = browse("maria").get(f"/files/{attached.id}")

    assert answer.content == TEXT[1]
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_a_script_that_calls_itself_a_picture_is_saved_and_not_previewed(session, case, browse):
    session.commit()
    maria = browse("maria")
    upload(maria, case, ("cat.png", b"<svg onload=alert(1)></svg>", "image/png"))
    file = session.scalars(select(File)).one()

    assert maria.get(f"/files/{file.id}").headers["content-disposition"].startswith("attachment;")
    assert maria.get(f"/files/{file.id}/preview").status_code == 415


def test_a_picture_is_previewed_encoded_anew(session, case, browse):
    picture = io.BytesIO()
    Image.new("RGB", (900, 600), "red").save(picture, "PNG")
    session.commit()
    maria = browse("maria")
    upload(maria, case, ("screen.png", picture.getvalue(), "image/png"))
    file = session.scalars(select(File)).one()

    preview = maria.get(f"/files/{file.id}/preview?size=320")

    assert preview.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(preview.content)).size == (320, 213)


@pytest.mark.parametrize(
    ("login", "status"), [("maria", 200), ("oleg", 200), ("irina", 200), ("lev", 404), ("ada", 404)]
)
def test_a_file_is_read_by_those_who_see_its_page(attached, browse, login, status):
    assert browse(login).get(f"/files/{attached.id}").status_code == status


def test_a_file_that_is_not_there_and_a_foreign_one_answer_alike(attached, browse):
    lev = browse("lev")

    foreign, missing = lev.get(f"/files/{attached.id}"), lev.get("/files/999999")

    assert foreign.status_code == missing.status_code == 404
    assert "There is no such page" in foreign.text


def test_a_file_for_own_people_is_hidden_from_the_requester_everywhere(session, case, browse):
    session.commit()
    upload(browse("oleg"), case, TEXT, to="team")
    file = session.scalars(select(File)).one()

    assert file.audience == "internal"
    assert browse("maria").get(f"/files/{file.id}").status_code == 404
    assert browse("pavel").get(f"/files/{file.id}").status_code == 200


def test_the_requester_cannot_attach_for_own_people(session, case, browse):
    session.commit()

    assert upload(browse("maria"), case, TEXT, to="team").status_code == 403


def test_a_file_of_an_internal_comment_is_internal(session, case, browse):
    session.commit()
    browse("oleg").submit("/pages/IT-7/comments", {"text": "see", "to": "team"}, files=[("file", TEXT)])

    assert session.scalars(select(File)).one().audience == "internal"


def test_a_file_of_a_draft_is_read_by_its_person_alone(session, person, browse, runtime):
    stored = runtime.files.put(io.BytesIO(b"draft"), 100)
    draft = Draft(person_id=person("maria").id, key="service:x", saved_at=MONDAY)
    session.add(draft)
    session.flush()
    file = File(
        draft_id=draft.id, name="a.txt", media_type=stored.media_type, size=5, sha256=stored.sha256, at=MONDAY,
        author_id=person("maria").id,
    )  # fmt: skip
    session.add(file)
    session.commit()

    assert browse("maria").get(f"/files/{file.id}").status_code == 200
    assert browse("oleg").get(f"/files/{file.id}").status_code == 404


def test_a_removed_file_is_gone_and_the_history_says_who_did_it(attached, session, browse):
    maria = browse("maria")

    assert maria.submit(f"/files/{attached.id}/removal").status_code == 303

    assert maria.get(f"/files/{attached.id}").status_code == 404
    assert session.scalars(select(Event.kind).order_by(Event.id.desc())).first() == "file.removed"


def test_somebody_who_only_sees_the_page_cannot_remove_the_file_of_another(attached, session, case, person, browse):
    session.add(PagePerson(page_id=case.id, person_id=person("lev").id, role="participant"))
    session.commit()

    assert browse("lev").submit(f"/files/{attached.id}/removal").status_code == 403


def test_equal_files_sent_at_once_by_many_are_all_there_and_kept_once(session, case, browse, runtime):
    session.commit()
    browsers = [browse("maria") for _ in range(6)]
    answers = []

    def send(browser):
        answers.append(upload(browser, case, TEXT).status_code)

    threads = [threading.Thread(target=send, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    files = session.scalars(select(File)).all()
    assert answers == [303] * 6
    assert len(files) == 6
    assert len({file.sha256 for file in files}) == 1
    assert sum(1 for path in runtime.files.root.rglob("*") if path.is_file()) == 1


def test_a_full_disk_is_said_in_words_and_leaves_no_row_no_event_and_no_bytes(
    session, case, browse, runtime, monkeypatch
):
    session.commit()
    before = session.scalars(select(Event.id)).all()

    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    answer = upload(browse("maria"), case, TEXT)
    monkeypatch.undo()

    assert answer.status_code == 507
    assert session.scalars(select(File)).all() == []
    assert len(session.scalars(select(Event.id).where(Event.page_id == case.id)).all()) == len(before)
    assert [path for path in runtime.files.root.rglob("*") if path.is_file()] == []
    assert upload(browse("maria"), case, TEXT).status_code == 303, "it recovers without a restart"


def test_an_empty_file_is_refused_with_the_rest_of_its_request(session, case, browse):
    session.commit()

    assert upload(browse("maria"), case, TEXT, ("empty.txt", b"", "text/plain")).status_code == 422
    assert session.scalars(select(File)).all() == []


def test_a_page_that_one_sees_is_not_yet_one_that_one_adds_files_to(session, write, browse):
    article = write("VPN")
    session.commit()

    assert upload(browse("maria"), article, TEXT).status_code == 403
    assert upload(browse("oleg"), article, TEXT).status_code == 303


def test_the_clock_of_a_file_is_the_time_of_its_sending(attached):
    assert abs((clock.now() - attached.at).total_seconds()) < 60


def test_the_page_of_the_file_was_locked_and_read_through_the_door(session, case, grants):
    assert visible_page(session, grants("maria"), "it-7").id == case.id
