"""What can be read in a plugin's files about its texts: both languages for all of them, and templates that escape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes
from pydantic import BaseModel

from acm.i18n import LANGUAGES
from acm.kernel.loader import Generation

METHODS = [("**.py", "python"), ("**.html", "jinja2")]
OPTIONS = {
    "**.html": {"extensions": "jinja2.ext.i18n,jinja2.ext.do", "trim_blocks": "true", "newstyle_gettext": "true"}
}
SPOKEN = frozenset({"title", "alt", "placeholder", "aria-label", "aria-description"})
WORD = re.compile(r"[A-Za-zА-Яа-яЁё]{2,}")
SILENT = frozenset({"code", "pre", "kbd", "style", "script"})
ADDRESS = ("/", "http:", "https:", "mailto:")
BEGINS = frozenset({"trans"})


def untranslated(generation: Generation) -> Iterator[str]:
    """Every text of a plugin that is not there in both languages, with its place."""
    assert generation.found.manifest is not None
    yield from _one_sided("plugin.toml", generation.found.manifest)
    for given in generation.contributions:
        yield from _one_sided(f"{given.point} {given.key}", given.value)
    folder = generation.found.path
    known = _translations(folder)
    for name, line, message, *_rest in extract_from_dir(str(folder), METHODS, OPTIONS):
        text = message[0] if isinstance(message, tuple) else message
        if text and not str(name).startswith("tests/") and not known.get(text):
            yield f"{name}:{line}: {text!r} has no Russian: add it to locale/ru/{generation.slug}.po"
    for file in sorted((folder / "templates").rglob("*.html")):
        for line, text in _bare(file.read_text(encoding="utf-8"), generation.templates):
            yield f'{file.relative_to(folder)}:{line}: {text!r} is not translatable: write {{{{ _("{text}") }}}}'


def unescaped(generation: Generation) -> Iterator[str]:
    """Every place of a template where what people wrote could become markup."""
    folder, environment = generation.found.path, generation.templates
    for file in sorted((folder / "templates").rglob("*")):
        if not file.is_file():
            continue
        name = f"plugin:{generation.slug}/{file.relative_to(folder / 'templates')}"
        escapes = environment.autoescape
        if not (escapes(name) if callable(escapes) else escapes):
            yield f"{file.relative_to(folder)}: it is not escaped: name it *.html"
        tree = environment.parse(file.read_text(encoding="utf-8"))
        for one in tree.find_all(nodes.Filter):
            if one.name == "safe":
                yield f"{file.relative_to(folder)}:{one.lineno}: remove |safe: it lets markup through"
        for change in tree.find_all(nodes.ScopedEvalContextModifier):
            if any(option.key == "autoescape" for option in change.options):
                yield f"{file.relative_to(folder)}:{change.lineno}: remove the autoescape block"


def _one_sided(place: str, value: Any) -> Iterator[str]:
    """Words by language, anywhere in a declaration, that lack one of the languages."""
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    elif is_dataclass(value):
        value = {one.name: getattr(value, one.name) for one in fields(value)}
    if isinstance(value, Mapping):
        if value and set(value) <= set(LANGUAGES):
            for lang in LANGUAGES:
                if not value.get(lang):
                    said = next((text for text in value.values() if text), "")
                    yield f"{place}: {said!r} is not said in {lang}"
            return
        for key, one in value.items():
            yield from _one_sided(f"{place}, {key}", one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _one_sided(place, one)


def _translations(folder: Path) -> dict[str, bool]:
    """Which texts have a Russian, the core's own among them."""
    found: dict[str, bool] = {}
    core = Path(__file__).parents[1] / "locale" / "ru"
    for path in [*core.rglob("*.po"), *(folder / "locale" / "ru").rglob("*.po")]:
        with path.open("rb") as file:
            for entry in read_po(file):
                forms = entry.string if isinstance(entry.string, (tuple, list)) else (entry.string,)
                key = entry.id if isinstance(entry.id, str) else entry.id[0]
                found[key] = found.get(key, False) or (bool(forms) and all(forms))
    return found


def _bare(source: str, environment: Environment) -> Iterator[tuple[int, str]]:
    """The words of a template that stand there as they are, with their line; not the classes of its screen."""
    reader, before, inside = _Reader(), "", ""
    for line, kind, text in environment.lex(source):
        if kind == "name" and not inside and (text in BEGINS or (before == "block" and text.endswith("_class"))):
            inside = "endtrans" if text in BEGINS else "endblock"
        elif kind == "name" and text == inside:
            inside = ""
        elif kind == "data" and not inside:
            reader.take(text, line)
        elif kind == "variable_begin":
            reader.take("0", line)
        before = text if kind == "name" else before
    yield from reader.found


class _Reader(HTMLParser):
    """Collects what a person would read."""

    def __init__(self) -> None:
        super().__init__()
        self.silent, self.found = 0, list[tuple[int, str]]()
        self._before, self._taken = 0, 0

    def take(self, text: str, line: int) -> None:
        """Read a piece that begins on a line of the file."""
        self._before = line - self._taken
        self.feed(text)
        self._taken += text.count("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in SILENT
        for name, value in attrs:
            if name in SPOKEN:
                self._note(value or "")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self._note(data)

    def _note(self, text: str) -> None:
        if WORD.search(text) and not text.strip().startswith(ADDRESS):
            blank = text[: len(text) - len(text.lstrip())].count("\n")
            self.found.append((self._before + self.getpos()[0] - 1 + blank, " ".join(text.split())[:60]))
