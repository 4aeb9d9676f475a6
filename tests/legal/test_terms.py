"""Terms of the law: dated rules, months and working days, and what shows that a term was kept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.legal.conftest import day, module

terms, court = module("terms"), module("court")


def weekdays(on) -> bool:
    return on.weekday() < 5


def ends(procedure: str, event: str, on: str) -> dict[str, str]:
    found = terms.terms_of(procedure, [(event, day(on))], [], weekdays)
    return {term.rule.key: term.ends.isoformat() for term in found}


@pytest.mark.parametrize(
    ("procedure", "event", "on", "rule", "last"),
    [
        ("arbitration", "first", "2026-03-10", "arbitration.appeal", "2026-04-10"),
        ("arbitration", "first", "2026-01-31", "arbitration.appeal", "2026-03-02"),  # 28 February is a Saturday
        ("arbitration", "appeal", "2026-03-10", "arbitration.cassation", "2026-05-11"),  # 10 May is a Sunday
        ("arbitration", "summary", "2026-03-10", "arbitration.summary", "2026-03-31"),  # 15 working days
        ("civil", "first", "2026-03-10", "civil.appeal", "2026-04-10"),
        ("civil", "appeal", "2019-09-30", "civil.cassation", "2020-03-30"),  # six months of the old law
        ("civil", "appeal", "2019-10-01", "civil.cassation", "2020-01-01"),  # three of the new one
        ("civil", "ruling", "2019-09-30", "civil.ruling", "2019-10-15"),  # calendar days
        ("civil", "ruling", "2019-10-01", "civil.ruling", "2019-10-22"),  # working days
        ("administrative", "first", "2026-03-10", "administrative.appeal", "2026-04-10"),
        ("claim", "business", "2026-03-10", "claim.business", "2026-04-09"),
        ("claim", "consumer", "2026-03-11", "claim.consumer", "2026-03-23"),  # 21 March is a Saturday
    ],
)
def test_each_rule_ends_on_the_day_the_law_says(procedure, event, on, rule, last):
    assert ends(procedure, event, on)[rule] == last


def test_every_rule_of_the_table_names_its_article_and_procedure_in_both_languages():
    known = {option.id for option in court.PROCEDURES} | {"claim"}
    levels = {option.id for option in (*court.LEVELS, *court.EVENTS)} | {"business", "consumer"}

    for rule in terms.rules():
        assert (rule.procedure in known, rule.after in levels) == (True, True), rule.key
        assert all(rule.names[lang] and rule.article[lang] for lang in ("ru", "en")), rule.key


def test_two_versions_of_a_rule_on_one_day_are_refused():
    first = {
        "key": "x.y", "name": {"ru": "а", "en": "a"}, "article": {"ru": "а", "en": "a"}, "procedure": "civil",
        "after": "first", "months": 1,
    }  # fmt: skip
    with pytest.raises(terms.BadTable, match=r"x\.y: two versions hold on the same day"):
        terms.read_rules({"rules": [first, {**first, "since": day("2020-01-01")}]})


@pytest.mark.parametrize("wrong", [
    {}, {"days": 3, "months": 1}, {"days": 0}, {"days": 3, "colour": "red"}, {"days": 3, "after": "business"},
    {"days": 3, "procedure": "criminal"}, {"days": 3, "met_by": "jury"},
    {"days": 3, "since": day("2020-01-01"), "until": day("2019-01-01")},
])  # fmt: skip
def test_a_rule_that_is_not_whole_is_refused_by_name(wrong):
    row = {"key": "x.y", "name": {}, "article": {}, "procedure": "civil", "after": "first", **wrong}

    with pytest.raises(terms.BadTable, match=r"rule x\.y"):
        terms.read_rules({"rules": [row]})


def test_a_decision_sets_its_term_going_and_the_next_instance_shows_that_it_was_kept():
    fields = {
        "procedure": "arbitration",
        "instances": [{"level": "first", "court": "A", "decided": "2026-03-10"}],
        "events": [{"what": "ruling", "on": "2026-02-02"}],
    }

    running = court.running(fields, weekdays)
    assert [(t.rule.key, t.ends.isoformat(), t.is_met) for t in running] == [
        ("arbitration.ruling", "2026-03-02", False),
        ("arbitration.appeal", "2026-04-10", False),
    ]

    fields["instances"].append({"level": "appeal", "court": "B", "begun": "2026-04-01"})
    assert [t.is_met for t in court.running(fields, weekdays)] == [False, True]


def test_without_a_procedure_no_term_is_guessed():
    assert court.running({"instances": [{"level": "first", "court": "A", "decided": "2026-03-10"}]}, weekdays) == []


def test_what_the_table_has_no_rule_for_is_named_to_be_counted_by_hand():
    fields = {
        "procedure": "administrative",
        "instances": [{"level": "first", "decided": "2026-03-02"}, {"level": "supreme", "decided": "2026-11-02"}],
        "events": [{"what": "summary", "on": "2026-03-10"}],
    }

    assert court.without_rule(fields) == [("summary", day("2026-03-10"))]


def hearing(at, room="", name="Court"):
    return court.Hearing(0, datetime.fromisoformat(at).replace(tzinfo=UTC), name, room, "")


def test_a_hearing_keeps_its_mark_when_others_come_and_go_or_it_is_moved():
    first, second = hearing("2026-03-02T10:00"), hearing("2026-04-02T10:00")
    facts = {court.MARKS: court.marked({}, [first, second])}
    assert [court.mark_of(facts, one) for one in (first, second)] == ["1", "2"]

    facts = {court.MARKS: court.marked(facts, [second])}
    assert court.mark_of(facts, second) == "2", "the one before it was struck out"

    moved = hearing("2026-04-09T12:00", room="8")
    facts = {court.MARKS: court.marked(facts, [moved])}
    assert court.mark_of(facts, moved) == "2", "the same hearing on another day"

    another = hearing("2026-02-01T09:00", name="Appeal court")
    facts = {court.MARKS: court.marked(facts, [another, moved])}
    assert [court.mark_of(facts, one) for one in (another, moved)] == ["3", "2"], "a mark is never given twice"
