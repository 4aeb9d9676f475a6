"""Plugins without Python are edited in the browser: draft, check, difference, publish."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import select

from acm.journal import Event
from acm.kernel.models import Plugin

EDIT = "/admin/plugins/plain/edit"
MANIFEST = '[plugin]\nslug = "plain"\nname = {{ en = "Plain", ru = "Просто" }}\nversion = "{version}"\npython = false\n'
QUEUE = "slug: visits\nnames: {ru: Визиты, en: Visits}\nfilters: {type: request}\n"


@pytest.fixture
def plain(write_plugin, enable):
    """The folder of an enabled plugin of descriptions alone, version 1.0, with one queue."""
    folder = write_plugin("plain", manifest=MANIFEST, version="1.0")
    (folder / "__init__.py").unlink()
    (folder / "queues").mkdir()
    (folder / "queues" / "visits.yaml").write_text(QUEUE)
    enable("plain")
    return folder


@pytest.fixture
def ada(plain, browse):
    return browse("ada")


def opened(browser, file="plugin.toml", **query):
    """The hidden fields of the editor as a browser has them."""
    page = browser.get(EDIT, params={"file": file, **query}).text
    return {name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)}


def press(browser, do, text, file="plugin.toml", form=None):
    return browser.post(EDIT, data={**(form or opened(browser, file)), "do": do, "text": text})


def faults(answer):
    """The faults that a page shows, a line each: file and text."""
    told = re.findall(r"<b>(?:<a[^>]*>)?([^<]+)(?:</a>)?</b><span>([^<]+)</span>", answer.text)
    return "\n".join(f"{file}: {unescape(text)}" for file, text in told)


def raised(version="1.1"):
    return MANIFEST.format(version=version).replace("{{", "{").replace("}}", "}")


def row(session):
    session.expire_all()
    return session.scalars(select(Plugin)).one()


def test_the_page_of_a_plugin_leads_to_its_editor_only_when_it_has_no_python(ada, write_plugin, enable):
    write_plugin()
    enable()

    assert f'href="{EDIT}"' in ada.get("/admin/plugins?plugin=plain").text
    assert "/admin/plugins/loans/edit" not in ada.get("/admin/plugins?plugin=loans").text
    assert ada.get("/admin/plugins/loans/edit").status_code == 404


def test_the_editor_shows_the_files_and_the_text_of_one(ada):
    page = ada.get(EDIT, params={"file": "queues/visits.yaml"})

    assert page.status_code == 200
    assert "Визиты" in page.text
    assert "file=plugin.toml" in page.text


def test_the_editor_speaks_russian(plain, browse):
    assert "Сохранить черновик" in browse("ada", lang="ru").get(EDIT).text


def test_a_draft_is_kept_and_changes_nothing_that_runs(ada, session, plain):
    before = row(session).hash
    text = QUEUE.replace("Visits", "Calls")

    assert press(ada, "save", text, "queues/visits.yaml").status_code == 303

    assert "en: Calls" in ada.get(EDIT, params={"file": "queues/visits.yaml"}).text
    assert row(session).hash == before
    assert (plain / "queues" / "visits.yaml").read_text() == QUEUE
    assert "Go back to" not in ada.get("/admin/plugins?plugin=plain").text


def test_who_saves_second_sees_both_texts_and_may_save_again(ada):
    second = opened(ada, "queues/visits.yaml")
    press(ada, "save", QUEUE.replace("Visits", "First"), "queues/visits.yaml")

    answer = press(ada, "save", QUEUE.replace("Visits", "Second"), "queues/visits.yaml", second)

    assert answer.status_code == 409
    assert "en: First" in answer.text
    assert "en: Second" in answer.text
    form = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
    again = press(ada, "save", QUEUE.replace("Visits", "Second"), form=form)
    assert again.status_code == 303
    assert "en: Second" in ada.get(EDIT, params={"file": "queues/visits.yaml"}).text


def test_the_check_names_file_line_and_key(ada):
    answer = press(ada, "check", QUEUE + "colour: red\n", "queues/visits.yaml")

    assert "queues/visits.yaml: line 4, colour: is not a key" in faults(ada.get(answer.headers["location"]))


def test_the_check_reads_the_manifest(ada):
    press(ada, "save", raised().replace('"1.1"', '"new"'))
    assert "plugin.toml: line 4, key plugin.version" in faults(ada.get(EDIT, params={"show": "check"}))

    press(ada, "save", raised().replace("false", "true"))
    found = faults(ada.get(EDIT, params={"show": "check"}))
    assert "plugin.toml: line 5, key plugin.python: only plugins without Python" in found


def test_the_check_reads_translations(ada):
    ada.post(f"{EDIT}/files", data={"name": "locale/ru/plain.po"})

    press(ada, "save", 'msgid "Visit"\nnonsense\n', "locale/ru/plain.po")

    assert "locale/ru/plain.po: line 2: " in faults(ada.get(EDIT, params={"show": "check"}))


def test_the_check_knows_what_others_have_taken(ada, write_plugin, enable):
    other = write_plugin("other", code="def register(p): pass")
    (other / "queues").mkdir()
    (other / "queues" / "calls.yaml").write_text(QUEUE.replace("slug: visits", "slug: calls"))
    enable("other")

    press(ada, "save", QUEUE.replace("slug: visits", "slug: calls"), "queues/visits.yaml")

    assert "calls" in press(ada, "publish", raised()).text.partition('id="faults"')[2].partition("<form")[0]


def test_the_difference_is_unified_and_by_file(ada):
    ada.post(f"{EDIT}/files", data={"name": "README.md"})
    answer = press(ada, "difference", raised())

    page = unescape(ada.get(answer.headers["location"]).text)
    assert '-version = "1.0"' in page
    assert '+version = "1.1"' in page
    assert "README.md" in page


def test_publishing_enables_the_draft_and_is_journalled(ada, session, runtime, person):
    before = row(session).hash
    press(ada, "save", QUEUE.replace("Visits", "Calls"), "queues/visits.yaml")

    assert press(ada, "publish", raised()).status_code == 303

    now = row(session)
    assert (now.version, now.state) == ("1.1", "enabled")
    assert runtime.snapshot.find("queue", "visits").names["en"] == "Calls"
    event = session.scalars(select(Event).where(Event.kind == "plugin.published")).one()
    assert event.actor_id == person("ada").id
    assert (event.data["from"], event.data["to"]) == (before, now.hash)
    assert not (runtime.settings.data_dir / "drafts" / "plain").exists()
    assert "published version 1.1 from the editor" in ada.get("/admin/plugins?plugin=plain").text


def test_publishing_wants_a_higher_version_and_names_the_field(ada, session):
    before = row(session).hash
    press(ada, "save", QUEUE.replace("Visits", "Calls"), "queues/visits.yaml")

    answer = press(ada, "publish", raised("1.0"))

    assert answer.status_code == 409
    assert "plugin.toml: line 4, key plugin.version: raise it above 1.0" in faults(answer)
    assert row(session).hash == before


def test_a_draft_with_faults_is_not_published_and_stays(ada, session, runtime):
    before, kept = row(session).hash, runtime.parts["world"].store.versions("plain")
    press(ada, "save", QUEUE + "colour: red\n", "queues/visits.yaml")

    answer = press(ada, "publish", raised())

    assert answer.status_code == 409
    assert "colour: is not a key" in answer.text
    assert row(session).hash == before
    assert len(runtime.parts["world"].store.versions("plain")) == len(kept)
    assert "colour: red" in ada.get(EDIT, params={"file": "queues/visits.yaml"}).text


def test_what_another_administrator_added_is_not_published_unseen(ada, session):
    seen = opened(ada)
    press(ada, "save", QUEUE.replace("Visits", "Calls"), "queues/visits.yaml")

    answer = press(ada, "publish", raised(), form=seen)

    assert answer.status_code == 409
    assert row(session).version == "1.0"


def test_a_plugin_that_was_switched_meanwhile_is_not_published_over(ada, session):
    press(ada, "save", raised())
    seen = opened(ada)
    ada.post("/admin/plugins/plain/state", data={"generation": seen["generation"], "state": "disabled"})

    answer = press(ada, "publish", raised(), form=seen)

    assert answer.status_code == 409
    assert "Somebody changed this plugin before you" in answer.text
    assert (row(session).version, row(session).state) == ("1.0", "disabled")


def test_files_come_and_go_in_a_draft(ada):
    assert ada.post(f"{EDIT}/files", data={"name": "queues/more.yaml"}).status_code == 303
    assert ada.get(EDIT, params={"file": "queues/more.yaml"}).status_code == 200
    assert ada.post(f"{EDIT}/files", data={"name": "queues/more.yaml"}).status_code == 422

    press(ada, "remove", "", "queues/more.yaml")

    assert ada.get(EDIT, params={"file": "queues/more.yaml"}).status_code == 404
    assert press(ada, "remove", "").status_code == 409


@pytest.mark.parametrize(
    "name",
    ["../x.yaml", "/tmp/x.yaml", "a/../../x.yaml", "x.py", "x.html", ".x.yaml", "a//b.yaml", "",
     "plugin.toml/x.yaml", "link/x.yaml", "queues\\..\\x.yaml"],
)  # fmt: skip
def test_a_file_lies_below_the_plugin_or_nowhere(ada, runtime, tmp_path, name):
    press(ada, "save", raised())
    draft = runtime.settings.data_dir / "drafts" / "plain"
    outside = tmp_path / "outside"
    outside.mkdir()
    (draft / "link").symlink_to(outside)

    assert ada.post(f"{EDIT}/files", data={"name": name}).status_code == 422
    assert press(ada, "save", "x: 1", form={**opened(ada), "file": name, "seen": ""}).status_code == 422
    assert not list(outside.iterdir())


def test_a_link_is_neither_read_nor_copied(plain, ada, tmp_path):
    (tmp_path / "secret.yaml").write_text("a secret")
    press(ada, "save", raised())
    press(ada, "discard", "")
    (plain / "secret.yaml").symlink_to(tmp_path / "secret.yaml")

    assert ada.get(EDIT, params={"file": "secret.yaml"}).status_code == 404


def test_a_discarded_draft_leaves_what_is_enabled(ada, runtime):
    press(ada, "save", raised())

    assert press(ada, "discard", "").status_code == 303

    assert not (runtime.settings.data_dir / "drafts" / "plain").exists()
    assert 'version = "1.0"' in unescape(ada.get(EDIT).text)
