"""What an administrator may set in a plugin: a flat JSON Schema, its form, and the values checked against it.

Properties are ``string``, ``integer``, ``number`` or ``boolean``; ``title`` and ``description`` are English,
``x-ru`` holds ``{"title": …, "description": …}`` in Russian. Secrets are not kept here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, SchemaError

from acm.errors import Invalid
from acm.web.forms import Form

KINDS = {"string": "text", "integer": "number", "number": "number", "boolean": "yesno"}


class BadSchema(ValueError):
    """The schema of the settings cannot be used; the text names the file and the reason."""


@dataclass(frozen=True)
class Choice:
    """One setting, as its form shows it."""

    key: str
    kind: str
    label: dict[str, str]
    hint: dict[str, str]
    value: Any


def read_schema(path: Path) -> dict[str, Any]:
    """The schema in a file; :class:`BadSchema` when it is none, or goes beyond flat values."""
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
        Draft202012Validator.check_schema(schema)
        properties = schema["properties"].items()
    except (OSError, ValueError, KeyError, AttributeError, SchemaError) as error:
        raise BadSchema(f"{path.name}: {getattr(error, 'message', '') or error}") from error
    for key, one in properties:
        if one.get("type") not in KINDS or one.get("writeOnly"):
            raise BadSchema(f"{path.name}: {key} is no text, number or yes/no that may be shown")
    return dict(schema)


def defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The values in force while nobody has set any."""
    return {key: one["default"] for key, one in schema.get("properties", {}).items() if "default" in one}


def choices(schema: Mapping[str, Any], values: Mapping[str, Any]) -> list[Choice]:
    """The settings in their order, with the values in force."""
    return [
        Choice(key, KINDS[one["type"]], _words(key, one, "title"), _words("", one, "description"), values.get(key))
        for key, one in schema.get("properties", {}).items()
    ]


def read(schema: Mapping[str, Any], form: Form) -> dict[str, Any]:
    """The values of a submitted form; :class:`Invalid` names each that does not fit."""
    given: dict[str, Any] = {}
    for key, one in schema.get("properties", {}).items():
        text = form.text(key)
        if one["type"] == "boolean":
            given[key] = form.flag(key)
        elif one["type"] == "string":
            given[key] = text
        elif text:
            given[key] = _number(text, whole=one["type"] == "integer")
    check(schema, given)
    return given


def check(schema: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise :class:`Invalid` with the reasons by setting."""
    errors: dict[str, list[object]] = {}
    for fault in Draft202012Validator(dict(schema)).iter_errors(dict(given)):
        errors.setdefault(str(fault.path[0]) if fault.path else "settings", []).append(fault.message)
    if errors:
        raise Invalid(errors)


def _number(text: str, *, whole: bool) -> Any:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return text
    return int(number) if whole and number.is_integer() else number


def _words(key: str, one: Mapping[str, Any], name: str) -> dict[str, str]:
    english = str(one.get(name, key))
    return {"en": english, "ru": str(one.get("x-ru", {}).get(name, english))}
