"""Databases of many cases: the demo company with a thousand cases that lived, and copies of these.

A copy keeps the states and the journal of its original; service, group and asker are those of another original of
the same type, and its days are up to four weeks earlier. So lists, facts and sums are as scattered as in life.
SQLite alone; the files are thrown away afterwards.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from acm import composition, migrating, tables
from acm.db import Database
from acm.demo.building import Building
from acm.kpi.keeping import rebuild, sum_all
from acm.settings import Settings

ROOT = Path(__file__).parents[1]
ORIGINALS = 1000
STRIDE, EVENTS = 100_000, 1_000_000
DAYS = 28
OF_SERVICE = ("service_id", "service_version", "form_version_id", "group_id", "department_id", "title", "fields")
OF_ASKER = ("requester_id", "beneficiary_id", "author_id", "branch_id")
MOMENTS = (
    "response_due_at", "due_at", "promised_at", "opened_at", "first_response_at", "resolved_at", "closed_at", "updated_at",
)  # fmt: skip
Row = dict[str, Any]


def settings(folder: Path) -> Settings:
    """An installation of its own in a folder."""
    return Settings(data_dir=folder, secret_key="a key of no value", search="sqlite", plugin_path=ROOT / "plugins")


def found(folder: Path) -> None:
    """The demo company with its plugins, its services and the original cases, counted."""
    tables.load()
    given = settings(folder)
    database = Database(given.url)
    migrating.migrate(database)
    runtime = composition.create_runtime(given, database)
    Building(runtime, lambda _words, _done, _total: None, count=ORIGINALS).build()
    rebuild(database, runtime.snapshot, ZoneInfo(given.timezone))
    database.dispose()


def grow(original: Path, folder: Path, cases: int) -> Path:
    """A copy of a founded folder with this many cases."""
    shutil.copytree(original, folder)
    file = folder / "acm.db"
    with sqlite3.connect(file, isolation_level=None) as connection:
        connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-200000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        _copy(connection, cases)
        connection.execute("COMMIT")
    connection.close()
    database = Database(settings(folder).url)
    with database.writing() as session:
        sum_all(session)
        session.connection().exec_driver_sql("UPDATE consumer SET event_id = (SELECT max(id) FROM event)")
    database.dispose()
    with sqlite3.connect(file, isolation_level=None) as connection:
        connection.execute("ANALYZE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return folder


def _copy(connection: sqlite3.Connection, cases: int) -> None:
    originals = [dict(row) for row in connection.execute("SELECT * FROM page WHERE kind = 'case' ORDER BY id")]
    facts: dict[int, list[Row]] = {}
    for row in connection.execute("SELECT * FROM fact"):
        facts.setdefault(row["page_id"], []).append(dict(row))
    mixing = _Mixing(originals, facts)
    rounds = -(-cases // len(originals)) - 1
    for number in range(1, rounds + 1):
        left = originals[: cases - number * len(originals)]
        pages = [mixing.page(row, number) for row in left]
        _insert(connection, "page", pages)
        _insert(connection, "fact", mixing.facts_of(left, pages))
        shift = number * STRIDE
        last = left[-1]["id"]
        _again(connection, "comment", last, {"id": f"id + {shift}", "page_id": f"page_id + {shift}"})
        _again(connection, "page_person", last, {"page_id": f"page_id + {shift}"})
        _again(connection, "page_term", last, {"page_id": f"page_id + {shift}"})
        _again(connection, "approval", last, {"id": f"id + {shift}", "page_id": f"page_id + {shift}"})
        stream = f"'page:' || (page_id + {shift})"
        _again(
            connection, "event", last,
            {"id": f"id + {number * EVENTS}", "page_id": f"page_id + {shift}", "stream": stream},
        )  # fmt: skip


@dataclass
class _Mixing:
    """Makes a further case of an original: always the same one of the same number."""

    originals: list[Row]
    facts: dict[int, list[Row]]

    def __post_init__(self) -> None:
        self.of_type: dict[str, list[Row]] = {}
        for row in self.originals:
            self.of_type.setdefault(row["type"], []).append(row)

    def page(self, row: Row, number: int) -> Row:
        chance = random.Random(number * STRIDE + row["id"])
        served, asker = chance.choice(self.of_type[row["type"]]), chance.choice(self.originals)
        made = {**row, **{k: served[k] for k in OF_SERVICE}, **{k: asker[k] for k in OF_ASKER}}
        made["owner_id"] = served["owner_id"] if row["owner_id"] else None
        made["id"] = row["id"] + number * STRIDE
        made["number"], made["external"], made["parent_id"] = f"{row['number']}-{number}", None, None
        back = _back(row, number)
        made.update({name: _earlier(row[name], back) for name in MOMENTS})
        return made

    def facts_of(self, rows: list[Row], pages: list[Row]) -> Iterator[Row]:
        for row, page in zip(rows, pages, strict=True):
            number = (page["id"] - row["id"]) // STRIDE
            back = _back(row, number)
            for fact in self.facts.get(row["id"], ()):
                properties = {n: page[n] or 0 for n in ("department_id", "group_id", "branch_id", "service_id")}
                yield {
                    **fact, **properties, "id": fact["id"] + number * EVENTS, "page_id": page["id"],
                    "event_id": fact["event_id"] + number * EVENTS, "confidential": page["confidential"],
                    "at": _earlier(fact["at"], back), "day": _earlier(fact["day"], back),
                }  # fmt: skip


def _back(row: Row, number: int) -> int:
    """By how many days a copy is earlier: what is open is not old."""
    return random.Random(number * STRIDE + row["id"] + 1).randrange(3 if row["is_open"] else DAYS)


def _earlier(moment: str | None, days: int) -> str | None:
    return None if moment is None else _day(moment[:10], days) + moment[10:]


@cache
def _day(day: str, days: int) -> str:
    return (date.fromisoformat(day) - timedelta(days=days)).isoformat()


def _insert(connection: sqlite3.Connection, table: str, rows: Any) -> None:
    names: list[str] = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    quoted, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
    values = (tuple(row[name] for name in names) for row in rows)
    connection.executemany(f"INSERT INTO {table} ({quoted}) VALUES ({marks})", values)


def _again(connection: sqlite3.Connection, table: str, last: int, changed: dict[str, str]) -> None:
    """Copy what hangs on the originals up to ``last``."""
    names: list[str] = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    quoted = ", ".join(f'"{name}"' for name in names)
    chosen = ", ".join(changed.get(name, f'"{name}"') for name in names)
    cases = f"SELECT id FROM page WHERE kind = 'case' AND id <= {min(last, STRIDE)}"
    connection.execute(f"INSERT INTO {table} ({quoted}) SELECT {chosen} FROM {table} WHERE page_id IN ({cases})")
