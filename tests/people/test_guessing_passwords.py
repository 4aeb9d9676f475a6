"""Guessing passwords: delays that grow, one answer for everybody, nobody locked out for good."""

from datetime import timedelta

import pytest
import time_machine

from acm.people.models import LoginThrottle
from acm.web import csrf
from tests.cast import MONDAY, PASSWORD


@pytest.fixture
def knock(browse, app):
    """``knock("maria", "secret")`` posts the sign-in form of a browser that nobody is signed in with."""
    browser = browse()
    browser.cookies.set(csrf.ANONYMOUS_COOKIE, "ticket")
    token = csrf.sign(app.runtime.settings.key(), "ticket")
    return lambda login, password: browser.post(
        "/login", data={"login": login, "password": password, "csrf_token": token}
    )


def test_the_page_of_signing_in_offers_the_form_and_keeps_where_one_was_going(browse):
    page = browse().get("/login?next=/requests/IT-1")

    assert page.status_code == 200
    assert 'name="password"' in page.text
    assert 'value="/requests/IT-1"' in page.text


def test_after_signing_in_one_is_never_sent_to_another_site(browse):
    assert 'value="/"' in browse().get("/login?next=https://elsewhere.example/").text
    assert 'value="/"' in browse().get("/login?next=//elsewhere.example/").text


def test_a_wrong_password_and_an_unknown_login_get_the_same_answer(knock):
    wrong, unknown = knock("maria", "not it at all"), knock("nobod", "not it at all")

    assert wrong.status_code == unknown.status_code == 422
    assert wrong.text.replace("maria", "nobod") == unknown.text
    assert "The login or the password is wrong" in unknown.text


def test_somebody_who_has_left_gets_the_answer_of_a_wrong_password(knock):
    answer = knock("dan", PASSWORD)

    assert answer.status_code == 422
    assert "The login or the password is wrong" in answer.text


def test_five_mistakes_are_free_and_then_the_wait_grows(knock):
    with time_machine.travel(MONDAY, tick=False) as clock:
        first = [knock("maria", "wrong wrong").status_code for _ in range(6)]
        waits = []
        for _ in range(4):
            refused = knock("maria", PASSWORD)
            assert refused.status_code == 429
            waits.append(int(refused.headers["retry-after"]))
            clock.shift(timedelta(seconds=waits[-1] + 1))
            assert knock("maria", "wrong wrong").status_code == 422

    assert first == [422] * 6
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]


def test_the_wait_ends_and_the_right_password_opens_again(knock, session):
    with time_machine.travel(MONDAY, tick=False) as clock:
        for _ in range(8):
            knock("maria", "wrong wrong")
            clock.shift(timedelta(seconds=1))
        clock.shift(timedelta(minutes=6))

        assert knock("maria", PASSWORD).status_code == 303
        assert session.get(LoginThrottle, "login:maria") is None


def test_the_wait_is_never_longer_than_five_minutes(knock, session):
    with time_machine.travel(MONDAY, tick=False):
        session.add(LoginThrottle(key="login:maria", failures=200, last_at=MONDAY))
        session.commit()
        knock("maria", "wrong wrong")

        assert int(knock("maria", PASSWORD).headers["retry-after"]) <= 301


def test_one_persons_mistakes_do_not_keep_out_the_others(knock):
    for _ in range(8):
        knock("maria", "wrong wrong")

    assert knock("oleg", PASSWORD).status_code == 303


def test_one_network_that_tries_many_logins_has_to_wait(knock):
    with time_machine.travel(MONDAY, tick=False):
        answers = [knock(f"nobody{i}", "wrong").status_code for i in range(53)]

    assert answers[49] == 422
    assert answers[-1] == 429
