"""Removing a plugin for good, and its own tables: after an export, typed out, and the journal still holds."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Text, cast, inspect, select
from starlette.datastructures import UploadFile
from typer.testing import CliRunner

from acm import audit, clock
from acm.cases.opening import Opening, open_case
from acm.cli import cli
from acm.db import Base
from acm.jobs.queue import Worker, enqueue, run_due
from acm.journal import Event, Origin
from acm.kernel.following import Follower
from acm.kernel.lifecycle import PluginRefused
from acm.kernel.models import Plugin
from acm.pages.comments import add_comment
from acm.pages.files import attach
from acm.pages.visibility import unrestricted
from acm.people.models import PersonRole, Role
from tests.kernel.conftest import MANIFEST

REVISION = """
revision, down_revision = "{number}", {before}
import sqlalchemy as sa
from alembic import op

def upgrade():
    {does}
"""


@pytest.fixture
def case(write_plugin, enable, session, person, runtime):
    """A case of the plugin, with a comment."""
    write_plugin()
    enable()
    session.info["snapshot"] = runtime.snapshot
    definition = runtime.snapshot.find("page_type", "loans.loan")
    opening = Opening(title="A projector for Friday", requester=person("maria"))
    opened = open_case(session, definition, opening, Origin(person("maria"), clock.now()), ZoneInfo("UTC"))
    add_comment(session, opened, "with the long cable", Origin(person("maria"), clock.now()))
    session.commit()
    return opened


def remove(browse, word="loans", generation="2"):
    return browse("ada").submit("/admin/plugins/loans/removal", {"confirm": word, "generation": generation})


def test_what_a_removed_plugin_held_is_in_a_file_and_nowhere_else(case, disable, browse, settings, session):
    disable()

    assert remove(browse).status_code == 303

    (file,) = (settings.data_dir / "exports").glob("loans-*.jsonl")
    (line,) = file.read_text().splitlines()
    page = json.loads(line)
    assert page["title"] == "A projector for Friday"
    assert page["comment"][0]["body"] == "with the long cable"
    assert page["history"]
    assert file.stat().st_mode & 0o077 == 0
    assert browse("maria").get(f"/requests/{case.number}").status_code == 404
    session.expire_all()
    everything = session.scalars(unrestricted(select(Event), "test")).all()
    assert "projector" not in str([event.data for event in everything])


def test_the_journal_holds_after_a_removal_and_tells_of_it(case, disable, browse, session):
    disable()
    remove(browse)
    session.expire_all()

    told = session.scalars(unrestricted(select(Event).where(Event.kind == "plugin.removed"), "test")).one()

    assert told.data["pages"] == 1
    assert told.actor_id
    assert list(audit.verify(session)) == []


def test_a_removed_plugin_may_be_enabled_anew_from_its_folder(case, disable, browse, enable, session):
    disable()
    remove(browse)

    assert browse("ada").get("/api/v1/plugins").json()[0]["state"] == "discovered"
    enable()
    assert session.get(Plugin, "loans").generation == 1


@pytest.mark.parametrize(("word", "reason"), [("lones", "type loans to confirm"), ("", "type loans to confirm")])
def test_nothing_is_removed_without_the_name_typed_out(case, disable, browse, word, reason):
    disable()

    refused = remove(browse, word)

    assert refused.status_code == 409
    assert reason in refused.text
    assert browse("maria").get(f"/requests/{case.number}").status_code == 200


def test_an_enabled_plugin_is_not_removed(case, browse):
    answer = browse("ada").delete("/api/v1/plugins/loans?confirm=loans")

    assert answer.status_code == 409
    assert "disable it first" in answer.json()["detail"]


def write_revisions(folder, *steps):
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    for number, does in enumerate(steps, 1):
        before = repr(str(number - 1)) if number > 1 else None
        (versions / f"{number}.py").write_text(REVISION.format(number=number, before=before, does=does))


def tables(runtime):
    with runtime.db.read_engine.connect() as connection:
        return {name for name in inspect(connection).get_table_names() if "loans" in name}


LOANED = 'op.create_table("pl_loans_thing", sa.Column("id", sa.Integer, primary_key=True))'
MORE = 'op.add_column("pl_loans_thing", sa.Column("name", sa.String(20)))'


def test_the_tables_of_a_plugin_are_made_when_it_is_enabled_and_go_with_its_removal(
    write_plugin, enable, disable, browse, runtime
):
    write_revisions(write_plugin(), LOANED)
    enable()
    write_revisions(write_plugin(version="2.0.0"), LOANED, MORE)
    enable()
    assert tables(runtime) == {"pl_loans_thing", "alembic_version_loans"}
    disable()
    assert tables(runtime) == {"pl_loans_thing", "alembic_version_loans"}

    assert remove(browse, generation="3").status_code == 303

    assert tables(runtime) == set()


def test_a_migration_that_fails_leaves_nothing_behind(write_plugin, enable, runtime, session):
    write_revisions(write_plugin(), LOANED, "raise RuntimeError('half way')")

    with pytest.raises(PluginRefused, match="its migration failed: RuntimeError: half way"):
        enable()

    assert tables(runtime) == set()
    assert session.get(Plugin, "loans") is None


@pytest.mark.parametrize(
    "does",
    [
        'op.create_table("loans", sa.Column("id", sa.Integer))',
        'op.execute("UPDATE person SET login = login")',
        'op.execute("DELETE FROM person")',
        'op.add_column("page", sa.Column("mine", sa.Integer))',
        'op.execute("DROP TABLE notification")',
    ],
)
def test_a_migration_may_touch_the_tables_of_its_plugin_alone(write_plugin, enable, runtime, does):
    write_revisions(write_plugin(), does)

    with pytest.raises(PluginRefused, match=r"it may change tables pl_loans_\* only"):
        enable()

    assert tables(runtime) == set()


def test_going_back_leaves_tables_that_are_further(write_plugin, enable, runtime):
    write_revisions(write_plugin(), LOANED, MORE)
    enable()
    folder = write_plugin(version="1.0.0")
    (folder / "migrations" / "versions" / "2.py").unlink()

    enable()

    assert "pl_loans_thing" in tables(runtime)


def test_uploaded_files_of_removed_pages_go_unless_another_page_has_them(
    case, disable, browse, runtime, session, person, settings
):
    def attach_to(page, content: bytes) -> str:
        upload = UploadFile(BytesIO(content), filename="plan.txt")
        (file,) = attach(session, page, [upload], Origin(person("maria"), clock.now()))
        os.utime(runtime.files.path(file.sha256), (0, 0))
        return file.sha256

    other = open_case(
        session, runtime.snapshot.find("page_type", "request"), Opening(title="Another"),
        Origin(person("maria"), clock.now()), ZoneInfo("UTC"),
    )  # fmt: skip
    alone, shared, again = attach_to(case, b"alone"), attach_to(case, b"shared"), attach_to(case, b"sent again")
    attach_to(other, b"shared")
    session.commit()
    disable()
    remove(browse)
    assert runtime.files.path(alone).exists()  # somebody may be about to send the same
    os.utime(runtime.files.path(again))

    later = clock.now() + timedelta(minutes=2)
    assert run_due(runtime.db, runtime.snapshot, settings=settings, now=later) >= 1

    assert not runtime.files.path(alone).exists()
    assert runtime.files.path(shared).exists()
    assert runtime.files.path(again).exists()


BRINGS = """
from acm.sdk import Field, PageType

