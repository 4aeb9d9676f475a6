"""One's own profile: looks, password, sessions, tokens."""

import threading

from sqlalchemy import select

from acm.journal import Event
from acm.people.models import ApiToken, Person, SignIn
from acm.people.passwords import verify_password
from tests.cast import PASSWORD


def test_language_theme_zone_and_keys_are_kept(browse, person, session):
    maria = browse("maria")

    maria.submit("/me", {"language": "ru", "theme": "dark", "timezone": "Asia/Omsk", "keys": ""})

    row = person("maria")
    assert (row.language, row.theme, row.timezone, row.settings["keys"]) == ("ru", "dark", "Asia/Omsk", "off")
    page = maria.get("/me").text
    assert '<html lang="ru" data-theme="dark">' in page
    assert 'data-keys="off"' in page


def test_a_time_zone_that_is_none_is_refused(browse):
    assert browse("maria").submit("/me", {"timezone": "Mars/Base"}).status_code == 422


def test_a_new_password_needs_the_present_one_and_enough_characters(browse, session, person):
    maria = browse("maria")
    new = {"password": "a new long password", "again": "a new long password"}

    assert maria.submit("/me/password", {"current": "wrong", **new}).status_code == 422
    assert maria.submit("/me/password", {"current": PASSWORD, "password": "short", "again": "short"}).status_code == 422
    assert maria.submit("/me/password", {"current": PASSWORD, **new, "again": "another"}).status_code == 422
    assert verify_password(PASSWORD, person("maria").password_hash)


def test_a_change_of_password_ends_every_session_and_goes_on_here_with_a_new_one(browse, session, person):
    here, elsewhere = browse("maria"), browse("maria")
    old = here.cookies["acm"]

    answer = here.submit(
        "/me/password", {"current": PASSWORD, "password": "a new long password", "again": "a new long password"}
    )

    assert answer.status_code == 303
    assert elsewhere.get("/me").status_code == 303
    new = answer.cookies["acm"]
    here.cookies.clear()
    here.cookies.set("acm", old)
    assert here.get("/me").status_code == 303
    here.cookies.set("acm", new)
    assert here.get("/me").status_code == 200


def test_guessing_the_present_password_waits_as_signing_in_does(browse):
    maria = browse("maria")
    new = {"password": "a new long password", "again": "a new long password"}

    answers = [maria.submit("/me/password", {"current": "wrong", **new}).status_code for _ in range(7)]

    assert answers[:6] == [422] * 6
    assert answers[6] == 429


def test_a_session_elsewhere_is_ended_from_here_but_not_that_of_another_person(browse, session, person):
    here, elsewhere, oleg = browse("maria"), browse("maria"), browse("oleg")
    mine = session.scalars(select(SignIn).where(SignIn.person_id == person("maria").id).order_by(SignIn.id)).all()

    assert oleg.submit(f"/me/sessions/{mine[1].id}/end").status_code == 404
    assert here.submit(f"/me/sessions/{mine[1].id}/end").status_code == 303
    assert elsewhere.get("/me").status_code == 303
    assert here.get("/me").status_code == 200


def test_a_token_is_shown_once_works_and_is_revoked(browse, session):
    maria = browse("maria")

    page = maria.submit("/me/tokens", {"name": "backup", "days": "30"})
    token = page.text.split('readonly value="')[1].split('"')[0]
    bearer = {"authorization": f"Bearer {token}"}

    assert token.startswith("acm_")
    assert token not in maria.get("/me").text
    assert browse().get("/api/v1/me", headers=bearer).status_code == 200
    row = session.scalars(select(ApiToken)).one()
    assert row.scopes == ["read"]
    assert browse("oleg").submit(f"/me/tokens/{row.id}/revocation").status_code == 404
    maria.submit(f"/me/tokens/{row.id}/revocation")
    assert browse().get("/api/v1/me", headers=bearer).status_code == 401


def test_a_token_makes_no_tokens_and_changes_no_password(browse):
    page = browse("maria").submit("/me/tokens", {"name": "all", "days": "30", "write": "yes"})
    token = page.text.split('readonly value="')[1].split('"')[0]
    bearer = {"authorization": f"Bearer {token}"}

    assert browse().post("/me/tokens", data={"name": "more", "days": "30"}, headers=bearer).status_code == 403
    assert browse().post("/me/password", data={"current": PASSWORD}, headers=bearer).status_code == 403


def test_a_token_needs_a_purpose_and_a_term(browse, session):
    maria = browse("maria")

    assert maria.submit("/me/tokens", {"name": "", "days": "30"}).status_code == 422
    assert maria.submit("/me/tokens", {"name": "x", "days": "100000"}).status_code == 422
    assert session.scalars(select(ApiToken)).all() == []


def test_signing_in_at_many_places_at_once_keeps_one_unbroken_journal(browse, session, person):
    opened, threads = [], []
    for _ in range(6):
        threads.append(threading.Thread(target=lambda: opened.append(browse("maria"))))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    seqs = session.scalars(select(Event.seq).where(Event.stream == person("maria").stream).order_by(Event.seq)).all()
    assert seqs == [1, 2, 3, 4, 5, 6]
    assert session.scalars(select(Person.journal_seq).where(Person.login == "maria")).one() == 6
