"""Search at 20,000 pages: each engine against the floor of a plain LIKE over the same pages.

    python benchmarks/search.py [--documents 20000] [--engines whoosh,sqlite,postgres]

The documents are made by a seed from the service catalogue's own words: services, articles, cases and people in
the proportions of the demo company. PostgreSQL takes part where ACM_TEST_DATABASE_URL names a server.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from acm.db import Database
from acm.search.backends import SearchBackend, open_on_disk
from acm.search.documents import Document, Query
from acm.search.postgres_backend import PostgresBackend
from acm.search.question import synonyms

Tick = Callable[[], float]
BUDGET_MS = 100
ROOT = Path(__file__).parents[1]

EMPLOYEE = frozenset({"all", "p:17", "d:4", "b:2"})
AGENT = frozenset({"all", "p:18", "g:1", "g:2", "g:3", "d:1", "b:1"})
QUESTIONS = {
    "one word": "принтер",
    "two words": "справка доходах",
    "broad": "request",
    "English": "access computer",
    "number": "IT-14242",
    "misspelled": "спавка о дохадах",
    "layout": "ghbynth",
    "nothing": "абракадабра вентилятор",
    "phrase": '"file text"',
}


def words_of_the_catalogue() -> list[str]:
    """Words of both languages, as frequent as they are in the catalogue."""
    files = [*ROOT.glob("acm/demo/data/services/*.yaml"), *ROOT.glob("plugins/itsm/catalog/*.yaml")]
    text = " ".join(file.read_text() for file in sorted(files))
    return [word for word in text.replace(":", " ").split() if word.isalpha() and len(word) > 1]


def documents(count: int) -> Iterator[Document]:
    """The same documents each time: 1 % services, 10 % articles, 5 % people, the rest cases."""
    chance = random.Random(20_000)
    words = words_of_the_catalogue()
    start = datetime(2025, 5, 1, tzinfo=UTC)
    for number in range(count):
        share = number / count
        kind = "service" if share < 0.01 else "article" if share < 0.11 else "person" if share < 0.16 else "case"
        length = {"service": 20, "article": 300, "person": 8, "case": 60}[kind]
        requester = chance.randrange(1000)
        case_tokens = {f"p:{requester}", f"g:{chance.randrange(12)}", f"d:{chance.randrange(10)}"}
        yield Document(
            id=number,
            kind=kind,  # type: ignore[arg-type]
            key=f"page:{number}",
            tokens=frozenset(case_tokens if kind == "case" else {"all"}),
            number=f"{'IT' if kind == 'case' else 'KB'}-{number}",
            titles={"ru": " ".join(chance.choices(words, k=5))},
            bodies={"ru": " ".join(chance.choices(words, k=length))},
            internal=" ".join(chance.choices(words, k=10)) if kind == "case" else "",
            internal_tokens=frozenset({f"g:{number % 12}"}),
            facets={
                "department": [str(chance.randrange(10))],
                "state": [chance.choice(["new", "in_progress", "waiting_user", "resolved", "closed"])],
                "service": [str(chance.randrange(112))],
                "requester": [str(requester)],
            },
            at=start + timedelta(minutes=number),
        )


def milliseconds(action: Callable[[], object], times: int = 15, tick: Tick = time.process_time) -> tuple[float, float]:
    """Median and slowest of some runs after one that warms up."""
    action()
    taken = []
    for _ in range(times):
        begun = tick()
        action()
        taken.append((tick() - begun) * 1000)
    return statistics.median(taken), max(taken)


def floor(count: int) -> dict[str, float]:
    """The plainest thing that answers: LIKE over titles and texts of the visible pages, newest 25, one count."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE page (id INTEGER PRIMARY KEY, text TEXT, tokens TEXT)")
    rows = ((d.id, f"{d.titles['ru']} {d.bodies['ru']}".lower(), f" {' '.join(d.tokens)} ") for d in documents(count))
    connection.executemany("INSERT INTO page VALUES (?, ?, ?)", rows)
    may = " OR ".join("tokens LIKE ?" for _ in EMPLOYEE)
    seen = [f"% {token} %" for token in EMPLOYEE]
    times = {}
    for name, question in QUESTIONS.items():
        words = [f"%{word.strip(chr(34)).lower()}%" for word in question.split()]
        where = f"({may}) AND {' AND '.join('text LIKE ?' for _ in words)}"

        def ask(where: str = where, words: list[str] = words) -> None:
            connection.execute(f"SELECT count(*) FROM page WHERE {where}", (*seen, *words)).fetchone()
            connection.execute(
                f"SELECT id FROM page WHERE {where} ORDER BY id DESC LIMIT 25", (*seen, *words)
            ).fetchall()

        times[name] = milliseconds(ask, 5)[0]
    return times


def measure(name: str, backend: SearchBackend, count: int, floors: dict[str, float]) -> bool:
    """Print what an engine needs for building, changing and asking; False when a question is above the budget."""
    tick: Tick = time.perf_counter if name == "postgres" else time.process_time
    begun = time.perf_counter()
    backend.rebuild(documents(count))
    built = time.perf_counter() - begun
    status = backend.status()
    print(
        f"\n{name}: {status.documents} documents in {built:.1f} s ({count / built:.0f}/s), {status.size / 2**20:.0f} MiB"
    )
    some = list(documents(count))[-200:]
    print(f"  change of 1:   {milliseconds(lambda: backend.apply(some[:1]), 5)[0]:8.1f} ms")
    print(f"  change of 200: {milliseconds(lambda: backend.apply(some), 3)[0]:8.1f} ms")
    within = True
    for kind, question in QUESTIONS.items():
        for reader, tokens in (("employee", EMPLOYEE), ("agent", AGENT)):
            asked = Query(question, tokens, mine="17", limit=0)
            middle, worst = milliseconds(lambda asked=asked: backend.query(asked), tick=tick)  # type: ignore[misc]
            total = backend.query(asked).total
            within = within and middle <= BUDGET_MS
            print(
                f"  {kind:11} {reader:8} {middle:7.1f} ms (worst {worst:6.1f}), {total:6} found,"
                f" {middle / floors[kind]:5.2f} × LIKE"
            )
    for typed in ("п", "спр", "справка о дох", "IT-42"):
        middle, worst = milliseconds(lambda typed=typed: backend.suggest(typed, AGENT), tick=tick)  # type: ignore[misc]
        print(f"  typed {typed!r:16} {middle:7.1f} ms (worst {worst:6.1f})")
        within = within and middle <= BUDGET_MS
    backend.close()
    return within


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--engines", default="whoosh,sqlite,postgres")
    given = parser.parse_args()
    known = synonyms([["vpn", "впн"], ["компьютер", "пк", "computer"]])
    floors = floor(given.documents)
    print("floor, LIKE over the same pages:", ", ".join(f"{name} {ms:.1f} ms" for name, ms in floors.items()))
    within = True
    for name in given.engines.split(","):
        if name == "postgres":
            if not (url := os.environ.get("ACM_TEST_DATABASE_URL", "")):
                print("\npostgres: left out, ACM_TEST_DATABASE_URL is not set")
                continue
            backend: SearchBackend = PostgresBackend(Database(url), known)
            within = measure(name, backend, given.documents, floors) and within
            continue
        with tempfile.TemporaryDirectory() as folder:
            within = measure(name, open_on_disk(name, Path(folder), known), given.documents, floors) and within
    print(f"\nbudget: {BUDGET_MS} ms per question: {'kept' if within else 'NOT kept'}")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
