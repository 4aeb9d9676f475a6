"""Plugins come and go while the system runs; their cases stay."""

from __future__ import annotations

import gc
import re
import time
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from acm import clock
from acm.app import create_app
from acm.cases.opening import Opening, open_case
from acm.journal import Event, Origin
from acm.kernel import lifecycle
from acm.kernel.discovery import examine
from acm.kernel.guard import recent
from acm.kernel.lifecycle import PluginRefused
from acm.pages.visibility import unrestricted


def test_a_plugin_is_off_until_somebody_enables_it(write_plugin, browse):
    write_plugin()

    assert browse("oleg").get("/p/loans/hello").status_code == 404


def test_enabling_and_disabling_need_no_restart(write_plugin, enable, disable, browse):
    write_plugin()
    oleg = browse("oleg")

    enable()
    assert oleg.get("/p/loans/hello").json() == {"hello": "1.0.0"}
    disable()
    assert oleg.get("/p/loans/hello").status_code == 404


def test_a_plugins_page_asks_who_is_there_first(write_plugin, enable, browse):
    write_plugin()
    enable()

    assert browse().get("/p/loans/hello").status_code in (303, 401)


def test_a_new_version_serves_after_it_is_enabled_again(write_plugin, enable, disable, browse):
    write_plugin()
    enable()
    write_plugin(version="2.0.0")
    disable()

    enable()

    assert browse("oleg").get("/p/loans/hello").json() == {"hello": "2.0.0"}


def test_the_cases_of_a_disabled_plugin_stay_readable_and_commentable(
    write_plugin, enable, disable, browse, session, person, runtime
):
    write_plugin()
    enable()
    session.info["snapshot"] = runtime.snapshot
    opening = Opening(title="A projector for Friday", requester=person("maria"))
    definition = runtime.snapshot.find("page_type", "loans.loan")
    case = open_case(session, definition, opening, Origin(person("maria"), clock.now()), ZoneInfo("Europe/Moscow"))
    session.commit()
    disable()
    maria = browse("maria")

    page = maria.get(f"/requests/{case.number}")
    written = maria.submit(f"/requests/{case.number}/comments", {"text": "is it still there?"})

    assert page.status_code == 200
    assert "A projector for Friday" in page.text
    assert written.status_code == 303


def test_another_process_follows_by_itself(write_plugin, enable, settings, database, browse):
    write_plugin()
    other = create_app(settings, database=database)
    assert other.runtime.snapshot.find("page_type", "loans.loan") is None

    enable()
    time.sleep(0.3)

    assert other.runtime.parts["world"].current().find("page_type", "loans.loan") is not None


def test_safe_mode_loads_no_plugin(write_plugin, enable, settings, database):
    write_plugin()
    enable()

    safe = create_app(settings.model_copy(update={"safe_mode": True}), database=database)

    assert safe.runtime.snapshot.find("page_type", "loans.loan") is None


def test_each_switch_is_an_event_with_its_actor(write_plugin, browse, session):
    write_plugin()
    ada = browse("ada")

    ada.submit("/admin/plugins/loans/state", {"state": "enabled", "generation": "0"})
    ada.submit("/admin/plugins/loans/state", {"state": "disabled", "generation": "1"})

    events = session.scalars(
        unrestricted(select(Event).where(Event.stream == "plugin:loans").order_by(Event.seq), "test")
    ).all()
    assert [event.kind for event in events] == ["plugin.enabled", "plugin.disabled"]
    assert all(event.actor_id for event in events)


def test_of_two_administrators_one_wins_and_the_other_is_told_who(write_plugin, browse):
    write_plugin()
    first, second = browse("ada"), browse("ada")

    assert first.submit("/admin/plugins/loans/state", {"state": "enabled", "generation": "0"}).status_code == 303
    lost = second.submit("/admin/plugins/loans/state", {"state": "enabled", "generation": "0"})

    assert lost.status_code == 409
    assert "Ада" in lost.text


def test_only_who_may_switches_plugins(write_plugin, browse):
    write_plugin()

    assert browse("maria").get("/admin/plugins").status_code == 403
    assert browse("maria").submit("/admin/plugins/loans/state", {"state": "enabled"}).status_code == 403


