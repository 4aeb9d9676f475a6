"""Long work says how far it is: in lines where there is no terminal, in bars where there is one."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from acm.progress import telling


@pytest.fixture
def paper():
    return io.StringIO()


def written(paper, *, every, steps):
    with telling(Console(file=paper, width=40), every=every) as tell:
        for step in steps:
            tell(*step)
            yield paper.getvalue().splitlines()


def test_without_a_terminal_each_step_is_a_line_at_once(paper):
    seen = list(written(paper, every=0, steps=[("Cases", 0, 400), ("Cases", 100, 400), ("Cases", 400, 400)]))

    assert seen == [
        ["Cases …"],
        ["Cases …", "Cases: 100 of 400 (25 %)"],
        ["Cases …", "Cases: 100 of 400 (25 %)", "Cases: 400 of 400, done"],
    ]


def test_between_its_beginning_and_its_end_a_step_is_quiet_for_a_while(paper):
    steps = [("Cases", 0, 400), ("Cases", 100, 400), ("Cases", 400, 400), ("People", 0, 1), ("People", 1, 1)]

    *_before, last = written(paper, every=3600, steps=steps)

    assert last == ["Cases …", "Cases: 400 of 400, done", "People …", "People: done"]


def test_what_is_told_of_once_stands_alone_and_whole(paper):
    *_before, last = written(paper, every=0, steps=[("loans: there is no [group] of that name, says the plugin", 1, 1)])

    assert last == ["loans: there is no [group] of that name, says the plugin"]


def test_while_nobody_knows_how_much_there_is_the_number_is_said(paper):
    *_before, last = written(paper, every=0, steps=[("Importing", 0, None), ("Importing", 7, None)])

    assert last == ["Importing …", "Importing: 7"]


def test_in_a_terminal_there_are_bars(paper):
    with telling(Console(file=paper, force_terminal=True, width=80), stays=True) as tell:
        tell("Cases", 400, 400)

    assert "400/400" in paper.getvalue()
    assert "━" in paper.getvalue()
