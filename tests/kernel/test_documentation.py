"""The pages for plugin authors say what the code does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from acm import sdk
from acm.kernel import manifest
from acm.sdk import points

ROOT = Path(__file__).parents[2]
POINTS = (ROOT / "docs/reference/extension-points.md").read_text(encoding="utf-8")
MANIFEST = (ROOT / "docs/reference/manifest.md").read_text(encoding="utf-8")
HOW_TO = (ROOT / "docs/how-to/add-a-case-type.md").read_text(encoding="utf-8")
METHODS = [
    node
    for kind in ast.parse((ROOT / "acm/sdk/registrar.py").read_text(encoding="utf-8")).body
    if isinstance(kind, ast.ClassDef) and kind.name == "Registrar"
    for node in kind.body
    if isinstance(node, ast.FunctionDef)
]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_extension_point_is_documented_with_its_exact_signature(method):
    arguments = ast.unparse(method.args).removeprefix("self, ")

    assert f"## `p.{method.name}({arguments})`" in POINTS
    assert " ".join((ast.get_docstring(method) or "").split()) in " ".join(POINTS.split())


@pytest.mark.parametrize("table", [manifest.Identity, manifest.Permission, manifest.Uses, manifest.Budgets])
def test_every_key_of_the_manifest_is_documented(table):
    missing = [key for key in table.model_fields if f"| `{key}` |" not in MANIFEST]

    assert missing == []


def test_every_place_for_slots_exists_in_a_template():
    named = set(points.SLOTS)
    templates = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "templates").rglob("*.html"))

    assert named == set(re.findall(r'slot\("([a-z.]+)"', templates))


def test_every_extension_point_says_when_it_is_called_and_what_if_it_raises():
    assert sorted(point.name for point in points.POINTS) == sorted(method.name for method in METHODS)
    assert all(point.called and point.returns and point.raises and point.example for point in points.POINTS)


def test_everything_the_sdk_names_is_there():
    assert [name for name in sdk.__all__ if not hasattr(sdk, name)] == []


def test_the_plugin_of_the_how_to_works(write_plugin, enable, browse):
    code = re.search(r'```python\n("""Asset.*?)```', HOW_TO, re.DOTALL)
    declared = re.search(r"```toml\n(.*?)```", HOW_TO, re.DOTALL)
    write_plugin(code=code[1], manifest=declared[1].replace("{", "{{").replace("}", "}}"))

    enable("loans")

    assert browse("oleg").get("/queues/loans").status_code == 200
