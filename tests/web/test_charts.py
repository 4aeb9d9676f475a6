"""Charts drawn by the server: true to their values, each part a way to its cases."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from acm.i18n import translator
from acm.web.charts import (
    Event,
    Sample,
    area,
    contribution_bars,
    heatmap,
    line_chart,
    smooth,
    sparkline,
    stage_bars,
    ticks,
)
from acm.web.templating import environment


def by_day(values, past=None):
    return [
        Sample(f"{n + 1} ноя", value, f"{value}%", f"/cases?day={n + 1}", n, past=past[n] if past else None)
        for n, value in enumerate(values)
    ]


def share(value):
    return f"{value:g}%"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 4, (0, 1, 2, 3, 4)),
        (81, 97, (80, 85, 90, 95, 100)),
        (0, 1284, (0, 500, 1000, 1500)),
        (0, 0.7, (0, 0.2, 0.4, 0.6, 0.8)),
        (-3.2, 0.4, (-4, -3, -2, -1, 0, 1)),
        (5, 5, (4, 6)),
        (0, 0, (0, 0.5, 1)),
    ],
)
def test_an_axis_has_round_numbers(low, high, expected):
    assert ticks(low, high)[0] <= low
    assert ticks(low, high)[-1] >= high
    if low != high:
        assert ticks(low, high) == expected


def test_counts_have_no_half_steps_on_their_axis():
    assert ticks(0, 2, least=1) == (0, 1, 2)


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12))
def test_any_axis_spans_its_values_in_a_few_even_steps(a, b):
    axis = ticks(a, b)
    slack = max(abs(a), abs(b)) * 1e-8 + 1e-9

    assert axis[0] <= min(a, b) + slack
    assert axis[-1] >= max(a, b) - slack
    assert 2 <= len(axis) <= 12
    assert list(axis) == sorted(set(axis))


def test_a_line_goes_through_its_points_and_never_beyond_them():
    path = smooth([(0, 10), (50, 80), (100, 20)])

    assert path == "M0 10C25 10 25 80 50 80S75 20 100 20"


def test_a_missing_value_parts_the_line_instead_of_being_nothing():
    places = [(0.0, 10.0), None, (50.0, 20.0), (100.0, 30.0)]

    assert smooth(places) == "M0 10h.01 M50 20C75 20 75 30 100 30"
    assert area(places) == "M50 20C75 20 75 30 100 30V100H50Z"


def test_a_chart_of_shares_stays_within_nought_and_hundred():
    chart = line_chart(by_day([84, 92.6, 97.5]), share, target=95, bounds=(0, 100))

    assert [tick.label for tick in chart.grid] == ["100%", "95%", "90%", "85%", "80%"]
    assert [tick.at for tick in chart.grid] == [0, 25, 50, 75, 100]
    assert chart.target == 25
    assert [(dot.x, dot.y) for dot in chart.dots] == [(0, 80), (50, 37), (100, 12.5)]


def test_every_point_knows_its_list_and_its_strip_of_the_box():
    chart = line_chart(by_day([90, None, 91, 92]), share)

    assert [dot.sample.href for dot in chart.dots] == ["/cases?day=1", "/cases?day=3", "/cases?day=4"]
    assert [(dot.left, dot.width) for dot in chart.dots] == [(0, 25), (54.17, 25), (75, 25)]


def test_a_chart_can_tell_its_ends_and_extremes():
    chart = line_chart(by_day([90, 84, 97, 92]), share)

    told = (chart.first, chart.lowest, chart.highest, chart.last)
    assert [sample.value for sample in told] == [90, 84, 97, 92]


def test_a_month_has_a_few_even_labels():
    assert line_chart(by_day([1] * 21), share).axis == ("1 ноя", "5 ноя", "9 ноя", "13 ноя", "17 ноя", "21 ноя")
    assert line_chart(by_day([1] * 5), share).axis == ("1 ноя", "2 ноя", "3 ноя", "4 ноя", "5 ноя")
    assert line_chart(by_day([1] * 30), share).axis[-1] == "30 ноя"


def test_an_event_stands_at_its_point_with_words_where_there_is_room():
    chart = line_chart(
        by_day([90, 84, 97, 92]), share, events=[Event(0, "1", "a"), Event(3, "4", "b"), Event(9, "", "")]
    )

    assert [(call.x, call.side) for call in chart.callouts] == [(0, "right"), (100, "left")]


@pytest.mark.parametrize("values", [[], [None], [5], [None, 5, None], [0, 0, 0], [7, 7]])
def test_a_chart_of_little_is_still_a_chart(values):
    chart = line_chart(by_day(values), share, least=1)

    assert len(chart.grid) >= 2
    assert len(chart.dots) == sum(value is not None for value in values)
    assert sparkline(values).end is None or len(sparkline(values).end) == 2


NUMBERS = st.none() | st.floats(-1e9, 1e9)


@given(st.lists(NUMBERS, max_size=40), st.none() | st.floats(-1e9, 1e9))
def test_every_line_stays_within_the_box(values, target):
    chart = line_chart(by_day(values), str, target=target)
    spark = sparkline(values)

    numbers = re.findall(r"-?\d+(?:\.\d+)?", f"{chart.line} {chart.area} {spark.line} {spark.area}")
    assert all(0 <= float(number) <= 100 for number in numbers)
    assert all(0 <= dot.left <= dot.left + dot.width <= 100.1 for dot in chart.dots)
    assert all(math.isfinite(tick.at) for tick in chart.grid)


def test_what_follows_the_change_stands_first():
    parts = [Sample("Печать", 0.4), Sample("VPN", -2.4), Sample("Почта", -0.5), Sample("Пусто", None)]

    change = contribution_bars(parts)

    assert change.zero == 85.7
    assert [(bar.sample.label, bar.length, bar.is_gain, bar.is_good) for bar in change.bars] == [
        ("VPN", 85.7, False, False),
        ("Почта", 17.9, False, False),
        ("Печать", 14.3, True, True),
    ]
    assert [bar.is_good for bar in contribution_bars(parts, good="down").bars] == [True, True, False]


def test_gains_alone_have_the_whole_box():
    change = contribution_bars([Sample("a", 1), Sample("b", 4)])

    assert change.zero == 0
    assert [(bar.sample.label, bar.length) for bar in change.bars] == [("b", 100), ("a", 25)]
    assert contribution_bars([]).bars == ()


def test_stages_keep_their_order_and_the_longest_is_the_bottleneck():
    bars = stage_bars([Sample("Приём", 0.4, past=0.5), Sample("Согласование", 4.1, past=2.4), Sample("Работа", None)])

    assert [(bar.length, bar.past, bar.is_hot) for bar in bars] == [
        (6.7, 8.3, False),
        (68.3, 40, True),
        (0, None, False),
    ]
    assert not any(bar.is_hot for bar in stage_bars([Sample("Приём", 4)]))
    assert not any(bar.is_hot for bar in stage_bars([Sample("Приём", 0), Sample("Работа", 0)]))


def test_a_heat_map_is_measured_by_its_strongest_cell():
    grid = heatmap(
        ["9", "10"],
        [("Пн", [Sample("Пн, 9", 10), Sample("Пн, 10", 31)]), ("Вт", [Sample("Вт, 9", 0), Sample("", None)])],
    )

    assert [[cell.strength for cell in cells] for _, cells in grid.rows] == [[32, 100], [0, 0]]
    assert grid.peak.label == "Пн, 10"
    assert heatmap(["9"], [("Пн", [Sample("", 0)])]).peak is None
    with pytest.raises(ValueError, match="a sample for each column"):
        heatmap(["9", "10"], [("Пн", [Sample("", 1)])])


def drawn(call, lang="ru", **values):
    texts = translator(lang)

    def say(text, **params):
        return Markup(texts.gettext(text)) % params if params else texts.gettext(text)

    source = '{% import "components/chart.html" as chart with context %}' + call
    return environment().from_string(source).render({"_": say, "lang": lang, **values})


def test_a_drawn_line_says_its_finding_and_opens_a_list_at_each_point_and_row():
    figure = line_chart(
        by_day([90, 84, 97], past=[91, 92, 93]), share, target=95, events=[Event(1, "2 ноября", "сбой")]
    )

    html = drawn("{{ chart.line_chart(figure, 'В срок') }}", figure=figure)

    assert (
        'role="img" aria-label="От 90% (1 ноя) до 97% (3 ноя); меньше всего 84% (2 ноя), больше всего 97% (3 ноя)."'
        in html
    )
    assert (
        re.findall(r'<a [^>]*href="/cases\?day=(\d)" data-count="(\d)"', html)
        == [("1", "0"), ("2", "1"), ("3", "2")] * 2
    )
    assert '<path class="prev"' in html
    assert "<b>2 ноября</b>сбой" in html
    assert "Таблицей" in html
    assert "As a table" in drawn("{{ chart.line_chart(figure, 'On time') }}", "en", figure=figure)


def test_every_drawn_bar_and_cell_opens_its_list():
    samples = [Sample("VPN", -2.4, "−2,4", "/cases?s=1", 41), Sample("Печать", 0.4, "+0,4", "/cases?s=2", 7)]
    html = drawn(
        "{{ chart.contribution_bars(parts) }}{{ chart.stage_bars(stages) }}{{ chart.heatmap(map, 'Чаще всего в девять') }}",
        parts=contribution_bars(samples),
        stages=stage_bars([Sample("Работа", 2, "2 ч", "/cases?s=3", 5, past=1), Sample("Приём", 1, "1 ч", "/cases?s=4", 6)]),
        map=heatmap(["9", "10"], [("Пн", [Sample("Пн, 9", 3, "3 заявки", "/cases?h=9", 3), Sample("Пн, 10", 0, "0", "/cases?h=10", 0)])]),
    )  # fmt: skip

    assert re.findall(r'<a href="[^"]+" data-count="(\d+)"', html) == ["41", "7", "5", "6", "3"]
    assert 'role="img" aria-label="Чаще всего в девять"' in html
    assert html.count("узкое место") == 1


def test_styles_are_nothing_but_geometry_and_words_are_escaped():
    evil = Sample('"><script>', 3, "<b>", "/cases?q=%22", 3, past=2)
    figure = line_chart([evil, evil], share, events=[Event(0, "<i>", "</svg>")])
    html = drawn(
        "{{ chart.line_chart(figure, '<u>') }}{{ chart.contribution_bars(bars) }}{{ chart.stage_bars(stages) }}"
        "{{ chart.heatmap(map, '<u>', '<u>') }}{{ chart.sparkline(spark, '<u>', bad=True) }}{{ chart.legend('<u>', '<u>', '<u>') }}",
        figure=figure,
        bars=contribution_bars([evil]),
        stages=stage_bars([evil, evil]),
        map=heatmap(["<u>"], [("<u>", [evil])]),
        spark=sparkline([1, 2]),
    )

    assert not re.search(r"<script|<u>|<b><i>", html)
    assert html.count("<svg") == html.count("</svg>") == 2
    for style in re.findall(r'style="([^"]*)"', html):
        assert re.fullmatch(r"(?:(?:left|top|width|--[a-z]+):-?[\d.]+%?;?)+", style)


def test_a_line_may_bridge_days_without_a_value():
    samples = [Sample("1", 10), Sample("2", None), Sample("3", 20)]

    assert line_chart(samples, str, gaps="bridged").line.count("M") == 1
    assert line_chart(samples, str).line.count("M") == 2
