"""Who is who: one's own page, a colleague's page, and names suggested while they are typed."""

from sqlalchemy import select

from acm.people.models import Person, SignIn


def test_my_page_shows_me_and_where_i_am_signed_in(browse):
    page = browse("maria").get("/me")

    assert page.status_code == 200
    assert "Maria Latin" in page.text
    assert "/me/preferences" in page.text


def test_a_colleague_has_a_page_and_a_stranger_has_none(browse):
    maria = browse("maria")

    assert "Oleg Latin" in maria.get("/people/oleg").text
    assert maria.get("/people/nobody").status_code == 404


def test_nobody_sees_the_directory_without_signing_in(browse):
    for path in ("/me", "/people/oleg", "/people/suggest?q=Ким"):
        assert browse().get(path).status_code == 303


def test_a_typed_beginning_suggests_colleagues_with_their_login(browse):
    found = browse("maria", lang="ru").get("/people/suggest", params={"q": "ким"}).text

    assert 'data-login="oleg"' in found
    assert "Олег Ким (oleg)" in found


def test_who_has_left_is_not_suggested_and_a_percent_sign_means_itself(browse):
    maria = browse("maria")

    assert "dan" not in maria.get("/people/suggest", params={"q": "Рощин"}).text
    assert maria.get("/people/suggest", params={"q": "%"}).text.strip() == ""


def test_shortcuts_of_single_letters_can_be_switched_off(browse, session):
    maria = browse("maria")

    maria.submit("/me/keys", {"keys": "off"})

    session.expire_all()
    assert session.scalars(select(Person).where(Person.login == "maria")).one().settings["keys"] == "off"
    assert 'data-keys="off"' in maria.get("/me").text


def test_signing_out_elsewhere_leaves_the_present_session(browse, session):
    browse("maria")
    here = browse("maria")

    here.submit("/me/sessions/end")

    session.expire_all()
    assert len([s for s in session.scalars(select(SignIn)) if s.ended_at is None]) == 1
    assert here.get("/me").status_code == 200
