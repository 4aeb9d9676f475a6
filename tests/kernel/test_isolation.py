"""A plugin that fails hurts nobody else: its place says so with a number, the page stands."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select, text

from acm import clock
from acm.app import create_app
from acm.errors import Forbidden
from acm.kernel.breaker import Breaker
from acm.kernel.failures import KEPT, PluginFailure, last_failures, mask
from acm.kernel.guard import PluginFailed, apart, begin, guarded, recent
from acm.kernel.isolation import here, send_for_repair
from acm.kernel.models import Plugin
from acm.notify.models import Notification
from acm.pages.visibility import unrestricted
from acm.people.models import Department, Person
from tests.cast import MONDAY

RAISES = "def bad(ctx): raise {error}\ndef register(p): p.slot('portal.home', bad)"
LIMITS = """
[plugin]
slug = "{slug}"
name = {{ ru = "Проба", en = "Trial" }}
version = "{version}"

[budgets]
widget_ms = 50
request_ms = 50
"""
AWAY = "Trial is not available. Error number:"


@pytest.fixture
def isolation(runtime):
    """The isolation of the test's process; its notes are written before the database goes."""
    yield here()
    here().settle()


# what is caught


@pytest.mark.parametrize(
    "error", ["ValueError('no')", "SystemExit(3)", "KeyboardInterrupt()", "GeneratorExit()", "RecursionError()",
              "__import__('asyncio').CancelledError()"],
)  # fmt: skip
def test_whatever_a_plugin_raises_stands_in_its_place_with_a_number(write_plugin, enable, browse, error):
    write_plugin("breaks", code=RAISES.format(error=error))
    enable("breaks")

    page = browse("maria").get("/")

    assert page.status_code == 200
    assert f"{AWAY} {recent['breaks'][-1].number}" in page.text
    assert recent["breaks"][-1].place == "in breaks/__init__.py:1, bad"


def test_what_is_said_on_purpose_stands_in_the_place_and_is_no_failure(write_plugin, enable, browse):
    write_plugin("says", code=(
        "from acm.sdk import Conflict\n"
        "def busy(ctx): raise Conflict('The counter is closed')\n"
        "def register(p): p.slot('portal.home', busy)\n"
    ))  # fmt: skip
    enable("says")

    page = browse("maria").get("/")

    assert page.status_code == 200
    assert "The counter is closed" in page.text
    assert "says" not in recent


@pytest.mark.parametrize("error", ["SystemExit(3)", "KeyboardInterrupt()", "ValueError('no')"])
@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_screen_that_raises_is_answered_for_and_the_others_go_on(write_plugin, enable, browse, error, kind):
    write_plugin("breaks", code=(
        "from acm.sdk import router\npages = router()\n"
        f"@pages.get('/bad/{{number}}')\n{kind} bad(number: int): raise {error}\n"
        "@pages.get('/good')\ndef good(): return {'good': True}\n"
        "def register(p): p.router(pages)\n"
    ))  # fmt: skip
    enable("breaks")
    maria = browse("maria")

    assert maria.get("/p/breaks/bad/7").status_code == 502
    assert maria.get("/p/breaks/good").json() == {"good": True}
    assert [failure.point for failure in recent["breaks"]] == ["pages GET /bad/{number}"]


def test_a_task_in_the_background_that_exits_is_counted_and_the_process_lives(write_plugin, enable, browse):
    write_plugin("breaks", code=(
        "import asyncio\nfrom acm.sdk import router\npages = router()\n"
        "async def exits(): raise SystemExit(3)\n"
        "@pages.get('/start')\nasync def start():\n"
        "    task = asyncio.create_task(exits())\n    await asyncio.wait({task})\n    return {'started': True}\n"
        "def register(p): p.router(pages)\n"
    ))  # fmt: skip
    enable("breaks")

    assert browse("maria").get("/p/breaks/start").json() == {"started": True}
    assert recent["breaks"][-1].line == "SystemExit: 3"


def test_a_fault_in_the_sql_of_a_slot_leaves_the_transaction_of_the_page_alone(write_plugin, enable, browse):
    write_plugin("asks", code=(
        "from sqlalchemy import text\n"
        "def bad(ctx): return str(ctx.session.execute(text('SELECT nonsense')))\n"
        "def register(p): p.slot('portal.home', bad)\n"
    ))  # fmt: skip
    enable("asks")

    page = browse("maria").get("/")

    assert page.status_code == 200
    assert AWAY in page.text


def test_no_traceback_shows_a_secret():
    told = mask(
        'password="hunter22" token: abc123 Authorization: Bearer abcdefgh1234 postgresql://acm:pw@db/acm KEY-OF-SMTP',
        ["KEY-OF-SMTP"],
    )

    for secret in ("hunter22", "abc123", "abcdefgh1234", "acm:pw", "KEY-OF-SMTP"):
        assert secret not in told


# failures are shared


