"""What a plugin may give, and how the core takes it: slots, menus, screens, settings, permissions, files."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import select

from acm.app import create_app
from acm.composition import worker
from acm.kernel.guard import recent
from acm.people.models import Role
from acm.sdk import Context

SHOWS = """
from typing import Annotated
from fastapi import APIRouter
from pydantic import BaseModel
from acm.sdk import Ctx, router

pages, api = router(), APIRouter()

class Answer(BaseModel):
    who: str

@pages.get("/show")
def show(ctx: Ctx):
    return ctx.page("show.html", number=7)

@api.get("/who")
def who(ctx: Ctx) -> Answer:
    return Answer(who=ctx.user.person.login)

def aside(ctx):
    return ctx.fragment("aside.html", name="<b>")

def broken(ctx):
    raise RuntimeError("no")

def register(p):
    p.router(pages)
    p.router(api, at="api", permission="SLUG.look")
    p.slot("portal.home", aside)
    p.menu(broken)
"""
ASKS = """
[plugin]
slug = "{slug}"
name = {{ ru = "Проба", en = "Trial" }}
version = "{version}"

[permissions.define.look]
title = {{ ru = "Смотреть", en = "Look" }}
default_roles = ["agent"]

[settings]
schema = "settings.json"
"""
SCHEMA = """
{"type": "object", "properties": {
  "days": {"type": "integer", "minimum": 1, "default": 3, "title": "Days"},
  "loud": {"type": "boolean", "default": false, "title": "Loud"}}}
"""


@pytest.fixture
def shows(write_plugin):
    """A plugin with screens, a slot, a broken menu, a permission and settings."""
    folder = write_plugin("shows", code=SHOWS, manifest=ASKS)
    (folder / "settings.json").write_text(SCHEMA)
    (folder / "templates").mkdir()
    (folder / "templates" / "show.html").write_text(
        '{% extends "work_base.html" %}{% block main %}<h1>Number {{ number }}</h1>{% endblock %}'
    )
    (folder / "templates" / "aside.html").write_text("<p>Beside {{ name }}</p>")
    return folder


def test_a_plugins_screen_stands_in_the_cores_layout(shows, enable, browse):
    enable("shows")

    page = browse("oleg").get("/p/shows/show")

    assert page.status_code == 200
    assert "<h1>Number 7</h1>" in page.text
    assert 'id="main"' in page.text


def test_a_slot_is_filled_and_what_it_shows_is_escaped(shows, enable, browse):
    enable("shows")

    assert "<p>Beside &lt;b&gt;</p>" in browse("maria").get("/").text


def test_a_slot_that_raises_says_so_in_its_place_and_the_page_stands(write_plugin, enable, browse):
    write_plugin("breaks", code="def bad(ctx): raise ValueError('no')\ndef register(p): p.slot('portal.home', bad)")
    enable("breaks")

    page = browse("maria").get("/")

    assert page.status_code == 200
    assert "Trial is not available. Error number:" in page.text


def test_the_permission_of_a_plugin_comes_to_its_roles_once_and_guards_its_addresses(
    shows, enable, disable, browse, session
):
    enable("shows")
    assert browse("oleg").get("/api/p/shows/who").json() == {"who": "oleg"}
    assert browse("maria").get("/api/p/shows/who").status_code == 403
    agent = session.scalars(select(Role).where(Role.key == "agent")).one()
    agent.permissions = [p for p in agent.permissions if p != "shows.look"]
    session.commit()

    disable("shows")
    enable("shows")

    assert browse("oleg").get("/api/p/shows/who").status_code == 403


def test_the_description_of_the_api_covers_enabled_plugins(shows, enable, disable, browse):
    enable("shows")
    document = browse("oleg").get("/openapi.json").json()
    assert "/api/p/shows/who" in document["paths"]
    assert "shows.Answer" in document["components"]["schemas"]

    disable("shows")

    assert "/api/p/shows/who" not in browse("oleg").get("/openapi.json").json()["paths"]


def test_settings_have_defaults_and_follow_the_administrator(shows, enable, browse, runtime):
    enable("shows")
    assert dict(runtime.snapshot.plugins["shows"].settings) == {"days": 3, "loud": False}
    ada = browse("ada")

    saved = ada.submit("/admin/plugins/shows/settings", {"generation": "1", "days": "5", "loud": "yes"})

    assert saved.status_code == 303
    assert dict(runtime.snapshot.plugins["shows"].settings) == {"days": 5, "loud": True}


def test_a_setting_that_does_not_fit_is_named_and_nothing_is_kept(shows, enable, browse, runtime):
    enable("shows")

    refused = browse("ada").submit("/admin/plugins/shows/settings", {"generation": "1", "days": "0"})

    assert refused.status_code == 422
    assert "0 is less than the minimum of 1" in refused.text
    assert runtime.snapshot.plugins["shows"].settings["days"] == 3


def test_a_plugin_that_needs_another_waits_for_it_and_holds_it(write_plugin, enable, disable):
    write_plugin("base", code="def register(p): pass")
    write_plugin(
        "above",
        code="def register(p): pass",
        manifest='[plugin]\nslug="above"\nname={{en="Above"}}\nversion="1.0"\nrequires={{base=">=1"}}\n',
    )
    with pytest.raises(Exception, match="it needs the plugin base, which is not enabled"):
        enable("above")
    enable("base")
    enable("above")

    with pytest.raises(Exception, match="the plugin above needs it"):
        disable("base")


def test_types_and_queues_may_be_files_alone(write_plugin, enable, runtime, browse):
    folder = write_plugin("plain", manifest=(
        '[plugin]\nslug = "plain"\nname = {{ en = "Plain", ru = "Просто" }}\nversion = "1.0"\npython = false\n'
    ))  # fmt: skip
    (folder / "__init__.py").unlink()
    (folder / "case_types").mkdir()
    (folder / "case_types" / "visit.yaml").write_text(
        "key: plain.visit\nnames: {ru: Визит, en: Visit}\nseries: VI\n"
        "stages: [{key: all, names: {ru: Всё, en: All}}]\n"
        "states:\n  - {key: new, names: {ru: Новый, en: New}, category: new, stage: all}\n"
        "transitions: []\n"
    )
    (folder / "queues").mkdir()
    (folder / "queues" / "visits.yaml").write_text(
        "slug: visits\nnames: {ru: Визиты, en: Visits}\nfilters: {type: plain.visit}\n"
    )

    enable("plain")

    assert runtime.snapshot.find("page_type", "plain.visit").series == "VI"
    assert browse("oleg").get("/queues/visits").status_code == 200
    assert "no code" in browse("ada").get("/admin/plugins").text


def test_a_fault_in_a_file_is_named_by_file_line_and_key(write_plugin, enable):
    folder = write_plugin("plain", code="def register(p): pass")
    (folder / "queues").mkdir()
    (folder / "queues" / "visits.yaml").write_text("slug: visits\nnames: {ru: Визиты, en: Visits}\ncolour: red\n")

    with pytest.raises(Exception, match=r"queues/visits.yaml:3:1: colour: is not a key"):
        enable("plain")


def test_an_edited_plugin_says_so_and_is_applied_on_request(write_plugin, enable, browse):
    write_plugin()
    enable("loans")
    oleg, ada = browse("oleg"), browse("ada")
    assert oleg.get("/p/loans/hello").json() == {"hello": "1.0.0"}
    write_plugin(version="1.0.1")

    assert "Apply version 1.0.1" in ada.get("/admin/plugins?plugin=loans").text
    ada.submit("/admin/plugins/loans/state", {"state": "enabled", "generation": "1"})

    assert oleg.get("/p/loans/hello").json() == {"hello": "1.0.1"}


def test_a_worker_alone_follows_and_notes_whose_job_fails(write_plugin, enable, settings, database):
    alone = create_app(settings, database=database)
    turning = worker(alone.runtime)
    turning.once()
    write_plugin("ticks", code=(
        "def tick(ctx): raise RuntimeError(f'ticked for {ctx.plugin}')\n"
        "def register(p): p.job('tick', tick, every=3600)\n"
    ))  # fmt: skip
    enable("ticks")
    time.sleep(0.3)

    turning.once()

    assert [(failure.point, failure.line) for failure in recent["ticks"]] == [
        ("job tick", "RuntimeError: ticked for ticks")
    ]


PLACES = """
def tab(ctx, case):
    return {"label": "Hearings", "href": f"/p/places/{case.number}", "count": 2}

