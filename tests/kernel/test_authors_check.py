"""`acm plugin check`: the good pass, and each sin is named with what to do about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from acm.app import create_app
from acm.cli import cli
from acm.kernel import conformance
from acm.kernel.checking import Line
from acm.kernel.scaffold import scaffold

BUNDLED = Path(__file__).parents[2] / "plugins"
MANIFEST = """
[plugin]
slug = "sins"
name = {{ en = "Sins", ru = "Грехи" }}
version = "1.0.0"
{more}
"""


def checked(path, *, cases=20, cycles=3):
    """The lines of a check by their subject."""
    lines = conformance.check(
        path, lambda settings, database: create_app(settings, database=database), BUNDLED, cases=cases, cycles=cycles
    )
    return {line.subject: line for line in lines}


@pytest.fixture
def sinful(tmp_path):
    """``sinful(code)`` is a plugin's folder; ``files`` lie beside the code, by their paths."""

    def write(code, *, more="", **files):
        folder = tmp_path / "sins"
        folder.mkdir()
        (folder / "plugin.toml").write_text(MANIFEST.format(more=more), encoding="utf-8")
        (folder / "__init__.py").write_text(code, encoding="utf-8")
        for name, text in files.items():
            place = folder / name.replace("__", "/").replace("_html", ".html").replace("_yaml", ".yaml")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        return folder

    return write


@pytest.mark.parametrize("declarative", [False, True], ids=["python", "declarative"])
def test_what_acm_plugin_new_writes_keeps_the_contract(tmp_path, declarative):
    scaffold(tmp_path / "asset_loans", declarative=declarative, ru="Выдача техники")

    found = checked(tmp_path / "asset_loans")

    assert [(line.subject, line.faults) for line in found.values() if not line.is_well] == []
    assert set(found) == {subject for subject, _step in (*conformance.BEFORE, *conformance.INSIDE)}
    assert found["stories"].words == "4 told"


def test_the_plugin_of_it_keeps_the_contract():
    found = checked(BUNDLED / "itsm", cases=100)

    assert [(line.subject, line.faults) for line in found.values() if not line.is_well] == []
    assert "100 cases" in found["drawn"].words


def test_what_cannot_be_loaded_ends_the_check_at_once(sinful):
    found = checked(sinful("from acm.pages.models import Page\ndef register(p): pass"))

    assert found["files"].faults == ("__init__.py, line 1: a plugin imports acm.sdk only, not acm.pages.models",)
    assert list(found) == ["files"]


def test_a_plugin_that_is_refused_says_why(sinful):
    found = checked(sinful("def register(p): p.slot('sky', print)"))

    assert "is no place for slots" in found["probe"].faults[0]


def test_texts_of_one_language_are_named_with_their_place(sinful):
    code = (
        "from acm.sdk import Stage, _\n"
        "WORDS = _('Nobody says this in Russian')\n"
        "def register(p):\n"
        "    p.queue('sins', {'en': 'Sins alone'}, {'category': 'open'})\n"
    )
    page = '<h1 class="a b">{{ _("Save") }}</h1>\n<p title="A hint">Bare words</p>{% block x_class %}desk slim{% endblock %}'

    faults = checked(sinful(code, templates__show_html=page))["texts"].faults

    assert len(faults) == 4
    assert "__init__.py:2: 'Nobody says this in Russian' has no Russian" in faults[1]
    assert "'Sins alone' is not said in ru" in faults[0]
    assert [fault.partition(" is not")[0] for fault in faults[2:]] == [
        "templates/show.html:2: 'A hint'", "templates/show.html:2: 'Bare words'"
    ]  # fmt: skip


def test_a_template_that_lets_markup_through_is_named(sinful):
    found = checked(sinful("def register(p): pass", templates__show_html="{{ title|safe }}"))

    assert found["escaping"].faults == ("templates/show.html:1: remove |safe: it lets markup through",)


LEAKS = """
from acm.sdk import router, Ctx
from sqlalchemy import text
import builtins

inner = router()


@inner.get("/past")
def past(ctx: Ctx):
    return {"pages": ctx.session.execute(text("SELECT count(*) FROM page")).scalar()}


def aside(ctx):
    raise RuntimeError("never well")


def kept():
    pass


builtins.kept_by_a_sinner = getattr(builtins, "kept_by_a_sinner", [])
builtins.kept_by_a_sinner.append(kept)


pages = router()
pages.include_router(inner, prefix="/in")


def register(p):
    p.router(pages)
    p.slot("portal.home", aside)
"""


