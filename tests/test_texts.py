"""Both languages: every text of ours has its Russian, with the same params, and nothing is translated twice apart."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from acm import errors

ROOT = Path(__file__).parents[1]
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
OPTIONS = {
    "**.html": {
        "extensions": "jinja2.ext.i18n,jinja2.ext.do",
        "trim_blocks": "true",
        "newstyle_gettext": "true",
        "silent": "false",
    }
}
PLACES = {"acm": ROOT / "acm", "templates": ROOT / "templates", "plugins": ROOT / "plugins"}
RAISED = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.Problem)}
PARAM = re.compile(r"%\((\w+)\)[sd]")


def texts(folder: Path) -> dict[str, str]:
    """Every marked text of a folder, with the place it stands in."""
    found = {}
    for name, line, message, _comments, _context in extract_from_dir(
        str(folder), METHODS, OPTIONS, strip_comment_tags=False
    ):
        first = message[0] if isinstance(message, tuple) else message
        if first:
            found[first] = f"{folder.name}/{name}:{line}"
    return found


def translations() -> dict[str, tuple[str, ...]]:
    """Every Russian text of the core and of the plugins by its message id."""
    found: dict[str, tuple[str, ...]] = {}
    for path in [*(ROOT / "acm/locale/ru").glob("*.po"), *(ROOT / "plugins").glob("*/locale/ru/**/*.po")]:
        with path.open("rb") as file:
            for entry in read_po(file):
                if entry.id and not entry.fuzzy:
                    forms = entry.string if isinstance(entry.string, (tuple, list)) else (entry.string,)
                    found[entry.id if isinstance(entry.id, str) else entry.id[0]] = tuple(forms)
    return found


@pytest.mark.parametrize("place", PLACES)
def test_every_text_has_its_russian(place):
    known = translations()

    missing = {text: where for text, where in texts(PLACES[place]).items() if not all(known.get(text, ("",)))}

    assert not missing, "\n".join(f"{where}: {text!r}" for text, where in sorted(missing.items(), key=lambda m: m[1]))


def test_a_translation_has_the_params_of_its_text():
    wrong = [
        text
        for text, forms in translations().items()
        for form in forms
        if form and not set(PARAM.findall(form)) <= set(PARAM.findall(text)) | {"num"}
    ]

    assert not wrong


def details() -> dict[str, str]:
    """Texts given to problems where they are raised: ``Conflict("This step is decided already")``."""
    found = {}
    for path in (ROOT / "acm").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISED and node.args:
                given = node.args[0]
                if isinstance(given, ast.Constant) and isinstance(given.value, str) and given.value:
                    found[given.value] = f"{path.relative_to(ROOT)}:{node.lineno}"
    return found


def test_what_a_problem_says_is_translated():
    known = translations()

    assert {text: place for text, place in details().items() if not all(known.get(text, ("",)))} == {}


def test_titles_of_problems_are_translated():
    known = translations()
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.Problem)]

    assert [kind.title for kind in kinds if not all(known.get(kind.title, ("",)))] == []
