"""Forged requests: nothing is written without the token of the browser's own form, not even a sign-in."""

import pytest
from sqlalchemy import select

from acm import clock
from acm.people.models import SignIn
from acm.people.signin import issue_token
from acm.web import csrf
from tests.cast import PASSWORD


def test_a_form_of_signing_in_needs_its_token_too(browse, session):
    answer = browse().post("/login", data={"login": "maria", "password": PASSWORD})

    assert answer.status_code == 403
    assert session.scalars(select(SignIn)).all() == []


def test_a_token_of_one_browser_is_worth_nothing_in_another(browse):
    maria, oleg = browse("maria"), browse("oleg")

    assert maria.post("/logout", headers={"x-csrf-token": oleg.headers["x-csrf-token"]}).status_code == 403


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"}, {"origin": "null"}], ids=str
)
def test_a_form_sent_from_another_site_is_refused_even_with_the_token(browse, headers):
    assert browse("maria").submit("/logout", headers=headers).status_code == 403


def test_the_page_itself_tells_its_own_scripts_the_token(browse):
    page = browse().get("/login")
    ticket = page.cookies[csrf.ANONYMOUS_COOKIE]

    assert ticket
    assert 'name="csrf-token" content="' in page.text


def test_a_bearer_token_rides_on_no_cookie_and_needs_no_form_token(browse, session, person):
    token = issue_token(session, person("maria"), name="", scopes=["read"], days=1, now=clock.now())
    session.commit()

    answer = browse().post("/logout", headers={"authorization": f"Bearer {token}"})

    assert answer.status_code == 403
    assert "no scope to write" in answer.text
