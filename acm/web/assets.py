"""Static files by logical name: the build gives each a name with its content hash."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"


@cache
def manifest() -> dict[str, str]:
    """Logical name → hashed name; empty before ``frontend/build.py`` has run."""
    path = STATIC / "manifest.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


@cache
def icons() -> frozenset[str]:
    """The names of the icons in the sprite; empty before the build has run."""
    path = STATIC / manifest().get("icons.svg", "icons.svg")
    return frozenset(re.findall(r'id="i-([\w-]+)"', path.read_text())) if path.exists() else frozenset()


def url(name: str) -> str:
    """The address of a static file, cacheable for ever."""
    return f"/static/{manifest().get(name, name)}"
