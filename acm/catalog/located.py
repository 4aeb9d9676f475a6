"""YAML with places: plain values, and for every value the file, line and column it stands at.

Only what a configuration needs is read: mappings, lists, text, numbers, true/false and null of YAML 1.2. Aliases,
anchors and tags are refused (a small file could otherwise unfold into gigabytes), `on`, `no` and `12:30` stay text,
and a key that is written twice is a fault, not a silent loss.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 30

Trail = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class FileProblem:
    """One fault of a file. `line` and `column` count from 1; `key` is the way to the value, `services.3.sla`."""

    file: str
    line: int
    column: int
    key: str
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.key}: {self.reason}" if self.key else f"{place}: {self.reason}"


@dataclass
class Located:
    """A document: `value` holds plain Python values, `places` the line and column of each, by its trail."""

    file: str
    value: object = None
    places: dict[Trail, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Trail, tuple[int, int]] = field(default_factory=dict)
    quoted: set[Trail] = field(default_factory=set)
    problems: list[FileProblem] = field(default_factory=list)

    def problem(self, trail: Sequence[str | int], reason: str, *, at_key: bool = False, shift: int = 0) -> FileProblem:
        """Make a problem at a value (or its key), or at the nearest thing above it that the file has."""
        whole = tuple(trail)
        places = self.keys if at_key else self.places
        near = whole
        while near and near not in places and near not in self.places:
            near = near[:-1]
        line, column = places.get(near) or self.places.get(near) or (1, 1)
        if shift and near == whole:
            column += shift + (1 if whole in self.quoted else 0)
        return FileProblem(self.file, line, column, ".".join(map(str, whole)), reason)


def read_yaml(path: Path, name: str = "") -> Located:
    """Read one file; what cannot be read stands in `problems`, never raised."""
    found = Located(name or path.name)
    try:
        raw = path.read_bytes()
    except OSError as error:
        found.problems.append(FileProblem(found.file, 1, 1, "", f"cannot be read: {error.strerror or error}"))
        return found
    return parse_yaml(raw, found.file)


def parse_yaml(raw: bytes, name: str) -> Located:
    """Read the bytes of a file that is called `name`."""
    found = Located(name)
    if len(raw) > MAX_BYTES:
        found.problems.append(FileProblem(name, 1, 1, "", f"larger than {MAX_BYTES // 1024 // 1024} MB"))
        return found
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        found.problems.append(FileProblem(name, line, 1, "", "is not UTF-8"))
        return found
    try:
        node = _Reader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        found.problems.append(_syntax_problem(name, error))
        return found
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        found.problems.append(FileProblem(name, line, 1, "", f"the character {error.character!r} may not stand here"))
        return found
    if node is None:
        found.problems.append(FileProblem(name, 1, 1, "", "the file is empty"))
        return found
    found.value = _value(node, (), found)
    return found


def _syntax_problem(name: str, error: yaml.MarkedYAMLError) -> FileProblem:
    mark = error.problem_mark or error.context_mark
    reason = " ".join(part for part in (error.context, error.problem) if part)
    return FileProblem(name, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, "", reason or "is not YAML")


class _Reader(yaml.SafeLoader):
    """The safe loader, YAML 1.2 scalars, no aliases, anchors or tags, bounded depth."""

    yaml_implicit_resolvers = {}
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not allowed", problem_mark=event.start_mark)
        if getattr(event, "tag", None):
            raise yaml.MarkedYAMLError(problem="tags are not allowed", problem_mark=event.start_mark)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {MAX_DEPTH}", problem_mark=event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


_INTEGER, _FLOAT, _BOOLEAN, _NULL = (f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null"))
for _tag, _pattern, _first in (
    (_BOOLEAN, r"^(?:true|false)$", "tf"),
    (_NULL, r"^(?:null|~|)$", ["n", "~", ""]),
    (_INTEGER, r"^-?(?:0|[1-9][0-9]{0,17})$", "-0123456789"),
    (_FLOAT, r"^-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,17}$", "-0123456789"),
):
    _Reader.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))


def _value(node: yaml.Node, trail: Trail, found: Located) -> object:
    found.places[trail] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, trail, found)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*trail, index), found) for index, item in enumerate(node.value)]
    return _scalar(node, trail, found)


def _mapping(node: yaml.MappingNode, trail: Trail, found: Located) -> dict[str, object]:
    read: dict[str, object] = {}
    for key_node, value_node in node.value:
        place = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if not isinstance(key_node, yaml.ScalarNode):
            found.problems.append(FileProblem(found.file, *place, ".".join(map(str, trail)), "a key must be a word"))
            continue
        key = str(key_node.value)
        if key in read:
            way = ".".join(map(str, (*trail, key)))
            found.problems.append(FileProblem(found.file, *place, way, "is written twice"))
            continue
        found.keys[(*trail, key)] = place
        read[key] = _value(value_node, (*trail, key), found)
    return read


def _scalar(node: yaml.Node, trail: Trail, found: Located) -> object:
    text = str(node.value)
    if getattr(node, "style", None) in ("'", '"'):
        found.quoted.add(trail)
    if node.tag == _BOOLEAN:
        return text == "true"
    if node.tag == _NULL:
        return None
    if node.tag == _INTEGER:
        return int(text)
    return float(text) if node.tag == _FLOAT else text


def get(value: object, *trail: str | int) -> object:
    """The value at a trail of plain values, or None."""
    for step in trail:
        if isinstance(value, Mapping) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value
