"""A bundle in a services file: what it may say, and where each fault of it stands."""

from __future__ import annotations

import pytest

from acm.catalog.checks import Known
from acm.catalog.definitions import ServiceFileError, parse_services

GOOD = """\
version: 1
services:
  - id: AA-001
    domain: it
    category: network
    type: case
    department: it
    name: {ru: Новичок, en: Joiner}
    description: {ru: Всё к первому дню, en: All for day one}
    owner_group: it-net
    sla: {calendar: 8x5, response_hours: 1, resolve_hours: 8}
    form:
      - {key: date, kind: date, required: true, label: {ru: День, en: Day}}
      - {key: remote, kind: yes_no, label: {ru: Удалённо, en: Remote}}
      - {key: note, kind: text, label: {ru: Слова, en: Words}}
    bundle:
      - key: account
        service: AA-002
        title: {ru: Учётная запись, en: Account}
        start: {field: date, days: -3}
        answers: {what: note}
      - key: laptop
        service: aa-002
        title: {ru: Ноутбук, en: Laptop}
        when: remote
        after: [account]
        answers: {what: "'laptop'"}
  - id: AA-002
    domain: it
    category: network
    type: case
    department: it
    name: {ru: Работа, en: Work}
    description: {ru: Сделать, en: Do it}
    owner_group: it-net
    sla: {calendar: 8x5, response_hours: 1, resolve_hours: 8}
    form:
      - {key: what, kind: text, required: true, label: {ru: Что, en: What}}
"""

FAULTS = [
    ("a key used twice", "key: laptop", "key: account", 22, "1.key", "used twice"),
    ("an unknown predecessor", "[account]", "[acount]", 26, "1.after.0", "did you mean 'account'"),
    ("a part that waits for itself", "[account]", "[laptop]", 26, "1.after", "laptop → laptop"),
    ("a circle", "start: {field: date, days: -3}", "after: [laptop]", 20, "0.after", "account → laptop → account"),
    ("an unknown date", "field: date", "field: dat", 20, "0.start.field", "did you mean 'date'"),
    ("a date that is none", "field: date", "field: note", 20, "0.start.field", "is no date"),
    ("a condition on nothing", "when: remote", "when: remotely", 25, "1.when", "did you mean 'remote'"),
    ("a condition that cannot be read", "when: remote", "when: remote ==", 25, "1.when", "cannot be read"),
    ("an answer to no question", "{what: note}", "{whta: note}", 21, "0.answers.whta", "did you mean 'what'"),
    ("an answer from nothing", "{what: note}", "{what: nota}", 21, "0.answers.what", "did you mean 'note'"),
    ("an answer of another kind", "{what: note}", "{what: date}", 21, "0.answers.what", "of kind date"),
    ("a question left unanswered", "{what: note}", "{}", 21, "0.answers", "needs an answer to 'what'"),
    ("a bundle in a bundle", "service: AA-002", "service: AA-001", 18, "0.service", "parts of its own"),
    ("an unknown key", "after: [account]", "afterwards: [account]", 26, "1.afterwards", "is not a key"),
]


@pytest.mark.parametrize(("good", "bad", "line", "key", "reason"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_of_a_bundle_is_named_with_its_line_and_key(
    good: str, bad: str, line: int, key: str, reason: str
) -> None:
    assert good in GOOD

    with pytest.raises(ServiceFileError) as refusal:
        parse_services(GOOD.replace(good, bad, 1).encode(), "bad.yaml")

    named = [p for p in refusal.value.problems if (p.line, p.key) == (line, f"services.0.bundle.{key}")]
    assert [reason in problem.reason for problem in named] == [True], refusal.value.detail


def test_a_bundle_without_fault_is_read() -> None:
    joiner, _work = parse_services(GOOD.encode(), "good.yaml")

    account, laptop = joiner.bundle
    assert account.start is not None
    assert (account.start.field, account.start.days, account.start.working) == ("date", -3, True)
    assert (laptop.when, laptop.after, laptop.slug) == ("remote", ("account",), "aa-002")


def test_a_service_of_another_plugin_is_a_fault_only_where_the_whole_catalogue_is_known() -> None:
    text = GOOD.replace("service: AA-002", "service: ZZ-009", 1).encode()

    parse_services(text, "plugin.yaml")
    with pytest.raises(ServiceFileError, match="there is no service 'ZZ-009'"):
        parse_services(text, "import.yaml", Known(services={}))
