"""The first administrator: made once, then the page is gone for ever."""

import pytest
from sqlalchemy import delete, select

from acm.people.models import Installation, Person, PersonRole, Role
from acm.people.rights import grants_of
from acm.people.setup import SET_UP
from acm.web import csrf

ANSWERS = {"login": "Root", "given": "Рут", "family": "Первая", "email": "root@example.test"}


@pytest.fixture
def fresh(session):
    """The installation as it is before anybody is there: the set-up is open."""
    session.execute(delete(Installation).where(Installation.key == SET_UP))
    session.commit()


@pytest.fixture
def fill_in(browse, app):
    """Fill in the form in a browser that nobody is signed in with."""

    def send(**answers):
        browser = browse()
        browser.cookies.set(csrf.ANONYMOUS_COOKIE, "ticket")
        token = csrf.sign(app.runtime.settings.key(), "ticket")
        return browser.post("/setup", data={**ANSWERS, **answers, "csrf_token": token})

    return send


def test_an_installation_that_was_set_up_has_no_such_page(browse, fill_in):
    assert browse().get("/setup").status_code == 404
    assert fill_in(password="long enough password").status_code == 404


def test_an_empty_installation_asks_for_its_first_administrator(browse, fresh):
    assert browse().get("/login").headers["location"] == "/setup"
    assert "First administrator" in browse().get("/setup").text


def test_a_short_password_is_refused_and_the_answers_are_kept(fresh, fill_in):
    page = fill_in(password="short")

    assert page.status_code == 422
    assert "Use at least 10 characters" in page.text
    assert 'value="Рут"' in page.text
    assert 'value="short"' not in page.text


def test_the_first_administrator_is_signed_in_and_holds_every_area(fresh, fill_in, session):
    answer = fill_in(password="long enough password")

    assert answer.status_code == 303
    root = session.scalars(select(Person).where(Person.login == "root")).one()
    assert grants_of(session, root).holds("admin.people")
    assert (
        session.scalars(select(PersonRole).join(Role).where(PersonRole.person_id == root.id)).one().department_id
        is None
    )


def test_a_second_first_administrator_cannot_be_made(fresh, fill_in, browse):
    fill_in(password="long enough password")

    assert fill_in(login="second", password="long enough password").status_code == 404
    assert browse().get("/setup").status_code == 404


def test_an_address_is_checked_as_everywhere_and_all_faults_are_said_at_once(fresh, fill_in):
    page = fill_in(login="Big Boss", email="nonsense", password="short")

    assert page.status_code == 422
    for said in ("Use small Latin letters", "This is no e-mail address", "Use at least 10 characters"):
        assert said in page.text
    assert 'value="nonsense"' in page.text


def test_after_the_set_up_the_company_is_made_without_the_demo(fresh, fill_in, browse, session):
    fill_in(password="long enough password")
    root = browse("root")

    root.post("/admin/departments", data={"name_en": "Sales", "key": "sales"})
    root.post("/admin/branches", data={"name_en": "Moscow", "key": "MSK", "timezone": "Europe/Moscow"})
    root.post("/admin/people", data={"login": "boris", "given": "Boris", "email": "boris@example.test"})
    root.post("/admin/departments/sales", data={"name_en": "Sales", "head": "boris"})
    root.post("/admin/groups", data={"name_en": "Sellers", "key": "sellers"})
    root.post("/admin/groups/sellers/members", data={"login": "boris"})

    assert root.get("/services/other").status_code == 200
    assert "Boris" in root.get("/admin/departments/sales").text
    assert "line_manager" in root.get("/admin/approvers/line_manager").text
    boris = session.scalars(select(Person).where(Person.login == "boris")).one()
    assert grants_of(session, boris).holds("kpi.view", next(iter(grants_of(session, boris).headed)))
