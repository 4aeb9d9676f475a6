"""Several processes follow a switch, tell what they run, and nobody is answered by one that lags behind."""

from __future__ import annotations

import re
import shutil
import time
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from acm import clock
from acm.app import create_app
from acm.journal import Origin
from acm.kernel import lifecycle
from acm.kernel.following import Follower
from acm.kernel.models import PluginWorkerState


@pytest.fixture
def other(settings, database):
    """Another process on the same database, which looked a moment ago."""
    app = create_app(settings, database=database)
    app.runtime.parts["world"]._looked = time.monotonic() + 3600
    return app


@pytest.fixture
def second(other):
    follower = Follower(other.runtime)
    follower.name = "other:2"
    return follower


def states(session):
    session.commit()
    found = session.scalars(select(PluginWorkerState).execution_options(populate_existing=True))
    return {(one.worker, one.slug): one for one in found}


def test_a_process_tells_which_version_it_runs(write_plugin, enable, second, session):
    write_plugin()
    enable()

    second.once()

    told = states(session)
    assert told["other:2", "loans"].version == "1.0.0"
    assert told["other:2", ""].at


def test_the_administrator_sees_which_process_lags_and_why(write_plugin, enable, second, runtime, browse):
    write_plugin()
    enable()
    first = Follower(runtime)
    first.once()
    second.once()
    page = browse("ada").get("/admin/plugins?plugin=loans").text
    assert "2 of 2 processes run version 1.0.0" in page

    write_plugin(version="2.0.0")
    enable()
    second.world.faults["loans"] = "ImportError: no module named wheel"
    second.report()
    first.once()

    page = browse("ada").get("/admin/plugins?plugin=loans").text
    assert "1 of 2 processes run version 2.0.0" in page
    assert "ImportError: no module named wheel" in page


def test_the_administrator_sees_requests_that_still_run_on_the_old_version(
    write_plugin, enable, disable, runtime, browse
):
    write_plugin()
    enable()
    follower, world = Follower(runtime), runtime.parts["world"]
    follower.once()
    with world.serving(), world.serving():
        write_plugin(version="2.0.0")
        enable()
        follower.once()
        ada = browse("ada")
        page = ada.get("/admin/plugins?plugin=loans").text
        assert "2 requests still on 1.0.0" in page
        assert "2 запроса ещё на версии 1.0.0" in browse("ada", lang="ru").get("/admin/plugins?plugin=loans").text
        told = ada.get("/api/v1/plugins").json()[0]["processes"]
        assert [(one["version"], one["generation"], one["draining"]) for one in told] == [("2.0.0", 2, {"1.0.0": 2})]
        disable()
        follower.report()
        assert "2 requests still on 1.0.0" in ada.get("/admin/plugins?plugin=loans").text
    follower.report()

    assert "still on" not in ada.get("/admin/plugins?plugin=loans").text


def test_a_process_that_cannot_load_the_new_version_goes_on_with_the_last_good_one(
    write_plugin, enable, other, runtime, settings
):
    write_plugin()
    enable()
    world = other.runtime.parts["world"]
    world.look()
    write_plugin(version="2.0.0")
    enable()
    second_hash = runtime.parts["world"].loaded["loans"].found.hash
    stored = world.store.path("loans", second_hash) / "__init__.py"
    stored.chmod(0o644)
    stored.write_text("raise ImportError('only here')")
    shutil.rmtree(settings.plugin_path / "loans")

    world.look()

    assert world.loaded["loans"].version == "1.0.0"
    assert "its stored files were changed" in world.faults["loans"]


def test_a_process_that_is_gone_leaves_the_list(write_plugin, enable, second, runtime, session):
    write_plugin()
    enable()
    second.once()
    session.execute(update(PluginWorkerState).values(at=clock.now() - timedelta(minutes=2)))
    session.commit()

    Follower(runtime).once()

    assert not [key for key in states(session) if key[0] == "other:2"]


