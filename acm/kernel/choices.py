"""What an administrator may set in a plugin: a flat JSON Schema, its form, and the values checked against it.

Properties are ``string``, ``integer``, ``number`` or ``boolean``; ``title`` and ``description`` are English,
``x-ru`` holds ``{"title": …, "description": …}`` in Russian. A ``string`` with ``"writeOnly": true`` is a secret: it is
kept encrypted, shown to nobody again, and an empty field leaves it as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acm.errors import Invalid
from acm.settings import Settings
from acm.web.forms import Form
from acm.web.sealed import seal, unseal

if TYPE_CHECKING:
    from acm.kernel.discovery import Discovered

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
    is_set: bool = False


def read_schema(path: Path) -> dict[str, Any]:
    """The schema in a file; :class:`BadSchema` when it is none, or goes beyond flat values."""
    from jsonschema import Draft202012Validator, SchemaError  # here and below: a start without schemas needs none of it

    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
        Draft202012Validator.check_schema(schema)
        properties = schema["properties"].items()
    except (OSError, ValueError, KeyError, AttributeError, SchemaError) as error:
        raise BadSchema(f"{path.name}: {getattr(error, 'message', '') or error}") from error
    for key, one in properties:
        if one.get("type") not in KINDS or (one.get("writeOnly") and (one["type"] != "string" or "default" in one)):
            raise BadSchema(f"{path.name}: {key} is no text, number, yes/no or secret text")
    return dict(schema)


def defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The values in force while nobody has set any."""
    return {key: one["default"] for key, one in schema.get("properties", {}).items() if "default" in one}


def choices(schema: Mapping[str, Any], values: Mapping[str, Any]) -> list[Choice]:
    """The settings in their order, with the values in force."""
    return [
        Choice(
            key,
            "password" if is_secret(one) else KINDS[one["type"]],
            _words(key, one, "title"),
            _words("", one, "description"),
            "" if is_secret(one) else values.get(key),
            is_set=bool(values.get(key)),
        )
        for key, one in schema.get("properties", {}).items()
    ]


def is_secret(one: Mapping[str, Any]) -> bool:
    return bool(one.get("writeOnly"))


def opened(settings: Settings, found: Discovered, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with their secrets decrypted, for the plugin's code alone; raises
    :class:`acm.web.sealed.OtherKey` when the installation's key is another."""
    secrets = {key for key, one in found.schema.get("properties", {}).items() if is_secret(one)}
    purpose = f"plugin {found.slug}"
    return {k: unseal(settings, v, purpose) if k in secrets and v else v for k, v in values.items()}


def kept(settings: Settings, found: Discovered, given: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are stored: secrets encrypted, and as before where none was entered."""
    stored = dict(given)
    for key, one in found.schema.get("properties", {}).items():
        if is_secret(one):
            text = stored.pop(key, "")
            if text or key in before:
                stored[key] = seal(settings, text, f"plugin {found.slug}") if text else before[key]
    return stored


def read(schema: Mapping[str, Any], form: Form, before: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a submitted form; :class:`Invalid` names each that does not fit. ``before`` are the stored ones: a
    secret among them need not be entered again."""
    given: dict[str, Any] = {}
    for key, one in schema.get("properties", {}).items():
        text = form.text(key)
        if one["type"] == "boolean":
            given[key] = form.flag(key)
        elif is_secret(one):
            given |= {key: secret} if (secret := form.secret(key)) else {}
        elif one["type"] == "string":
            given[key] = text
        elif text:
            given[key] = _number(text, whole=one["type"] == "integer")
    there = {key for key in before if key not in given and is_secret(schema["properties"].get(key, {}))}
    check({**schema, "required": [key for key in schema.get("required", []) if key not in there]}, given)
    return given


def check(schema: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise :class:`Invalid` with the reasons by setting."""
    from jsonschema import Draft202012Validator

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