NAMES = {"ru": "Вещь", "en": "Thing"}

def again(ctx): pass

def send(ctx, payload): pass

def told(ctx, event): pass

def register(p):
    p.page_type(PageType(key="loans.thing", names=NAMES, series="TH", fields=(
        Field(key="serial", label=NAMES, indexed=True),
    )))
    p.vocabulary("loans.kind", NAMES, [("big", NAMES)])
    p.role("loans.keeper", NAMES, ("page.read",))
    p.job("again", again, every=1)
    p.job("send", send, payload=None)
    p.react("case.opened", told)
"""


def test_nothing_stays_but_what_was_asked_to_stay(write_plugin, enable, disable, browse, runtime, session, person):
    write_plugin(
        code=BRINGS,
        manifest=MANIFEST + '[permissions.define]\nlook = {{ title = {{ en = "Look" }}, default_roles = ["admin"] }}\n',
    )
    enable()
    keeper = session.scalars(select(Role).where(Role.key == "loans.keeper")).one()
    session.add(PersonRole(person_id=person("oleg").id, role_id=keeper.id))
    enqueue(session, "loans.send", {})
    session.commit()
    Worker(runtime).once()
    Follower(runtime).once()
    assert left_of_loans(session) != {}
    disable()

    assert remove(browse).status_code == 303

    assert left_of_loans(session) == {}


def left_of_loans(session) -> dict[str, list[str]]:
    """Every text column of every table that still names the plugin, but for the journal and what it kept on purpose."""
    session.rollback()
    kept = {"event", "type_version", "head", "notification", "page", "stream"}
    found = {}
    for table in Base.metadata.sorted_tables:
        if table.name not in kept:
            for column in table.columns:
                names = cast(column, Text).like("%loans%")
                rows = session.execute(unrestricted(select(cast(column, Text)).where(names), "test")).scalars().all()
                if rows:
                    found[f"{table.name}.{column.name}"] = rows
    catalogue = inspect(session.connection())
    found |= {f"index {one['name']}": [] for one in catalogue.get_indexes("page") if one["name"].startswith("ix_field")}
    session.rollback()
    return found


def test_the_console_switches_upgrades_repairs_and_removes(write_plugin, settings, monkeypatch, tmp_path):
    for name in ("data_dir", "database_url", "plugin_path", "secret_key", "search"):
        monkeypatch.setenv(f"ACM_{name.upper()}", str(getattr(settings, name)))
    write_plugin()
    runner = CliRunner()

    def acm(*words: str, typed: str = "") -> str:
        done = runner.invoke(cli, ["plugin", *words], input=typed, env={"COLUMNS": "200"})
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output

    assert "loans 1.0.0" in acm("enable", str(settings.plugin_path / "loans"))
    write_plugin(version="1.1.0")
    assert "1.1.0" in acm("upgrade", "loans")
    assert "1.0.0" in acm("upgrade", "loans", "--to", "1.0.0")
    assert "in repair" in acm("repair", "loans", "--reason", "I look into it")
    assert "I look into it" in acm("list")
    acm("enable", "loans")
    acm("disable", "loans")
    assert "is removed" in acm("purge", "loans", typed="loans\n")
    assert "discovered" in acm("list")
