"""Notices, letters, feeds, files, seeds and the rest of what a plugin may use beside pages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from acm.composition import worker
from acm.jobs.models import Job
from acm.journal import Event
from acm.pages.visibility import unrestricted
from acm.people.models import Role
from acm.people.rights import grants_of
from acm.people.signin import Viewer
from acm.sdk import Context, Record, Replay, Update, is_working_day
from acm.search.sources import everything
from tests.kernel.conftest import LOAN

CODE = LOAN.replace("transitions=(", 'fields=(Field(key="serial", label=NAMES),), transitions=(')
CODE = CODE.replace("import CaseType,", "import CaseType, Field,")
CODE = CODE.replace(
    "def register(p):",
    """
def due(ctx):
    return "BEGIN:VCALENDAR " + ctx.user.person.login + " " + str(ctx.cases.count("loans.loan"))

def plant(ctx):
    from datetime import timedelta
    maria = ctx.people.find("maria")
    ctx.at(ctx.now() - timedelta(days=40), by=maria).cases.open("loans.loan", title="Old loan", requester=maria)

def register(p):
    p.notification("late", {"en": "%(number)s is due on %(day)s, %(who)s", "ru": "%(number)s: %(day)s, %(who)s"})
    p.feed("due", due)
    p.seed(plant)
    p.role("loans.keeper", {"en": "Keeper", "ru": "Хранитель"}, ("case.work",))
""",
).replace("    p.router(pages)\n", "    p.router(pages)\n    p.search_field('loans.loan', 'serial')\n")


@pytest.fixture
def loans(write_plugin, enable, runtime, session):
    """The plugin's context without a person."""
    write_plugin("loans", code=CODE)
    enable("loans")
    session.info["snapshot"] = runtime.snapshot
    return Context("loans", session, runtime.snapshot)


def test_a_person_is_told_of_a_page_they_see_and_nobody_else(loans, person, department, browse, runtime, session):
    case = loans.cases.open("loans.loan", title="Laptop", department=department("it"))
    for login in ("oleg", "maria"):
        loans.notify(person(login), "late", case, day=date(2026, 12, 1), who=person("anna"))
    session.commit()

    worker(runtime).once()

    bell = browse("oleg").get("/me/notifications").text
    assert f"{case.number} is due on 1\u00a0December, Anna Latin" in bell
    assert case.number not in browse("maria").get("/me/notifications").text


def test_a_letter_leaves_after_the_transaction(loans, person, session):
    loans.mail(person("oleg"), "Return it", "The laptop")
    loans.mail("", "Nobody", "…")
    session.commit()

    [job] = session.scalars(select(Job).where(Job.name == "mail.letter"))
    assert job.args == {"to": "oleg@example.test", "subject": "Return it", "text": "The laptop"}


def test_a_feed_opens_without_a_session_for_its_owner_until_they_take_it_back(
    loans, person, department, browse, session
):
    loans.cases.open("loans.loan", title="Laptop", department=department("it"))
    oleg = person("oleg")
    viewer = Viewer(oleg, grants_of(session, oleg), oleg.zone("UTC"))
    address = Context("loans", session, loans.snapshot, viewer).feed_url("due").removeprefix("http://127.0.0.1:8000")
    nobody = browse()

    given = nobody.get(address)

    assert (given.status_code, given.text) == (200, "BEGIN:VCALENDAR oleg 1")
    assert given.headers["content-type"].startswith("text/calendar")
    assert nobody.get(address + "x").status_code == 404
    assert nobody.get(address.replace("/due/", "/other/")).status_code == 404
    assert browse("oleg").submit("/me/feeds").status_code == 303
    assert nobody.get(address).status_code == 404


def test_files_are_kept_on_pages(loans, department, person, session):
    case = loans.cases.open("loans.loan", title="Laptop", department=department("it"))

    kept = loans.files.attach(case, "note.txt", b"a note")

    assert [file.name for file in loans.files.of(case)] == ["note.txt"]
    with loans.files.open(kept) as content:
        assert content.read() == b"a note"


def test_a_seed_tells_history_and_nobody_hears_of_it(loans, session, runtime):
    made_at = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)

    runtime.snapshot.values("seed")[0](session, made_at, 7)

    [case] = loans.cases.own()
    event = session.scalars(unrestricted(select(Event).where(Event.page_id == case.id), "test")).first()
    assert (case.opened_at.date(), event.source, event.actor_id) == (
        date(2026, 9, 22),
        "import:demo",
        case.requester_id,
    )


def test_a_role_is_made_once(loans, session):
    role = session.scalars(select(Role).where(Role.key == "loans.keeper")).one()

    assert role.permissions == ["case.work"]


def test_a_marked_field_finds_its_page_as_a_number_does(loans, session, database):
    loans.cases.open("loans.loan", title="Laptop", fields={"serial": "SN-77"})
    session.commit()

    [found] = [document for document in everything(database) if document.kind == "case"]
    assert found.keywords == {"": ["SN-77"]}


def test_the_cache_keeps_a_value_for_its_time_and_its_generation(loans, runtime, session, write_plugin, enable):
    asked = []

    def make():
        asked.append(1)
        return len(asked)

    assert [loans.cache.get("a", make), loans.cache.get("a", make), loans.cache.get("a", make, seconds=0)] == [1, 1, 1]
    assert loans.cache.get("b", make, seconds=-1) == 2
    assert loans.cache.get("b", make) == 3
    write_plugin("loans", code=CODE, version="1.1")
    session.commit()
    enable("loans")
    assert Context("loans", session, runtime.snapshot).cache.get("a", make) == 4


def test_the_net_is_reached_only_where_the_manifest_says(loans):
    with loans.http as client, pytest.raises(Exception, match=r"."):
        client.get("https://example.org/")


def test_imported_history_has_the_shape_that_is_served_now(loans, session):
    served = loans.own_type("loans.loan")
    declared = served.model_copy(update={"fields": ()})
    update = Update(row=1, at=datetime(2026, 1, 2, tzinfo=UTC), by="Anna", state="closed")
    record = Record("A1", "Old", datetime(2026, 1, 1, tzinfo=UTC), "Bert", "Anna", [update])

    replay = Replay(session, "elsewhere", declared, department="it", zone=ZoneInfo("UTC"))

    assert replay.write([record]) == (1, 1, 0)
    [case] = loans.cases.own()
    assert (case.definition.field("serial").searched, case.state) == (True, "closed")


def test_people_are_found_by_the_ids_that_fields_hold_in_one_statement(loans, person, statements):
    maria, oleg = person("maria"), person("oleg")
    statements.clear()

    assert loans.people.by_ids([oleg.id, maria.id, oleg.id, 0]) == {maria.id: maria, oleg.id: oleg}
    assert len(statements) == 1
    assert loans.people.by_ids([]) == {}


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 11, 20), True),
        (date(2026, 11, 21), False),  # a Saturday
        (date(2026, 11, 4), False),  # National Unity Day
        (date(2026, 11, 3), True),  # an hour less, and worked all the same
        (date(2021, 2, 20), True),  # a Saturday that was worked
    ],
)
def test_working_days_are_those_of_the_production_calendar(day, worked):
    assert is_working_day(day) is worked
