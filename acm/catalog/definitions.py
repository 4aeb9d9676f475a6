"""What a services file says, as types, and the reading of it with a place for every fault.

A service is declared in YAML (docs/reference/service-file.md). The same models read the file of a plugin, of the
demo company and of `acm import services`; unknown keys are refused, every text stands in both languages.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from acm.catalog.bundle_checks import bundle_faults
from acm.catalog.checks import Known, faults_of, validated
from acm.catalog.located import FileProblem, Located, Trail, parse_yaml, read_yaml
from acm.errors import Problem
from acm.i18n import LANGUAGES
from acm.pages import types as pages

AUDIENCE = re.compile(r"^(all|(department|branch|group|role):[A-Za-z0-9_.-]+)$")


def _both_languages(texts: dict[str, str]) -> dict[str, str]:
    for language in LANGUAGES:
        if not texts.get(language, "").strip():
            raise ValueError(f"the text in {language!r} is missing")
    if unknown := sorted(set(texts) - set(LANGUAGES)):
        raise ValueError(f"the language {unknown[0]!r} is not known")
    return texts


def _both_languages_or_none(texts: dict[str, str]) -> dict[str, str]:
    return _both_languages(texts) if texts else texts


def _word_lists(lists: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    if lists:
        _both_languages({language: " ".join(words) for language, words in lists.items()})
    return lists


def _audience(tokens: tuple[str, ...]) -> tuple[str, ...]:
    for token in tokens:
        if not AUDIENCE.match(token):
            raise ValueError(f"{token!r} is not all, department:…, branch:…, group:… or role:…")
    return tokens


Words = Annotated[dict[str, str], AfterValidator(_both_languages)]
MaybeWords = Annotated[dict[str, str], AfterValidator(_both_languages_or_none)]
WordLists = Annotated[dict[str, tuple[str, ...]], AfterValidator(_word_lists)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Prefill = Literal["", "me", "my_manager", "my_branch", "my_department", "my_phone", "my_email"]


class OptionDefinition(pages.Option):
    id: Name
    label: Words


class FieldDefinition(pages.Field):
    """One question of a service's form: a page field, and what is known about the asker already."""

    key: Key
    label: Words
    help: MaybeWords = {}
    options: tuple[OptionDefinition, ...] = ()
    fields: tuple[FieldDefinition, ...] = ()
    page_kind: Literal["", "asset", "ci", "account"] = ""
    currency: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""
    prefill: Prefill = Field("", description="The answer filled in from the asker's own card.")

    def as_field(self) -> pages.Field:
        """The same without what only the catalogue knows: what a page type stores."""
        return pages.Field.model_validate(self.model_dump(exclude={"prefill"}))


class ApprovalStep(pages.Declaration):
    """One approver in the order of `step`. Without `when` always asked; else only if the condition holds."""

    step: int = Field(ge=1)
    role: Name
    when: str = ""


class Sla(pages.Declaration):
    """Targets in hours of the calendar: until the first answer, and until the work is done."""

    calendar: Name
    response_hours: float = Field(gt=0)
    resolve_hours: float = Field(gt=0)


class TaskDefinition(pages.Declaration):
    """Work of another group; `offset_days` from the key date of the form (negative is before it)."""

    group: Name
    name: Words
    offset_days: int = 0


class Start(pages.Declaration):
    """When a part has to be done: so many days from a date of the form, negative is before it.

    The days are those of work, of the production calendar, unless `working` is false.
    """

    field: Key
    days: int = Field(0, ge=-366, le=366)
    working: bool = True


class PartDefinition(pages.Declaration):
    """One request that an order opens besides itself (docs/reference/bundles.md).

    `when` is a condition over the answers; `after` names the parts that must be done before; `answers` gives the
    answers of the part, each an expression over those of the order.
    """

    key: Key
    service: Name
    title: Words
    when: str = ""
    after: tuple[Key, ...] = ()
    start: Start | None = None
    answers: dict[Key, str] = {}

    @property
    def slug(self) -> str:
        return self.service.lower()


