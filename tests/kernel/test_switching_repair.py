"""A plugin in repair, or off: its addresses say so, nobody's words are lost, and it comes back."""

from __future__ import annotations

import re
from html import unescape
from zoneinfo import ZoneInfo

from sqlalchemy import select

from acm import clock
from acm.cases.opening import Opening, open_case
from acm.journal import Event, Origin
from acm.kernel import lifecycle
from acm.kernel.models import Plugin, Registry
from acm.pages.visibility import unrestricted
from tests.kernel.conftest import LOAN


def test_an_address_of_a_plugin_in_repair_says_since_when_and_why(write_plugin, enable, repair, browse):
    write_plugin()
    enable()
    repair(reason="Its database does not answer")

    answer = browse("maria").get("/p/loans/hello")

    assert answer.status_code == 503
    assert "Trial is under repair since" in answer.text
    assert "Its database does not answer" in answer.text
    assert answer.headers["retry-after"]


def test_a_form_sent_to_a_plugin_in_repair_comes_back_with_every_word(write_plugin, enable, repair, browse):
    write_plugin()
    enable()
    maria = browse("maria")
    repair()

    answer = maria.submit("/p/loans/deals", {"title": "Twenty chairs", "note": "for <Friday>", "password": "tell none"})

    assert answer.status_code == 503
    assert "Twenty chairs" in answer.text
    assert "for &lt;Friday&gt;" in answer.text
    assert "tell none" not in answer.text


def test_a_form_left_open_while_its_plugin_is_disabled_answers_409_and_keeps_the_text(
    write_plugin, enable, disable, browse
):
    write_plugin()
    enable()
    maria = browse("maria")
    disable()

    answer = maria.submit("/p/loans/deals", {"title": "Twenty chairs"})

    assert answer.status_code == 409
    assert "Trial was switched off at" in answer.text
    assert "Twenty chairs" in answer.text


TYPED = re.compile(r'<(?:input|textarea)[^>]*? name="(\w+)"[^>]*?(?: value="|>\n)([^"<]*)')
TAKES = """
from acm.sdk import Ctx, Submitted, router
from fastapi.responses import PlainTextResponse
pages = router()

@pages.post("/deals")
def take(ctx: Ctx, sent: Submitted):
    return PlainTextResponse(f"{sent.text('sum')}: {sent.text('note')}")

def register(p):
    p.router(pages)
"""


def test_what_came_back_is_sent_again_with_one_press_once_the_plugin_is_back(write_plugin, enable, disable, browse):
    write_plugin(code=TAKES)
    enable()
    maria = browse("maria")
    disable()
    came_back = maria.submit("/p/loans/deals", {"sum": "12", "note": "for\nFriday", "amount_currency": "RUB"}).text

    assert '<form class="stack" method="post" action="/p/loans/deals">' in came_back
    enable()
    form = came_back.partition('action="/p/loans/deals"')[2].partition("</form>")[0]
    again = {name: unescape(value) for name, value in TYPED.findall(form)}
    assert again["amount_currency"] == "RUB"
    assert maria.post("/p/loans/deals", data=again).text == "12: for\nFriday"


def test_what_came_back_bears_the_names_that_its_fields_have_in_the_types_of_the_plugin(
    write_plugin, enable, disable, browse, session, person, runtime
):
    write_plugin(code=LOAN.replace("series=", "fields=(Field(key='sum', label={'en': 'How much'}),), series=")
                 .replace("CaseType,", "CaseType, Field,"))  # fmt: skip
    enable()
    session.info["snapshot"] = runtime.snapshot
    opening = Opening(title="A projector", requester=person("maria"))
    definition = runtime.snapshot.find("page_type", "loans.loan")
    open_case(session, definition, opening, Origin(person("maria"), clock.now()), ZoneInfo("UTC"))
    maria = browse("maria")
    disable()

    came_back = maria.submit("/p/loans/deals", {"title": "Chairs", "sum": "12", "other": "x"}).text

    assert re.findall(r'<label [^>]*for="(?:title|sum|other)"[^>]*>([^<]*)<', came_back) == [
        "Title",
        "How much",
        "other",
    ]


