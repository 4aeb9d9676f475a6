"""Jobs: asked for in a transaction, run once, tried again, taken over from the dead."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from acm import clock
from acm.jobs.models import Job
from acm.jobs.queue import PAUSES, Worker, enqueue, run_due
from acm.snapshot import Contribution, compose


@pytest.fixture
def ran():
    return []


@pytest.fixture
def world(ran):
    def fail(_session, _args):
        raise ConnectionRefusedError("the mail server is away")

    return compose(
        1,
        [
            Contribution("job", "note", lambda _session, args: ran.append(args["n"])),
            Contribution("job", "fail", fail),
        ],
    )


def jobs(runtime):
    with runtime.db.reading() as reading:
        return reading.scalars(select(Job).order_by(Job.id)).all()


def test_a_job_of_a_rolled_back_transaction_was_never_asked_for(session, runtime, world, ran):
    enqueue(session, "note", {"n": 1})
    session.rollback()

    assert (run_due(runtime.db, world), ran) == (0, [])


def test_a_job_runs_once(session, runtime, world, ran):
    enqueue(session, "note", {"n": 1})
    session.commit()

    assert [run_due(runtime.db, world), run_due(runtime.db, world), ran] == [1, 0, [1]]


def test_a_job_of_the_same_key_takes_the_place_of_the_one_that_waits(session, runtime, world, ran):
    later = clock.now() + timedelta(hours=1)
    enqueue(session, "note", {"n": 1}, run_at=later, key="once")
    session.commit()
    enqueue(session, "note", {"n": 2}, key="once")
    session.commit()

    run_due(runtime.db, world)

    assert ran == [2]


def test_a_job_that_fails_is_tried_again_later_and_then_stays_in_sight(session, runtime, world):
    enqueue(session, "fail")
    session.commit()
    now = clock.now()
    for pause in PAUSES:
        run_due(runtime.db, world, now=now)
        assert jobs(runtime)[0].state == "ready"
        now += pause + timedelta(seconds=1)

    run_due(runtime.db, world, now=now)

    [job] = jobs(runtime)
    assert (job.state, "the mail server is away" in job.error) == ("failed", True)


def test_the_job_of_a_killed_worker_is_taken_again_after_its_lease(session, runtime, world, ran):
    job = enqueue(session, "note", {"n": 1})
    job.state, job.lease_until = "running", clock.now() + timedelta(seconds=60)
    session.commit()

    assert run_due(runtime.db, world) == 0
    assert run_due(runtime.db, world, now=clock.now() + timedelta(seconds=61)) == 1


def test_a_job_nobody_can_run_now_is_parked_and_not_lost(session, runtime, world):
    enqueue(session, "of a plugin that is away")
    session.commit()

    run_due(runtime.db, world)

    assert jobs(runtime)[0].state == "ready"


def test_a_schedule_runs_in_one_process_of_all_and_its_failure_holds_nobody_up(runtime, ran):
    def fail(_session):
        raise RuntimeError("no")

    runtime.snapshot = compose(
        1,
        [
            Contribution("schedule", "a", (3600, fail)),
            Contribution("schedule", "b", (3600, lambda _session: ran.append("b"))),
        ],
    )
    runtime.parts.pop("world")

    Worker(runtime).once()
    Worker(runtime).once()

    assert ran == ["b"]