def test_a_process_that_stops_takes_itself_off_the_list(write_plugin, enable, second, session):
    write_plugin()
    enable()
    second.once()

    second.stop()

    assert states(session) == {}


def test_whoever_switched_a_plugin_is_answered_by_no_process_that_lags_behind(write_plugin, browse, other):
    write_plugin()
    ada = browse("ada")

    switched = ada.submit("/admin/plugins/loans/state", {"state": "enabled", "generation": "0"})
    told = switched.cookies["acm_min_gen"]
    ada.app = ada._transport.app = other

    assert ada.get("/p/loans/hello", headers={"cookie": f"acm={ada.cookies['acm']}"}).status_code == 404
    assert ada.get("/p/loans/hello", headers={"acm-min-gen": told}).status_code == 200


def test_the_api_tells_the_version_to_wait_for(write_plugin, browse):
    write_plugin()

    answer = browse("ada").post("/api/v1/plugins/loans/state", json={"state": "enabled"})

    assert int(answer.headers["acm-min-gen"]) > 0


def test_a_thread_follows_while_no_request_is_made(write_plugin, enable, other):
    follower = Follower(other.runtime)
    follower.start()
    write_plugin()
    enable()
    until = time.monotonic() + 10

    while other.runtime.snapshot.find("router", "loans:pages") is None and time.monotonic() < until:
        follower.stopping.wait(0.05)
    follower.stop()

    assert other.runtime.snapshot.find("router", "loans:pages") is not None


def test_in_development_an_edit_is_enabled_by_itself(write_plugin, enable, settings, database, session, capsys):
    write_plugin()
    enable()
    app = create_app(settings.model_copy(update={"develop": True}), database=database)
    write_plugin(version="1.0.1")

    Follower(app.runtime).once()

    loaded = app.runtime.parts["world"].loaded["loans"]
    assert loaded.version == "1.0.1"
    assert re.fullmatch(rf"loans 1\.0\.1 \({loaded.found.hash[:12]}\) is enabled, \d+\.\d s\n", capsys.readouterr().out)


def test_in_development_an_edit_that_is_refused_leaves_the_last_good_version(
    write_plugin, enable, settings, database, capsys
):
    write_plugin()
    enable()
    app = create_app(settings.model_copy(update={"develop": True}), database=database)
    write_plugin(code="raise ValueError('half written')")
    follower = Follower(app.runtime)

    follower.enable_edits()
    follower.enable_edits()

    assert app.runtime.parts["world"].loaded["loans"].version == "1.0.0"
    said = capsys.readouterr().out
    assert said.count("loans is refused, the version before goes on") == 1
    assert "half written" in said


def test_safe_mode_lets_people_sign_in_and_administrators_switch_off(write_plugin, enable, settings, database, browse):
    write_plugin(
        code="def bad(ctx): raise SystemExit\ndef register(p):\n    p.menu(bad)\n    p.slot('portal.home', bad)"
    )
    enable()
    safe = create_app(settings.model_copy(update={"safe_mode": True}), database=database)
    ada = browse("ada")
    ada.app = ada._transport.app = safe

    assert ada.get("/login").status_code in (200, 303)
    page = ada.get("/admin/plugins?plugin=loans").text
    assert "The system runs in safe mode" in page
    assert "processes run version" not in page
    assert ada.get("/p/loans/hello").status_code == 503
    switched = ada.submit("/admin/plugins/loans/state", {"state": "disabled", "generation": "1"})
    assert switched.status_code == 303


def test_a_notification_of_the_registry_is_sent_with_the_change(write_plugin, enable, runtime, second):
    if runtime.db.is_sqlite:
        pytest.skip("SQLite has no notifications")
    connection = second._connection()
    write_plugin()
    with runtime.db.writing(runtime.snapshot) as session:
        lifecycle.enable(session, runtime, "loans", Origin(None, clock.now()))

    assert list(connection.notifies(timeout=5, stop_after=1))
    connection.close()