def test_only_administrators_are_told_which_plugin_it_was_that_is_off(write_plugin, enable, disable, browse):
    write_plugin()
    enable()
    disable()

    told, untold = browse("ada").get("/p/loans/hello"), browse("maria").get("/p/loans/hello")

    assert (told.status_code, untold.status_code) == (404, 404)
    assert "Trial was switched off at" in told.text
    assert "Trial" not in untold.text


def test_who_is_not_signed_in_learns_nothing_of_a_plugin_in_repair(write_plugin, enable, repair, browse):
    write_plugin()
    enable()
    repair()

    answer = browse().get("/p/loans/hello")

    assert answer.status_code == 303
    assert browse().get("/api/p/loans/hello").status_code == 401


def test_the_api_of_a_plugin_in_repair_answers_a_problem(write_plugin, enable, repair, browse):
    write_plugin()
    enable()
    repair(reason="no room")

    answer = browse("maria").get("/api/p/loans/hello")

    assert (answer.status_code, answer.json()["type"], answer.json()["plugin"]) == (
        503,
        "/problems/plugin-away",
        "loans",
    )
    assert "no room" in answer.json()["detail"]


def test_repair_is_an_event_with_its_reason_that_every_process_follows(write_plugin, enable, repair, session):
    write_plugin()
    enable()
    before = session.scalar(select(Registry.version))
    session.commit()
    repair(reason="five errors in a minute")
    session.expire_all()

    event = session.scalars(unrestricted(select(Event).where(Event.kind == "plugin.in_repair"), "test")).one()
    assert event.data["reason"] == "five errors in a minute"
    assert session.scalar(select(Registry.version)) == before + 1
    assert session.get(Plugin, "loans").state == "in_repair"


def test_a_plugin_that_is_off_is_not_taken_into_repair(write_plugin, enable, disable, repair, session):
    write_plugin()
    enable()
    disable()
    repair()

    assert session.get(Plugin, "loans").state == "disabled"


def test_cases_of_a_plugin_in_repair_are_plain_pages_that_take_comments(
    write_plugin, enable, repair, browse, session, person, runtime
):
    write_plugin()
    enable()
    session.info["snapshot"] = runtime.snapshot
    definition = runtime.snapshot.find("page_type", "loans.loan")
    opening = Opening(title="A projector for Friday", requester=person("maria"))
    case = open_case(session, definition, opening, Origin(person("maria"), clock.now()), ZoneInfo("UTC"))
    session.commit()
    repair()
    maria = browse("maria")

    assert "A projector for Friday" in maria.get(f"/requests/{case.number}").text
    assert maria.submit(f"/requests/{case.number}/comments", {"text": "still there?"}).status_code == 303


def test_enabling_again_brings_it_back_from_repair(write_plugin, enable, repair, browse, session):
    write_plugin()
    enable()
    repair()

    enable()

    assert browse("maria").get("/p/loans/hello").status_code == 200
    assert session.get(Plugin, "loans").reason == ""


def test_an_administrator_takes_it_into_repair_by_page_and_by_api(write_plugin, enable, browse):
    write_plugin()
    enable()
    ada = browse("ada")

    ada.submit("/admin/plugins/loans/state", {"state": "in_repair", "reason": "I look into it", "generation": "1"})
    page = ada.get("/admin/plugins?plugin=loans").text
    assert "I look into it" in page
    assert "Probe again" in page
    ada.submit("/admin/plugins/loans/state", {"state": "enabled", "generation": "2"})
    answer = ada.post("/api/v1/plugins/loans/state", json={"state": "in_repair", "reason": "again"})

    assert (answer.json()["state"], answer.json()["reason"]) == ("in_repair", "again")


def test_lifecycle_has_the_last_word_on_repair_when_two_administrators_meet(write_plugin, enable, browse):
    write_plugin()
    enable()
    first, second = browse("ada"), browse("ada")

    assert first.submit("/admin/plugins/loans/state", {"state": "in_repair", "generation": "1"}).status_code == 303
    lost = second.submit("/admin/plugins/loans/state", {"state": "disabled", "generation": "1"})

    assert lost.status_code == 409
    assert lifecycle.ToggledMeanwhile.title in lost.text
