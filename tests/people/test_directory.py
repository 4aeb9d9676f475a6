"""Who is who: a colleague's page, and names suggested while they are typed."""


def test_a_colleague_has_a_page_and_a_stranger_has_none(browse):
    maria = browse("maria")

    assert "Oleg Latin" in maria.get("/people/oleg").text
    assert maria.get("/people/nobody").status_code == 404


def test_nobody_sees_the_directory_without_signing_in(browse):
    for path in ("/people/oleg", "/people/suggest?q=Ким"):
        assert browse().get(path).status_code == 303


def test_a_typed_beginning_suggests_colleagues_with_their_login(browse):
    found = browse("maria", lang="ru").get("/people/suggest", params={"q": "ким"}).text

    assert 'data-login="oleg"' in found
    assert "Олег Ким (oleg)" in found


def test_who_has_left_is_not_suggested_and_a_percent_sign_means_itself(browse):
    maria = browse("maria")

    assert "dan" not in maria.get("/people/suggest", params={"q": "Рощин"}).text
    assert maria.get("/people/suggest", params={"q": "%"}).text.strip() == ""
