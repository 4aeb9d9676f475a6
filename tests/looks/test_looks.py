"""The design language holds in every template: icons that exist, classes that are styled, nothing the policy forbids."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from acm.web import assets
from acm.web.templating import icon

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html")) + sorted((ROOT / "plugins").rglob("*.html"))
STATIC = ROOT / "acm" / "web" / "static"
WITHOUT_LOOKS = {"push", "num", "list", "x", "lbl", "cam", "rest"}  # hooks of layout that need no rule in every place

pages = pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())


def icons() -> set[str]:
    lines = (ROOT / "frontend/icons.txt").read_text(encoding="utf-8").splitlines()
    return {words[0] for line in lines if (words := line.partition("#")[0].split())}


def styled(text: str) -> set[str]:
    """The classes that the sheets of a template's shell style; a part may stand in both shells."""
    other = "678"
    if "{% extends" in text and "work.css" not in text:
        other = "7" if 'extends "work_base.html"' in text else "6"
        other += "8" if "panel.css" in text else ""
    sheets = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "frontend/css").glob("*.css")
        if path.name[0] in other or path.name[0] not in "678"
    )
    return set(re.findall(r"\.([a-zA-Z][\w-]*)", sheets))


def markup(template: Path) -> str:
    """A template without comments."""
    return re.sub(r"\{#.*?#\}", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)


def built(name: str) -> bytes:
    import json

    manifest = STATIC / "manifest.json"
    if not manifest.exists():
        pytest.skip("the front end is not built here")
    return (STATIC / json.loads(manifest.read_text())[name]).read_bytes()


@pages
def test_every_icon_named_in_a_template_is_in_the_sprite(template):
    named = re.findall(
        r"""\b(?:icon|svg)\(["']([\w-]+)["']\)|["']?icon["']?\s*[=:]\s*["']([\w-]+)["']""", markup(template)
    )

    assert {first or second for first, second in named} <= icons()


@pages
def test_every_class_of_a_template_is_styled(template):
    words = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", markup(template), flags=re.DOTALL)
    used = {name for value in re.findall(r'\bclass="([^"]*)"', words) for name in value.split()}

    assert used <= styled(template.read_text(encoding="utf-8")) | WITHOUT_LOOKS


@pages
def test_no_template_needs_what_the_policy_forbids(template):
    text = markup(template)

    assert not re.search(r"\bhx-on|\bjs:|\son\w+=\"|<style|<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"hx-trigger=\"[^\"]*\[", text), "a filter in a trigger needs eval"


@pages
def test_style_attributes_come_from_components_only(template):
    if template.parent.name == "components" or template.name == "parts.html":  # macros
        return

    assert ' style="' not in markup(template)


@pages
def test_every_form_that_posts_carries_the_token(template):
    forms = re.findall(r"<form\b[^>]*method=\"post\".*?</form>", markup(template), flags=re.DOTALL)

    assert [form[:80] for form in forms if "csrf" not in form] == []


@pages
def test_every_static_file_named_in_a_template_is_built(template):
    named = re.findall(r"""\bstatic\("([^"~]+)"\)""", markup(template))
    built("app.css")

    assert set(named) <= set(assets.manifest())


def test_the_reference_names_every_component_with_its_signature():
    reference = (ROOT / "docs/reference/components.md").read_text(encoding="utf-8")
    missing = []
    for template in sorted((ROOT / "templates/components").glob("*.html")):
        for signature in re.findall(r"\{% macro ([a-z]\w*\([^%]*?\)) -?%\}", template.read_text(encoding="utf-8")):
            if f"`{' '.join(signature.split())}`" not in reference:
                missing.append(f"{template.name}: {signature}")

    assert missing == []


@pytest.mark.parametrize(
    ("name", "limit"),
    [("app.js", 12), ("app.css", 9), ("portal.css", 5), ("work.css", 4), ("panel.css", 3), ("icons.svg", 9)],
)
def test_what_a_first_visit_loads_stays_small(name, limit):
    assert len(gzip.compress(built(name))) <= limit * 1024


@pytest.mark.parametrize("lang", ["ru", "en"])
@pytest.mark.parametrize("path", ["/ui", "/ui/keys"])
def test_the_component_page_answers_in_both_languages(browse, lang, path):
    answer = browse(lang=lang).get(path)

    assert answer.status_code == 200
    assert f'<html lang="{lang}"' in answer.text


def test_the_list_of_keys_is_a_dialog_for_the_script_and_a_page_for_everybody(browse):
    browser = browse()

    assert "<html" in browser.get("/ui/keys").text
    assert browser.get("/ui/keys", headers={"HX-Request": "true"}).text.lstrip().startswith("<header>")


def test_an_icon_that_the_sprite_lacks_is_drawn_as_a_page():
    built("icons.svg")

    assert "#i-bell" in icon("bell")
    assert "#i-file" in icon("no-such-icon")
