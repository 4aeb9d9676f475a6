"""Print the pages of the reference that follow from the code: settings, problems, commands, extension points.

.venv/bin/python tools/reference.py          writes docs/reference/{settings,problems,commands,extension-points}.md
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

import acm
from acm.errors import Problem
from acm.sdk.points import POINTS, SLOTS, Point
from acm.settings import Settings

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
SDK = Path(__file__).resolve().parents[1] / "acm" / "sdk"
CONTEXT = (
    ("ctx", "context.py", "Context"),
    ("ctx", "services.py", "Services"),
    ("ctx.pages and ctx.cases", "finding.py", "Finding"),
    ("ctx.pages and ctx.cases", "changing.py", "Changing"),
    ("ctx.pages", "changing.py", "Pages"),
    ("ctx.cases", "changing.py", "Cases"),
    ("ctx.catalog", "ordering.py", "Catalog"),
    ("ctx.people", "context.py", "People"),
    ("ctx.db", "owning.py", "Tables"),
    ("ctx.files", "services.py", "Files"),
    ("ctx.cache", "services.py", "Cache"),
)
HEAD = """\
# Extension points

What a plugin may give to the core. Its `__init__.py` holds `def register(p: Registrar) -> None`, which calls these
methods and does nothing else; everything it needs comes from `acm.sdk`. This page is printed from `acm/sdk` by
`tools/reference.py`.

Keys of types, vocabularies, measures and widgets are `<slug>.<name>`; two givers of one key are refused when the
second is enabled. Every call into a plugin is guarded: a `Problem` it raises is said to the person, anything else is
noted with a number, shown in its place, and hurts nobody else. A callable may take fewer facts than it is offered.
"""
TAIL = """\
# Files beside the code

Known without running a line of the plugin:

