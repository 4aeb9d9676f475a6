"""Vetoes, filters, reactors, jobs, upgrades and numbers: what plugins do when something happens, and when they fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from acm import clock
from acm.cases.vetoes import Refused
from acm.composition import worker
from acm.jobs.models import Job
from acm.jobs.queue import next_due, run_due
from acm.journal import Consumer, Event
from acm.kernel.guard import recent
from acm.pages.visibility import unrestricted
from acm.sdk import Context
from tests.kernel.conftest import LOAN

MANIFEST = """
[plugin]
slug = "{slug}"
name = {{ ru = "Проба", en = "Trial" }}
version = "{version}"
data_version = DATA

[permissions.uses]
veto = ["case.before_close", "case.before_open", "case.before_change", "case.before_move"]
on_failure = "FAILURE"
"""
RULES = LOAN.replace(
    "def register(p):",
    """
def no_friday(ctx, case, target):
    if case.title == "Broken":
        raise RuntimeError("no rule")
    if case.title == "Writes":
        ctx.cases.comment(case, "half a thought")
        raise RuntimeError("no rule")
    return {"en": "Not on a Friday", "ru": "Не в пятницу"} if case.title == "Friday" else None

def no_secret(ctx, definition, opening):
    return "Nothing secret" if opening.confidential else None

def no_red(ctx, case, field, value, by):
    return "Not red" if value == "Red" else None

def follow(ctx, event):
    case = ctx.cases.of(event)
    if case is None:
        return
    if case.title == "Sour":
        ctx.cases.comment(case, "sour " + ctx.key)
        raise RuntimeError("sour")
    ctx.cases.comment(case, "seen " + ctx.key)

def send(ctx, payload):
    ctx.cases.comment(ctx.cases.find(payload["number"]), "sent " + payload["text"])

def shout(ctx, body):
    return body.upper() if "loud" in body else 7

def register(p):
    p.veto("case.before_close", no_friday)
    p.veto("case.before_open", no_secret)
    p.veto("case.before_change", no_red)
    p.react("case.opened", follow)
    p.job("send", send, payload_version=2, older=lambda old, version: {**old, "text": f"from {version}"})
    p.filter("mail.render_body", shout)
""",
)


@pytest.fixture
def rules(write_plugin, enable, runtime, session):
    """The plugin's context without a person; give ``on_failure`` and the ``code`` to change it."""

    def make(on_failure="allow", code=RULES, data=1, version="1.0"):
        manifest = MANIFEST.replace("FAILURE", on_failure).replace("DATA", str(data))
        write_plugin("loans", code=code, manifest=manifest, version=version)
        session.commit()
        enable("loans")
        session.info["snapshot"] = runtime.snapshot
        session.info.pop("type_versions", None)
        return Context("loans", session, runtime.snapshot)

    return make


def comments(session, case):
    events = select(Event).where(Event.page_id == case.id, Event.kind == "comment.added")
    found = len(session.scalars(unrestricted(events, "test")).all())
    session.commit()
    return found


def opened(ctx, title):
    return ctx.cases.open("loans.loan", title=title)


def test_the_first_refusal_wins_with_its_words(rules, runtime):
    ctx = rules()
    friday = opened(ctx, "Friday")

    with pytest.raises(Refused) as refusal:
        ctx.cases.move(friday, "closed")

    assert friday.state == "new"
    assert refusal.value.params["said"]["en"] == "Not on a Friday"
    with pytest.raises(Refused, match="said"):
        ctx.cases.open("loans.loan", title="x", confidential=True)
    with pytest.raises(Refused):
        ctx.cases.change(friday, title="Red")
    ctx.cases.move(opened(ctx, "Monday"), "closed")


@pytest.mark.parametrize(("on_failure", "state"), [("allow", "closed"), ("refuse", "new")])
def test_a_rule_that_fails_lets_pass_or_refuses_as_its_manifest_says(rules, session, on_failure, state):
    ctx = rules(on_failure)
    for title in ("Broken", "Writes"):
        case = opened(ctx, title)
        if on_failure == "refuse":
            with pytest.raises(Refused, match="does not work at the moment"):
                ctx.cases.move(case, "closed")
        else:
            ctx.cases.move(case, "closed")
        assert (case.state, comments(session, case)) == (state, 0)
    assert [failure.point for failure in recent["loans"]] == ["veto case.before_close"] * 2


def test_a_rule_is_asked_of_its_own_types_only_and_by_its_manifests_leave(rules, write_plugin, enable):
    with pytest.raises(Exception, match=r"plugin.toml must list 'case.before_assign'"):
        rules(code=RULES.replace('"case.before_change"', '"case.before_assign"'))
    with pytest.raises(Exception, match="is nothing to refuse"):
        rules(code=RULES.replace('"case.before_change"', '"case.before_lunch"'))


def test_a_refusal_is_said_to_the_person(rules, browse, department, session):
    ctx = rules()
    case = ctx.cases.open("loans.loan", title="Friday", department=department("it"))
    session.commit()

    refused = browse("oleg").submit(f"/cases/{case.number}/state", {"state": "closed"})

    assert refused.status_code == 409
    assert "Not on a Friday" in refused.text


