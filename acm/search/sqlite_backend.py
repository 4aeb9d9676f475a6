"""Search in a SQLite file of its own: FTS5 over our stems, access tokens and facets in tables beside it."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from acm import clock
from acm.search import sqlite_schema
from acm.search.analysis import VERSION, WEIGHTS
from acm.search.answering import MOST_MATCHES, Match, Pairs, Stored
from acm.search.backends import BATCH, Answering, Progress
from acm.search.batches import in_batches
from acm.search.documents import Change, Document, Status
from acm.search.question import Clause, Question, Synonyms
from acm.search.shelf import Shelf
from acm.search.text import LONGEST_EDGE, normalise

_PUBLIC = "{head tags body}"
_RANK = f"-bm25(words, {', '.join(map(str, WEIGHTS))})"
_MOST_PARAMS = 500


class SqliteBackend(Answering):
    """FTS5 index under ``folder``. Each thread reads through a connection of its own."""

    name = "sqlite"

    def __init__(self, folder: Path, synonyms: Synonyms) -> None:
        super().__init__(synonyms)
        self._shelf = Shelf(folder)
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._pairs: tuple[Path | None, dict[int, Pairs]] = (None, {})
        self._lock = threading.Lock()

    def apply(self, batch: Sequence[Change]) -> None:
        connection = self._connection() or self._first()
        connection.execute("PRAGMA query_only=OFF")
        try:
            sqlite_schema.write(connection, batch, clock.now().timestamp())
        finally:
            connection.execute("PRAGMA query_only=ON")

    def rebuild(self, documents: Iterable[Document], progress: Progress | None = None) -> int:
        folder = self._shelf.new()
        connection = sqlite_schema.create(folder)
        connection.execute("PRAGMA synchronous=OFF")
        done = 0
        try:
            for batch in in_batches(documents, BATCH):
                sqlite_schema.write(connection, batch, clock.now().timestamp())
                done += len(batch)
                if progress:
                    progress(done)
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
        self._shelf.swap(folder)
        return done

    def status(self) -> Status:
        connection = self._connection()
        if connection is None:
            return Status(self.name, 0, None, 0, is_current=False)
        documents = connection.execute("SELECT count(*) FROM document").fetchone()[0]
        at = connection.execute("SELECT updated_at FROM about").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        updated_at = datetime.fromtimestamp(at, UTC) if at else None
        return Status(self.name, documents, updated_at, self._shelf.size(), is_current=version == VERSION)

    def close(self) -> None:
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._local = threading.local()

    @contextmanager
    def _index(self) -> Iterator[SqliteIndex | None]:
        connection = self._connection()
        if connection is None:
            yield None
            return
        connection.execute("BEGIN")
        try:
            yield SqliteIndex(connection, self._pairs[1])
        finally:
            connection.execute("ROLLBACK")

    def _connection(self) -> sqlite3.Connection | None:
        """This thread's connection to the generation in use."""
        folder = self._shelf.current()
        if folder is None:
            return None
        held: tuple[Path, sqlite3.Connection] | None = getattr(self._local, "held", None)
        if held and held[0] == folder:
            return held[1]
        try:
            connection = sqlite_schema.connect(folder)
        except sqlite3.OperationalError:
            if self._shelf.current() == folder:
                raise
            return self._connection()  # swapped away between two steps
        connection.execute("PRAGMA query_only=ON")
        with self._lock:
            if held and held[1] in self._open:
                self._open.remove(held[1])
                held[1].close()
            self._open.append(connection)
            if self._pairs[0] != folder:
                self._pairs = (folder, {})
        self._local.held = (folder, connection)
        return connection

    def _first(self) -> sqlite3.Connection:
        folder = self._shelf.new()
        sqlite_schema.create(folder).close()
        self._shelf.swap(folder)
        connection = self._connection()
        assert connection is not None
        return connection


