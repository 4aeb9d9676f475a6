"""Work of a plugin that was given up stands on its page, until somebody lets it be tried again or lets it go."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from acm import clock
from acm.cli import cli
from acm.jobs.models import Job
from acm.jobs.queue import PAUSES, run_due
from acm.journal import Event
from acm.kernel.guard import recent
from acm.pages.visibility import unrestricted
from acm.sdk import Context
from tests.databases import settle
from tests.kernel.conftest import LOAN

THANKS = (
    LOAN.replace("def register(p):", "def thank(ctx, event):\n    RAISE\n\n\ndef register(p):")
    + '    p.react("case.opened", thank)\n'
)


@pytest.fixture
def given_up(write_plugin, enable, runtime, session):
    """A reactor that raised at each of its tries; the number of its job."""
    write_plugin(code=THANKS.replace("RAISE", "raise RuntimeError('no paper')"))
    enable()
    session.info["snapshot"] = runtime.snapshot
    Context("loans", session, runtime.snapshot).cases.open("loans.loan", title="A projector")
    session.commit()
    settle(session)
    runtime.snapshot.find("consumer", "react:loans")(runtime.db, runtime.snapshot)
    job = session.scalars(select(Job).where(Job.name == "loans.react")).one()
    job.attempts = len(PAUSES)  # it was tried so often
    session.commit()
    run_due(runtime.db, runtime.snapshot, settings=runtime.settings, now=clock.now() + timedelta(minutes=1))
    session.refresh(job)
    assert (job.state, job.attempts) == ("failed", 5)
    number = job.id
    session.rollback()
    return number


def told(session):
    session.rollback()
    kinds = ("plugin.tried_again", "plugin.let_go")
    events = session.scalars(unrestricted(select(Event).where(Event.kind.in_(kinds)), "test"))
    return [(event.kind, event.data["what"], event.actor_id is not None) for event in events]


def test_it_stands_on_the_page_of_the_plugin_with_its_error_and_number(given_up, browse):
    page = browse("ada").get("/admin/plugins?plugin=loans").text

    assert "Given up" in page
    assert f"<code>{given_up}</code>" in page
    assert "react case.opened:thank" in page
    assert f"RuntimeError: no paper ({recent['loans'][-1].number})" in page
    assert "Не удалось" in browse("ada", lang="ru").get("/admin/plugins?plugin=loans").text


def test_it_is_tried_again_from_the_beginning(given_up, write_plugin, enable, browse, runtime, session):
    write_plugin(code=THANKS.replace("RAISE", "ctx.cases.comment(ctx.cases.of(event), 'Thanks')"), version="1.0.1")
    enable()

    answer = browse("ada").submit(f"/admin/plugins/loans/parked/{given_up}", {"do": "again"})

    assert answer.status_code == 303
    assert run_due(runtime.db, runtime.snapshot, settings=runtime.settings) == 1
    assert session.get(Job, given_up, populate_existing=True).state == "done"
    assert told(session) == [("plugin.tried_again", "react case.opened:thank", True)]
    page = browse("ada").get("/admin/plugins?plugin=loans").text
    assert "Given up" not in page
    assert "let react case.opened:thank be tried again" in page


def test_it_is_let_go_and_the_journal_says_what_it_was(given_up, browse, session):
    ada = browse("ada")

    assert ada.submit(f"/admin/plugins/loans/parked/{given_up}", {"do": "go"}).status_code == 303

    assert session.get(Job, given_up, populate_existing=True) is None
    assert told(session) == [("plugin.let_go", "react case.opened:thank", True)]
    assert ada.submit(f"/admin/plugins/loans/parked/{given_up}", {"do": "go"}).status_code == 404
    assert ada.submit(f"/admin/plugins/loans/parked/{given_up}", {"do": "burn"}).status_code == 404


def test_programs_do_the_same(given_up, browse):
    ada = browse("ada")

    (one,) = ada.get("/api/v1/plugins/loans/parked").json()
    assert (one["number"], one["what"], one["tries"]) == (given_up, "react case.opened:thank", 5)
    assert ada.post(f"/api/v1/plugins/loans/parked/{given_up}", json={"do": "again"}).status_code == 204
    assert ada.get("/api/v1/plugins/loans/parked").json() == []
    assert ada.post(f"/api/v1/plugins/loans/parked/{given_up}", json={"do": "go"}).status_code == 404
    assert browse("oleg").get("/api/v1/plugins/loans/parked").status_code == 403


def test_the_console_does_the_same(given_up, settings, monkeypatch, session):
    for name in ("data_dir", "database_url", "plugin_path", "secret_key", "search"):
        monkeypatch.setenv(f"ACM_{name.upper()}", str(getattr(settings, name)))
    session.rollback()

    listed = CliRunner().invoke(cli, ["plugin", "parked", "loans"], env={"COLUMNS": "200"})
    gone = CliRunner().invoke(cli, ["plugin", "parked", "loans", "--go", str(given_up)])

    assert "no paper" in listed.output
    assert "is let go" in gone.output
    assert told(session) == [("plugin.let_go", "react case.opened:thank", False)]
