"""The Track: which dates stand at the stages behind, at the present one and at those ahead."""

from __future__ import annotations

from datetime import timedelta

from acm import clock
from acm.cases.track import track
from acm.journal import Origin


def dates(case, **entered):
    return {s.name: s.when for s in track(case, "en", clock.now(), entered=entered).stages}


def test_the_stage_after_the_work_bears_the_promised_date(open_request):
    case = open_request(due=timedelta(hours=5))

    assert dates(case)["Work"] == "now"
    assert dates(case)["Check"] == case.due_at


def test_a_stage_ahead_bears_no_date_of_the_past_nor_one_that_nobody_promised(open_request, person):
    case = open_request(due=timedelta(hours=5))
    case.due_at = case.promised_at = None

    assert dates(case, check=case.opened_at)["Check"] is None

    case.move("resolved", Origin(person("oleg"), clock.now()))
    assert dates(case, check=case.resolved_at)["Check"] == case.resolved_at


def test_a_request_that_was_given_up_ends_there_and_shows_what_it_never_reached(open_request, person):
    case = open_request(due=timedelta(hours=5))
    case.move("cancelled", Origin(person("maria"), clock.now()), by="requester")

    shown = track(case, "en", clock.now(), entered={"check": clock.now()})

    assert [bar.state for bar in shown.stages] == ["done", "", "", "off"]
    assert shown.stages[-1].name == "Cancelled"
    assert shown.promised is None
