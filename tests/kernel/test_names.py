"""A plugin that names what this house does not have serves all the same, and says so where it is seen."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import select

from acm.kernel import commands
from acm.kernel.scaffold import scaffold
from acm.people.models import Department, Group


@pytest.fixture
def misnamed(settings, enable):
    """An enabled plugin whose widget, panel and service name what is not there."""
    folder = settings.plugin_path / "key_loans"
    scaffold(folder, declarative=True, en="Keys", ru="Ключи")
    (folder / "widgets").mkdir()
    (folder / "widgets/figure.yaml").write_text("key: key_loans.figure\nkind: figure\nmeasure: openned\n")
    panel = folder / "panels/panel.yaml"
    panel.write_text(panel.read_text().replace("[opened,", "[key_loans.figure, opened,"))
    services = folder / "catalog/services.yaml"
    services.write_text(services.read_text().replace("owner_group: key-loans", "owner_group: key-loan"))
    enable("key_loans")
    return folder


@pytest.mark.parametrize(
    ("lang", "group", "measure"),
    [
        ("en", "there is no group 'key-loan' (did you mean 'key-loans'?)", "there is no measure 'openned'"),
        ("ru", "нет группы 'key-loan' (может быть, 'key-loans'?)", "нет показателя 'openned'"),
    ],
)
def test_the_page_of_the_plugin_says_what_the_company_does_not_have(misnamed, browse, lang, group, measure):
    page = unescape(browse("ada", lang=lang).get("/admin/plugins?plugin=key_loans").text)

    assert group in page
    assert measure in page


def test_once_the_company_has_it_nothing_is_said(misnamed, browse, session):
    department = session.scalars(select(Department).where(Department.key == "it")).one()
    session.add(Group(key="key-loan", names={"en": "Keys"}, department_id=department.id))
    session.commit()

    assert "there is no group" not in browse("ada").get("/admin/plugins?plugin=key_loans").text


def test_the_portal_and_an_order_stand(misnamed, browse):
    maria = browse("maria")

    assert maria.get("/").status_code == 200
    assert maria.get("/services/kl-001").status_code == 200
    assert maria.get("/services/kl-001/new").status_code == 200


def test_the_command_that_enables_says_it_too(misnamed, runtime, capsys):
    commands.enable(runtime, "key_loans")

    said = capsys.readouterr().out
    assert "look  kl-001: there is no group 'key-loan'" in said
    assert "look  key_loans.figure: there is no measure 'openned'" in said


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "There is no measure openned here: the plugin that gives it may be off"),
        ("ru", "Здесь нет показателя openned: возможно, выключен плагин, который его даёт"),
    ],
)
def test_the_tile_of_an_unknown_measure_has_a_name_and_names_the_measure(misnamed, browse, lang, said):
    page = browse("irina", lang=lang).get("/kpi/key_loans").text

    assert ">key_loans.figure</h2>" in page
    assert said in page


def test_the_editor_counts_the_faults_and_names_the_file_of_each_once(misnamed, browse):
    page = unescape(browse("ada").get("/admin/plugins/key_loans/edit?show=check").text)

    faults = re.search(r'<h2 id="faults">3 faults</h2>.*?</ul>', page, re.DOTALL)[0]
    assert ">line 3, measure: there is no measure 'openned'" in faults
    assert ">line 12, services.0.owner_group: there is no group 'key-loan'" in faults
    assert [faults.count(f">{name}<") for name in ("widgets/figure.yaml", "catalog/services.yaml")] == [1, 1]
    assert "plugin.toml: line" not in faults
    assert 'class="input mono"' in page