class ServiceDefinition(pages.Declaration):
    """One service of the catalogue. `id` is for ever; its address is the id in lower case."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,6}-[0-9]{1,6}$")]
    version: int = Field(1, ge=1)
    published: bool = True
    domain: Name
    category: Name
    type: Name = Field(description="What kind of work it is: a term of the case types.")
    opens: Name = Field("request", description="The case type that a request for it opens.")
    department: Name
    icon: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")] = "file"
    audience: Annotated[tuple[str, ...], AfterValidator(_audience)] = ("all",)
    name: Words
    description: Words
    synonyms: WordLists = {}
    promise: MaybeWords = {}
    owner_group: Name
    default_priority: Literal[1, 2, 3, 4] = 4
    sla: Sla
    approvals: tuple[ApprovalStep, ...] = ()
    confidential: bool = False
    form: tuple[FieldDefinition, ...] = Field(min_length=1)
    fulfilment: Literal["", "automatic"] = ""
    creates_project: bool = False
    suggest_knowledge: bool = False
    tasks: tuple[TaskDefinition, ...] = ()
    bundle: tuple[PartDefinition, ...] = Field((), description="Requests that one order opens together.")

    @property
    def slug(self) -> str:
        return self.id.lower()

    def field(self, key: str) -> FieldDefinition | None:
        return next((asked for asked in self.form if asked.key == key), None)


class ServiceFile(pages.Declaration):
    """A whole file: `version` is of the format."""

    version: Literal[1]
    services: tuple[ServiceDefinition, ...]


class ServiceFileError(Problem):
    """Nothing of the file was taken. `problems` name file, line, column, key and reason, in the order of the file."""

    status = 422
    type = "/problems/invalid"
    title = "The file has faults"

    def __init__(self, problems: list[FileProblem]) -> None:
        self.problems = sorted(set(problems))
        lines = [str(problem) for problem in self.problems]
        super().__init__("\n".join(lines), problems=[vars(problem) for problem in self.problems])


def load_services(path: Path, known: Known | None = None) -> list[ServiceDefinition]:
    """Read a services file, or every `*.yaml` of a folder; all is right, or ServiceFileError names every fault.

    `known` holds the ids of groups, roles, departments … that a service may name; what it leaves out is not checked.
    """
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    return services_in([read_yaml(file) for file in files], known)


def parse_services(raw: bytes, name: str, known: Known | None = None) -> list[ServiceDefinition]:
    """Read the bytes of one services file."""
    return services_in([parse_yaml(raw, name)], known)


def services_in(documents: list[Located], known: Known | None = None) -> list[ServiceDefinition]:
    """The services of documents read already; ids must be unique over all of them."""
    problems: list[FileProblem] = []
    services: list[ServiceDefinition] = []
    taken: dict[str, str] = {}
    bundles: list[tuple[ServiceDefinition, Located, Trail]] = []
    for document in documents:
        problems += document.problems
        read = validated(document, ServiceFile, problems)
        if read is None:
            continue
        for index, service in enumerate(read.services):
            problems += faults_of(service, document, ("services", index), known or Known())
            if service.id in taken:
                reason = f"the service {service.id} stands in {taken[service.id]} already"
                problems.append(document.problem(("services", index, "id"), reason))
            taken.setdefault(service.id, document.file)
            bundles.append((service, document, ("services", index, "bundle")))
        services += read.services
    among = {**(known.services if known and known.services else {}), **{one.slug: one for one in services}}
    whole = known is not None and known.services is not None
    for bundle in bundles:
        problems += bundle_faults(*bundle, among, whole=whole)
    if problems:
        raise ServiceFileError(problems)
    return services


def service_file_schema() -> dict[str, Any]:
    """JSON Schema of a services file, for editors and for the documentation."""
    return ServiceFile.model_json_schema()
