"""Print the pages of the reference that follow from the code: settings, problems, commands.

.venv/bin/python tools/reference.py          writes docs/reference/{settings,problems,commands}.md
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import Any

import typer.main

import acm
from acm.errors import Problem
from acm.settings import Settings

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"


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


PAGES = {"settings": settings, "problems": problems, "commands": commands}


def main() -> None:
    for name, page in PAGES.items():
        (REFERENCE / f"{name}.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
