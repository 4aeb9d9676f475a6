"""What cost others an outage when plugins came and went, each with the test that shows that it costs none here."""

from __future__ import annotations

import logging
import shutil

import pytest
from sqlalchemy import select

from acm import migrating
from acm.app import create_app
from acm.kernel.lifecycle import PluginRefused
from acm.people.models import Role
from acm.sdk import Context
from tests.kernel.conftest import MANIFEST
from tests.kernel.test_switching_removal import LOANED, write_revisions
from tests.kernel.test_switching_versions import functions_of

PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Loans desk"\nmsgstr "{word}"\n'
SAYS = """
from acm.sdk import Ctx, router, _

pages = router()

@pages.get("/desk")
def desk(ctx: Ctx):
    return ctx.page("desk.html")

def register(p):
    p.router(pages)
"""
DESK = '{% extends "work_base.html" %}{% block main %}<h1>{{ _("Loans desk") }}</h1>{% endblock %}'


def test_translations_are_those_of_the_version_that_speaks(write_plugin, enable, browse):
    oleg = browse("oleg", lang="ru")
    for version, word in (("1.0.0", "Стол выдачи"), ("2.0.0", "Стойка выдачи")):
        folder = write_plugin(code=SAYS, version=version)
        for place, text in (("templates/desk.html", DESK), ("locale/ru/loans.po", PO.format(word=word))):
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(text)
        enable()

        assert f"<h1>{word}</h1>" in oleg.get("/p/loans/desk").text


def test_a_plugin_translates_a_word_of_the_core_on_its_own_screens_alone(write_plugin, enable, browse):
    oleg = browse("oleg", lang="ru")
    before = oleg.get("/services").text
    folder = write_plugin(code=SAYS)
    for place, text in (
        ("templates/desk.html", DESK.replace("Loans desk", "Services")),
        ("locale/ru/loans.po", PO.replace("Loans desk", "Services").format(word="Взять с собой")),
    ):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(text)
    enable()

    assert "<h1>Взять с собой</h1>" in oleg.get("/p/loans/desk").text
    assert "Взять с собой" not in oleg.get("/services").text
    assert oleg.get("/services").text.count("Услуги") == before.count("Услуги") > 0


FORM = """
from acm.sdk import Ctx, Submitted, router

pages = router()

@pages.post("/FORM")
def take(ctx: Ctx, form: Submitted) -> dict[str, str]:
    return {"VERSION": form.text("words")}

def register(p):
    p.router(pages)
"""


def test_a_fragment_of_the_version_before_posts_to_the_next_one(write_plugin, enable, browse):
    write_plugin(code=FORM.replace("FORM", "form"))
    enable()
    oleg = browse("oleg")
    write_plugin(code=FORM.replace("FORM", "form"), version="2.0.0")
    enable()

    answer = oleg.submit("/p/loans/form", {"words": "typed on 1.0.0"}, headers={"hx-request": "true"})
    assert answer.json() == {"2.0.0": "typed on 1.0.0"}

    write_plugin(code=FORM.replace("FORM", "other"), version="3.0.0")
    enable()
    assert oleg.submit("/p/loans/form", {"words": "x"}, headers={"hx-request": "true"}).status_code == 404


LOGS = """
import logging

class Keeps(logging.Handler):
    def emit(self, record):
        register

class Sifts(logging.Filter):
    pass

def register(p):
    logging.getLogger().addHandler(Keeps())
    logging.getLogger("acm.loans").addFilter(Sifts())
"""


def test_a_logging_handler_that_was_left_behind_is_taken_off(write_plugin, enable, disable, runtime):
    before = list(logging.getLogger().handlers), list(logging.getLogger("acm.loans").filters)
    write_plugin(code=LOGS)
    enable()
    package = runtime.parts["world"].loaded["loans"].package
    assert (logging.getLogger().handlers, logging.getLogger("acm.loans").filters) != before

    disable()
    runtime.parts["world"].sweep()

    assert (logging.getLogger().handlers, logging.getLogger("acm.loans").filters) == before
    assert functions_of(package) == set()


ASIDE = """
from contextvars import ContextVar

HELD = ContextVar("acm_test_held", default="nothing")
token = None

def sets(ctx):
    global token
    token = HELD.set("of loans")
    return "set"

def resets(ctx):
    HELD.reset(token)

def register(p):
    p.slot("portal.home", sets)
    p.slot("portal.home", resets)
"""


def test_a_context_variable_that_is_reset_in_another_context_is_the_plugins_own_fault(write_plugin, enable, browse):
    write_plugin(code=ASIDE)
    enable()

    page = browse("maria").get("/")

    assert page.status_code == 200
    assert "Trial is not available. Error number:" in page.text
    assert browse("maria").get("/healthz").status_code == 200


def needing(slug: str, other: str) -> str:
    return MANIFEST.replace("version =", f'requires = {{{{ "{other}" = ">=1" }}}}\nversion =')


def test_plugins_that_need_each_other_are_refused_with_the_circle(write_plugin, enable):
    for slug, other in (("first", "second"), ("second", "third"), ("third", "first")):
        write_plugin(slug, code="def register(p): pass", manifest=needing(slug, other))

    with pytest.raises(PluginRefused) as refusal:
        enable("first")

    assert str(refusal.value) == (
        "it needs the plugin second, which is not enabled; first needs second needs third needs first: "
        "none of them can be the first"
    )


def test_a_second_plugin_of_the_same_slug_is_not_accepted(write_plugin, settings, browse):
    write_plugin()
    shutil.copytree(settings.plugin_path / "loans", settings.plugin_path / "other_loans")

    found = {one["slug"]: one for one in browse("ada").get("/api/v1/plugins").json()}

    assert found["loans"]["state"] == "discovered"
    assert found["other_loans"]["state"] == "invalid"
    assert "is not the name of its folder" in found["other_loans"]["reason"]


LOOKS = (
    MANIFEST
    + """
[permissions.define]
look = {{ title = {{ en = "Look" }}, default_roles = ["admin"] }}
"""
)


def test_roles_keep_the_permissions_of_a_plugin_that_is_off(write_plugin, enable, disable, session):
    write_plugin(manifest=LOOKS)
    enable()
    disable()

    admin = session.scalars(select(Role).where(Role.key == "admin")).one()
    assert "loans.look" in admin.permissions


def test_a_database_that_is_older_than_its_plugins_folder_shows_its_cases(
    write_plugin, enable, settings, database, runtime, session, person, browse
):
    folder = write_plugin()
    enable()
    session.info["snapshot"] = runtime.snapshot
    case = Context("loans", session, runtime.snapshot).cases.open(
        "loans.loan", title="A projector", requester=person("maria")
    )
    session.commit()
    shutil.rmtree(folder)
    runtime.parts["world"].store.drop("loans")
    restored = create_app(settings, database=database)
    maria, ada = browse("maria"), browse("ada")
    maria.app = maria._transport.app = ada.app = ada._transport.app = restored

    assert "A projector" in maria.get(f"/requests/{case.number}").text
    assert maria.get("/").status_code == 200
    assert ada.get("/api/v1/plugins").json()[0]["state"] == "missing"


def test_the_core_is_upgraded_while_the_folder_of_a_plugin_with_tables_is_gone(write_plugin, enable, runtime):
    folder = write_plugin()
    write_revisions(folder, LOANED)
    enable()
    shutil.rmtree(folder)
    runtime.parts["world"].store.drop("loans")

    migrating.migrate(runtime.db)

    assert migrating.is_current(runtime.db)
