"""Signing in and out, sessions and forged requests."""

from sqlalchemy import select

from acm import clock
from acm.people.models import Person, SignIn
from acm.people.signin import issue_token
from acm.web import csrf
from tests.cast import PASSWORD


def test_the_process_says_that_it_lives_and_that_it_is_ready(browse):
    assert browse().get("/healthz").json() == {"status": "ok"}
    assert browse().get("/readyz").json()["status"] == "ready"


def test_a_right_password_opens_a_session_that_is_kept_on_the_server(browse, session, app):
    browser = browse()
    browser.cookies.set("acm_anonymous", "ticket")
    token = csrf.sign(app.runtime.settings.key(), "ticket")

    answer = browser.post("/login", data={"login": "maria", "password": PASSWORD, "csrf_token": token})

    assert answer.status_code == 303
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert session.scalars(select(SignIn)).one().ended_at is None


def test_signing_out_ends_the_session_everywhere(browse, session):
    browser = browse("maria")

    browser.submit("/logout")

    assert session.scalars(select(SignIn)).one().ended_at is not None


def test_a_form_without_its_token_is_refused(browse):
    maria = browse("maria")

    assert maria.post("/logout", headers={"x-csrf-token": ""}).status_code == 403
    assert maria.post("/logout", headers={"origin": "https://elsewhere.example"}).status_code == 403


def test_a_token_of_a_person_who_has_left_opens_nothing(browse, session):
    dan = session.scalars(select(Person).where(Person.login == "dan")).one()
    token = issue_token(session, dan, name="", scopes=["read"], days=None, now=clock.now())
    session.commit()

    assert browse().get("/api/v1/me", headers={"authorization": f"Bearer {token}"}).status_code in (401, 404)


def test_a_wrong_address_keeps_the_frame_of_who_reads(browse):
    known, stranger = browse("maria").get("/no/such/place"), browse().get("/no/such/place")

    assert (known.status_code, stranger.status_code) == (404, 404)
    assert 'action="/logout"' in known.text
    assert 'action="/logout"' not in stranger.text
