"""The results page, the quick hits and the API: what is found is shown, in words, to those who may see it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from acm import clock
from acm.app import Application
from acm.journal import Origin
from acm.pages.models import Page
from acm.pages.numbering import next_number
from acm.pages.schema import stored_version
from acm.pages.types import PageType
from acm.people.models import Person
from acm.search.feed import Indexer

ARTICLE = PageType(key="article", names={"ru": "Статья", "en": "Article"}, kind="article", series="KB", translated=True)

TEXTS = {
    "ru": {"title": "Как подключить VPN", "body": "Поставьте клиент и войдите. Справка о доходах тут ни при чём."},
    "en": {"title": "How to connect the VPN", "body": "Install the client & sign in <b>now</b>."},
}


@pytest.fixture
def indexed(app: Application, session: Session, person: Callable[[str], Person]) -> Application:
    """The application with a public article, a confidential page of Vera's, and the people in its index."""
    now = clock.now()
    version = stored_version(session, ARTICLE).id
    for title, texts, given in (
        ("Как подключить VPN", TEXTS, {"public": True}),
        ("Тайная справка", {}, {"confidential": True, "requester_id": person("vera").id}),
    ):
        page = Page(
            kind="article",
            number=next_number(session, "KB"),
            type="article",
            type_version_id=version,
            title=title,
            texts=texts,
            opened_at=now,
            updated_at=now,
            **given,
        )
        session.add(page)
        session.flush()
        page.record("page.created", Origin(by=None, at=now))
    session.commit()
    Indexer(app.runtime.parts["search"]).reindex(app.runtime.db)
    return app


def test_results_stand_in_groups_with_marked_words(indexed: Application, browse) -> None:
    page = browse("maria").get("/search", params={"q": "vpn"})
    assert page.status_code == 200
    assert "<mark>VPN</mark>" in page.text
    assert "How to connect the" in page.text
    assert "/kb/KB-1" in page.text
    assert 'data-total="1"' in page.text


def test_texts_of_people_are_escaped(indexed: Application, browse) -> None:
    page = browse("maria").get("/search", params={"q": "client"})
    assert "&lt;b&gt;" in page.text or "<b>now</b>" not in page.text
    answer = browse("maria").get("/search", params={"q": '"><script>alert(1)</script>'})
    assert "<script>alert" not in answer.text


def test_a_correction_is_said_with_a_way_to_the_exact_words(indexed: Application, browse) -> None:
    page = browse("maria").get("/search", params={"q": "подключиьь мзт"}, headers={"accept-language": "ru"})
    assert "<b>подключить vpn</b>" in page.text
    assert "exact=1" in page.text
    exact = browse("maria").get("/search", params={"q": "подключиьь мзт", "exact": "1"})
    assert "KB-1" not in exact.text


def test_what_one_may_not_see_shows_nowhere(indexed: Application, browse) -> None:
    for address in (
        "/search?q=справка",
        "/search?q=тайная",
        "/search?q=справка&kind=article",
        "/search/suggest?q=тайн",
    ):
        page = browse("maria").get(address)
        assert page.status_code == 200
        assert "Тайная" not in page.text, address
        assert "KB-2" not in page.text, address
    assert "Тайная" in browse("vera", lang="ru").get("/search?q=тайная").text
    assert 'data-total="1"' in browse("maria").get("/search?q=справка").text


def test_an_index_that_lags_shows_nothing_that_the_door_holds_back(
    indexed: Application, browse, session: Session
) -> None:
    page = session.query(Page).prefix_with("/*door:system:test*/").filter(Page.number == "KB-1").one()
    page.public = False
    session.commit()
    answer = browse("maria").get("/search?q=vpn")
    assert "KB-1" not in answer.text
    body = browse("maria").get("/api/v1/search?q=vpn").json()
    assert (body["items"], body["total"]) == ([], 0)


def test_people_are_found(indexed: Application, browse) -> None:
    page = browse("maria", lang="ru").get("/search?q=ким")
    assert "/people/oleg" in page.text
    assert "ИТ-служба, Москва" in page.text


def test_one_kind_is_listed_in_pages(indexed: Application, browse) -> None:
    page = browse("maria").get("/search?q=moscow&kind=person")
    assert 'data-total="7"' in page.text or 'data-total="8"' in page.text
    assert 'aria-current="true"' in page.text


def test_nothing_found_says_what_to_do(indexed: Application, browse) -> None:
    page = browse("maria").get("/search?q=абырвалг")
    assert "Nothing found for" in page.text
    assert "/services" in page.text


def test_before_the_first_index_the_page_says_so(app: Application, browse) -> None:
    assert "being prepared" in browse("maria").get("/search?q=vpn").text


def test_without_a_question_there_is_a_field(indexed: Application, browse) -> None:
    page = browse("maria").get("/search")
    assert page.status_code == 200
    assert 'name="q"' in page.text


def test_quick_hits_are_a_fragment(indexed: Application, browse) -> None:
    page = browse("maria").get("/search/suggest?q=how to con")
    assert "<html" not in page.text
    assert "/kb/KB-1" in page.text
    assert "/search?q=how+to+con" in page.text
    assert browse("maria").get("/search/suggest?q=").text.strip() == ""


def test_strange_addresses_are_no_errors(indexed: Application, browse) -> None:
    for address in ("/search?q=vpn&kind=nothing", "/search?q=vpn&offset=-1", "/search?q=vpn&department=x&term=%00",
                    "/search?q=%00", "/search?q=vpn&updated=never", "/search?kind=case&offset=999999"):  # fmt: skip
        assert browse("maria").get(address).status_code == 200, address


def test_strangers_sign_in_first(indexed: Application, browse) -> None:
    assert browse().get("/search?q=vpn").status_code in (302, 303, 401)
    assert browse().get("/api/v1/search?q=vpn").status_code == 401


def test_the_api_answers_the_same(indexed: Application, browse) -> None:
    body = browse("maria").get("/api/v1/search?q=vpn&lang=en").json()
    (item,) = body["items"]
    assert (item["number"], item["kind"], item["title"]) == ("KB-1", "article", "How to connect the VPN")
    assert {"text": "VPN", "match": True} in item["marked"]
    assert (body["next"], body["total"], body["kinds"]) == (None, 1, {"article": 1})
    assert browse("maria").get("/api/v1/search?q=мзт").json()["corrected"] == "vpn"


def test_the_api_pages_by_cursor(indexed: Application, browse) -> None:
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        body = browse("maria").get(f"/api/v1/search?kind=person&limit=3&cursor={cursor}").json()
        seen += [item["key"] for item in body["items"]]
        cursor = body["next"]
    assert len(seen) == len(set(seen)) == 8


@pytest.mark.parametrize("wrong", ["limit=0", "limit=201", "cursor=x", "kind=x", "updated=x", "q=" + "a" * 300])
def test_the_api_refuses_what_makes_no_sense(indexed: Application, browse, wrong: str) -> None:
    answer = browse("maria").get(f"/api/v1/search?{wrong}")
    assert answer.status_code == 422


def test_a_results_page_needs_few_statements(indexed: Application, browse) -> None:
    browser = browse("maria")
    browser.get("/search?q=vpn")
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        browser.get("/search?q=москва vpn")
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    counted = [
        one for one in statements if not one.startswith(("BEGIN", "PRAGMA", "COMMIT", "SELECT set_config", "LOCK"))
    ]
    assert len(counted) <= 12, counted