def test_the_failures_of_one_process_are_seen_in_the_others(write_plugin, enable, browse, isolation, session):
    write_plugin("breaks", code=RAISES.format(error="ValueError('no')"))
    enable("breaks")
    browse("maria").get("/")
    isolation.settle()
    number = recent["breaks"][-1].number
    recent.clear()  # as in a process that was elsewhere

    assert number in browse("ada").get("/admin/plugins?plugin=breaks").text
    assert browse("ada").get("/api/v1/plugins").json()[0]["state"] == "failing"
    told = browse("ada").get("/api/v1/plugins/breaks/failures").json()
    assert [(one["number"], one["place"]) for one in told] == [(number, "in breaks/__init__.py:1, bad")]
    assert browse("maria").get("/api/v1/plugins/breaks/failures").status_code == 403


def test_the_last_twenty_failures_of_a_plugin_are_kept(isolation, session):
    for number in range(KEPT + 5):
        isolation.note("loans", "slot portal.home", ValueError(f"fault {number}"))
        isolation.note("other", "menu", ValueError("once")) if number == 0 else None
    isolation.settle()
    recent.clear()

    kept = last_failures(session)

    assert [failure.line for failure in kept["loans"]] == [f"ValueError: fault {n}" for n in range(5, KEPT + 5)]
    assert len(kept["other"]) == 1


def test_a_broken_table_of_failures_delays_the_note_and_not_the_page(write_plugin, enable, browse, session, isolation):
    write_plugin("breaks", code=RAISES.format(error="ValueError('no')"))
    enable("breaks")
    session.execute(text("ALTER TABLE plugin_failure RENAME TO elsewhere"))
    session.commit()

    assert browse("maria").get("/").status_code == 200
    isolation.settle()
    session.execute(text("ALTER TABLE elsewhere RENAME TO plugin_failure"))
    session.commit()
    isolation.settle()

    assert session.scalars(select(PluginFailure.slug)).all() == ["breaks"]


# the breaker


def test_five_failures_in_a_minute_open_a_breaker_and_five_in_an_hour_do_not():
    quick, slow = Breaker(), Breaker()

    assert [quick.fail(MONDAY + timedelta(seconds=10 * n)) for n in range(5)] == [False] * 4 + [True]
    assert not any(slow.fail(MONDAY + timedelta(minutes=10 * n)) for n in range(5))


def test_three_timeouts_in_a_row_open_a_breaker():
    breaker = Breaker()
    breaker.fail(MONDAY, timed_out=True)
    breaker.succeed()

    later = [breaker.fail(MONDAY + timedelta(hours=n), timed_out=True) for n in range(3)]

    assert later == [False, False, True]


def test_a_fifth_of_fifty_calls_failing_opens_a_breaker_however_slowly_they_come():
    breaker = Breaker()
    opened = []
    for number in range(50):
        if number % 5 == 4:
            opened.append(breaker.fail(MONDAY + timedelta(hours=number)))
        else:
            breaker.succeed()

    assert opened == [False] * 9 + [True]


def test_an_open_breaker_tries_again_after_growing_pauses_and_a_trial_that_succeeds_closes_it():
    breaker, now = Breaker(), MONDAY
    breaker.fail(now, at_once=True)
    for seconds in (30, 120, 600, 600):
        assert not breaker.allows(now + timedelta(seconds=seconds - 1))
        now += timedelta(seconds=seconds)
        assert breaker.allows(now)
        assert not breaker.allows(now), "one trial at a time"
        assert breaker.fail(now)
    assert breaker.allows(now + timedelta(minutes=10))
    breaker.succeed()

    assert not breaker.is_open


def test_an_open_place_answers_without_calling_the_plugin(write_plugin, enable, browse):
    write_plugin("breaks", code=RAISES.format(error="ValueError('no')"))
    enable("breaks")
    maria = browse("maria")
    pages = [maria.get("/") for _time in range(7)]

    assert all(AWAY in page.text for page in pages)
    assert len(recent["breaks"]) == 5
    with time_machine.travel(clock.now() + timedelta(seconds=31)):
        maria.get("/")
    assert len(recent["breaks"]) == 6


def test_the_third_opening_in_an_hour_sends_the_plugin_for_repair_in_all_processes(
    write_plugin, enable, browse, isolation, session, settings, database
):
    write_plugin("breaks", code=RAISES.format(error="ValueError('no')"))
    enable("breaks")
    maria = browse("maria")
    for later in (0, 31, 31 + 121):
        with time_machine.travel(clock.now() + timedelta(seconds=later)):
            for _time in range(5):
                maria.get("/")
    isolation.settle()

    row = session.get(Plugin, "breaks")
    assert (row.state, row.reason) == ("in_repair", "slot portal.home: ValueError: no")
    assert AWAY not in maria.get("/").text
    assert create_app(settings, database=database).runtime.snapshot.plugins == {}


