"""Ordering on the portal, as a browser without scripts does it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from acm.cases.models import Case
from acm.catalog.contributions import contributions
from acm.catalog.publishing import sync_services
from acm.db import Database
from acm.pages.models import Draft
from acm.pages.visibility import unrestricted
from acm.people.models import Person
from acm.web.runtime import Runtime
from tests.catalog.conftest import question, words

By = Callable[[str], Person]
FORM = [question("reason", "long_text", required=True), question("phone", "phone", prefill="my_phone")]
HOTEL = [
    question("city", required=True),
    question("hotel", "yes_no"),
    question("wishes", "long_text", shown_when="hotel", required=True),
]


@pytest.fixture
def cases(session: Session) -> Callable[[], list[Case]]:
    def read() -> list[Case]:
        session.rollback()
        return list(session.scalars(unrestricted(select(Case).order_by(Case.id), "test")))

    return read


@pytest.fixture
def counted(database: Database) -> Iterator[list[str]]:
    """Every statement sent to the database from now on."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK", "PRAGMA")):
            sent.append(statement)

    for engine in (database.read_engine, database.write_engine):
        event.listen(engine, "before_cursor_execute", note)
    yield sent
    for engine in (database.read_engine, database.write_engine):
        event.remove(engine, "before_cursor_execute", note)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return unescape(found[1]) if found else ""


def text_of(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def fill(browser: Any, slug: str, step: int = 1, files: Any = None, **answers: Any) -> Any:
    """Open a question page and send it with these answers, as its form stands."""
    page = browser.get(f"/services/{slug}/new?step={step}").text
    sent = {"step": step, "asked": hidden(page, "asked"), "who": "me", **answers}
    return browser.submit(f"/services/{slug}/new", sent, **({"files": files} if files else {}))


def send(browser: Any, slug: str, **more: Any) -> Any:
    page = browser.get(f"/services/{slug}/new/check").text
    return browser.submit(f"/services/{slug}/requests", {"key": hidden(page, "key"), **more})


def test_a_simple_service_is_ordered_in_three_pages_from_the_home(offer: Any, browse: Any, cases: Any) -> None:
    offer(form=FORM)
    maria = browse("maria")
    assert 'href="/services/it-004/new"' in maria.get("/").text
    answer = fill(maria, "it-004", reason="Work from home")
    assert answer.headers["location"] == "/services/it-004/new/check"
    check = maria.get("/services/it-004/new/check")
    assert "Work from home" in check.text
    sent = send(maria, "it-004")
    assert sent.headers["location"] == "/services/it-004/sent/IT-1"
    page = text_of(maria.get("/services/it-004/sent/IT-1").text)
    assert "The request is sent" in page
    assert "IT-1" in page
    (case,) = cases()
    assert case.fields == {"reason": "Work from home"}
    assert "VPN access: Work from home" in text_of(maria.get("/").text)


def test_what_is_known_is_filled_in(offer: Any, browse: Any, session: Session, person: By) -> None:
    offer(form=FORM)
    person("maria").phone = "+7 900 000-00-01"
    session.commit()
    assert 'value="+7 900 000-00-01"' in browse("maria").get("/services/it-004/new").text


def test_a_failed_page_keeps_every_answer_and_leads_to_the_first_fault(offer: Any, browse: Any) -> None:
    offer(form=FORM)
    answer = fill(browse("maria"), "it-004", reason="", phone="+7 917 555-01")
    assert answer.status_code == 422
    assert re.search(r'id="errsum"[^>]*autofocus', answer.text)
    assert re.findall(r'<li><a href="#([\w-]+)"', answer.text) == ["reason", "phone"]
    assert 'value="+7 917 555-01"' in answer.text
    assert "2 digits short" in answer.text


def test_an_answer_opens_its_question_also_without_script(offer: Any, browse: Any, cases: Any) -> None:
    offer(form=HOTEL)
    maria = browse("maria")
    assert "wishes" not in maria.get("/services/it-004/new").text
    opened = fill(maria, "it-004", city="Kazan", hotel="yes")
    assert opened.status_code == 200
    assert 'name="wishes"' in opened.text
    assert "errsum" not in opened.text
    assert fill(maria, "it-004", city="Kazan", hotel="yes").status_code == 422
    assert fill(maria, "it-004", city="Kazan", hotel="no", wishes="a view").status_code == 303
    send(maria, "it-004")
    assert cases()[0].fields == {"city": "Kazan", "hotel": False}


def test_a_change_draws_the_form_alone_for_scripts(offer: Any, browse: Any) -> None:
    offer(form=HOTEL)
    maria = browse("maria")
    sent = {"step": 1, "asked": "city,hotel", "hotel": "yes", "refresh": "1"}
    answer = maria.submit("/services/it-004/new", sent, headers={"hx-request": "true"})
    assert answer.text.lstrip().startswith("<form")
    assert 'name="wishes"' in answer.text
    assert "<html" not in answer.text


def test_for_a_colleague_the_form_asks_who(offer: Any, browse: Any, cases: Any, person: By) -> None:
    offer(form=FORM)
    vera = browse("vera")
    asked = fill(vera, "it-004", who="other", reason="x")
    assert 'name="for_person"' in asked.text
    unknown = fill(vera, "it-004", who="other", for_person="Nobody Known", reason="x")
    assert unknown.status_code == 422
    assert 'value="Nobody Known"' in unknown.text
    assert fill(vera, "it-004", who="other", for_person="Соколова", reason="x").status_code == 303
    send(vera, "it-004", watch="yes")
    (case,) = cases()
    assert (case.requester_id, case.beneficiary_id) == (person("vera").id, person("maria").id)
    assert browse("maria").get("/requests/IT-1").status_code == 200


def test_a_pause_keeps_the_draft_and_the_home_offers_it(offer: Any, browse: Any, session: Session) -> None:
    offer(form=FORM)
    maria = browse("maria")
    kept = maria.submit("/services/it-004/draft", {"step": 1, "asked": "reason,phone", "reason": "half a sen"})
    assert kept.text.startswith("Saved: today")
    home = maria.get("/").text
    assert "Draft: VPN access" in home
    assert "half a sen" in maria.get("/services/it-004/new").text
    assert "half a sen" not in browse("vera").get("/services/it-004/new").text
    dropped = fill(maria, "it-004", drop="1")
    assert dropped.headers["location"] == "/services/it-004"
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Draft)) == 0