def column(ctx, cases):
    found = ctx.cases.by_ids(case.id for case in cases)
    return {"title": "Court", "cells": {case.number: f"court of {case.id}" for case in found.values()}}

def aside(ctx, page):
    return f"beside {page.title} <b>"

def person(ctx, person):
    return f"about {person.login}"

def broken(ctx, cases):
    raise RuntimeError("no")

def register(p):
    p.slot("case.tabs", tab)
    p.slot("queue.column", column)
    p.slot("page.aside", aside)
    p.slot("person.aside", person)
    p.slot("queue.column", broken)
"""


def test_every_place_is_drawn_and_a_list_asks_once_for_all_its_rows(
    write_plugin, enable, browse, session, runtime, person, department, statements
):
    write_plugin()
    enable("loans")
    loans = Context("loans", session, runtime.snapshot)
    for number in range(5):
        case = loans.cases.open("loans.loan", title=f"Loan {number}", department=department("it"))
    session.commit()
    oleg = browse("oleg")
    oleg.get("/cases")
    statements.clear()
    oleg.get("/cases")
    before = len(statements)
    write_plugin("places", code=PLACES)
    enable("places")

    oleg.get("/cases")
    statements.clear()
    rows = oleg.get("/cases").text

    assert rows.count("court of ") == 5
    assert "Trial is not available. Error number:" in rows
    assert len(statements) <= before + 3
    assert f'href="/p/places/{case.number}"' in oleg.get(f"/cases/{case.number}").text
    assert "about maria" in oleg.get("/people/maria").text


def test_a_slot_in_a_place_that_is_not_there_is_refused(write_plugin, enable):
    write_plugin("odd", code="def register(p): p.slot('sky', print)")

    with pytest.raises(Exception, match="is no place for slots"):
        enable("odd")
