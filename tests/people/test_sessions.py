"""Sessions end: by idleness, by age, by a change of password, by an administrator."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from acm.people.models import SignIn
from acm.people.signin import end_sessions
from acm.web import csrf
from tests.cast import MONDAY, PASSWORD


@pytest.fixture
def clock():
    with time_machine.travel(MONDAY, tick=False) as travelling:
        yield travelling


def is_signed_in(browser):
    return browser.get("/login").status_code == 303


def test_a_session_that_is_not_used_for_eight_hours_ends(browse, clock):
    maria = browse("maria")

    clock.shift(timedelta(hours=7, minutes=59))
    assert is_signed_in(maria)

    clock.shift(timedelta(hours=8, minutes=1))
    assert not is_signed_in(maria)


def test_a_session_that_is_used_lives_on_but_not_beyond_seven_days(browse, clock):
    maria = browse("maria")

    for _ in range(23):
        clock.shift(timedelta(hours=7))
        assert is_signed_in(maria)
    clock.shift(timedelta(hours=7, minutes=1))

    assert not is_signed_in(maria)


def test_looking_at_a_page_writes_the_last_use_at_most_every_five_minutes(browse, session, clock):
    maria = browse("maria")
    seen = select(SignIn.seen_at)

    clock.shift(timedelta(minutes=4))
    maria.get("/login")
    assert session.scalar(seen) == MONDAY
    session.rollback()

    clock.shift(timedelta(minutes=2))
    maria.get("/login")
    assert session.scalar(seen) == MONDAY + timedelta(minutes=6)


def test_signing_in_gives_a_new_id_each_time(browse, session, app):
    first = browse("maria").cookies["acm"]
    second = browse("maria").cookies["acm"]

    assert first != second
    assert first not in {row.token_hash for row in session.scalars(select(SignIn))}


def test_a_session_that_was_ended_on_the_server_opens_nothing(browse, session, person, clock):
    maria = browse("maria")

    end_sessions(session, person("maria"), MONDAY)
    session.commit()

    assert not is_signed_in(maria)


def test_a_form_of_a_session_that_has_ended_leads_to_signing_in(browse, session, person, clock):
    maria = browse("maria")
    end_sessions(session, person("maria"), MONDAY)
    session.commit()

    answer = maria.submit("/logout")

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


def test_the_cookie_is_not_for_scripts_and_not_for_other_sites(browse, app):
    browser = browse()
    browser.cookies.set(csrf.ANONYMOUS_COOKIE, "ticket")
    token = csrf.sign(app.runtime.settings.key(), "ticket")

    answer = browser.post("/login", data={"login": "maria", "password": PASSWORD, "csrf_token": token})

    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_who_sends_a_form_after_the_session_has_ended_comes_back_to_it(browse, clock):
    maria = browse("maria")
    clock.shift(timedelta(hours=9))
    from_form = {"referer": "http://testserver/kb/new?topic=it"}

    assert maria.submit("/kb", headers=from_form).headers["location"] == "/login?next=%2Fkb%2Fnew%3Ftopic%3Dit"
    fragment = maria.get("/search/suggest?q=vpn", headers={**from_form, "hx-request": "true"})
    assert fragment.headers["hx-redirect"] == "/login?next=%2Fkb%2Fnew%3Ftopic%3Dit"
    elsewhere = maria.submit("/kb", headers={"referer": "http://elsewhere.example/kb/new"})
    assert elsewhere.headers["location"] == "/login?next=%2F"
