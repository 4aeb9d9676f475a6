"""Plugins as they lie on disk: found, read and checked without running their code."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from acm.kernel.choices import BadSchema, read_schema
from acm.kernel.manifest import NAME, BadManifest, Manifest, read_manifest

SKIPPED = {"__pycache__", "tests", ".git"}
ALLOWED = "acm.sdk"


@dataclass(frozen=True)
class Discovered:
    """A folder with a manifest. ``fault`` says why it cannot be used; then there may be no manifest."""

    slug: str
    path: Path
    manifest: Manifest | None
    fault: str = ""
    hash: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_valid(self) -> bool:
        return not self.fault


def discover(folder: Path) -> dict[str, Discovered]:
    """Every plugin below a folder, by slug, in order of name."""
    if not folder.is_dir():
        return {}
    return {path.name: examine(path) for path in sorted(folder.iterdir()) if (path / NAME).is_file()}


def examine(path: Path) -> Discovered:
    """One plugin's folder, checked: its manifest, and what its code imports."""
    try:
        manifest = read_manifest(path)
    except BadManifest as error:
        return Discovered(path.name, path, None, str(error))
    faults = list(import_faults(path)) if manifest.plugin.python else []
    if manifest.plugin.python and not (path / "__init__.py").is_file():
        faults.append("__init__.py is missing: it must hold register(p)")
    schema: dict[str, Any] = {}
    if manifest.settings.schema_file:
        try:
            schema = read_schema(path / manifest.settings.schema_file)
        except BadSchema as error:
            faults.append(str(error))
    return Discovered(path.name, path, manifest, "; ".join(faults), content_hash(path), schema)


def content_hash(path: Path) -> str:
    """SHA-256 over the names and bytes of the plugin's files: what is loaded is what was seen."""
    digest = sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file() and not SKIPPED & set(p.relative_to(path).parts)):
        digest.update(str(file.relative_to(path)).encode() + b"\0" + sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def import_faults(path: Path) -> Iterator[str]:
    """Imports of the core besides the sdk, and absolute imports of the plugin itself: with file and line."""
    for file in sorted(path.rglob("*.py")):
        if SKIPPED & set(file.relative_to(path).parts):
            continue
        place = file.relative_to(path)
        try:
            tree = ast.parse(file.read_text(encoding="utf-8"))
        except SyntaxError as error:
            yield f"{place}, line {error.lineno}: {error.msg}"
            continue
        for node in ast.walk(tree):
            for name in _imported(node):
                if _is_core(name):
                    yield f"{place}, line {node.lineno}: a plugin imports {ALLOWED} only, not {name}"  # type: ignore[attr-defined]
                elif name.split(".")[0] in (path.name, "plugins", "acm_plugins"):
                    yield f"{place}, line {node.lineno}: import your own modules relatively (from . import x)"  # type: ignore[attr-defined]


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [node.module] if node.module != "acm" else [f"acm.{alias.name}" for alias in node.names]
    return []


def _is_core(name: str) -> bool:
    return (name == "acm" or name.startswith("acm.")) and name != ALLOWED and not name.startswith(f"{ALLOWED}.")