def test_a_broken_page_of_a_plugin_is_its_own_fault_and_has_a_number(write_plugin, enable, browse):
    write_plugin()
    enable()
    oleg = browse("oleg")

    broken = oleg.get("/p/loans/broken")

    assert broken.status_code == 502
    assert "Trial is not available" in broken.text
    assert oleg.get("/p/loans/hello").status_code == 200
    page = browse("ada").get("/admin/plugins").text
    assert "RuntimeError: a plugin&#39;s own fault" in page
    assert recent["loans"][-1].number in broken.text
    assert recent["loans"][-1].number in page


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise RuntimeError('no')", "RuntimeError: no"),
        ("import sys\nsys.exit(3)", "SystemExit"),
        ("x = 1", "no register"),
        ("def register(p): p.case_type('nonsense')", "AttributeError"),
        ("from acm.db import Base\ndef register(p): pass", "line 1: a plugin imports acm.sdk only, not acm.db"),
        ("import loans.other\ndef register(p): pass", "import your own modules relatively"),
        ("def register(p:\n  pass", "line 1"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_changes_nothing_and_says_why(write_plugin, runtime, code, reason):
    write_plugin(code=code)

    with pytest.raises(PluginRefused) as refusal, runtime.db.writing(runtime.snapshot) as session:
        lifecycle.enable(session, runtime, "loans", Origin(None, clock.now()))

    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ('[plugin]\nslug = "loans"\nname = {{ en = "x" }}\nversion = "one"\n', "line 4, key plugin.version"),
        (
            '[plugin]\nslug = "loans"\nname = {{ en = "x" }}\nversion = "1.0"\ncolour = "red"\n',
            "line 5, key plugin.colour",
        ),
        ('[plugin]\nslug = "other"\nname = {{ en = "x" }}\nversion = "1.0"\n', "is not the name of its folder"),
        ('[plugin]\nslug = "loans"\nname = {{ en = "x" }}\nversion = "1.0"\ncore = ">=99"\n', "it needs a core >=99"),
        ("[plugin\n", "plugin.toml"),
    ],
)
def test_a_bad_manifest_is_named_by_line_and_key(write_plugin, browse, manifest, reason):
    write_plugin(manifest=manifest)

    page = browse("ada").get("/api/v1/plugins").json()

    assert page[0]["state"] == "invalid"
    assert reason in page[0]["reason"]


def test_two_plugins_cannot_give_the_same_thing(write_plugin, enable, runtime):
    write_plugin("loans")
    write_plugin(
        "lendings",
        code="from acm.sdk import Panel\ndef register(p): p.panel(Panel(key='same', titles={}, department='it'))",
    )
    write_plugin(
        "gifts",
        code="from acm.sdk import Panel\ndef register(p): p.panel(Panel(key='same', titles={}, department='it'))",
    )
    enable("lendings")

    with pytest.raises(PluginRefused) as refusal:
        enable("gifts")

    assert "by gifts and by lendings" in str(refusal.value)


@pytest.mark.parametrize(("lang", "name"), [("en", "Breaks at times"), ("ru", "Иногда ломается")])
def test_the_page_of_a_failure_has_the_plugins_name_one_number_and_ways_on(write_plugin, enable, browse, lang, name):
    manifest = '[plugin]\nslug = "{slug}"\nname = {{ en = "Breaks at times", ru = "Иногда ломается" }}\nversion = "{version}"\n'
    write_plugin("breaks", manifest=manifest, code=(
        "from acm.sdk import router\npages = router()\n"
        "@pages.get('/bad')\ndef bad(): raise ValueError('no')\n"
        "def register(p): p.router(pages)\n"
    ))  # fmt: skip
    enable("breaks")

    page = browse("maria", lang=lang).get("/p/breaks/bad")

    main = re.search(r"<main.*</main>", page.text, re.DOTALL)[0]
    assert name in main
    assert "breaks " not in main
    assert re.findall(r"\b[0-9a-f]{6,}\b", re.sub(r"<[^>]*>", " ", main)) == [recent["breaks"][-1].number]
    assert 'href="/services/other/new?about=/p/breaks/bad"' in main
    assert 'href="/p/breaks/bad"' in main
    assert 'href="/"' in main


@pytest.fixture
def threads_take_turns():
    """Another thread goes on whenever garbage is collected, as now and then it does by itself."""

    def step_aside(_phase, _info):
        time.sleep(0)

    gc.callbacks.append(step_aside)
    yield
    gc.callbacks.remove(step_aside)


def test_plugins_are_examined_by_several_threads_at_once(write_plugin, threads_take_turns):
    code = "def register(p): pass\n" + "".join(f"def f{n}(a, b={n}): return [a, {{n: (a, b)}}]\n" for n in range(2000))
    folder = write_plugin(code=code)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(examine, [folder] * 8))

    assert all(one.is_valid for one in found)
