"""What a model alone cannot see in a services file: names that must exist, conditions that must fit the form."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from acm.catalog.located import FileProblem, Located, Trail
from acm.engine import expr
from acm.pages.types import FieldKind

if TYPE_CHECKING:
    from acm.catalog.definitions import FieldDefinition, ServiceDefinition

CONTEXT = frozenset({"requester", "beneficiary", "today", "now"})
CONDITIONS = ("shown_when", "required_when", "read_only_when")
PREFILLED = {
    "me": FieldKind.PERSON,
    "my_manager": FieldKind.PERSON,
    "my_branch": FieldKind.BRANCH,
    "my_department": FieldKind.DEPARTMENT,
    "my_phone": FieldKind.PHONE,
    "my_email": FieldKind.EMAIL,
}
_PLURAL = {"all": "roles", "department": "departments", "branch": "branches", "group": "groups", "role": "roles"}
_COMPARED = re.compile(r"""\b([a-z_][a-z0-9_]*)\s*(?:==|!=)\s*(?:'([^']*)'|"([^"]*)")""")
_LISTED = re.compile(r"""\b([a-z_][a-z0-9_]*)\s+(?:not\s+)?in\s*\[([^\]]*)\]""")
_QUOTED = re.compile(r"""'([^']*)'|"([^"]*)\"""")

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Known:
    """Ids that a file may name, by sort. A sort that is None is not checked. `categories` are by domain."""

    domains: Collection[str] | None = None
    categories: Mapping[str, Collection[str]] | None = None
    types: Collection[str] | None = None
    case_types: Collection[str] | None = None
    departments: Collection[str] | None = None
    branches: Collection[str] | None = None
    groups: Collection[str] | None = None
    roles: Collection[str] | None = None
    approver_roles: Collection[str] | None = None
    calendars: Collection[str] | None = None
    icons: Collection[str] | None = None
    services: Mapping[str, ServiceDefinition] | None = None


def validated(document: Located, model: type[Model], problems: list[FileProblem]) -> Model | None:
    """The document as a model; None, and problems with their places, when it does not fit."""
    if document.value is None:
        return None
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        found = [_located(document, detail) for detail in error.errors(include_url=False, include_input=True)]
        problems.extend(found)
        return None


def _located(document: Located, detail: ErrorDetails) -> FileProblem:
    trail: Trail = tuple(detail["loc"])
    if detail["type"] == "missing":
        return document.problem(trail, "is required")
    if detail["type"] == "extra_forbidden":
        return document.problem(trail, "is not a key of the format", at_key=True)
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, expr.ExpressionError):
        return document.problem(trail, f"cannot be read: {cause.reason}", shift=cause.position)
    reason = str(cause) if cause is not None else detail["msg"]
    return document.problem(trail, reason[:1].lower() + reason[1:])


def faults_of(service: ServiceDefinition, document: Located, at: Trail, known: Known) -> Iterator[FileProblem]:
    """Every fault of one service that the models let pass."""
    yield from _unknown_names(service, document, at, known)
    yield from twice([asked.key for asked in service.form], document, (*at, "form"), "key")
    for index, asked in enumerate(service.form):
        yield from _field_faults(asked, service, document, (*at, "form", index))
    for index, step in enumerate(service.approvals):
        here = (*at, "approvals", index)
        if step.step != index + 1:
            yield document.problem((*here, "step"), f"steps go in order; {index + 1} is expected here")
        if step.when:
            yield from condition_faults(step.when, service, document, (*here, "when"))


