"""`plugin.toml`: who a plugin is and what it needs. Known without running a line of its code."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from acm import __version__

NAME = "plugin.toml"
CONTRACT = 1
"""The contract between core and plugins that this core keeps."""


REASONS = {"extra_forbidden": "there is no such key", "missing": "it is required"}


class BadManifest(ValueError):
    """The manifest cannot be used; the text names file, key, line and reason."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Identity(_Strict):
    """The table ``[plugin]``."""

    slug: str = Field(pattern=r"^[a-z][a-z0-9_]{2,30}$")
    name: dict[str, str]
    description: dict[str, str] = {}
    version: str
    contract: int = CONTRACT
    core: str = ""
    python: bool = True
    hot: bool = True
    icon: str = "box"
    requires: dict[str, str] = {}
    data_version: int = Field(1, ge=1)

    @field_validator("version")
    @classmethod
    def _is_version(cls, text: str) -> str:
        try:
            Version(text)
        except InvalidVersion as error:
            raise ValueError(f"{text!r} is no version") from error
        return text

    @field_validator("core")
    @classmethod
    def _is_specifier(cls, text: str) -> str:
        try:
            SpecifierSet(text)
        except InvalidSpecifier as error:
            raise ValueError(f"{text!r} is no range of versions (PEP 440)") from error
        return text

    @field_validator("requires")
    @classmethod
    def _are_specifiers(cls, needed: dict[str, str]) -> dict[str, str]:
        for text in needed.values():
            cls._is_specifier(text)
        return needed

    @field_validator("contract")
    @classmethod
    def _is_kept(cls, number: int) -> int:
        if number != CONTRACT:
            raise ValueError(f"this core keeps contract {CONTRACT}, not {number}")
        return number


class Permission(_Strict):
    title: dict[str, str]
    default_roles: list[str] = []


class Uses(_Strict):
    """What the plugin will do; shown before it is enabled."""

    core: list[str] = []
    network: list[str] = []
    mail: bool = False
    jobs: list[str] = []
    veto: list[str] = []
    on_failure: Literal["allow", "refuse"] = "allow"


class Permissions(_Strict):
    define: dict[str, Permission] = {}
    uses: Uses = Uses()


class Settings(_Strict):
    """What an administrator may set: a JSON Schema in a file beside the manifest."""

    schema_file: str = Field("", alias="schema", pattern=r"^([a-z0-9_.-]+\.json)?$")


class Budgets(_Strict):
    """Milliseconds that a call may take; only below the core's own limits."""

    hook_ms: int = Field(100, ge=1, le=100)
    widget_ms: int = Field(200, ge=1, le=200)
    request_ms: int = Field(5000, ge=1, le=5000)
    job_ms: int = Field(60_000, ge=1, le=60_000)


class Manifest(_Strict):
    """The whole file."""

    plugin: Identity
    permissions: Permissions = Permissions()
    settings: Settings = Settings()
    budgets: Budgets = Budgets()

    @property
    def slug(self) -> str:
        return self.plugin.slug

    def missing(self, enabled: Mapping[str, str]) -> str:
        """What it requires and does not get from the enabled plugins (slug to version), in a sentence; or nothing."""
        for slug, wanted in self.plugin.requires.items():
            if slug not in enabled:
                return f"it needs the plugin {slug}, which is not enabled"
            if wanted and Version(enabled[slug]) not in SpecifierSet(wanted, prereleases=True):
                return f"it needs {slug} {wanted}, enabled is {enabled[slug]}"
        return ""

    def fits_core(self) -> bool:
        return not self.plugin.core or Version(__version__) in SpecifierSet(self.plugin.core, prereleases=True)


def read_manifest(folder: Path, slug: str = "") -> Manifest:
    """The manifest in a plugin's folder; :class:`BadManifest` names what is wrong with it. ``slug`` is what the plugin
    must be called, the folder's name when nothing else is known."""
    path = folder / NAME
    try:
        text = path.read_text(encoding="utf-8")
        manifest = Manifest.model_validate(tomllib.loads(text))
    except OSError as error:
        raise BadManifest(f"{NAME} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadManifest(f"{NAME} is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise BadManifest(f"{NAME}: {error}") from error
    except ValidationError as error:
        raise BadManifest("; ".join(_fault(text, fault) for fault in error.errors())) from error
    if manifest.slug != (slug or folder.name):
        raise BadManifest(f"{NAME}: the slug {manifest.slug!r} is not the name of its folder, {slug or folder.name!r}")
    if not manifest.fits_core():
        raise BadManifest(f"{NAME}: it needs a core {manifest.plugin.core}, this is {__version__}")
    return manifest


def _fault(text: str, fault: Any) -> str:
    keys = [str(part) for part in fault["loc"]]
    line = line_of(text, keys)
    place = f"line {line}, " if line else ""
    reason = REASONS.get(fault["type"], fault["msg"])
    return f"{NAME}: {place}key {'.'.join(keys)}: {reason}"


def line_of(text: str, keys: list[str]) -> int:
    """The line on which a key, or the nearest thing above it, is written; 0 when nothing of it is there."""
    table: list[str] = []
    best, length = 0, 0
    for number, one in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[+([^\]]+)\]", one):
            table = [part.strip(" \"'") for part in head[1].split(".")]
            way = table
        elif key := re.match(r"""\s*["']?([\w.-]+)["']?\s*=""", one):
            way = [*table, *key[1].split(".")]
        else:
            continue
        if way == keys[: len(way)] and len(way) > length:
            best, length = number, len(way)
    return best
