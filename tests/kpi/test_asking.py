"""Asking for numbers in Python and through the API."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from acm.kpi.buckets import bucket_of, median
from acm.kpi.core import MEASURES
from acm.kpi.figures import breakdown, figure
from acm.kpi.periods import Period, read_choice
from acm.kpi.scope import company
from tests.kpi.conftest import on

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
M = {measure.key: measure for measure in MEASURES}


@pytest.fixture
def cases(desk, count):
    """Twenty cases on four days: every fourth late, priorities in turn, two groups."""
    for place in range(20):
        at = on(2 + place % 4, 9, place)
        case = desk.file(at, priority=1 + place % 4, group="it-net" if place % 3 else "it-desk")
        desk.solve(case, at + (timedelta(days=20) if place % 4 == 0 else timedelta(hours=1 + place % 3)))
    count()


def test_a_figure_and_its_breakdowns_agree_with_plain_counting(session, grants, group, cases):
    scope = company(session, grants("irina"))
    opened = breakdown(session, scope, M["opened"], NOVEMBER, "day")
    assert {day.day: found.count for day, found in opened.items()} == {2: 5, 3: 5, 4: 5, 5: 5}
    by_priority = breakdown(session, scope, M["within_sla"], NOVEMBER, "priority")
    assert {part: found.value for part, found in by_priority.items()} == {1: 0.0, 2: 100.0, 3: 100.0, 4: 100.0}
    by_group = breakdown(session, scope, M["opened"], NOVEMBER, "group")
    assert {part: found.count for part, found in by_group.items()} == {group("it-desk").id: 7, group("it-net").id: 13}
    assert figure(session, scope, M["within_sla"], NOVEMBER).value == 75.0
    narrowed = company(session, grants("irina"), priority=1)
    assert figure(session, narrowed, M["within_sla"], NOVEMBER).late == 5
    assert figure(session, company(session, grants("irina"), ("other",)), M["opened"], NOVEMBER).count == 0


def test_those_who_see_single_cases_count_the_same_ones(session, grants, cases):
    seen = {
        who: figure(session, company(session, grants(who)), M["opened"], NOVEMBER) for who in ("irina", "maria", "lev")
    }
    assert {who: found.count for who, found in seen.items()} == {"irina": 20, "maria": 20, "lev": 0}


def test_a_median_is_within_three_percent_and_exact_for_few():
    hours = [0.01 * 1.013**n for n in range(1, 900, 2)]
    classes: dict[int, tuple[int, float]] = {}
    for value in hours:
        known = classes.get(bucket_of(value), (0, 0.0))
        classes[bucket_of(value)] = (known[0] + 1, known[1] + value)

    assert median(classes) == pytest.approx(sorted(hours)[len(hours) // 2], rel=0.03)
    assert median({3: (1, 0.5), 90: (1, 8.0)}) == 4.25
    assert median({}) is None
    assert bucket_of(0) == 0 < bucket_of(1 / 60) < bucket_of(1) < bucket_of(10_000)


@pytest.mark.parametrize(
    ("given", "now", "past"),
    [
        ({}, ("2026-03-01", "2026-03-31"), ("2026-02-01", "2026-02-28")),
        ({"period": "previous"}, ("2026-02-01", "2026-02-28"), ("2026-01-01", "2026-01-31")),
        ({"period": "30d"}, ("2026-03-02", "2026-03-31"), ("2026-01-31", "2026-03-01")),
        ({"period": "quarter"}, ("2026-01-01", "2026-03-31"), ("2025-10-01", "2025-12-29")),
        ({"compare": "year"}, ("2026-03-01", "2026-03-31"), ("2025-03-01", "2025-03-31")),
        ({"from": "2026-03-10", "to": "12.3.2026"}, ("2026-03-10", "2026-03-12"), ("2026-03-07", "2026-03-09")),
        ({"from": "2024-02-29", "to": "2024-02-29", "compare": "year"}, ("2024-02-29",) * 2, ("2023-02-28",) * 2),
    ],
)
def test_periods_and_what_they_are_compared_with(given, now, past):
    choice = read_choice(given, date(2026, 3, 31))
    assert (str(choice.now.first), str(choice.now.last)) == now
    assert (str(choice.past.first), str(choice.past.last)) == past


def test_a_month_that_has_just_begun_is_too_short_to_begin_with():
    young = read_choice({}, date(2026, 12, 7))
    assert (young.now, young.query()) == (Period(date(2026, 11, 8), date(2026, 12, 7)), {})
    assert read_choice({}, date(2026, 12, 8)).now == Period(date(2026, 12, 1), date(2026, 12, 8))

    asked = read_choice({"period": "month"}, date(2026, 12, 1))
    assert (asked.now.days, asked.query()) == (1, {"period": "month"})


def test_a_long_period_is_drawn_by_weeks():
    assert len(Period(date(2026, 1, 1), date(2026, 3, 31)).parts()) == 13
    assert len(Period(date(2026, 3, 1), date(2026, 3, 31)).parts()) == 31
    assert Period(date(2026, 1, 1), date(2026, 3, 31)).parts()[-1].last == date(2026, 3, 31)


def test_the_api_gives_measures_panels_and_answers(browse, cases):
    irina = browse("irina")
    assert {m["key"] for m in irina.get("/api/v1/kpi/measures").json()["items"]} >= {"within_sla", "opened", "reopened"}
    panel = irina.get("/api/v1/kpi/panels/it?period=custom&from=2026-11-01&to=2026-11-30").json()
    assert panel["department"] == "it"
    assert [w["kind"] for w in panel["widgets"]] == ["figure"] * 4 + ["line", "why", "stages", "heatmap"]
    answer = irina.get("/api/v1/kpi/query?panel=it&measure=within_sla&from=2026-11-01&to=2026-11-30&by=priority").json()
    assert (answer["value"], answer["count"]) == (75.0, 20)
    assert [(one["part"], one["value"]) for one in answer["items"]] == [(1, 0.0), (2, 100.0), (3, 100.0), (4, 100.0)]
    for one in answer["items"]:
        assert f'data-total="{one["count"]}"' in irina.get(one["href"]).text
    assert irina.get("/api/v1/kpi/query?panel=it&measure=none").status_code == 404
    assert browse("maria").get("/api/v1/kpi/panels/it").status_code == 403
    assert browse().get("/api/v1/kpi/measures").status_code == 401