def _unknown_names(service: ServiceDefinition, document: Located, at: Trail, known: Known) -> Iterator[FileProblem]:
    categories = None if known.categories is None else known.categories.get(service.domain, ())
    single: list[tuple[Trail, str, Collection[str] | None, str]] = [
        (("domain",), service.domain, known.domains, "domain"),
        (("category",), service.category, categories, f"category of {service.domain}"),
        (("type",), service.type, known.types, "type"),
        (("opens",), service.opens, known.case_types, "case type"),
        (("department",), service.department, known.departments, "department"),
        (("owner_group",), service.owner_group, known.groups, "group"),
        (("sla", "calendar"), service.sla.calendar, known.calendars, "calendar"),
        (("icon",), service.icon, known.icons, "icon"),
    ]
    for index, step in enumerate(service.approvals):
        single.append((("approvals", index, "role"), step.role, known.approver_roles, "approver role"))
    for index, task in enumerate(service.tasks):
        single.append((("tasks", index, "group"), task.group, known.groups, "group"))
    for index, token in enumerate(service.audience):
        sort, _, name = token.partition(":")
        single.append((("audience", index), name, getattr(known, _PLURAL[sort]) if name else None, sort))
    for trail, name, among, sort in single:
        if among is not None and name not in among:
            yield document.problem((*at, *trail), f"there is no {sort} {name!r}{meant(name, among)}")


def _field_faults(
    asked: FieldDefinition, service: ServiceDefinition, document: Located, at: Trail
) -> Iterator[FileProblem]:
    if asked.kind is FieldKind.MONEY and not asked.currency:
        yield document.problem((*at, "currency"), "money needs a currency")
    if asked.kind is FieldKind.PAGE and not asked.page_kind:
        yield document.problem((*at, "page_kind"), "a page reference needs page_kind: asset, ci or account")
    if asked.options and asked.kind not in (FieldKind.CHOICE, FieldKind.MULTI_CHOICE):
        yield document.problem((*at, "options"), f"a field of kind {asked.kind} has no options")
    if asked.must_be_yes and asked.kind is not FieldKind.YES_NO:
        yield document.problem((*at, "must_be_yes"), "is for yes_no fields")
    if asked.min is not None and asked.max is not None and asked.min > asked.max:
        yield document.problem((*at, "max"), f"is below min {asked.min:g}")
    if asked.prefill and PREFILLED[asked.prefill] is not asked.kind:
        yield document.problem((*at, "prefill"), f"{asked.prefill} fits a field of kind {PREFILLED[asked.prefill]}")
    yield from twice([option.id for option in asked.options], document, (*at, "options"), "id")
    yield from twice([inner.key for inner in asked.fields], document, (*at, "fields"), "key")
    for name in CONDITIONS:
        text = getattr(asked, name)
        if text:
            yield from condition_faults(text, service, document, (*at, name), own=asked.key)
    for index, inner in enumerate(asked.fields):
        yield from _field_faults(inner, service, document, (*at, "fields", index))


def condition_faults(
    text: str, service: ServiceDefinition, document: Located, at: Trail, own: str = ""
) -> Iterator[FileProblem]:
    """Names must be fields of the form (or the person's, or today); a compared word must be one of the options."""
    try:
        names = expr.compile(text).names
    except expr.ExpressionError as error:
        yield document.problem(at, f"cannot be read: {error.reason}", shift=error.position)
        return
    keys = {asked.key for asked in service.form}
    for name in sorted(names):
        root = name.partition(".")[0]
        if root not in keys and root not in CONTEXT:
            yield document.problem(at, f"names {root!r}, which is not a field of this form{meant(root, keys)}")
        if root == own:
            yield document.problem(at, "a field cannot depend on itself")
    for key, option in _compared_options(text):
        asked = service.field(key)
        if asked is None or asked.kind not in (FieldKind.CHOICE, FieldKind.MULTI_CHOICE) or not asked.options:
            continue
        among = [known.id for known in asked.options]
        if option not in among:
            yield document.problem(at, f"the field {key!r} has no option {option!r}{meant(option, among)}")


def _compared_options(text: str) -> Iterator[tuple[str, str]]:
    for match in _COMPARED.finditer(text):
        yield match[1], match[2] if match[2] is not None else match[3]
    for match in _LISTED.finditer(text):
        for word in _QUOTED.finditer(match[2]):
            yield match[1], word[1] if word[1] is not None else word[2]


def twice(ids: Sequence[str], document: Located, at: Trail, name: str) -> Iterator[FileProblem]:
    for index, one in enumerate(ids):
        if one in ids[:index]:
            yield document.problem((*at, index, name), f"{one!r} is used twice")


def meant(word: str, among: Collection[str]) -> str:
    close = get_close_matches(word, sorted(among), n=1, cutoff=0.7)
    return f"; did you mean {close[0]!r}?" if close else ""
