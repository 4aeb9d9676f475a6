"""`acm plugin new`: what it writes runs as it is, in both languages, and is short enough to read at once."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from acm.cli import cli
from acm.errors import Problem
from acm.kernel.scaffold import scaffold

BOTH = pytest.mark.parametrize("declarative", [False, True], ids=["python", "declarative"])


def lines(folder, *patterns):
    return sum(len(file.read_text().splitlines()) for pattern in patterns for file in folder.rglob(pattern))


@BOTH
def test_what_is_written_runs_at_once(settings, enable, browse, declarative):
    scaffold(settings.plugin_path / "asset_loans", declarative=declarative, en="Asset loans", ru="Выдача техники")

    enable("asset_loans")

    assert "Asset loans" in browse("maria").get("/services/al-001").text
    assert "Выдача техники" in browse("maria", lang="ru").get("/services/al-001").text
    assert browse("oleg").get("/queues/asset-loans").status_code == 200
    assert browse("irina").get("/kpi/asset_loans").status_code == 200


def test_the_screen_of_what_is_written_speaks_both_languages(settings, enable, browse):
    scaffold(settings.plugin_path / "asset_loans")
    enable("asset_loans")

    assert "Open requests" in browse("oleg").get("/p/asset_loans/open").text
    assert "Открытые заявки" in browse("oleg", lang="ru").get("/p/asset_loans/open").text
    assert "<title>Open requests" in browse("oleg").get("/p/asset_loans/open").text
    assert 'href="/p/asset_loans/open"' in browse("oleg").get("/cases").text


def test_it_is_short(tmp_path):
    scaffold(tmp_path / "asset_loans")
    scaffold(tmp_path / "key_loans", declarative=True)

    assert lines(tmp_path / "asset_loans", "*.py") <= 80
    assert lines(tmp_path / "key_loans", "*.yaml") <= 60
    assert list((tmp_path / "key_loans").rglob("*.py")) == []


def test_two_of_them_live_side_by_side(settings, enable):
    for slug, declarative in (("asset_loans", False), ("key_loans", True)):
        scaffold(settings.plugin_path / slug, declarative=declarative)
        enable(slug)


@pytest.mark.parametrize("name", ["Loans", "lo", "asset-loans", "1st", "plugins", "a" * 32, "выдача"])
def test_a_name_that_cannot_be_one_is_refused(tmp_path, name):
    with pytest.raises(Problem, match="cannot be the name of a plugin"):
        scaffold(tmp_path / name)

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    (tmp_path / "loans").mkdir()

    done = CliRunner().invoke(cli, ["plugin", "new", str(tmp_path / "loans")])

    assert done.exit_code == 1
    assert "is there already: choose another name" in str(done.exception)
    assert list((tmp_path / "loans").iterdir()) == []


def test_a_name_with_signs_that_would_break_its_files_is_refused(tmp_path):
    with pytest.raises(Problem, match="use letters, digits, spaces"):
        scaffold(tmp_path / "loans", en='x"}')


@BOTH
def test_the_command_lists_every_file_and_says_what_comes_next(tmp_path, declarative):
    options = ["--declarative"] if declarative else []
    done = CliRunner().invoke(cli, ["plugin", "new", str(tmp_path / "loans"), *options], env={"COLUMNS": "300"})

    written = sorted(str(file.relative_to(tmp_path)) for file in (tmp_path / "loans").rglob("*") if file.is_file())
    assert done.exit_code == 0
    assert [line.strip() for line in done.output.splitlines()[:-1]] == written
    assert "acm plugin check" in done.output