| file | meaning |
| --- | --- |
| `plugin.toml` | [the manifest](manifest.md) |
| `case_types/*.yaml` | a case type each, with the keys of `CaseType` |
| `queues/*.yaml` | a queue each: `slug`, `names`, `filters`, `icon`, `sort`, `grouping`, `columns`, `audience`, `order` |
| `measures/*.yaml`, `widgets/*.yaml`, `panels/*.yaml` | one each, with the keys of `Measure`, `Widget`, `Panel` |
| `catalog/*.yaml` | [services](service-file.md) |
| `taxonomies/*.yaml` | vocabularies; the groups in them are made where they are missing |
| `templates/` | templates, named `plugin:<slug>/…` |
| `locale/<lang>/**/*.po` | translations; on other screens than the plugin's own the core's words go before them |
| `tests/*.yaml` | [stories](plugin-check.md#stories): how its cases and forms go, lived through before it is enabled |
| `tests/test_quick*.py` | functions without parameters, run before the plugin is enabled |

# What happens while a plugin is off

Its addresses answer 404; its services say "not available now" and keep drafts; its jobs and reactors stand. Its cases
stay: read, searched, counted, talked about, watched, with files. A change of such a case answers 503 with the reason,
because the rules for it are away. Enabling brings everything back.
"""


def settings() -> str:
    """One line a setting, from the class itself."""
    lines = ["# Settings", "", "Each is read once from the environment at start; all have a safe default.", ""]
    lines += ["| variable | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in ("", None) else f"`{field.default}`"
        lines.append(f"| `ACM_{name.upper()}` | {default} | {field.description} |")
    lines += ["", "`ACM_NO_WORKER=1` keeps `acm serve` from running jobs, as its option `--no-worker` does.", ""]
    return "\n".join(lines)


def problems() -> str:
    """Every type of problem (RFC 9457) that an answer may name."""
    for module in pkgutil.walk_packages(acm.__path__, "acm."):
        importlib.import_module(module.name)
    found: dict[str, type[Problem]] = {}
    for kind in sorted(_below(Problem), key=lambda k: (k.type, k.__module__, k.__name__)):
        if kind.__module__.startswith("acm.") and kind.type.startswith("/problems/"):
            found.setdefault(kind.type, kind)
    lines = [
        "# Problems",
        "",
        "Errors are `application/problem+json` (RFC 9457) to programs, a page or a fragment to people.",
        "",
    ]
    for name, kind in found.items():
        words = " ".join((kind.__doc__ or kind.title).split())
        lines += [f"## {name}", "", f"{kind.status}. {kind.title}.", "", words, ""]
    return "\n".join(lines)


def commands() -> str:
    """Every command with its options."""
    from acm.cli import cli

    lines = ["# The `acm` command", "", "Exit codes: 0 done, 1 failed with a sentence, 2 wrong use.", ""]
    root = typer.main.get_command(cli)
    lines += [
        line
        for name, command in sorted(_commands(root, "acm"), key=lambda pair: pair[0])
        for line in _described(name, command)
    ]
    return "\n".join(lines)


def _below(kind: type[Problem]) -> list[type[Problem]]:
    return [one for sub in kind.__subclasses__() for one in (sub, *_below(sub))]


def _commands(group: Any, prefix: str) -> list[tuple[str, Any]]:
    found = []
    for name, command in getattr(group, "commands", {}).items():
        path = f"{prefix} {name}"
        found += _commands(command, path) if hasattr(command, "commands") else [(path, command)]
    return found


def _described(name: str, command: Any) -> list[str]:
    arguments = " ".join((p.metavar or p.name).upper() for p in command.params if p.param_type_name == "argument")
    lines = [f"## {name} {arguments}".rstrip(), "", " ".join((command.help or "").split()), ""]
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    lines += [f"- `{' / '.join(p.opts)}`: {p.help or p.name}" for p in options]
    return [*lines, ""] if options else lines


def extension_points() -> str:
    """Every extension point and the context, from the specification, signatures and docstrings of the sdk."""
    methods = {name: (signature, words) for name, signature, words in _methods("registrar.py", "Registrar")}
    lines = [HEAD, *(_point(point, *methods[point.name]) for point in POINTS), "# Places for slots\n"]
    lines += [f"- `{place}`: {words}" for place, words in SLOTS.items()]
    lines += [
        "",
        "# The context",
        "",
        "A callable of a plugin gets a `Context` first; an endpoint asks for it by type:",
    ]
    lines += ["`def show(ctx: Ctx)`. What writes is done in the transaction of the request or job.", ""]
    said = ""
    for name, file, kind in CONTEXT:
        if name != said:
            lines += [f"## {name}", ""]
        said = name
        lines += [f"- `{method}{signature}`: {words}" for method, signature, words in _methods(file, kind)]
        if CONTEXT[-1][0] == name or name != _following(name, file, kind):
            lines.append("")
    return "\n".join([*lines, TAIL])


def _point(point: Point, signature: str, words: str) -> str:
    told = [f"## `p.{point.name}{signature}`", "", textwrap.fill(words, 119), ""]
    if point.kind != "declare":
        rows = {"Called": point.called, "Returns": point.returns, "If it raises": point.raises}
        told += [*(f"- {name}: {said}" for name, said in rows.items()), ""]
    return "\n".join([*told, "```python", point.example, "```", ""])


def _methods(file: str, kind: str) -> Iterator[tuple[str, str, str]]:
    """Name, signature and docstring of what a class of the sdk offers; of a property without a signature."""
    for one in ast.parse((SDK / file).read_text(encoding="utf-8")).body:
        if isinstance(one, ast.ClassDef) and one.name == kind:
            for method in one.body:
                if isinstance(method, ast.FunctionDef) and not method.name.startswith("_"):
                    words = " ".join((ast.get_docstring(method) or "").split())
                    yield method.name, _signature(method), words


def _signature(method: ast.FunctionDef) -> str:
    if any(ast.unparse(one).endswith("property") for one in method.decorator_list):
        return ""
    arguments = ast.unparse(method.args).removeprefix("self").removeprefix(", ")
    gives = ast.unparse(method.returns) if method.returns else ""
    return f"({arguments})" + (f" -> {gives}" if gives not in ("", "None") else "")


def _following(name: str, file: str, kind: str) -> str:
    place = CONTEXT.index((name, file, kind)) + 1
    return CONTEXT[place][0] if place < len(CONTEXT) else ""


PAGES = {"settings": settings, "problems": problems, "commands": commands, "extension-points": extension_points}


def main() -> None:
    for name, page in PAGES.items():
        (REFERENCE / f"{name}.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
