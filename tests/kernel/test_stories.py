"""Stories of a plugin are lived through before it is enabled; one that goes another way refuses it and says how."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from acm.kernel.lifecycle import PluginRefused
from acm.kernel.models import Plugin
from acm.kernel.scaffold import scaffold
from tests.kernel.conftest import MANIFEST

RULED = """
from acm.sdk import CaseType, Field, SlaClock, Stage, State, StateCategory, Transition

NAMES = {"ru": "Выдача", "en": "Loan"}
LOAN = CaseType(
    key="loans.loan", names=NAMES, series="LN", stages=(Stage(key="all", names=NAMES),),
    fields=(Field(key="result", label=NAMES), Field(key="thanks", label=NAMES)),
    states=(
        State(key="new", names=NAMES, category=StateCategory.NEW, stage="all"),
        State(key="closed", names=NAMES, category=StateCategory.CLOSED, stage="all", sla=SlaClock.STOPPED),
    ),
    transitions=(Transition(source="new", target="closed", names=NAMES),),
)

def has_result(ctx, case, target):
    RAISE
    return None if case.fields.get("result") else "Write what came of it"

def thank(ctx, event):
    ctx.cases.change(ctx.cases.of(event), fields={"thanks": "said"})

def register(p):
    p.case_type(LOAN)
    p.veto("case.before_move", has_result)
    p.react("case.closed", thank)
"""
ASKS = MANIFEST + '[permissions.uses]\nveto = ["case.before_move"]\n'
GOOD = """
stories:
  - story: A loan with a result is closed and thanked for
    open: loans.loan
    fields: {result: Back}
    moves: [closed]
    ends: closed
    has: {thanks: said, result: Back}
  - story: Without a result it stays open
    open: loans.loan
    refused: [closed]
    because: what came of it
    ends: new
    has: {thanks: null}
"""


@pytest.fixture
def told(write_plugin, enable, session):
    """``told(yaml)`` enables a plugin with these stories; the reason for which it is refused, or an empty text."""

    def run(text: str, code: str = RULED.replace("RAISE", "pass")) -> str:
        folder = write_plugin(code=code, manifest=ASKS)
        (folder / "tests").mkdir(exist_ok=True)
        (folder / "tests/stories.yaml").write_text(text)
        try:
            enable()
        except PluginRefused as refusal:
            assert session.scalars(select(Plugin)).all() == []
            session.rollback()
            return str(refusal)
        return ""

    return run


def test_a_plugin_whose_stories_go_as_told_is_enabled(told):
    assert told(GOOD) == ""


def test_each_story_that_goes_another_way_is_named_with_what_was_expected_and_what_came(told):
    said = told(
        "stories:\n"
        "  - {story: It ends, open: loans.loan, fields: {result: x}, moves: [closed], ends: new}\n"
        "  - {story: It may end, open: loans.loan, moves: [closed]}\n"
        "  - {story: It may not end, open: loans.loan, fields: {result: x}, refused: [closed]}\n"
        "  - {story: For another reason, open: loans.loan, refused: [closed], because: too late}\n"
        "  - {story: It has words, open: loans.loan, has: {result: done}}\n"
        "  - {story: Of another, open: loans.nothing}\n"
        "  - {story: It has a colour, open: loans.loan, fields: {colour: red}}\n"
        "  - {story: No form, form: LN-9}\n"
    ).splitlines()

    assert said == [
        "tests/stories.yaml, line 2, 'It ends': expected the state 'new', got 'closed'",
        "tests/stories.yaml, line 3, 'It may end': expected the move to 'closed', got a refusal: Write what came of it",
        "tests/stories.yaml, line 4, 'It may not end': expected the move to 'closed' to be refused, got the state 'closed'",
        "tests/stories.yaml, line 5, 'For another reason': expected the move to 'closed' to be refused because "
        "'too late', got 'Write what came of it'",
        "tests/stories.yaml, line 6, 'It has words': expected result to be 'done', got None",
        "tests/stories.yaml, line 7, 'Of another': 'loans.nothing' is no case type of it",
        "tests/stories.yaml, line 8, 'It has a colour': expected a case of loans.loan, got: no such field: colour",
        "tests/stories.yaml, line 9, 'No form': 'LN-9' is no service of it",
    ]


def test_a_rule_that_raises_fails_its_story_with_its_place(told):
    said = told(GOOD, RULED.replace("RAISE", "raise KeyError('sum')"))

    assert "veto case.before_move raises KeyError: 'sum' (in loans/__init__.py:16, has_result)" in said


def test_a_file_that_is_no_story_is_refused_with_line_and_key(told):
    assert told("stories:\n  - {story: Told, opens: loans.loan}\n").startswith(
        "tests/stories.yaml:2:19: stories.0.opens"
    )
    assert "opens a case (open) or answers a form" in told("stories:\n  - {story: Of nothing}\n")
    assert "answers cannot stand beside open" in told(
        "stories:\n  - {story: Of two, open: loans.loan, answers: {a: b}}\n"
    )


def test_a_new_plugin_without_python_brings_stories_that_hold(settings, enable, session):
    scaffold(settings.plugin_path / "asset_loans", declarative=True)

    enable("asset_loans")

    assert session.get(Plugin, "asset_loans").state == "enabled"


def test_stories_of_a_plugin_without_python_are_lived_through_and_its_forms_are_answered(settings, enable, session):
    folder = settings.plugin_path / "asset_loans"
    scaffold(folder, declarative=True)
    (folder / "tests/stories.yaml").write_text(
        "stories:\n"
        "  - {story: It is done at once, open: asset_loans.request, moves: [closed]}\n"
        "  - {story: Nothing is wanted, form: AL-001}\n"
        "  - {story: Much is asked, form: AL-001, answers: {what: x}, asks: [what]}\n"
        "  - {story: A bad day, form: AL-001, answers: {what: x, until: soon}}\n"
        "  - {story: Who, form: AL-001, answers: {who: me}}\n"
    )

    with pytest.raises(PluginRefused) as refusal:
        enable("asset_loans")

    said = str(refusal.value).splitlines()
    assert "line 2, 'It is done at once': expected the move to 'closed', got a refusal: " in said[0]
    assert "'Nothing is wanted': expected wrong answers to [], got {'what': 'Write an answer'}" in said[1]
    assert "'Much is asked': expected the questions ['what'], got ['until', 'what']" in said[2]
    assert "'A bad day': expected wrong answers to [], got {'until': " in said[3]
    assert "'Who': expected the question 'who', got a form without it" in said[4]


def test_the_stories_of_a_draft_are_lived_through_at_the_check_and_before_it_is_published(settings, enable, browse):
    folder = settings.plugin_path / "asset_loans"
    scaffold(folder, declarative=True)
    enable("asset_loans")
    ada = browse("ada")
    edit = "/admin/plugins/asset_loans/edit"
    wrong = "stories:\n  - {story: It is done at once, open: asset_loans.request, moves: [closed]}\n"
    page = ada.get(f"{edit}?file=tests/stories.yaml").text
    seen, draft = (page.partition(f'name="{name}" value="')[2].partition('"')[0] for name in ("seen", "draft"))

    typed = {"file": "tests/stories.yaml", "text": wrong, "seen": seen, "draft": draft, "generation": "1"}
    refused = ada.submit(edit, {**typed, "do": "publish"})
    checked = ada.get(f"{edit}?file=tests/stories.yaml&show=check").text

    assert refused.status_code == 409
    for text in (refused.text, checked):
        assert "It is done at once" in text
        assert "expected the move to" in text