class SqliteIndex:
    """What one reader asks of the index, within one read transaction. ``pairs`` are the facets read so far."""

    def __init__(self, connection: sqlite3.Connection, pairs: dict[int, Pairs]) -> None:
        self._connection = connection
        self._pairs = pairs

    def matches(self, question: Question, tokens: Collection[str], *, every: bool) -> list[Match]:
        held = tuple(tokens)
        best = {match.ref: match for match in self._wanted(question, held, every=every)}
        for ref in self._refs(question.unwanted, held):
            best.pop(ref, None)
        return list(best.values())

    def starting(self, words: Sequence[Clause], tokens: Collection[str]) -> list[Match]:
        held = tuple(tokens)
        statement = f"""
            SELECT d.ref, -bm25(edge) * d.boost, d.kind, d.at, d.facets, d.requesters
            FROM edge JOIN document d ON d.ref = edge.rowid
            WHERE edge MATCH ? AND EXISTS ({_holds("token", held)}) ORDER BY edge.rowid DESC LIMIT {MOST_MATCHES}"""  # noqa: S608
        expression = " AND ".join(f"({_beginning(clause)})" for clause in words)
        return list(map(Match._make, self._connection.execute(statement, (expression, *held))))

    def has(self, clause: Clause, tokens: Collection[str]) -> bool:
        return bool(self._refs((clause,), tuple(tokens), limit=1))

    def known(self, words: Collection[str]) -> Mapping[str, int]:
        return self._by_many("SELECT word, count FROM word WHERE word IN ({})", words)

    def beginning(self, prefix: str, limit: int) -> Mapping[str, int]:
        statement = "SELECT word, count FROM word WHERE word >= ? AND word < ? LIMIT ?"
        return dict(self._connection.execute(statement, (prefix, prefix + "\uffff", limit)))

    def pairs(self, facets: Collection[int]) -> Mapping[int, Pairs]:
        missing = [number for number in facets if number not in self._pairs]
        for number, pairs in self._by_many("SELECT number, pairs FROM facets WHERE number IN ({})", missing).items():
            self._pairs[number] = [(name, value) for name, value in json.loads(pairs)]
        return self._pairs

    def stored(self, refs: Collection[int], tokens: Collection[str]) -> Mapping[int, Stored]:
        held = tuple(tokens)
        statement = f"""
            SELECT d.ref, d.id, d.key, d.kind, d.number, c.titles, c.bodies, c.comments,
                CASE WHEN EXISTS ({_holds("internal_token", held)}) THEN c.internal ELSE '' END, d.at
            FROM document d JOIN content c USING (ref) WHERE d.ref IN ({_marks(refs)})"""  # noqa: S608
        found = {}
        for ref, *own, titles, bodies, comments, internal, at in self._connection.execute(statement, (*held, *refs)):
            id_, key, kind, number = own
            texts = (json.loads(titles), json.loads(bodies), comments, internal)
            found[ref] = Stored(id_, key, kind, number, *texts, datetime.fromtimestamp(at, UTC))
        return found

    def _wanted(self, question: Question, held: tuple[str, ...], *, every: bool) -> list[Match]:
        """Matches in the order of their scores, so that of two of one document the better comes last."""
        if not question.wanted:
            return self._all(held)
        found = self._rows(_expression(question.wanted, every=every, fields=f"{_PUBLIC} : "), held, "")
        whole = _expression(question.wanted, every=every, fields="")
        internal = self._rows(whole, held, f"AND EXISTS ({_holds('internal_token', held)})", held)
        return sorted([*found, *internal], key=lambda match: match.score) if internal else found

    def _rows(self, expression: str, held: tuple[str, ...], further: str, params: tuple[str, ...] = ()) -> list[Match]:
        statement = f"""
            SELECT d.ref, {_RANK} * d.boost, d.kind, d.at, d.facets, d.requesters
            FROM words JOIN document d ON d.ref = words.rowid
            WHERE words MATCH ? AND EXISTS ({_holds("token", held)}) {further}
            ORDER BY words.rowid DESC LIMIT {MOST_MATCHES}"""  # noqa: S608
        return list(map(Match._make, self._connection.execute(statement, (expression, *held, *params))))

    def _all(self, held: tuple[str, ...]) -> list[Match]:
        statement = f"""
            SELECT d.ref, d.boost, d.kind, d.at, d.facets, d.requesters FROM document d
            WHERE EXISTS ({_holds("token", held)}) ORDER BY d.ref DESC LIMIT {MOST_MATCHES}"""  # noqa: S608
        return list(map(Match._make, self._connection.execute(statement, held)))

    def _refs(self, clauses: Sequence[Clause], held: tuple[str, ...], limit: int = -1) -> list[int]:
        """Visible documents with any of the clauses in what this reader may read."""
        if not clauses:
            return []
        terms = " OR ".join(map(_clause, clauses))
        statement = f"""
            SELECT d.ref FROM words JOIN document d ON d.ref = words.rowid
            WHERE words MATCH ? AND EXISTS ({_holds("token", held)})"""  # noqa: S608
        internal = f"{statement} AND EXISTS ({_holds('internal_token', held)})"
        params = (f"{_PUBLIC} : ({terms})", *held, terms, *held, *held)
        both = f"SELECT ref FROM ({statement} UNION {internal}) LIMIT {limit}"  # noqa: S608
        return [ref for (ref,) in self._connection.execute(both, params)]

    def _by_many(self, statement: str, values: Collection[str] | Collection[int]) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for some in in_batches(values, _MOST_PARAMS):
            found.update(self._connection.execute(statement.format(_marks(some)), some))
        return found


def _holds(table: str, held: tuple[str, ...]) -> str:
    """The condition that a document has one of the reader's tokens. The plus keeps it from a search per token."""
    return f"SELECT 1 FROM {table} t WHERE t.ref = d.ref AND +t.token IN ({_marks(held)})"  # noqa: S608


def _expression(clauses: Sequence[Clause], *, every: bool, fields: str) -> str:
    return (" AND " if every else " OR ").join(f"({fields}({_clause(clause)}))" for clause in clauses)


def _clause(clause: Clause) -> str:
    return " OR ".join(_quoted(" ".join(option)) for option in clause.options)


def _beginning(clause: Clause) -> str:
    prefix = _quoted(normalise(clause.surface)[:LONGEST_EDGE]) + "*"
    return " OR ".join([prefix, *(_quoted(option[0]) for option in clause.options if len(option) == 1)])


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _marks(values: Collection[object]) -> str:
    return ",".join("?" * len(values))
