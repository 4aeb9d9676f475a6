"""The sdk is a promise: its names and signatures change on purpose only.

After a change that is meant: ``.venv/bin/python -m tests.kernel.test_the_contract`` writes ``sdk.txt`` anew.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from pydantic import BaseModel

from acm import sdk
from acm.sdk.changing import Cases, Pages
from acm.sdk.context import People
from acm.sdk.ordering import Catalog
from acm.sdk.owning import Tables
from acm.sdk.services import Cache, Files

WRITTEN = Path(__file__).with_name("sdk.txt")
BESIDE = {
    "ctx.pages": Pages,
    "ctx.cases": Cases,
    "ctx.catalog": Catalog,
    "ctx.people": People,
    "ctx.files": Files,
    "ctx.cache": Cache,
    "ctx.db": Tables,
}
OPEN = {sdk.Context, sdk.Builder, sdk.Registrar, *BESIDE.values()}
"""Whose methods are part of the promise; of the others the names and what they are made of."""


def contract() -> str:
    """Every name of the sdk with its signature, a line each."""
    lines = [f"acm.sdk {sdk.VERSION}"]
    for name in sdk.__all__:
        lines += _lines(name, getattr(sdk, name))
    for name, kind in BESIDE.items():
        lines += _lines(name, kind)
    return "\n".join(lines) + "\n"


def test_names_and_signatures_are_those_that_were_promised():
    assert contract() == WRITTEN.read_text(encoding="utf-8"), __doc__


def _lines(name: str, value: object) -> Iterator[str]:
    if not inspect.isclass(value):
        yield f"{name}{inspect.signature(value)}" if inspect.isfunction(value) else name
        return
    if issubclass(value, Enum):
        yield f"{name}: {', '.join(one.name for one in value)}"
    elif issubclass(value, BaseModel):
        yield f"{name}: {', '.join(value.model_fields)}"
    elif dataclasses.is_dataclass(value) and value not in OPEN:
        yield f"{name}: {', '.join(one.name for one in dataclasses.fields(value))}"
    else:
        yield name
    if value in OPEN:
        known = dir(sdk.Context) if value is sdk.Builder else ()
        for method, said in sorted(inspect.getmembers(value)):
            if (not method.startswith("_") or method == "_") and method not in known:
                yield f"{name}.{method}{inspect.signature(said) if inspect.isfunction(said) else ''}"


if __name__ == "__main__":
    WRITTEN.write_text(contract(), encoding="utf-8")
