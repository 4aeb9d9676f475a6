"""The tutorial does what it says: its files are written, its commands and requests run, in its order."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient
from typer.testing import CliRunner

from acm import clock
from acm.app import create_app
from acm.cli import cli
from acm.notify.webhooks_feed import feed
from acm.notify.webhooks_sending import Courier
from acm.people.models import Department, Person, PersonRole, Role
from acm.settings import Settings

TUTORIAL = Path(__file__).parents[2] / "docs/tutorial/your-first-plugin.md"
BLOCK = re.compile(r"((?:^[^\n`][^\n]*\n|^`[^`\n][^\n]*\n)*)\n?^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROLES = {"admin": "admin", "agent": "agent", "head": "head", "employee": None}


def steps():
    """Each block of the tutorial: its language, the file it is to be written to, its text."""
    for before, language, text in BLOCK.findall(TUTORIAL.read_text(encoding="utf-8")):
        named = re.findall(r"`([\w/.]+\.(?:yaml|toml|py))`", before)
        yield language, named[-1] if named else "", text


class Reader:
    """Somebody who follows the tutorial, with a server that runs."""

    def __init__(self, settings: Settings, folder: Path, port: str) -> None:
        self.settings, self.folder, self.port = settings, folder, port
        self.known: dict[str, str] = {}
        self.said = ""
        self.secret = ""
        self.receiver: subprocess.Popen[str] | None = None
        self.app = None

    def write(self, name: str, text: str) -> None:
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text.replace("8765", self.port), encoding="utf-8")

    def type(self, text: str) -> None:
        """A block for the shell, line by line."""
        self.said = ""
        for line in text.replace("\\\n", " ").replace("8765", self.port).splitlines():
            self._run(line)

    def _run(self, line: str) -> None:
        name, _equals, value = line.partition("=")
        if line.startswith("SECRET=$SECRET "):
            self._receive(shlex.split(line)[1:-1])
        elif name.isupper() and value.startswith("$("):
            self.known[name] = self._acm(shlex.split(value[2:-1])).strip()
        elif name.isupper():
            self.known[name] = self.secret if value.endswith("…") else value
        else:
            for known, worth in self.known.items():
                line = re.sub(rf"\${known}\b", lambda _found, worth=worth: worth, line)
            words = shlex.split(line)
            self.said += self._acm(words) if words[0] == "acm" else self._curl(words)

    def _acm(self, words: list[str]) -> str:
        assert words[0] == "acm"
        self.app = None  # another process would not share this one's plugins
        done = CliRunner().invoke(cli, words[1:], env={"COLUMNS": "300"})
        assert done.exit_code == 0, (words, done.output, done.exception)
        return done.output

    def _curl(self, words: list[str]) -> str:
        assert words[:2] == ["curl", "-s"]
        method, headers, body, url = "GET", {}, None, ""
        rest = iter(words[2:])
        for word in rest:
            if word == "-X":
                method = next(rest)
            elif word == "-H":
                name, _colon, value = next(rest).partition(": ")
                headers[name] = value
            elif word == "-d":
                body = next(rest)
            else:
                url = word
        with self.browser() as browser:
            answer = browser.request(method, url.removeprefix("http://127.0.0.1:8000"), headers=headers, content=body)
        assert answer.status_code in (200, 201, 422), answer.text
        self.secret = answer.json().get("secret", self.secret)
        self.work()
        return answer.text

    def _receive(self, words: list[str]) -> None:
        self.receiver = subprocess.Popen(
            [sys.executable, *words[1:]], cwd=self.folder, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "SECRET": self.known["SECRET"]},
        )  # fmt: skip
        self.said = self.receiver.stdout.readline()

    def browser(self) -> TestClient:
        self.app = self.app or create_app(self.settings)
        return TestClient(self.app, raise_server_exceptions=False)

    def work(self) -> None:
        """What the worker of `make run` does meanwhile."""
        runtime = self.app.runtime
        for follows in (feed, *(given.value for given in runtime.snapshot.each("consumer") if given.key == "kpi")):
            while follows(runtime.db, runtime.snapshot):
                pass
        courier = Courier(self.settings)
        while courier(runtime.db, runtime.snapshot):
            courier.wait()
        courier.pool.shutdown()

    def expect(self, text: str) -> None:
        """Every line of what the tutorial shows is in what was said last."""
        if text == "case.closed AL-1\n":
            self.said = self.receiver.stdout.readline()
        missing = [line for line in text.splitlines() if line not in self.said]
        assert not missing, (missing, self.said)


@pytest.fixture
def reader(settings, database, session, tmp_path, monkeypatch):
    """A reader in an empty checkout, with the logins of the demo."""
    if not database.is_sqlite:
        pytest.skip("the reader's commands open the database by its address")
    department = session.scalars(select(Department).where(Department.key == "it")).one()
    roles = {role.key: role.id for role in session.scalars(select(Role))}
    people = {
        login: Person(login=login, given=login, department_id=department.id, created_at=clock.now()) for login in ROLES
    }
    session.add_all(people.values())
    session.flush()
    department.head_id = people["head"].id
    session.add_all(
        PersonRole(
            person_id=people[login].id, role_id=roles[role], department_id=None if role == "admin" else department.id
        )
        for login, role in ROLES.items()
        if role
    )
    session.commit()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    known = settings.model_copy(update={"outbound_allow": f"127.0.0.1:{port}"})
    for name in ("data_dir", "database_url", "plugin_path", "secret_key", "search", "language", "outbound_allow"):
        monkeypatch.setenv(f"ACM_{name.upper()}", str(getattr(known, name)))
    monkeypatch.chdir(tmp_path)
    follows = Reader(known, tmp_path, port)
    yield follows
    if follows.receiver is not None:
        follows.receiver.kill()
        follows.receiver.wait()


def test_every_step_of_the_tutorial_works(reader):
    done = []
    for language, name, text in steps():
        if language == "sh":
            reader.type(text)
        elif language == "text":
            reader.expect(text)
        else:
            assert name, text
            reader.write(name, text)
        done.append(language)

    assert done.count("sh") >= 9
    assert done.count("text") >= 9


def test_the_tutorial_lists_every_file_that_is_written(reader):
    command = next(text for kind, _name, text in steps() if kind == "sh")
    listed = next(text for kind, _name, text in steps() if kind == "text")

    reader.type(command)

    written = [
        str(p.relative_to(reader.folder / "plugins")) for p in (reader.folder / "plugins").rglob("*") if p.is_file()
    ]
    assert listed.splitlines() == sorted(written)


def test_what_the_tutorial_builds_is_as_short_as_it_says(reader):
    typed = 0
    for language, name, text in steps():
        if language == "sh" and "plugin new" in text:
            reader.type(text)
        elif language == "yaml":
            reader.write(name, text)
            typed += len(text.splitlines())

    written = [file.read_text().splitlines() for file in (reader.folder / "plugins").rglob("*.yaml")]
    tutorial = TUTORIAL.read_text(encoding="utf-8")
    assert sum(map(len, written)) <= 60
    assert f"You write {typed} lines of YAML" in tutorial
    assert f"in {sum(map(len, written))} lines of YAML" in tutorial
    assert all(len(line) <= 130 for lines in written for line in lines)
