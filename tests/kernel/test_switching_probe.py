"""Before a plugin is enabled its code runs apart: what it does there happens to nobody."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import select

from acm.kernel.lifecycle import PluginRefused
from acm.kernel.models import Plugin
from acm.pages.models import Counter
from tests.kernel.bestiary import BAD, GOOD


@pytest.mark.parametrize("sin", BAD)
def test_a_plugin_that_sins_at_import_is_refused_and_changes_nothing(write_plugin, enable, session, sin):
    code, reason = BAD[sin]
    write_plugin(code=code)

    with pytest.raises(PluginRefused) as refusal:
        enable()

    assert reason in str(refusal.value)
    assert session.scalars(select(Plugin)).all() == []


@pytest.mark.parametrize("virtue", GOOD)
def test_a_good_plugin_passes(write_plugin, enable, session, virtue):
    write_plugin(code=GOOD[virtue])

    enable()

    assert session.scalars(select(Plugin)).one().state == "enabled"


def test_a_template_that_does_not_compile_is_named(write_plugin, enable):
    folder = write_plugin()
    (folder / "templates").mkdir()
    (folder / "templates" / "broken.html").write_text("{% if %}")

    with pytest.raises(PluginRefused, match="TemplateSyntaxError"):
        enable()


def test_a_quick_test_that_fails_is_named_with_its_line(write_plugin, enable):
    folder = write_plugin()
    (folder / "tests").mkdir()
    (folder / "tests" / "test_quick.py").write_text(
        "from .. import LOAN\n\ndef test_a_loan_may_be_renewed():\n    assert LOAN.key == 'loans.renewal', LOAN.key\n"
    )

    with pytest.raises(PluginRefused, match=r"tests/test_quick.py, line 4: AssertionError: loans.loan"):
        enable()


def test_what_a_plugin_had_better_not_use_is_named_with_file_and_line(write_plugin, enable, browse):
    write_plugin(code="import os\nimport threading\ndef register(p): pass\ndef leave(): os._exit(1)\n")
    enable()

    page = browse("ada").get("/admin/plugins?plugin=loans").text

    assert "__init__.py, line 2: it uses threading" in page
    assert "__init__.py, line 4: it ends the process" in page


def test_who_writes_need_not_wait_while_a_plugin_is_probed(write_plugin, enable, runtime, session):
    write_plugin(code="import time\ntime.sleep(1.5)\ndef register(p): pass")
    session.rollback()
    enabling = threading.Thread(target=enable)
    enabling.start()
    time.sleep(0.5)
    try:
        with runtime.db.writing() as other:
            other.add(Counter(series="TEST", last=1))
        assert enabling.is_alive()
    finally:
        enabling.join()

    assert session.scalars(select(Plugin)).one().state == "enabled"
