"""The history of a page as sentences in both languages, told to each reader as far as they may know."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from starlette.requests import Request

from acm.journal import Origin
from acm.pages.comments import add_comment
from acm.pages.history import runs, sentences
from acm.pages.links import link_pages
from acm.pages.people import take_part
from acm.pages.terms import add_to_page
from acm.pages.writing import edit_page, restore, revision
from acm.taxonomy.definitions import TermDefinition, VocabularyDefinition
from acm.taxonomy.vocabularies import find_term, sync_vocabulary
from acm.web.templating import UI
from tests.cast import MONDAY
from tests.statements import listening

TOPICS = VocabularyDefinition(
    key="topic", names={"ru": "Темы", "en": "Topics"},
    terms=(TermDefinition(key="vpn", names={"ru": "Удалёнка", "en": "Remote"}),),
)  # fmt: skip


@pytest.fixture
def tell(session, app, grants):
    """``tell(page, "maria")`` is what Maria reads in its history."""

    def lines(page, login="oleg", lang="en"):
        scope = {
            "type": "http", "app": app.api, "method": "GET", "path": "/", "query_string": b"", "state": {},
            "headers": [(b"accept-language", lang.encode())], "acm.snapshot": app.runtime.snapshot,
        }  # fmt: skip
        return sentences(session, page, grants(login), UI(Request(scope), session))

    return lines


def texts(lines):
    return [line.text.striptags() for line in lines]


@pytest.fixture
def at(person):
    return lambda login, minutes=0: Origin(person(login), MONDAY + timedelta(minutes=minutes))


def test_what_happened_reads_as_sentences_in_english(session, write, at, tell, person):
    article = write("VPN", "old")
    edit_page(session, article, {"texts": {"en": {"title": "VPN", "body": "new"}}}, 1, at("oleg", 1))
    restore(session, article, revision(session, article, 1), 2, at("pavel", 2))
    take_part(session, article, person("maria"), "mentioned", at("oleg", 3))

    assert texts(tell(article)) == [
        "Oleg Latin wrote this page",
        "Oleg Latin changed the text",
        "Pavel Latin restored version 1",
        "Oleg Latin mentioned Maria Latin",
    ]


def test_the_same_reads_in_russian_without_a_gender(session, write, at, tell):
    article = write("VPN", "old")
    edit_page(session, article, {"texts": {"en": {"title": "VPN", "body": "new"}}}, 1, at("oleg", 1))

    assert texts(tell(article, lang="ru")) == ["Олег Ким пишет эту страницу", "Олег Ким меняет текст"]


def test_terms_and_linked_pages_are_named_in_the_readers_language(session, write, at, tell):
    sync_vocabulary(session, TOPICS)
    one, other = write("VPN"), write("Proxy")
    add_to_page(session, one, find_term(session, "topic", "vpn"), at("oleg", 1))
    link_pages(session, one, other, "explains", at("oleg", 2))

    assert texts(tell(one, lang="ru"))[1:] == [
        "Олег Ким добавляет тег Удалёнка",
        "Олег Ким ставит связь: объясняет KB-2 Proxy ру",
    ]
    assert texts(tell(other))[1:] == ["Oleg Latin linked: is explained by KB-1 VPN"]


def test_a_page_that_the_reader_may_not_see_is_not_told_of(session, write, note, at, tell):
    article, secret = write("VPN"), note("Dismissal", owner="vera", confidential=True)
    link_pages(session, article, secret, "relates", at("oleg", 1))

    assert len(texts(tell(article, "vera"))) == 2
    assert len(texts(tell(article, "oleg"))) == 1


def test_internal_events_are_told_to_those_who_work_the_page_alone(session, case, at, tell):
    add_comment(session, case, "public", at("oleg", 1))
    add_comment(session, case, "between us", at("oleg", 2), audience="internal")

    assert texts(tell(case, "pavel")) == ["Oleg Latin wrote a message", "Oleg Latin wrote to own people"]
    assert texts(tell(case, "maria")) == ["Oleg Latin wrote a message"]


def test_whoever_acts_for_another_is_named_with_them(session, case, person, tell):
    origin = Origin(person("pavel"), MONDAY, instead_of=person("oleg"))
    add_comment(session, case, "public", origin)

    assert texts(tell(case)) == ["Pavel Latin instead of Oleg Latin wrote a message"]


def test_what_nobody_did_was_done_by_the_system(session, case, person, tell):
    take_part(session, case, person("lev"), "approver", Origin(None, MONDAY))

    assert texts(tell(case)) == ["The system asked Lev Latin to decide"]


def test_names_and_titles_cannot_bring_markup_into_a_sentence(session, write, person, at, tell):
    person("oleg").latin = "<img src=x onerror=alert(1)>"
    one, other = write("VPN"), write("<script>alert(1)</script>")
    link_pages(session, one, other, "relates", at("oleg", 1))

    told = "".join(str(line.text) for line in tell(one))

    assert "<script>" not in told
    assert "<img" not in told
    assert "&lt;img" in told


def test_neighbouring_events_of_one_person_stand_together(session, write, at, tell, person):
    article = write("VPN")
    for minute, login in enumerate(("maria", "vera", "lev"), 1):
        take_part(session, article, person(login), "participant", at("pavel", minute))
    take_part(session, article, person("ada"), "participant", at("pavel", 60))

    assert [len(run) for run in runs(tell(article))] == [1, 3, 1]


def test_the_statements_of_a_history_do_not_grow_with_its_length(session, write, at, tell, person, database):
    article = write("VPN")
    for minute, login in enumerate(("maria", "vera", "lev", "ada", "irina", "anna"), 1):
        take_part(session, article, person(login), "participant", at("pavel", minute))
    session.flush()

    with listening(database.write_engine) as counted:
        tell(article)

    reads = [sql for sql in counted if "person_role" not in sql and "department" not in sql.split("FROM")[-1]]
    assert len(reads) <= 6, reads


def test_an_address_in_a_file_name_is_no_format(session, case, at, tell):
    case.record("file.added", at("oleg", 1), {"file": 1, "name": quote("100 % готово.txt") + "%(who)s"})

    assert "%(who)s" in texts(tell(case))[0]
