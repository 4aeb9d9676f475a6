"""The description of the JSON API: the core's, and that of every enabled plugin beside it."""

from __future__ import annotations

import json
from typing import Any

from acm.kernel.dispatcher import application_of
from acm.snapshot import Snapshot
from acm.web.api import with_examples
from acm.web.runtime import Runtime

SCHEMAS = "#/components/schemas/"


def described(core: dict[str, Any], runtime: Runtime, snapshot: Snapshot) -> dict[str, Any]:
    """The core's document with the plugins' paths under ``/api/p/<slug>``; a plugin's schemas bear its slug. Made once
    a snapshot."""
    number: int
    document: dict[str, Any]
    number, document = runtime.parts.get("openapi", (-1, {}))
    if number != snapshot.number:
        document = _merged(core, runtime, snapshot)
        runtime.parts["openapi"] = (snapshot.number, document)
    return document


def _merged(core: dict[str, Any], runtime: Runtime, snapshot: Snapshot) -> dict[str, Any]:
    paths = dict(core.get("paths", {}))
    schemas = dict(core.get("components", {}).get("schemas", {}))
    for slug in snapshot.plugins:
        app = application_of(runtime, snapshot, slug, "api")
        if app is None:
            continue
        own = json.loads(json.dumps(app.openapi()).replace(f'"{SCHEMAS}', f'"{SCHEMAS}{slug}.'))
        paths |= {f"/api/p/{slug}{path}": item for path, item in own.get("paths", {}).items()}
        schemas |= {f"{slug}.{name}": item for name, item in own.get("components", {}).get("schemas", {}).items()}
    whole = {**core, "paths": paths, "components": {**core.get("components", {}), "schemas": schemas}}
    return with_examples(whole)
