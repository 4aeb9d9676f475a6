"""What can be wrong with the parts of a bundle: keys, conditions, order, services and the answers they are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from acm.catalog.checks import condition_faults, meant, twice
from acm.catalog.located import FileProblem, Located, Trail
from acm.pages.types import FieldKind

if TYPE_CHECKING:
    from acm.catalog.definitions import PartDefinition, ServiceDefinition

DATED = (FieldKind.DATE, FieldKind.DATETIME)
TEXTS = (FieldKind.TEXT, FieldKind.LONG_TEXT)


def bundle_faults(
    service: ServiceDefinition,
    document: Located,
    at: Trail,
    among: Mapping[str, ServiceDefinition],
    *,
    whole: bool,
) -> Iterator[FileProblem]:
    """Every fault of a service's bundle. ``among`` are the services known, by address; only if they are the
    ``whole`` catalogue is another one a fault: it may be a plugin's that is away now."""
    keys = [part.key for part in service.bundle]
    yield from twice(keys, document, at, "key")
    for index, part in enumerate(service.bundle):
        here = (*at, index)
        if part.when:
            yield from condition_faults(part.when, service, document, (*here, "when"))
        for place, key in enumerate(part.after):
            if key not in keys:
                yield document.problem((*here, "after", place), f"there is no part {key!r}{meant(key, keys)}")
        yield from _start_faults(part, service, document, here)
        yield from _service_faults(part, service, document, here, among, whole=whole)
    if circle := _circle(service.bundle):
        index = keys.index(circle[0])
        yield document.problem((*at, index, "after"), f"the parts wait for one another: {' → '.join(circle)}")


def _start_faults(
    part: PartDefinition, service: ServiceDefinition, document: Located, here: Trail
) -> Iterator[FileProblem]:
    if part.start is None:
        return
    asked, keys = service.field(part.start.field), [one.key for one in service.form]
    trail = (*here, "start", "field")
    if asked is None:
        yield document.problem(trail, f"there is no field {part.start.field!r}{meant(part.start.field, keys)}")
    elif asked.kind not in DATED:
        yield document.problem(trail, f"the field {asked.key!r} is no date")


def _service_faults(
    part: PartDefinition,
    service: ServiceDefinition,
    document: Located,
    here: Trail,
    among: Mapping[str, ServiceDefinition],
    *,
    whole: bool,
) -> Iterator[FileProblem]:
    ordered, trail = among.get(part.slug), (*here, "service")
    for text in part.answers:
        yield from condition_faults(part.answers[text], service, document, (*here, "answers", text))
    if ordered is None:
        if whole:
            ids = [one.id for one in among.values()]
            yield document.problem(trail, f"there is no service {part.service!r}{meant(part.service, ids)}")
        return
    if ordered.bundle or part.slug == service.slug:
        yield document.problem(trail, f"{part.service!r} has parts of its own: a part is a plain service")
    keys = [one.key for one in ordered.form]
    for key, text in part.answers.items():
        wanted, given = ordered.field(key), service.field(text.strip())
        if wanted is None:
            reason = f"{ordered.id} has no field {key!r}{meant(key, keys)}"
            yield document.problem((*here, "answers", key), reason, at_key=True)
        elif wanted.kind is FieldKind.FILE:
            yield document.problem((*here, "answers", key), "files stay with the order")
        elif given is not None and given.kind is not wanted.kind and not {given.kind, wanted.kind} <= set(TEXTS):
            reason = f"{text!r} is of kind {given.kind}, the field of {ordered.id} of kind {wanted.kind}"
            yield document.problem((*here, "answers", key), reason)
    for asked in ordered.form:
        needed = asked.required and not asked.internal and not asked.shown_when and asked.kind is not FieldKind.FILE
        if needed and asked.key not in part.answers:
            yield document.problem((*here, "answers"), f"{ordered.id} needs an answer to {asked.key!r}")


def _circle(parts: tuple[PartDefinition, ...]) -> list[str]:
    """The keys of parts that wait for one another, the first of them twice; empty when there are none."""
    after = {part.key: part.after for part in parts}
    done: set[str] = set()

    def walk(key: str, way: list[str]) -> list[str]:
        if key in way:
            return [*way[way.index(key) :], key]
        if key in done or key not in after:
            return []
        for before in after[key]:
            if found := walk(before, [*way, key]):
                return found
        done.add(key)
        return []

    for key in after:
        if circle := walk(key, []):
            return circle
    return []