def test_reads_past_the_door_failures_and_leaks_are_found(sinful, side_doors):
    found = checked(sinful(LEAKS))
    side_doors.clear()

    assert found["door"].faults == (
        "sins/__init__.py:11 in past: read pages by ctx.pages and ctx.cases, not past them",
    )
    assert "slot portal.home: RuntimeError: never well (in sins/__init__.py:15, aside)" in found["drawn"].faults
    assert found["anonymous"] == Line("anonymous", "1 addresses")
    assert found["raising"] == Line("raising", "2 places")
    assert "functions of earlier loads stay alive" in found["cycles"].faults[0]


def test_a_story_that_goes_another_way_is_told(tmp_path):
    scaffold(tmp_path / "asset_loans")
    (tmp_path / "asset_loans/tests/stories.yaml").write_text(
        "stories:\n"
        "  - {story: It ends at once, open: asset_loans.request, moves: [closed]}\n"
        "  - {story: It cannot be taken, open: asset_loans.request, refused: [work]}\n"
        "  - {story: It is elsewhere, open: asset_loans.request, ends: work}\n"
        "  - {story: Of another, open: request.of_nobody}\n"
    )

    faults = checked(tmp_path / "asset_loans")["probe"].faults

    assert "'It ends at once': expected the move to 'closed', got a refusal: " in faults[0]
    assert "'It cannot be taken': expected the move to 'work' to be refused, got the state 'work'" in faults[1]
    assert "'It is elsewhere': expected the state 'work', got 'new'" in faults[2]
    assert "'Of another': 'request.of_nobody' is no case type of it" in faults[3]


def test_data_of_an_earlier_version_needs_a_way_to_the_present_one(sinful):
    found = checked(sinful("def register(p): pass", more="data_version = 3"))

    assert [fault.partition(":")[0] for fault in found["twice"].faults] == [
        "data of version 1 is not brought up", "data of version 2 is not brought up"
    ]  # fmt: skip


def test_the_command_ends_with_one_when_something_is_to_be_done(sinful):
    folder = sinful("def register(p): pass", templates__show_html="<p>Bare words</p>")

    done = CliRunner().invoke(
        cli, ["plugin", "check", str(folder), "--cases", "5", "--cycles", "1"], env={"COLUMNS": "200"}
    )

    assert done.exit_code == 1
    assert "good  probe" in done.output
    assert "do    texts" in done.output
    assert 'write {{ _("Bare words") }}' in done.output


@pytest.fixture
def misnamed(tmp_path):
    """A declarative plugin whose widget, panel and service name what is not there."""
    folder = tmp_path / "key_loans"
    scaffold(folder, declarative=True, ru="Ключи")
    (folder / "widgets").mkdir()
    (folder / "widgets/figure.yaml").write_text("key: key_loans.figure\nkind: figure\nmeasure: openned\n")
    panel = folder / "panels/panel.yaml"
    panel.write_text(panel.read_text().replace("[opened,", "[key_loans.figur, opened,"))
    services = folder / "catalog/services.yaml"
    services.write_text(services.read_text().replace("owner_group: key-loans", "owner_group: key-loan"))
    return folder


def test_names_that_nothing_answers_to_are_told_with_place_and_way_out(misnamed):
    found = checked(misnamed)["names"]

    assert found.faults == (
        "widgets/figure.yaml:3:10: measure: there is no measure 'openned' (did you mean 'opened'?): "
        "declare it in measures/, or require the plugin that gives it",
        "panels/panel.yaml:5:11: widgets.0: there is no widget 'key_loans.figur' (did you mean 'key_loans.figure'?): "
        "declare it in widgets/, or require the plugin that gives it",
    )
    assert found.hints == (
        "catalog/services.yaml:12:18: services.0.owner_group: the company must have the group 'key-loan' "
        "(did you mean 'key-loans'?), or bring it in taxonomies/groups.yaml",
    )


def test_a_name_in_code_is_told_by_its_line(tmp_path):
    folder = tmp_path / "asset_loans"
    scaffold(folder, ru="Выдача")
    code = folder / "__init__.py"
    code.write_text(code.read_text().replace("measure=DONE.key", 'measure="asset_loans.dune"'))

    (fault,) = checked(folder)["names"].faults

    line = next(n for n, text in enumerate(code.read_text().splitlines(), 1) if "asset_loans.dune" in text)
    assert fault.startswith(f"__init__.py:{line}: asset_loans.figure_done: measure: there is no measure")
    assert "did you mean 'asset_loans.done'?" in fault


def test_a_group_that_the_company_must_have_is_no_fault(misnamed):
    (misnamed / "widgets/figure.yaml").write_text("key: key_loans.figur\nkind: figure\nmeasure: opened\n")

    done = CliRunner().invoke(
        cli, ["plugin", "check", str(misnamed), "--cases", "5", "--cycles", "1"], env={"COLUMNS": "200"}
    )

    assert done.exit_code == 0, done.output
    assert "look: catalog/services.yaml:12:18: services.0.owner_group: the company must have" in done.output
