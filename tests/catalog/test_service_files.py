"""The services of the company and of the plugins are whole; a file with faults says where each one is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from acm.catalog.definitions import (
    ServiceDefinition,
    ServiceFileError,
    load_services,
    parse_services,
    service_file_schema,
)
from acm.catalog.located import get, read_yaml
from acm.catalog.vocabularies import Vocabularies, load_vocabularies
from acm.engine import expr
from acm.pages.types import FieldKind

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "acm/demo/data"
PLUGINS = ROOT / "plugins"
ITSM = PLUGINS / "itsm"
ICONS = ROOT / "frontend/icons.txt"


@cache
def vocabularies() -> Vocabularies:
    return load_vocabularies(DEMO / "taxonomies.yaml", *sorted(PLUGINS.glob("*/taxonomies")))


@cache
def services() -> tuple[ServiceDefinition, ...]:
    """Those that stand on the portal."""
    known = vocabularies().known(roles=["agent", "head", "admin", "developer"])
    folders = (*sorted(PLUGINS.glob("*/catalog")), DEMO / "services")
    return tuple(service for folder in folders for service in load_services(folder, known) if service.published)


@cache
def company() -> Any:
    document = read_yaml(DEMO / "company.yaml")
    assert document.problems == []
    return document.value


def sprite() -> set[str]:
    lines = ICONS.read_text(encoding="utf-8").splitlines()
    return {words[0] for line in lines if (words := line.partition("#")[0].split())}


def texts(value: object, way: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    """Every {ru, en} of a document."""
    if isinstance(value, dict):
        if any(isinstance(value.get(language), str) for language in ("ru", "en")):
            yield way, value
        else:
            for key, inner in value.items():
                yield from texts(inner, f"{way}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from texts(inner, f"{way}.{index}")


# The catalogue ------------------------------------------------------------------------------------------------


def test_there_are_112_services_and_each_id_once() -> None:
    ids = [service.id for service in services()]

    assert len(ids) == len(set(ids)) == 112
    assert sum(service.domain == "it" for service in services()) == 32


def test_the_plugin_carries_the_domain_it_and_only_that() -> None:
    plugin = load_services(ITSM / "catalog/services.yaml")

    assert {service.domain for service in plugin} == {"it"}
    assert {service.opens for service in plugin if service.type == "incident"} == {"itsm.incident"}
    assert {service.opens for service in plugin if service.type != "incident"} == {"itsm.service_request"}
    assert {service.opens for service in load_services(DEMO / "services")} == {"request"}


@pytest.mark.parametrize("service", services(), ids=lambda service: service.id)
def test_a_service_is_complete(service: ServiceDefinition) -> None:
    assert service.published
    assert service.version == 1
    assert service.promise["ru"]
    assert service.promise["en"]
    assert service.icon in sprite()
    assert service.audience
    for language in ("ru", "en"):
        words = service.synonyms[language]
        assert 5 <= len(words) <= 12
        assert len(set(words)) == len(words)
    keys = {asked.key for asked in service.form}
    for step in service.approvals:
        assert not step.when or expr.compile(step.when).names <= keys
    for asked in service.form:
        assert asked.kind is not FieldKind.MONEY or asked.currency == "RUB"
        assert asked.as_field().key == asked.key


def test_a_service_is_in_the_department_of_its_category() -> None:
    for service in services():
        domain = vocabularies().domain(service.domain)
        assert domain is not None
        assert service.department == domain.department_of(service.category), service.id


WIDENED = {"LG-001", "LG-005"}
"""Legal asks more of them: a route by deviation from the template, and claims in both directions."""


def test_nothing_of_the_original_catalogue_is_lost(shared_data: Path) -> None:
    kinds = {"user": "person", "textarea": "long_text", "boolean": "yes_no", "integer": "number", "rating": "number"}
    kinds |= {"asset": "page", "ci": "page", "account": "page"}
    ours = {service.id: service for service in services()}
    originals = get(read_yaml(shared_data / "catalog/services.yaml").value, "services")
    assert isinstance(originals, list)
    for was in originals:
        service = ours[was["id"]]
        assert (service.category, service.type, service.owner_group) == (
            was["category"],
            was["type"],
            was["owner_group"],
        )
        assert service.sla.model_dump() == was["sla"]
        if service.id not in WIDENED:
            assert (service.name, service.description) == (was["name"], was["description"])
            assert [step.model_dump(exclude_defaults=True) for step in service.approvals] == was["approvals"]
        assert (service.default_priority, service.confidential) == (was["default_priority"], was["confidential"])
        for field in was["form"]:
            asked = service.field(field["key"])
            assert asked is not None
            assert asked.kind == kinds.get(field["type"], field["type"])
            assert asked.required is field["required"]
        assert service.bundle or [task.model_dump() for task in service.tasks] == was.get("tasks", [])
        for mark in ("fulfilment", "creates_project", "suggest_knowledge"):
            assert (getattr(service, mark) or None) == was.get(mark)


def test_a_write_off_asks_for_the_amount_that_its_approval_names() -> None:
    write_off = next(service for service in services() if service.id == "FI-009")

    assert write_off.approvals[1].when == "amount > 100000"
    amount = write_off.field("amount")
    assert amount is not None
    assert amount.kind is FieldKind.MONEY


# The company --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["taxonomies.yaml", "company.yaml", "articles.yaml", "phrases.yaml"])
def test_every_text_of_the_demo_data_is_in_both_languages(name: str) -> None:
    document = read_yaml(DEMO / name)

    assert document.problems == []
    for way, text in texts(document.value):
        assert set(text) == {"ru", "en"}, way
        assert all(text.values()), way


def test_the_company_has_a_thousand_people_in_twenty_branches() -> None:
    assert sum(department.employees for department in vocabularies().departments) == 1000
    assert sum(branch.employees for branch in vocabularies().branches) == 1000
    assert len(vocabularies().branches) == 20
    assert {one.icon for one in vocabularies().departments} <= sprite()


def test_every_group_has_a_department_a_lead_and_members() -> None:
    positions = {p["id"] for team in company()["positions"] for p in team["positions"]}
    groups = {group["id"]: group for group in company()["groups"]}

    assert set(groups) == {group.id for group in vocabularies().groups}
    for group in vocabularies().groups:
        assert groups[group.id]["department"] == group.department
        assert groups[group.id]["lead"] in positions
        assert groups[group.id]["members"] > 1


def test_every_approver_role_has_an_owner() -> None:
    positions = {p["id"] for team in company()["positions"] for p in team["positions"]}
    owners = {owner["role"]: owner for owner in company()["business_owners"]}

    assert set(owners) == {role.id for role in vocabularies().approver_roles}
    assert len(owners) == 20
    for owner in owners.values():
        assert owner.get("position") in positions or owner.get("field") or owner["relation"]


def test_the_logins_of_the_demo_are_there() -> None:
    people = {person["login"]: person for person in company()["personas"]}

    assert set(people) == {"employee", "head", "agent", "approver", "hr", "lawyer", "sales", "admin", "developer"}
    assert people["employee"]["manager"] == "approver"
    assert people["head"]["department"] == "it"
    assert "it-net" in people["agent"]["groups"]
    departments = {one.id for one in vocabularies().departments}
    assert {person["department"] for person in people.values()} <= departments


def test_there_are_names_enough_for_a_thousand_different_people() -> None:
    names = company()["names"]

    assert len(names["given_male"]) >= 60
    assert len(names["given_female"]) >= 60
    assert len({one["male"]["ru"] for one in names["family"]}) >= 250
    for one in names["family"]:
        assert one["female"]["en"].isascii()
        assert one["male"]["en"].isascii()


def test_articles_and_phrases_name_services_and_categories_that_exist() -> None:
    ids = {service.id for service in services()}
    categories = {f"{domain.id}/{one.id}" for domain in vocabularies().domains for one in domain.categories}
    shelf: Any = read_yaml(DEMO / "articles.yaml").value
    phrases: Any = read_yaml(DEMO / "phrases.yaml").value

    assert len(shelf["articles"]) >= 40
    assert len(shelf["announcements"]) >= 6
    assert len({article["id"] for article in shelf["articles"]}) == len(shelf["articles"])
    for article in shelf["articles"]:
        assert set(article["services"]) <= ids
        assert article["category"] in categories
    assert len(phrases["services"]) >= 60
    assert {one["service"] for one in phrases["services"]} <= ids


# Faults and their places --------------------------------------------------------------------------------------

GOOD = """\
version: 1
services:
  - id: AA-001
    domain: it
    category: network
    type: incident
    department: it
    name: {ru: Сеть, en: Network}
    description: {ru: Нет сети, en: No network}
    owner_group: it-net
    sla: {calendar: 8x5, response_hours: 1, resolve_hours: 8}
    approvals:
      - {step: 1, role: cfo, when: amount > 100}
    form:
      - key: amount
        kind: money
        currency: RUB
        label: {ru: Сумма, en: Amount}
      - key: mood
        kind: choice
        label: {ru: Вид, en: Sort}
        options: [{id: good, label: {ru: Да, en: Yes}}, {id: bad, label: {ru: Нет, en: 'No'}}]
        required_when: amount > 5
