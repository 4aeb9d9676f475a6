"""The ground keeps its word: locks are whole and name no place, the tools find what is over budget."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def tool(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


budgets = tool("tools/budgets.py")


def pinned(lock: str) -> dict[str, list[str]]:
    """Name of each locked library -> its hashes."""
    libraries: dict[str, list[str]] = {}
    for block in re.split(r"\n(?=\S)", (ROOT / lock).read_text()):
        name, _, rest = block.partition("==")
        libraries.setdefault(name.strip().lower(), []).extend(re.findall(r"--hash=sha256:([0-9a-f]{64})", rest))
    return libraries


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_library_has_hashes(lock: str) -> None:
    libraries = pinned(lock)
    assert len(libraries) > 40
    assert [name for name, hashes in libraries.items() if not hashes] == []


@pytest.mark.parametrize("lock", [*LOCKS, "frontend/package-lock.json", "pyproject.toml"])
def test_a_lock_names_no_registry_and_no_folder_of_this_machine(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert re.findall(r"--(?:extra-)?index-url|--find-links|--trusted-host|file://|@ https?://", text) == []
    assert re.findall(r'"resolved": "(?!https://registry\.npmjs\.org/)[^"]*"', text) == []


def test_the_locks_hold_every_declared_library() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]

    def names(requirements: list[object]) -> set[str]:
        texts = [text for text in requirements if isinstance(text, str)]
        return {re.split(r"[\[<>=!~ ]", text)[0].lower() for text in texts}

    run = names(project["project"]["dependencies"]) | names(groups["setup"])
    assert run - pinned("requirements.lock").keys() == set()
    assert (run | names(groups["dev"])) - pinned("requirements-dev.lock").keys() == set()


def test_the_dev_lock_holds_the_other_one_unchanged() -> None:
    development = pinned("requirements-dev.lock")
    assert all(development.get(name) == hashes for name, hashes in pinned("requirements.lock").items())


def test_npm_packages_are_exact_and_locked_by_hash() -> None:
    package = json.loads((ROOT / "frontend/package.json").read_text())
    wanted = package["dependencies"] | package["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    locked = json.loads((ROOT / "frontend/package-lock.json").read_text())["packages"]
    assert all(locked[f"node_modules/{name}"]["version"] == version for name, version in wanted.items())
    assert [name for name, entry in locked.items() if name and not entry.get("integrity")] == []


def test_the_budgets_find_a_function_that_is_too_long(tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text("def short():\n    pass\n\n\ndef tall():\n" + "    pass\n" * 50)
    (found,) = budgets.measure(tmp_path / "long.py")
    assert (found.what, found.lines, found.line) == ("function tall", 51, 5)


def test_the_budgets_let_what_fits_exactly_pass(tmp_path: Path) -> None:
    body = "def tall():\n" + "    pass\n" * 49
    (tmp_path / "fits.py").write_text(body + "#\n" * 350)
    assert list(budgets.measure(tmp_path / "fits.py")) == []


def test_the_budgets_find_a_file_that_is_too_long_but_not_a_migration(tmp_path: Path) -> None:
    (tmp_path / "migrations").mkdir()
    for path in (tmp_path / "file.py", tmp_path / "migrations" / "one.py"):
        path.write_text("#\n" * 401)
    files = list(budgets.python_files([tmp_path]))
    assert files == [tmp_path / "file.py"]
    assert [str(excess) for excess in budgets.measure(files[0])] == [
        f"{files[0]}:1: the file has 401 lines, the budget is 400"
    ]


def test_a_library_of_npm_reaches_the_browser_under_a_name_made_of_its_content() -> None:
    static = ROOT / "acm" / "web" / "static"
    manifest = json.loads((static / "manifest.json").read_text())
    for logical in ("app.css", "portal.css", "work.css", "panel.css", "app.js", "editor.js", "htmx.js", "icons.svg"):
        stem, _, suffix = logical.rpartition(".")
        assert re.fullmatch(rf"{re.escape(stem)}\.[0-9a-f]{{10}}\.{suffix}", manifest[logical])
        assert (static / manifest[logical]).is_file()


def wire_size(*logical: str) -> int:
    """Bytes over the wire, as the build has compressed them."""
    static = ROOT / "acm" / "web" / "static"
    manifest = json.loads((static / "manifest.json").read_text())
    return sum((static / f"{manifest[name]}.br").stat().st_size for name in logical)


def test_what_the_browser_loads_is_small() -> None:
    assert wire_size("icons.svg") <= 8 * 1024
    assert wire_size("app.css", "portal.css") <= 12 * 1024
    assert wire_size("app.css", "work.css") <= 11 * 1024
    assert wire_size("app.css", "work.css", "panel.css") <= 13 * 1024
    assert wire_size("htmx.js", "app.js", "editor.js") <= 60 * 1024
    assert wire_size("app.js") <= 12 * 1024


def test_the_latin_font_has_the_rouble_sign_in_every_weight() -> None:
    from fontTools.ttLib import TTFont

    static = ROOT / "acm" / "web" / "static"
    font = TTFont(static / json.loads((static / "manifest.json").read_text())["onest-latin.woff2"])
    name = font.getBestCmap()[0x20BD]
    assert font["glyf"][name].numberOfContours > 0
    assert font["gvar"].variations[name]


def test_the_layers_name_each_package_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = project["tool"]["importlinter"]["contracts"]
    named = [name.strip(" ()") for layer in contract["layers"] for name in layer.split("|")]
    assert len(named) == len(set(named))
    assert contract["exhaustive"] is True


def test_a_second_set_up_finds_all_in_place_and_says_nothing() -> None:
    command = [sys.executable, ROOT / "tools/setup.py"]
    subprocess.run(command, capture_output=True, check=True)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_set_up_needs_the_python_that_the_project_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["requires-python"] == ">={}.{}".format(*tool("tools/setup.py").OLDEST)


def test_every_declared_library_has_its_line_among_the_decisions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    package = json.loads((ROOT / "frontend/package.json").read_text())
    groups = project["dependency-groups"]
    declared = [text for text in [*project["project"]["dependencies"], *groups["setup"], *groups["dev"]] if text]
    names = {re.split(r"[\[<>=!~ ]", text)[0].lower() for text in declared if isinstance(text, str)}
    page = (ROOT / "docs/explanation/decisions/0002-libraries.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    written = {name.strip() for line in lines for name in line.split("|")[1].split(",")}
    assert (names | package["dependencies"].keys() | package["devDependencies"].keys()) - written == set()


def test_links_between_the_pages_of_the_documentation_lead_somewhere() -> None:
    pages = [
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    ]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []
