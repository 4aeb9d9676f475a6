"""What was typed survives the answer that it is not taken: an ended session, an old form, a refusal."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import select

from acm import clock
from acm.pages.models import Comment
from acm.pages.visibility import unrestricted
from acm.people.models import SignIn

HERE = {"origin": "http://testserver", "sec-fetch-site": "same-origin"}
WORDS = "It began on <Monday>,\nafter the update"


@pytest.fixture
def signed_out(session):
    """``signed_out(browser)``: every session of everybody has ended meanwhile."""

    def end():
        for one in session.scalars(select(SignIn)):
            one.ended_at = clock.now()
        session.commit()

    return end


def typed(html, action):
    """The fields of the form that sends it again."""
    form = html.partition(f'method="post" action="{action}"')[2].partition("</form>")[0]
    found = re.findall(r'<(?:input|textarea)[^>]*? name="(\w+)"[^>]*?(?: value="|>\n)([^"<]*)', form)
    return {name: unescape(value) for name, value in found}


def comments(session):
    session.expire_all()
    return [one.body for one in session.scalars(unrestricted(select(Comment), "test"))]


def test_a_comment_written_in_a_session_that_has_ended_is_sent_again_after_signing_in(
    browse, open_request, session, signed_out
):
    case, address = open_request("VPN fails", owner="oleg"), "/cases/{}/comments"
    address = address.format(case.number)
    oleg = browse("oleg")
    signed_out()

    out = oleg.submit(address, {"text": WORDS, "to": "all"}, headers=HERE)
    assert out.status_code == 401
    assert "You were signed out" in out.text
    assert typed(out.text, address)["text"] == WORDS

    anew = browse("oleg")  # he signs in in another window: the same browser, another session
    old_form = anew.post(address, data=typed(out.text, address), headers={**HERE, "x-csrf-token": ""})
    assert old_form.status_code == 403
    again = typed(old_form.text, address)
    assert again["text"] == WORDS
    del anew.headers["x-csrf-token"]
    assert anew.post(address, data=again, headers=HERE).status_code == 303
    assert comments(session) == [WORDS]


def test_a_fragment_leaves_the_page_with_its_text_and_says_how_to_go_on(browse, open_request, signed_out):
    case = open_request("VPN fails", owner="oleg")
    oleg, hx = browse("oleg"), {**HERE, "hx-request": "true"}
    signed_out()

    out = oleg.submit(f"/cases/{case.number}/comments", {"text": WORDS}, headers=hx)

    assert (out.status_code, out.headers.get("hx-redirect")) == (401, None)
    assert 'href="/login" target="_blank"' in out.text

    anew = browse("oleg")
    token = anew.headers.pop("x-csrf-token")
    old = anew.post(f"/cases/{case.number}/comments", data={"text": WORDS}, headers={**hx, "x-csrf-token": "old"})
    assert (old.status_code, old.headers["x-csrf-token"]) == (403, token), "the page goes on with the token of now"


def test_a_refusal_gives_the_words_back(browse, open_request):
    case = open_request("VPN fails", owner="oleg")

    answer = browse("oleg").submit(f"/cases/{case.number}/state", {"state": "nowhere", "comment": WORDS}, headers=HERE)

    assert answer.status_code == 409
    assert typed(answer.text, f"/cases/{case.number}/state") | {"csrf_token": ""} == {
        "csrf_token": "", "state": "nowhere", "comment": WORDS,
    }  # fmt: skip


def test_nothing_is_offered_to_send_that_another_site_may_have_sent(browse, open_request):
    case = open_request("VPN fails", owner="oleg")
    oleg = browse("oleg")
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {}):
        answer = oleg.post(
            f"/cases/{case.number}/comments", data={"text": WORDS}, headers={**headers, "x-csrf-token": "guessed"}
        )
        assert answer.status_code == 403
        assert "Monday" not in answer.text


def test_a_password_never_comes_back(browse, signed_out):
    oleg = browse("oleg")
    signed_out()

    answer = oleg.submit("/me/password", {"old_password": "tell none", "password": "tell nobody"}, headers=HERE)

    assert "tell n" not in answer.text
