"""Static files by logical name: the build gives each a name with its content hash."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

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


class Forever(StaticFiles):
    """Files whose names hold a hash of their content: kept for a year, and sent as the build has compressed them."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        found, encoding = Path(full_path), ""
        for name, suffix in _accepted(Headers(scope=scope).get("accept-encoding", "")):
            compressed = found.with_name(found.name + suffix)
            if compressed.is_file():
                found, stat_result, encoding = compressed, compressed.stat(), name
                break
        response = super().file_response(found, stat_result, scope, status_code)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        if encoding:
            response.headers["vary"] = "Accept-Encoding"
            if response.status_code != 304:
                response.headers["content-encoding"] = encoding
        return response


def _accepted(header: str) -> Iterator[tuple[str, str]]:
    """The encodings of our files that a browser takes, the smaller first, with the end of such a file's name."""
    words = [word.replace(" ", "") for word in header.lower().split(",")]
    taken = {word.partition(";")[0] for word in words if not re.search(r";q=0(\.0*)?$", word)}
    return ((name, suffix) for name, suffix in (("br", ".br"), ("gzip", ".gz")) if name in taken)
