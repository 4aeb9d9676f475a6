"""Versions of plugins: kept once by their content, loaded from there, swapped while requests run, let go for good."""

from __future__ import annotations

import gc
import re
import shutil
import types

import pytest
from sqlalchemy import select

from acm import clock
from acm.app import create_app
from acm.journal import Origin
from acm.kernel import lifecycle
from acm.kernel.lifecycle import PluginRefused
from acm.kernel.models import Plugin

LAZY = """
from fastapi import APIRouter
pages = APIRouter()

@pages.get("/hello")
def hello() -> dict[str, str]:
    from .later import WORD
    return {"hello": WORD}

def register(p):
    p.router(pages)
"""


@pytest.fixture
def world(runtime):
    return runtime.parts["world"]


def functions_of(package: str) -> set[str]:
    """The functions alive of a package and of those below it; weak references to modules would prove nothing."""
    gc.collect()
    return {
        f"{one.__module__}.{one.__qualname__}"
        for one in gc.get_objects()
        if isinstance(one, types.FunctionType) and (one.__module__ or "").startswith(package)
    }


def test_an_edit_on_disk_changes_nothing_until_it_is_enabled(write_plugin, enable, browse):
    folder = write_plugin(code=LAZY)
    (folder / "later.py").write_text("WORD = 'first'")
    enable()
    (folder / "later.py").write_text("WORD = 'other'")

    assert browse("oleg").get("/p/loans/hello").json() == {"hello": "first"}


def test_what_is_enabled_is_kept_read_only_under_its_hash(write_plugin, enable, world, session):
    write_plugin()
    enable()

    row = session.scalars(select(Plugin)).one()
    kept = world.store.path("loans", row.hash)
    assert (kept / "plugin.toml").stat().st_mode & 0o222 == 0
    assert kept.stat().st_mode & 0o222 == 0


def test_a_plugin_whose_folder_is_gone_serves_from_the_store(write_plugin, enable, settings, database, browse):
    shutil.rmtree(write_plugin())
    write_plugin()
    enable()
    shutil.rmtree(settings.plugin_path / "loans")

    fresh = create_app(settings, database=database)

    assert fresh.runtime.snapshot.find("router", "loans:pages") is not None
    assert browse("ada").get("/api/v1/plugins").json()[0]["state"] == "enabled"


def test_a_plugin_is_missing_when_neither_store_nor_folder_has_it(
    write_plugin, enable, settings, database, world, browse
):
    write_plugin()
    enable()
    shutil.rmtree(settings.plugin_path / "loans")
    world.store.drop("loans")
    world.loaded.clear()

    fresh = create_app(settings, database=database)

    assert fresh.runtime.snapshot.find("router", "loans:pages") is None
    assert browse("ada").get("/api/v1/plugins").json()[0]["state"] == "missing"


def test_a_store_that_was_lost_is_filled_again_from_the_same_files(write_plugin, enable, settings, database, world):
    write_plugin()
    enable()
    world.store.drop("loans")

    fresh = create_app(settings, database=database)

    assert fresh.runtime.snapshot.find("router", "loans:pages") is not None


def test_stored_files_that_were_changed_are_not_run(write_plugin, enable, settings, database, world, session):
    folder = write_plugin()
    enable()
    shutil.rmtree(folder)
    row = session.scalars(select(Plugin)).one()
    stored = world.store.path("loans", row.hash) / "__init__.py"
    stored.chmod(0o644)
    stored.write_text("def register(p): raise RuntimeError('not what was enabled')")

    fresh = create_app(settings, database=database)

    assert "its stored files were changed" in fresh.runtime.parts["world"].faults["loans"]


def test_going_back_is_naming_an_older_version(write_plugin, enable, runtime, browse):
    write_plugin()
    enable()
    write_plugin(version="2.0.0")
    enable()

    with runtime.db.writing(runtime.snapshot) as session:
        lifecycle.enable(session, runtime, "loans", Origin(None, clock.now()), version="1.0.0")
    lifecycle.publish(runtime)

    assert browse("oleg").get("/p/loans/hello").json() == {"hello": "1.0.0"}
    with pytest.raises(PluginRefused, match=r"no stored version 3\.0\.0"), runtime.db.writing() as session:
        lifecycle.enable(session, runtime, "loans", Origin(None, clock.now()), version="3.0.0")


def test_an_administrator_goes_back_by_a_button(write_plugin, enable, browse):
    write_plugin()
    enable()
    write_plugin(version="2.0.0")
    enable()
    ada = browse("ada")
    page = ada.get("/admin/plugins?plugin=loans").text
    hash_ = re.search(r'name="version" value="([0-9a-f]{64})"', page)[1]
    assert "Go back to 1.0.0" in page

    ada.submit("/admin/plugins/loans/state", {"state": "enabled", "generation": "2", "version": hash_})

    assert ada.get("/p/loans/hello").json() == {"hello": "1.0.0"}


def test_a_plugin_that_is_not_hot_is_swapped_by_a_restart(write_plugin, enable, disable, settings, database, world):
    cold = MANIFEST.replace("[settings]", "hot = false\n[settings]")
    for version in ("1.0.0", "2.0.0"):
        (write_plugin(manifest=cold, version=version) / "settings.json").write_text(SECRETS)
        enable()

    fresh = create_app(settings, database=database)

    assert world.loaded["loans"].version == "1.0.0"
    assert "restart this process, which runs 1.0.0" in world.faults["loans"]
    assert fresh.runtime.parts["world"].loaded["loans"].version == "2.0.0"
    disable()
    assert world.loaded == {}


