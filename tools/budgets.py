"""Budgets of size: no file above 400 lines, no function above 50. Names every one that is over.

    python tools/budgets.py [FOLDER_OR_FILE…]     default: the folders of the project's Python code

A function's length is from its `def` to its last line, decorators apart, docstring included.
Migrations are apart: they are written once and never grow.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("acm", "plugins", "tests", "tools", "frontend", "benchmarks")
APART = {"migrations", "node_modules", "static", "__pycache__"}
FILE_LINES = 400
FUNCTION_LINES = 50


@dataclass(frozen=True)
class Excess:
    """One file or function above its budget."""

    path: Path
    line: int
    what: str
    lines: int
    budget: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what} has {self.lines} lines, the budget is {self.budget}"


def python_files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_file():
            yield place
        else:
            found = place.rglob("*.py")
            yield from sorted(path for path in found if not APART & set(path.relative_to(place).parts))


def measure(path: Path) -> Iterator[Excess]:
    text = path.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    if lines > FILE_LINES:
        yield Excess(path, 1, "the file", lines, FILE_LINES)
    for node in ast.walk(ast.parse(text, filename=str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield Excess(path, node.lineno, f"function {node.name}", length, FUNCTION_LINES)


def main(arguments: list[str]) -> int:
    places = [Path(argument) for argument in arguments] or [ROOT / folder for folder in FOLDERS]
    files = list(python_files(place for place in places if place.exists()))
    try:
        excesses = [excess for path in files for excess in measure(path)]
    except SyntaxError as error:
        print(f"{error.filename}:{error.lineno}: {error.msg}; not readable by Python {sys.version.split()[0]}")
        return 1
    for excess in excesses:
        print(excess)
    print(f"budgets: {len(files)} files, {len(excesses)} over")
    return 1 if excesses else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
