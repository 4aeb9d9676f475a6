"""Writing pages: revisions, the second editor, returning to an earlier text."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from acm.errors import Invalid, NotFound, Stale
from acm.journal import Event, Origin
from acm.pages.visibility import visible_page
from acm.pages.writing import edit_page, restore, revision, revisions
from tests.cast import MONDAY

LATER = MONDAY + timedelta(hours=1)


@pytest.fixture
def by(person):
    return lambda login, at=LATER: Origin(person(login), at)


def events(session, page):
    return [e.kind for e in session.scalars(select(Event).where(Event.page_id == page.id).order_by(Event.id))]


def test_a_new_page_has_a_number_a_first_revision_and_a_first_event(session, write):
    article = write("VPN", "text")

    assert article.number == "KB-1"
    assert [r.version for r in revisions(session, article)] == [1]
    assert events(session, article) == ["page.created"]


def test_title_and_text_of_a_translated_page_follow_the_readers_language(write):
    article = write("VPN", "text")

    assert (article.title_in("en"), article.title_in("ru"), article.title) == ("VPN", "VPN ру", "VPN ру")


def test_a_change_keeps_what_stood_there(session, write, by):
    article = write("VPN", "old")

    edit_page(session, article, {"texts": {"en": {"title": "VPN", "body": "new"}}}, 1, by("oleg"))

    assert article.version == 2
    assert revision(session, article, 1).texts["en"]["body"] == "old"
    assert revision(session, article, 2).author_id == by("oleg").by.id


def test_saving_the_same_text_again_is_no_version(session, write, by):
    article = write("VPN", "old")

    assert edit_page(session, article, {"texts": article.texts}, 1, by("oleg")) is None
    assert article.version == 1


def test_the_second_of_two_editors_is_told_with_both_texts_and_nothing_is_overwritten(session, write, by):
    article = write("VPN", "old")
    edit_page(session, article, {"texts": {"en": {"title": "VPN", "body": "first"}}}, 1, by("oleg"))

    with pytest.raises(Stale) as refusal:
        edit_page(session, article, {"texts": {"en": {"title": "VPN", "body": "second"}}}, 1, by("pavel"))

    assert refusal.value.extra["theirs"]["texts"]["en"]["body"] == "first"
    assert refusal.value.extra["yours"]["texts"]["en"]["body"] == "second"
    assert article.body_in("en") == "first"


def test_fields_are_merged_and_an_empty_one_is_taken_away(session, write, by):
    article = write("VPN", fields={"checked_until": "2027-01-01", "old": 1})

    edit_page(session, article, {"fields": {"old": None, "new": 2}}, 1, by("oleg"))

    assert article.fields == {"checked_until": "2027-01-01", "new": 2}


def test_an_earlier_text_comes_back_as_the_newest_version(session, write, by):
    article = write("VPN", "first")
    edit_page(session, article, {"texts": {"en": {"title": "VPN", "body": "second"}}}, 1, by("oleg"))

    restore(session, article, revision(session, article, 1), 2, by("oleg"))

    assert article.version == 3
    assert article.body_in("en") == "first"
    assert [r.version for r in revisions(session, article)] == [3, 2, 1]


def test_a_page_without_a_title_is_refused_and_so_is_an_endless_one(session, write, by):
    article = write("VPN")

    for texts, field in (
        ({"en": {"title": " ", "body": ""}}, "title"),
        ({"en": {"title": "A", "body": ""}, "ru": {"title": "", "body": "text"}}, "title_ru"),
        ({"en": {"title": "A" * 301, "body": ""}}, "title"),
        ({"en": {"title": "A", "body": "x" * 100_001}}, "body"),
    ):
        with pytest.raises(Invalid) as refusal:
            edit_page(session, article, {"texts": texts}, 1, by("oleg"))
        assert field in refusal.value.errors
    assert article.version == 1


def test_a_version_that_never_was_is_not_found(session, write):
    with pytest.raises(NotFound):
        revision(session, write("VPN"), 9)


def test_a_page_that_was_imported_without_revisions_gets_its_first_one_at_the_first_change(session, case, by, grants):
    page = visible_page(session, grants("maria"), "IT-7", lock=True)

    edit_page(session, page, {"title": "VPN is slow"}, 1, by("oleg"))

    assert [(r.version, r.title) for r in revisions(session, page)] == [(2, "VPN is slow"), (1, "VPN")]