def test_a_request_that_began_with_the_old_version_ends_with_it(write_plugin, enable, world):
    folder = write_plugin(code=LAZY)
    (folder / "later.py").write_text("WORD = 'old'")
    enable()
    package = world.loaded["loans"].package
    with world.serving() as snapshot:
        (folder / "later.py").write_text("WORD = 'new'")
        enable()

        assert world.sweep() == 1
        assert snapshot.find("router", "loans:pages").router.routes[0].endpoint() == {"hello": "old"}

    del snapshot
    assert world.sweep() == 0
    assert functions_of(package) == set()


def test_a_generation_is_let_go_after_its_grace_however_long_a_request_lasts(
    write_plugin, enable, disable, world, monkeypatch
):
    monkeypatch.setattr("acm.kernel.retiring.GRACE", 0.0)
    write_plugin()
    enable()

    with world.serving():
        disable()

        assert world.sweep() == 0


def test_new_settings_load_no_code_anew(write_plugin, enable, world, runtime):
    folder = write_plugin(manifest=MANIFEST)
    (folder / "settings.json").write_text(SECRETS)
    enable()
    package = world.loaded["loans"].package

    with runtime.db.writing(runtime.snapshot) as session:
        lifecycle.configure(session, "loans", {"days": 9}, Origin(None, clock.now()), generation=1)
    lifecycle.publish(runtime)

    assert world.loaded["loans"].package == package
    assert world.loaded["loans"].settings["days"] == 9


def test_after_thirty_times_on_and_off_no_function_of_the_plugin_is_alive(write_plugin, enable, disable, world, browse):
    of_other_tests = functions_of("acm_plugins.loans")
    write_plugin()
    oleg = browse("oleg")
    for _cycle in range(30):
        enable()
        assert oleg.get("/p/loans/hello").status_code == 200
        disable()
        world.sweep()

    assert world.retirement.leaving == []
    assert functions_of("acm_plugins.loans") <= of_other_tests


MANIFEST = """
[plugin]
slug = "{slug}"
name = {{ ru = "Проба", en = "Trial" }}
version = "{version}"
[settings]
schema = "settings.json"
"""
SECRETS = """
{"type": "object", "required": ["token"], "properties": {
  "token": {"type": "string", "writeOnly": true, "title": "Token"},
  "days": {"type": "integer", "default": 3, "title": "Days"}}}
"""


def test_a_secret_setting_is_encrypted_and_never_shown_again(write_plugin, enable, world, browse, session):
    folder = write_plugin(manifest=MANIFEST)
    (folder / "settings.json").write_text(SECRETS)
    enable()
    ada = browse("ada")

    saved = ada.submit("/admin/plugins/loans/settings", {"generation": "1", "token": "open sesame", "days": "4"})
    again = ada.submit("/admin/plugins/loans/settings", {"generation": "2", "token": "", "days": "5"})

    assert (saved.status_code, again.status_code) == (303, 303)
    assert dict(world.loaded["loans"].settings) == {"days": 5, "token": "open sesame"}
    stored = session.scalars(select(Plugin).execution_options(populate_existing=True)).one().settings
    assert "open sesame" not in str(stored)
    assert "open sesame" not in ada.get("/admin/plugins?plugin=loans").text


def test_a_secret_that_is_required_has_to_be_entered_once(write_plugin, enable, browse):
    folder = write_plugin(manifest=MANIFEST)
    (folder / "settings.json").write_text(SECRETS)
    enable()

    refused = browse("ada").submit("/admin/plugins/loans/settings", {"generation": "1", "days": "4"})

    assert refused.status_code == 422


def test_a_template_knows_the_address_of_its_plugins_files(write_plugin, enable, world):
    folder = write_plugin()
    (folder / "templates").mkdir()
    (folder / "templates" / "page.html").write_text("{{ plugin_file('loans.css') }}")
    enable()
    loaded = world.loaded["loans"]

    shown = loaded.templates.get_template("plugin:loans/page.html").render()

    assert shown == f"/p/loans/static/{loaded.found.hash}/loans.css"


def test_files_of_a_plugin_have_addresses_that_hold_their_hash(write_plugin, enable, disable, world, browse):
    folder = write_plugin()
    (folder / "static").mkdir()
    (folder / "static" / "loans.css").write_text("p { color: red }")
    enable()
    hash_ = world.loaded["loans"].found.hash
    anyone = browse()

    answer = anyone.get(f"/p/loans/static/{hash_}/loans.css")

    assert answer.text == "p { color: red }"
    assert answer.headers["content-type"].startswith("text/css")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert anyone.get(f"/p/loans/static/{hash_}/../plugin.toml").status_code in (303, 401, 404)
    assert anyone.get(f"/p/loans/static/{hash_}/%2e%2e/plugin.toml").status_code == 404
    assert anyone.get(f"/p/loans/static/{'0' * 64}/loans.css").status_code == 404
    disable()
    assert anyone.get(f"/p/loans/static/{hash_}/loans.css").status_code == 404