def test_a_long_form_is_cut_into_pages_that_keep_what_was_said(offer: Any, browse: Any, cases: Any) -> None:
    offer(form=[question(f"q{n}", required=True) for n in range(7)])
    maria = browse("maria")
    first = fill(maria, "it-004", 1, q0="a", q1="b", q2="c", q3="d")
    assert first.headers["location"] == "/services/it-004/new?step=2"
    skipped = maria.get("/services/it-004/new/check")
    assert skipped.status_code == 422
    assert 'name="q4"' in skipped.text
    assert fill(maria, "it-004", 2, q4="e", q5="f", q6="g").headers["location"] == "/services/it-004/new/check"
    send(maria, "it-004")
    assert cases()[0].fields == {f"q{n}": letter for n, letter in enumerate("abcdefg")}


def test_pressing_send_twice_files_once(offer: Any, browse: Any, cases: Any) -> None:
    offer(form=FORM)
    maria = browse("maria")
    fill(maria, "it-004", reason="x")
    key = hidden(maria.get("/services/it-004/new/check").text, "key")
    first = maria.submit("/services/it-004/requests", {"key": key})
    second = maria.submit("/services/it-004/requests", {"key": key})
    assert first.headers["location"] == second.headers["location"] == "/services/it-004/sent/IT-1"
    assert len(cases()) == 1


def test_a_request_can_be_filed_again_like_an_earlier_one(offer: Any, browse: Any, cases: Any) -> None:
    offer(form=FORM)
    maria = browse("maria")
    fill(maria, "it-004", reason="Again and again")
    send(maria, "it-004")
    page = maria.get("/services/it-004/new?like=IT-1").text
    assert "Again and again" in page
    answer = maria.submit(
        "/services/it-004/new", {"step": 1, "asked": hidden(page, "asked"), "like": hidden(page, "like")}
    )
    assert answer.status_code == 303
    assert browse("lev").get("/services/it-004/new?like=IT-1").status_code == 404


def test_a_service_whose_plugin_is_away_says_so_and_keeps_what_was_typed(offer: Any, browse: Any, cases: Any) -> None:
    offer(form=FORM, opens="itsm.incident")
    maria = browse("maria")
    assert "Not available now" in maria.get("/services/it-004").text
    fill(maria, "it-004", reason="x")
    answer = send(maria, "it-004")
    assert answer.status_code == 503
    assert "Your answers are kept" in text_of(answer.text)
    assert cases() == []
    assert "Draft: VPN access" in maria.get("/").text


def test_what_stands_in_no_catalogue_is_asked_in_free_words(
    browse: Any, session: Session, runtime: Runtime, cases: Any, department: Any
) -> None:
    sync_services(session, runtime.snapshot)
    session.commit()
    maria = browse("maria")
    assert maria.get("/services/other").status_code == 200
    fill(maria, "other", subject="An old contract", details="Sign it", department=department("legal").id)
    send(maria, "other")
    (case,) = cases()
    assert (case.title, case.group.key, case.department.key) == ("Something else: An old contract", "legal", "legal")
    assert case.number == "RQ-1"


def test_a_service_for_others_is_not_there(offer: Any, browse: Any) -> None:
    offer(audience=["department:hr"])
    lev = browse("lev")
    for path in ("/services/it-004", "/services/it-004/new", "/services/it-004/new/check"):
        assert lev.get(path).status_code == 404
    assert lev.submit("/services/it-004/requests", {"key": "x"}).status_code == 404
    assert "VPN access" not in lev.get("/services").text


