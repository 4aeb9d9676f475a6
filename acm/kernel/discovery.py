"""Plugins as they lie on disk: found, read and checked without running their code."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePath
from threading import Lock
from typing import Any

from acm.kernel.choices import BadSchema, read_schema
from acm.kernel.manifest import NAME, BadManifest, Manifest, read_manifest

SKIPPED = {"__pycache__", "tests", ".git"}
STORIES = "tests/*.yaml"
ALLOWED = "acm.sdk"
AVOIDED = {"signal", "threading", "subprocess", "ctypes", "multiprocessing", "atexit"}
_PARSING = Lock()
"""Python 3.11 and 3.12 count the depth of a syntax tree for the whole process: two threads at it raise SystemError."""
ENDS = {("os", "_exit"), ("sys", "exit")}


@dataclass(frozen=True)
class Discovered:
    """A folder with a manifest. ``fault`` says why it cannot be used; then there may be no manifest. ``warnings``
    name what a plugin had better not do."""

    slug: str
    path: Path
    manifest: Manifest | None
    fault: str = ""
    hash: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def is_valid(self) -> bool:
        return not self.fault


def discover(folder: Path) -> dict[str, Discovered]:
    """Every plugin below a folder, by slug, in order of name."""
    if not folder.is_dir():
        return {}
    return {path.name: examine(path) for path in sorted(folder.iterdir()) if (path / NAME).is_file()}


def examine(path: Path, slug: str = "") -> Discovered:
    """One plugin's folder, checked: its manifest, and what its code imports. ``slug`` where the folder has another
    name, as in the store."""
    slug = slug or path.name
    try:
        manifest = read_manifest(path, slug)
    except BadManifest as error:
        return Discovered(slug, path, None, str(error))
    faults, warnings = scan(path, slug) if manifest.plugin.python else ([], [])
    if manifest.plugin.python and not (path / "__init__.py").is_file():
        faults.append("__init__.py is missing: it must hold register(p)")
    schema: dict[str, Any] = {}
    if manifest.settings.schema_file:
        try:
            schema = read_schema(path / manifest.settings.schema_file)
        except BadSchema as error:
            faults.append(str(error))
    return Discovered(slug, path, manifest, "; ".join(faults), content_hash(path), schema, tuple(warnings))


def content_hash(path: Path) -> str:
    """SHA-256 over the names and bytes of the plugin's files: what is loaded is what was seen."""
    digest = sha256()
    for file in files(path):
        digest.update(str(file.relative_to(path)).encode() + b"\0" + sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def files(path: Path) -> list[Path]:
    """The files that make a plugin, in order: its stories too, but no other tests and not what Python leaves behind."""
    return sorted(p for p in path.rglob("*") if p.is_file() and is_part(p.relative_to(path)))


def is_part(place: PurePath) -> bool:
    """Whether a file at this place of a plugin's folder belongs to the plugin."""
    return not SKIPPED & set(place.parts) or (len(place.parts) == 2 and place.match(STORIES))


def scan(path: Path, slug: str) -> tuple[list[str], list[str]]:
    """What stands against the code, and what it had better not do: each with file and line. Refused are imports of the
    core besides the sdk and absolute imports of the plugin itself."""
    faults: list[str] = []
    warnings: list[str] = []
    for file in files(path):
        if file.suffix != ".py":
            continue
        place = file.relative_to(path)
        try:
            with _PARSING:
                tree = ast.parse(file.read_text(encoding="utf-8"))
        except (SyntaxError, ValueError) as error:
            faults.append(f"{place}, line {getattr(error, 'lineno', 1)}: {getattr(error, 'msg', error)}")
            continue
        for node in ast.walk(tree):
            at = f"{place}, line {getattr(node, 'lineno', 1)}"
            for name in _imported(node):
                if _is_core(name):
                    faults.append(f"{at}: a plugin imports {ALLOWED} only, not {name}")
                elif name.split(".")[0] in (slug, "plugins", "acm_plugins"):
                    faults.append(f"{at}: import your own modules relatively (from . import x)")
                elif name.split(".")[0] in AVOIDED:
                    warnings.append(f"{at}: it uses {name}, which the context replaces")
            if _ends_the_process(node):
                warnings.append(f"{at}: it ends the process")
    return faults, warnings


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [node.module] if node.module != "acm" else [f"acm.{alias.name}" for alias in node.names]
    return []


def _ends_the_process(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and (node.value.id, node.attr) in ENDS


def _is_core(name: str) -> bool:
    return (name == "acm" or name.startswith("acm.")) and name != ALLOWED and not name.startswith(f"{ALLOWED}.")