def test_a_reactor_that_fails_is_called_again_five_times_and_holds_nobody_up(rules, runtime, session):
    ctx = rules()
    sour, sweet = opened(ctx, "Sour"), opened(ctx, "Sweet")
    session.commit()

    worker(runtime).once()

    assert (comments(session, sour), comments(session, sweet)) == (0, 1)
    now = clock.now()
    for _attempt in range(8):
        now += timedelta(hours=2)
        run_due(runtime.db, runtime.snapshot, now=now)
    session.expire_all()
    [job] = session.scalars(select(Job).where(Job.name == "loans.react")).all()
    assert (job.state, job.attempts) == ("failed", 5)
    assert "sour" in recent["loans"][-1].line
    assert (comments(session, sour), comments(session, sweet)) == (0, 1)


def test_what_is_imported_is_told_to_no_reactor(rules, runtime, session):
    ctx = rules()
    case = opened(ctx, "Old")
    event = session.scalars(unrestricted(select(Event).where(Event.page_id == case.id), "test")).first()
    event.source = "import:elsewhere"
    session.commit()

    worker(runtime).once()

    assert comments(session, case) == 0


def test_a_job_with_a_payload_waits_while_its_plugin_is_away_and_is_brought_up(
    rules, runtime, session, disable, enable
):
    ctx = rules()
    case = opened(ctx, "Sweet")
    ctx.enqueue("send", {"number": case.number, "text": "now"}, key="one")
    ctx.enqueue("send", {"number": case.number, "text": "later"}, key="one")
    session.commit()
    disable("loans")
    assert run_due(runtime.db, runtime.snapshot) == 0
    [job] = session.scalars(select(Job).where(Job.name == "loans.send"))
    job.args = {**job.args, "version": 1}
    session.commit()

    enable("loans")
    assert run_due(runtime.db, runtime.snapshot) == 1

    session.expire_all()
    assert comments(session, case) == 1
    with pytest.raises(LookupError, match="no job 'nothing'"):
        ctx.enqueue("nothing")


def test_a_filter_changes_a_value_and_a_wrong_one_is_not_taken(rules, runtime, session):
    rules()

    assert runtime.snapshot.filtered("mail.render_body", "be loud", session) == "BE LOUD"
    assert runtime.snapshot.filtered("mail.render_body", "still", session) == "still"
    assert "gives str, not int" in recent["loans"][-1].line


def test_stored_fields_are_upgraded_in_the_background(rules, runtime, session):
    shaped = RULES.replace("transitions=(", 'fields=(Field(key="days", label=NAMES),), transitions=(')
    shaped = shaped.replace("import CaseType,", "import CaseType, Field,")
    ctx = rules(code=shaped)
    case = ctx.cases.open("loans.loan", title="x", fields={"days": "3"})
    session.commit()
    steps = """
    p.upgrade(from_=1, fn=lambda fields: {**fields, "days": fields["days"] + " days"})
    p.upgrade(from_=2, fn=lambda fields: {**fields, "unit": "day"})
"""
    rules(code=shaped + steps, data=3, version="3.0")
    fresh = Context("loans", session, runtime.snapshot).cases.open("loans.loan", title="y", fields={"days": "1"})
    session.commit()

    worker(runtime).once()

    session.expire_all()
    assert case.fields == {"days": "3 days", "unit": "day"}
    assert case.definition.data_version == 3
    assert fresh.fields == {"days": "1"}


def test_a_line_of_cron_is_meant_in_the_zone_of_the_installation():
    at = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)

    assert next_due("17 3 * * *", at, "Europe/Moscow") == datetime(2026, 11, 17, 0, 17, tzinfo=UTC)
    assert next_due("17 5 * * *", at, "Europe/Moscow") == datetime(2026, 11, 16, 2, 17, tzinfo=UTC)
    assert next_due(60, at, "UTC") == at + timedelta(seconds=60)


def test_a_job_by_cron_runs_when_it_is_due_and_once_for_what_was_missed(write_plugin, enable, runtime, session):
    write_plugin("ticks", code=(
        "def tick(ctx): ctx.log.info('tick'); raise RuntimeError('ticked')\n"
        "def register(p): p.job('tick', tick, schedule='17 3 * * *')\n"
    ))  # fmt: skip
    enable("ticks")
    turning = worker(runtime)
    turning.once()
    assert "ticks" not in recent

    row = session.get(Consumer, "schedule:ticks.tick")
    row.lease_until = clock.now() - timedelta(days=3)
    session.commit()
    worker(runtime).once()

    assert [failure.point for failure in recent["ticks"]] == ["job tick"]


def test_a_wrong_line_of_cron_is_refused_when_the_plugin_is_enabled(write_plugin, enable):
    write_plugin("ticks", code="def register(p): p.job('tick', print, schedule='61 3 * * *')\n")

    with pytest.raises(Exception, match="Bad minute"):
        enable("ticks")


def test_a_series_has_no_gap_when_a_transaction_fails(rules, session):
    ctx = rules()
    assert ctx.number("loans.contract") == 1
    session.commit()
    assert ctx.number("loans.contract") == 2
    session.rollback()

    assert ctx.number("loans.contract") == 2
    assert ctx.number("loans.contract.2026") == 1
    with pytest.raises(LookupError, match=r"must begin with 'loans\.'"):
        ctx.number("IT")