def test_the_confirmation_is_for_the_requester_alone(offer: Any, browse: Any) -> None:
    offer(form=FORM)
    maria = browse("maria")
    fill(maria, "it-004", reason="x")
    send(maria, "it-004")
    assert browse("oleg").get("/services/it-004/sent/IT-1").status_code == 404


def test_the_catalogue_is_read_by_letter_and_by_department(offer: Any, browse: Any) -> None:
    offer()
    offer("HR-001", department="hr", owner_group="hr-ops", name=words("Leave"))
    maria = browse("maria")
    everything = text_of(maria.get("/services").text)
    assert "Leave" in everything
    assert "VPN access" in everything
    assert "VPN access" not in maria.get("/services?department=hr").text
    assert maria.get("/services?department=moon").status_code == 404


def test_every_word_is_there_in_russian(offer: Any, browse: Any) -> None:
    offer(form=HOTEL, approvals=[{"step": 1, "role": "line_manager"}])
    maria = browse("maria", lang="ru")
    assert "Здравствуйте, Мария. Чем помочь?" in maria.get("/").text
    assert "Согласует" in maria.get("/services/it-004").text
    assert "Кто займётся заявкой" in maria.get("/services/it-004/new").text


@pytest.mark.parametrize(
    "path", ["/", "/services", "/services?department=it", "/services/it-004", "/services/it-004/new"]
)
def test_a_page_takes_no_more_than_12_statements_however_much_there_is(
    offer: Any, browse: Any, counted: list[str], path: str
) -> None:
    for number in range(1, 12):
        offer(f"IT-{number:03}", form=FORM, approvals=[{"step": 1, "role": "line_manager"}])
    maria = browse("maria")
    for number in (1, 2, 4):
        fill(maria, f"it-{number:03}", reason="x")
        send(maria, f"it-{number:03}") if number != 4 else None
    maria.get("/")
    counted.clear()
    assert maria.get(path).status_code == 200
    assert len(counted) <= 12, "\n".join(counted)


def test_sending_takes_no_more_than_25_statements(offer: Any, browse: Any, counted: list[str]) -> None:
    offer(form=FORM, approvals=[{"step": 1, "role": "line_manager"}])
    maria = browse("maria")
    for _round in range(2):
        fill(maria, "it-004", reason="x")
        key = hidden(maria.get("/services/it-004/new/check").text, "key")
        counted.clear()
        assert maria.submit("/services/it-004/requests", {"key": key}).status_code == 303
    assert len(counted) <= 25, "\n".join(counted)


def test_the_core_gives_its_own_types_and_the_service_of_free_words() -> None:
    assert {(c.point, c.key) for c in contributions()} >= {
        ("page_type", "service"), ("page_type", "request"), ("service", "other"), ("menu.portal", "catalog"),
    }  # fmt: skip


def test_a_change_of_the_colleague_draws_the_approver_anew(offer: Any, browse: Any) -> None:
    offer(form=FORM, approvals=[{"step": 1, "role": "line_manager"}])
    vera = browse("vera")
    assert "Anna Latin" in vera.get("/services/it-004/new").text
    sent = {"step": 1, "asked": "reason,phone", "who": "other", "for_person": "oleg", "refresh": "1"}
    answer = vera.submit("/services/it-004/new", sent, headers={"hx-request": "true"})
    aside = answer.text.partition("<hx-partial")[2]
    assert "Irina Latin" in aside
    assert "Anna Latin" not in aside


def test_the_title_of_a_page_with_faults_begins_with_error(offer, browse):
    offer(form=[question("reason", "text", required=True)])

    page = browse("maria").post("/services/it-004/new", data={"step": "1", "reason": ""})

    assert page.status_code == 422
    assert "<title>Error: VPN access" in page.text


def test_two_windows_on_one_draft_erase_nothing_of_each_other(offer, browse):
    offer(form=[question("reason", "text"), question("details", "text")])
    maria = browse("maria")
    one = {"step": "1", "tab": "one", "had": "", "reason": "first", "details": "from the first"}
    two = {"step": "1", "tab": "two", "had": "", "reason": "second", "details": ""}

    for sent in (one, two, two):
        maria.post("/services/it-004/draft", data=sent)

    page = maria.get("/services/it-004/new").text
    assert 'value="second"' in page
    assert 'value="from the first"' in page
    assert 'name="had" value="details,reason"' in page

    maria.post("/services/it-004/draft", data={**two, "tab": "three", "had": "reason,details"})
    assert 'value="from the first"' not in maria.get("/services/it-004/new").text


def test_a_form_of_an_ended_session_leads_back_to_its_page(offer, browse):
    offer()
    maria = browse("maria")

    refused = maria.post(
        "/services/it-004/new", data={"reason": "x"},
        headers={"x-csrf-token": "stale", "referer": "http://testserver/services/it-004/new"},
    )  # fmt: skip

    assert refused.status_code == 403
    assert 'href="/services/it-004/new"' in refused.text
    assert "Open the page again" in refused.text