def test_administrators_are_told_once_that_a_plugin_was_sent_for_repair(
    write_plugin, enable, browse, runtime, session, person
):
    write_plugin()
    enable("loans")

    send_for_repair(runtime, "loans", "menu: ValueError: no")
    send_for_repair(runtime, "loans", "menu: ValueError: no")

    told = session.scalars(unrestricted(select(Notification), "test")).all()
    assert [(note.person_id, note.kind) for note in told] == [(person("ada").id, "plugin.in_repair")]
    bell = browse("ada").get("/me/notifications").text
    assert "The plugin loans was sent for repair: menu: ValueError: no" in bell
    assert "/admin/plugins?plugin=loans" in bell


# budgets


def test_a_job_runs_beside_the_worker_in_a_transaction_of_its_own(session, runtime):
    seen = []

    def job(own):
        own.add(Department(key=f"made-{len(seen)}", names={}))
        own.flush()
        seen.append((own is session, threading.current_thread().name))
        if len(seen) == 2:
            raise ValueError("after it wrote")

    session.add(Department(key="lease", names={}))
    apart("loans", "job nightly", session, job)
    with pytest.raises(PluginFailed):
        apart("loans", "job nightly", session, job)
    session.rollback()

    there = session.scalars(select(Department.key).where(Department.key.in_(["lease", "made-0", "made-1"])))
    assert sorted(there) == ["lease", "made-0"]
    assert seen == [(False, "plugin-loans")] * 2


def test_a_slot_that_hangs_is_told_to_in_its_place(write_plugin, enable, browse, monkeypatch):
    going_on = threading.Event()
    monkeypatch.setattr(threading, "of_the_test", going_on, raising=False)
    write_plugin("hangs", manifest=LIMITS, code=(
        "import threading\ncalls = []\n"
        "def slow(ctx):\n    calls.append(1)\n"
        "    if len(calls) > 1: threading.of_the_test.wait(60)\n    return 'here'\n"
        "def register(p): p.slot('portal.home', slow)\n"
    ))  # fmt: skip
    enable("hangs")
    maria = browse("maria")

    first, second = maria.get("/"), maria.get("/")
    going_on.set()

    assert AWAY not in first.text
    assert second.status_code == 200
    assert AWAY in second.text
    assert recent["hangs"][-1].line == "TimedOut: no answer within 50 ms"
    assert "hangs/__init__.py:5, slow" in recent["hangs"][-1].place


def test_when_every_thread_of_a_plugin_hangs_its_breaker_opens_at_once(isolation, runtime):
    going_on, begun = threading.Event(), threading.Semaphore(0)
    cell = isolation.cell("hangs", "slot portal.home")
    cell.was_called, cell.budget = True, 0.05
    pendings = [begin("hangs", "slot portal.home", lambda: (begun.release(), going_on.wait(60))) for _time in range(4)]
    assert all(begun.acquire(timeout=30) for _thread in pendings)
    for point, pending in enumerate(pendings):
        pending.cell = isolation.cell("hangs", f"slot {point}")
        with pytest.raises(PluginFailed):
            pending.result()
    going_on.set()

    assert isolation.open_points("hangs") == ["slot 3"]


def test_a_screen_that_hangs_is_answered_for(write_plugin, enable, browse, monkeypatch):
    going_on = threading.Event()
    monkeypatch.setattr(threading, "of_the_test", going_on, raising=False)
    write_plugin("hangs", manifest=LIMITS, code=(
        "import threading, asyncio\nfrom acm.sdk import router\npages = router()\ncalls = []\n"
        "@pages.get('/slow')\nasync def slow():\n    calls.append(1)\n"
        "    if len(calls) > 1: await asyncio.sleep(60)\n    return {'slow': True}\n"
        "def register(p): p.router(pages)\n"
    ))  # fmt: skip
    enable("hangs")
    maria = browse("maria")

    assert maria.get("/p/hangs/slow").json() == {"slow": True}
    assert maria.get("/p/hangs/slow").status_code == 502
    assert recent["hangs"][-1].line == "TimedOut: no answer within 50 ms"


class Given:
    """What a veto is given: the session of the core's transaction."""

    def __init__(self, session):
        self.session = session


def test_what_a_failing_veto_did_to_the_data_is_undone_and_the_transaction_goes_on(session, person):
    maria = person("maria")
    maria.given = "Mary"

    def veto(ctx):
        ctx.session.add(Department(key="made", names={}))
        ctx.session.flush()
        ctx.session.execute(text("SELECT nonsense"))

    with pytest.raises(PluginFailed):
        guarded("loans", "veto case.before_close", veto)(Given(session))
    session.commit()
    session.expire_all()

    assert person("maria").given == "Mary"
    assert session.scalars(select(Department).where(Department.key == "made")).first() is None


def test_what_a_veto_that_passes_did_stays_and_a_refusal_is_no_failure(session):
    def veto(ctx):
        ctx.session.add(Department(key="made", names={}))

    def refuses(ctx):
        assert ctx.session.scalars(select(Person)).first()
        raise Forbidden("Not on Fridays")

    guarded("loans", "veto case.before_close", veto)(Given(session))
    with pytest.raises(Forbidden):
        guarded("loans", "veto case.before_close", refuses)(Given(session))
    session.commit()

    assert session.scalars(select(Department).where(Department.key == "made")).one()
    assert "loans" not in recent