"""

FAULTS = [
    ("a wrong key", "owner_group:", "owner_grup:", 10, "services.0.owner_grup", "is not a key"),
    ("a missing key", "    owner_group: it-net\n", "", 3, "services.0.owner_group", "is required"),
    ("a missing language", "{ru: Сеть, en: Network}", "{ru: Сеть}", 8, "services.0.name", "'en' is missing"),
    ("an empty text", "{ru: Сеть, en: Network}", "{ru: Сеть, en: ' '}", 8, "services.0.name", "'en' is missing"),
    ("a third language", "ru: Сеть,", "ru: Сеть, de: Netz,", 8, "services.0.name", "'de' is not known"),
    ("an unknown group", "it-net", "it-nett", 10, "services.0.owner_group", "did you mean 'it-net'"),
    ("an unknown category", "network", "netwerk", 5, "services.0.category", "no category of it 'netwerk'"),
    ("an unknown department", "department: it", "department: moon", 7, "services.0.department", "no department 'moon'"),
    ("an unknown calendar", "8x5", "9x9", 11, "services.0.sla.calendar", "no calendar '9x9'"),
    ("an unknown approver", "role: cfo", "role: boss", 13, "services.0.approvals.0.role", "no approver role 'boss'"),
    ("a step out of order", "step: 1", "step: 2", 13, "services.0.approvals.0.step", "1 is expected"),
    ("a name not of the form", "amount > 100}", "price > 100}", 13, "services.0.approvals.0.when", "names 'price'"),
    ("broken syntax", "amount > 5", "amount > > 5", 23, "services.0.form.1.required_when", "cannot be read"),
    ("a condition on itself", "amount > 5", "mood == 'bad'", 23, "services.0.form.1.required_when", "itself"),
    ("an option that is not", "amount > 100}", "mood == 'odd'}", 13, "services.0.approvals.0.when", "no option 'odd'"),
    ("a key used twice", "key: mood", "key: amount", 19, "services.0.form.1.key", "used twice"),
    ("an option used twice", "id: bad", "id: good", 22, "services.0.form.1.options.1.id", "used twice"),
    ("a choice of nothing", "        options: [", "        help: {}\n#", 19, "services.0.form.1", "needs options"),
    ("money of no currency", "        currency: RUB\n", "", 15, "services.0.form.0.currency", "needs a currency"),
    ("an unknown kind", "kind: money", "kind: monney", 16, "services.0.form.0.kind", "input should be"),
    ("a wrong number", "resolve_hours: 8", "resolve_hours: 0", 11, "services.0.sla.resolve_hours", "greater than 0"),
    (
        "a key written twice",
        "    type: incident\n",
        "    type: incident\n    type: case\n",
        7,
        "services.0.type",
        "written twice",
    ),
    ("an alias", "it-net", "&a it-net", 10, "", "aliases are not allowed"),
    ("a tag", "it-net", "!!python/name:os.system x", 10, "", "tags are not allowed"),
    ("no YAML at all", "services:", "services: [", 3, "", ""),
    (
        "a wrong audience",
        "    owner_group",
        "    audience: [women]\n    owner_group",
        10,
        "services.0.audience",
        "'women' is not",
    ),
]


@pytest.mark.parametrize(("good", "bad", "line", "key", "reason"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_is_named_with_its_line_and_key(good: str, bad: str, line: int, key: str, reason: str) -> None:
    assert good in GOOD

    with pytest.raises(ServiceFileError) as refusal:
        parse_services(GOOD.replace(good, bad, 1).encode(), "bad.yaml", vocabularies().known())

    named = [problem for problem in refusal.value.problems if (problem.line, problem.key) == (line, key)]
    assert [reason in problem.reason for problem in named] == [True], refusal.value.detail
    assert named[0].file == "bad.yaml"
    assert named[0].column >= 1


def test_the_good_file_has_no_fault() -> None:
    (service,) = parse_services(GOOD.encode(), "good.yaml", vocabularies().known())

    assert service.slug == "aa-001"


def test_the_column_of_a_broken_expression_is_that_of_the_broken_word() -> None:
    text = GOOD.replace("required_when: amount > 5", "required_when: 'amount > > 5'")

    with pytest.raises(ServiceFileError) as refusal:
        parse_services(text.encode(), "bad.yaml")

    line = text.splitlines()[refusal.value.problems[0].line - 1]
    assert line[refusal.value.problems[0].column - 1 :].startswith("> 5'")


def test_all_faults_are_named_at_once_and_nothing_is_taken() -> None:
    text = GOOD.replace("it-net", "nobody").replace("8x5", "never").replace("role: cfo", "role: boss")

    with pytest.raises(ServiceFileError) as refusal:
        parse_services(text.encode(), "bad.yaml", vocabularies().known())

    assert [problem.line for problem in refusal.value.problems] == [10, 11, 13]


def test_a_service_in_two_files_is_named(tmp_path: Path) -> None:
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text(GOOD, encoding="utf-8")

    with pytest.raises(ServiceFileError, match=r"two.yaml:3:9: services.0.id: the service AA-001 stands in one.yaml"):
        load_services(tmp_path)


def test_hostile_files_are_refused_in_short_time() -> None:
    deep = b"a: " + b"[" * 5000 + b"]" * 5000
    for raw in (deep, b"\xff\xfe\x00", b"", b"- just a list", b"x" * 5_000_000, b"? [a]\n: b\n"):
        with pytest.raises(ServiceFileError):
            parse_services(raw, "hostile.yaml")


def test_yaml_words_stay_words() -> None:
    text = GOOD.replace("{id: good, label: {ru: Да, en: Yes}}", "{id: on, label: {ru: Да, en: no}}")

    (service,) = parse_services(text.encode(), "words.yaml")

    assert service.form[1].options[0].id == "on"
    assert service.form[1].options[0].label["en"] == "no"


def test_the_format_has_a_json_schema() -> None:
    schema = service_file_schema()

    assert schema["additionalProperties"] is False
    assert "ServiceDefinition" in schema["$defs"]


def test_the_reference_page_names_every_key() -> None:
    page = (ROOT / "docs/reference/service-file.md").read_text(encoding="utf-8")

    parts = ("ApprovalStep", "Sla", "TaskDefinition", "OptionDefinition", "PartDefinition", "Start")
    for name in ("ServiceDefinition", "FieldDefinition", *parts):
        for key in service_file_schema()["$defs"][name]["properties"]:
            assert f"`{key}`" in page, f"{name}.{key}"
