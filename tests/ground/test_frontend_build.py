"""frontend/build.py: what is written into frontend/ reaches the browser, and faults are named."""

from __future__ import annotations

import importlib
import json
import os
import re
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The build, reading its own sources from an empty folder and npm's packages from the real one."""
    monkeypatch.syspath_prepend(str(ROOT / "frontend"))
    module = importlib.import_module("build")
    monkeypatch.setattr(module, "HERE", tmp_path)
    monkeypatch.setattr(module, "STATIC", tmp_path / "static")
    (tmp_path / "node_modules").symlink_to(ROOT / "frontend" / "node_modules")
    for folder in ("css", "js/lib", "static"):
        (tmp_path / folder).mkdir(parents=True)
    return module


def test_style_sheets_are_joined_in_file_name_order(build: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "css" / "20-late.css").write_text("b { color: light-dark(red, blue) }")
    (tmp_path / "css" / "10-early.css").write_text("@layer reset, base;\na { & b { color: red } }")
    text = build.stylesheet({}).decode()
    assert text.startswith("@layer reset,base;")
    assert text.index("a{") < text.index("light-dark(red,")


def test_a_style_sheet_names_a_font_by_its_plain_name(build: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "css" / "a.css").write_text(
        '@font-face { font-family: X; src: url("../fonts/onest-latin.woff2") format("woff2") }'
        "\nb { background: url(data:image/png;base64,AA) }"
    )
    text = build.stylesheet({"onest-latin.woff2": "onest-latin.0123456789.woff2"}).decode()
    assert "url(onest-latin.0123456789.woff2)" in text
    assert "url(data:image/png;base64,AA)" in text


def test_an_unknown_file_in_a_style_sheet_is_named(build: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "css" / "a.css").write_text("a { background: url(nowhere.png) }")
    with pytest.raises(build.BuildError, match=r"nowhere\.png"):
        build.stylesheet({})


def test_scripts_are_bundled_with_what_they_import(build: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "js" / "lib" / "word.js").write_text("export const word = 'carried'; export const unused = 'left out';")
    (tmp_path / "js" / "main.js").write_text("import { word } from './lib/word.js'; document.title = word;")
    bundle = build.scripts()["app.js"].decode()
    assert "carried" in bundle
    assert "left out" not in bundle


def test_a_fault_in_a_script_is_named_with_its_place(build: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "js" / "main.js").write_text("let a = ;")
    with pytest.raises(build.BuildError, match=r"js/main\.js:1:8"):
        build.scripts()


def test_an_icon_becomes_a_symbol_under_our_name(build: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "icons.txt").write_text("# comment\nbell\ndown chevron-down  # ours, theirs\n")
    text = build.sprite()["icons.svg"].decode()
    assert text.count("<symbol ") == 2
    assert '<symbol id="i-down" viewBox="0 0 24 24"><path d="M6 9' in text
    assert "M0 0h24v24H0z" not in text


def test_a_filled_part_of_an_icon_stays_apart(build: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "icons.txt").write_text("discount\n")
    root = ElementTree.fromstring(build.sprite()["icons.svg"])
    paths = [element for element in root.iter() if element.tag.endswith("path")]
    assert [path.get("fill") for path in paths] == [None, "currentColor", "currentColor", None]
    assert paths[3].get("d", "").startswith("M3 12a9 9 0 1 0 18 0")
    assert all(re.fullmatch(r"[MmLlHhVvCcSsQqTtAaZz0-9. -]+", path.get("d", "")) for path in paths)


NAMED_IN = [
    ("templates", "*.html", r"""\b(?:icon|svg)\(["']([a-z0-9-]+)["']"""),
    ("acm", "*.yaml", r"^\s+icon: ([a-z0-9-]+)$"),
    ("plugins", "*.yaml", r"^\s+icon: ([a-z0-9-]+)$"),
]


@pytest.mark.parametrize(("folder", "files", "pattern"), NAMED_IN)
def test_every_icon_that_is_named_is_in_the_sprite(folder: str, files: str, pattern: str) -> None:
    manifest = json.loads((ROOT / "acm/web/static/manifest.json").read_text())
    sprite = (ROOT / "acm/web/static" / manifest["icons.svg"]).read_text()
    drawn = set(re.findall(r'id="i-([a-z0-9-]+)"', sprite))
    missing = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / folder).rglob(files)
        for name in re.findall(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
        if name not in drawn
    }
    assert missing == set()


@pytest.mark.parametrize("lines", ["bell\nbell\n", "a b c\n"])
def test_a_bad_line_of_the_icons_is_named(build: ModuleType, tmp_path: Path, lines: str) -> None:
    (tmp_path / "icons.txt").write_text(lines)
    with pytest.raises(build.BuildError, match=r"icons\.txt, line \d"):
        build.icon_names()


def test_an_icon_that_does_not_exist_is_named(build: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "icons.txt").write_text("no-such-icon\n")
    with pytest.raises(build.BuildError, match="no-such-icon"):
        build.sprite()


def test_a_changed_file_gets_another_name_and_the_old_one_stays_for_a_day(build: ModuleType, tmp_path: Path) -> None:
    manifest: dict[str, str] = {}
    build.write_all({"a.css": b"one"}, manifest)
    before = manifest["a.css"]
    build.write_all({"a.css": b"two"}, manifest)
    build.remove_stale(set(manifest.values()))
    assert manifest["a.css"] != before
    assert (tmp_path / "static" / before).read_bytes() == b"one"


def test_what_is_compressed_stays_and_goes_with_its_file(build: ModuleType, tmp_path: Path) -> None:
    manifest: dict[str, str] = {}
    build.write_all({"a.css": b"one", "a.woff2": b"two"}, manifest)
    static, name = tmp_path / "static", manifest["a.css"]
    assert {path.name for path in static.iterdir()} == {name, f"{name}.br", f"{name}.gz", manifest["a.woff2"]}

    for path in static.iterdir():
        os.utime(path, (0, 0))
    build.remove_stale({name})
    assert {path.name for path in static.iterdir()} == {name, f"{name}.br", f"{name}.gz"}
