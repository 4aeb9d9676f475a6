"""Killed writers, many readers, and engines that must agree."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from acm.db import Database
from acm.search.backends import SearchBackend, open_on_disk
from acm.search.documents import Document
from acm.search.postgres_backend import PostgresBackend
from tests.search.conftest import ENGINES, SYNONYMS
from tests.search.world import CERTIFICATE, INES, KARIM, WORLD, ask, found

ROOT = Path(__file__).parents[2]

DYING = """
import sys, time
from dataclasses import replace
from pathlib import Path
from acm.search.backends import open_on_disk
from tests.search.world import CERTIFICATE
backend = open_on_disk(sys.argv[1], Path(sys.argv[2]))
def documents():
    for number in range(100, 100_000):
        if number == 1200:
            print("in the middle", flush=True)
        yield replace(CERTIFICATE, id=number, key=f"page:{number}")
if sys.argv[3] == "rebuild":
    backend.rebuild(documents())
else:
    for document in documents():
        backend.apply([document])
        if document.id == 103:
            print("in the middle", flush=True)
"""


@pytest.mark.parametrize("engine", ["whoosh", "sqlite"])
@pytest.mark.parametrize("work", ["rebuild", "apply"])
def test_a_writer_killed_in_the_middle_leaves_a_good_index(engine: str, work: str, tmp_path: Path) -> None:
    folder = tmp_path / "search"
    backend = open_on_disk(engine, folder, SYNONYMS)
    backend.apply(WORLD)
    child = subprocess.Popen(
        [sys.executable, "-c", DYING, engine, str(folder), work], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "in the middle\n"
    child.send_signal(signal.SIGKILL)
    child.wait(timeout=10)
    child.stdout.close()
    assert found(backend, "vpn") == {"page:2", "page:4"}
    backend.apply([replace(CERTIFICATE, titles={"ru": "Выписка"})])
    assert found(backend, "выписка") == {"page:1"}
    backend.rebuild(WORLD)
    assert backend.status().documents == len(WORLD)
    assert sum(entry.is_dir() for entry in folder.iterdir()) == 1
    backend.close()


def test_many_may_read_while_one_writes(backend: SearchBackend) -> None:
    backend.apply(WORLD)
    wrong: list[object] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                keys = found(backend, "vpn")
                if not {"page:2", "page:4"} <= keys:
                    wrong.append(keys)
                backend.suggest("спр", INES)
                backend.status()
            except Exception as error:  # what a reader must never meet
                wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(100, 125):
        backend.apply([replace(CERTIFICATE, id=number, key=f"page:{number}"), *WORLD[1:3]])
        if number % 8 == 0:
            backend.rebuild([*WORLD, *(replace(CERTIFICATE, id=n, key=f"page:{n}") for n in range(100, number))])
    stop.set()
    for reader in readers:
        reader.join(timeout=20)
    assert wrong == []


WORDS = [
    "справка",
    "справку",
    "доход",
    "доходы",
    "принтер",
    "vpn",
    "впн",
    "доступ",
    "удалённый",
    "отпуск",
    "2-ндфл",
    "it-42",
    "ёлка",
    "елки",
    "не",
    "работает",
    "printer",
    "printers",
    "broken",
    "договор",
    "договора",
    "заявка",
    "заявок",
    "почта",
    "e-mail",
    "10.0.0.1",
    "что-то",
    "станция",
    "рабочая",
]


def documents(chance: random.Random) -> Iterator[Document]:
    def text(most: int) -> str:
        return " ".join(chance.choices(WORDS, k=chance.randint(1, most)))

    for number in range(120):
        tokens = frozenset(chance.sample(["all", "p:1", "p:2", "g:7"], k=chance.randint(1, 2)))
        yield Document(
            id=number,
            kind=chance.choice(("service", "case", "article")),
            key=f"page:{number}",
            tokens=tokens,
            number=f"N-{number}",
            titles={"ru": text(4)},
            bodies={"ru": text(12), "en": text(3)},
            keywords={"ru": [text(2)]},
            comments=text(3),
            internal=text(3) if number % 2 else "",
            internal_tokens=frozenset({"g:7"}),
            facets={"state": [chance.choice("abc")], "department": [str(number % 4)], "requester": ["1"]},
        )


def test_all_engines_find_and_count_the_same(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    chance = random.Random(5)
    world = list(documents(chance))
    engines: list[SearchBackend] = [open_on_disk(name, tmp_path / name, SYNONYMS) for name in ENGINES[:2]]
    if "postgres" in ENGINES:
        database: Database = request.getfixturevalue("search_database")
        engines.append(PostgresBackend(database, SYNONYMS))
    for engine in engines:
        engine.rebuild(world[:60])
        engine.apply(world[60:])
    for _ in range(150):
        asked = " ".join(chance.choices(WORDS, k=chance.randint(1, 3)))
        style = chance.randrange(5)
        asked = f'"{asked}"' if style == 0 else f"{asked} -{chance.choice(WORDS)}" if style == 1 else asked
        reader = chance.choice([INES, KARIM])
        more = {"facets": {"department": ["1", "2"]}} if style == 2 else {}
        answers = [ask(engine, asked, reader, limit=200, **more) for engine in engines]
        first = answers[0]
        for answer in answers[1:]:
            assert {hit.key for hit in answer.hits} == {hit.key for hit in first.hits}, asked
            assert (answer.total, answer.kinds, answer.facets) == (first.total, first.kinds, first.facets), asked
            assert (answer.partial, answer.corrected) == (first.partial, first.corrected), asked
        quick = [
            [(group.kind, group.total) for group in engine.suggest(asked[:6], reader, limit=3)] for engine in engines
        ]
        assert all(one == quick[0] for one in quick), asked
    for engine in engines:
        engine.close()
