"""Search in PostgreSQL beside the pages: text vectors of our own stems under GIN, access tokens as arrays."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection
from sqlalchemy.exc import ProgrammingError

from acm.db import Database
from acm.search import postgres_schema
from acm.search.answering import MOST_MATCHES, Match, Pairs, Stored
from acm.search.backends import BATCH, Answering, Progress
from acm.search.batches import in_batches
from acm.search.documents import Change, Document, Status
from acm.search.postgres_schema import lexeme
from acm.search.question import Clause, Question, Synonyms
from acm.search.text import LONGEST_EDGE, normalise

_WEIGHTS = "CAST(ARRAY[0.06, 0.12, 0.5, 1.0] AS real[])"
_FOUND = "kind, at, facets, requesters"
_MAY = "tokens && CAST(%(held)s AS text[])"
_MAY_INTERNAL = "internal_tokens && CAST(%(held)s AS text[])"
_NEWEST = f"ORDER BY ref DESC LIMIT {MOST_MATCHES}"

# Bitmaps over GIN always: the planner does not count what unpacking long vectors costs a scan of the table.
_SETTINGS = """
SELECT set_config('plan_cache_mode', 'force_custom_plan', true),
    set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'off', true)
"""

_MATCHES = f"""
SELECT ref, ts_rank({_WEIGHTS}, {{vector}}, query, 1) * boost, {_FOUND}
FROM document, CAST(%(query)s AS tsquery) query
WHERE {{vector}} @@ query AND {_MAY} {{further}} {_NEWEST}
"""  # noqa: S608

_ALL = f"SELECT ref, boost, {_FOUND} FROM document WHERE {_MAY} {{further}} {_NEWEST}"  # noqa: S608

_UNWANTED = f"""AND NOT (public @@ CAST(%(unwanted)s AS tsquery)
    OR (coalesce(whole @@ CAST(%(unwanted)s AS tsquery), false) AND {_MAY_INTERNAL}))"""

# Materialised, or the planner hopes for an early hit and reads the whole table.
_HAS = f"""
WITH public AS MATERIALIZED (
    SELECT tokens FROM document WHERE public @@ CAST(%(query)s AS tsquery)
), whole AS MATERIALIZED (
    SELECT tokens, internal_tokens FROM document WHERE whole @@ CAST(%(query)s AS tsquery)
)
SELECT EXISTS (SELECT 1 FROM public WHERE {_MAY}) OR EXISTS (SELECT 1 FROM whole WHERE {_MAY} AND {_MAY_INTERNAL})
"""  # noqa: S608

_STARTING = f"""
SELECT ref, boost / (2 + length(edge)), {_FOUND} FROM document
WHERE edge @@ CAST(%(query)s AS tsquery) AND {_MAY} {_NEWEST}
"""  # noqa: S608

_STATUS = """
SELECT (SELECT count(*) FROM document), (SELECT updated_at FROM about),
    pg_total_relation_size('document') + pg_total_relation_size('word')
"""

_STORED = f"""
SELECT ref, id, key, kind, number, titles, bodies, comments,
    CASE WHEN {_MAY_INTERNAL} THEN internal ELSE '' END, at
FROM document WHERE ref = ANY(%(refs)s)
"""  # noqa: S608


class PostgresBackend(Answering):
    """Index in schemas of the application's database; the login needs CREATE on it."""

    name = "postgres"

    def __init__(self, db: Database, synonyms: Synonyms) -> None:
        super().__init__(synonyms)
        self._db = db
        self._pairs: tuple[str, dict[int, Pairs]] = ("", {})

    def apply(self, batch: Sequence[Change]) -> None:
        with self._db.write_engine.begin() as connection:
            if name := postgres_schema.current(connection):
                postgres_schema.enter(connection, name)
            else:
                postgres_schema.swap(connection, postgres_schema.create(connection))
                postgres_schema.finish(connection)
            postgres_schema.write(connection, batch)

    def rebuild(self, documents: Iterable[Document], progress: Progress | None = None) -> int:
        engine = self._db.write_engine
        postgres_schema.clear(engine)
        with engine.begin() as connection:
            name = postgres_schema.create(connection)
        done = 0
        for batch in in_batches(documents, BATCH):
            with engine.begin() as connection:
                postgres_schema.enter(connection, name)
                postgres_schema.write(connection, batch)
            done += len(batch)
            if progress:
                progress(done)
        with engine.begin() as connection:
            postgres_schema.enter(connection, name)
            postgres_schema.finish(connection)
            postgres_schema.swap(connection, name)
        postgres_schema.clear(engine)
        return done

    def status(self) -> Status:
        with self._entered() as connection:
            if connection is None:
                return Status(self.name, 0, None, 0, is_current=False)
            documents, at, size = connection.exec_driver_sql(_STATUS).one()
        return Status(self.name, documents, at, size)

    def close(self) -> None:
        """Connections belong to the database's pool."""

    @contextmanager
    def _index(self) -> Iterator[PostgresIndex | None]:
        with self._entered() as connection:
            yield PostgresIndex(connection, self._pairs[1]) if connection is not None else None

    @contextmanager
    def _entered(self) -> Iterator[Connection | None]:
        """A reading connection within the generation in use, at one moment: answers are made of several statements."""
        with self._db.read_engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            while name := postgres_schema.current(connection):
                try:
                    postgres_schema.enter(connection, name)
                    break
                except ProgrammingError:  # dropped between two steps: the next one is in use already
                    connection.rollback()
            if name is None:
                yield None
                return
            connection.exec_driver_sql(_SETTINGS)
            if self._pairs[0] != name:
                self._pairs = (name, {})
            yield connection


class PostgresIndex:
    """What one reader asks of the index, within one read transaction. ``pairs`` are the facets read so far."""

    def __init__(self, connection: Connection, pairs: dict[int, Pairs]) -> None:
        self._connection = connection
        self._pairs = pairs

    def matches(self, question: Question, tokens: Collection[str], *, every: bool) -> list[Match]:
        params = {"held": list(tokens), "unwanted": _any(question.unwanted)}
        further = _UNWANTED if question.unwanted else ""
        if not question.wanted:
            return self._rows(_ALL.format(further=further), **params)
        params["query"] = (" & " if every else " | ").join(f"({_clause(clause)})" for clause in question.wanted)
        found = self._rows(_MATCHES.format(vector="public", further=further), **params)
        internal = self._rows(_MATCHES.format(vector="whole", further=f"AND {_MAY_INTERNAL} {further}"), **params)
        best = {match.ref: match for match in found}
        for match in internal:
            if match.ref not in best or best[match.ref].score < match.score:
                best[match.ref] = match
        return list(best.values())

    def starting(self, words: Sequence[Clause], tokens: Collection[str]) -> list[Match]:
        return self._rows(_STARTING, held=list(tokens), query=" & ".join(f"({_beginning(clause)})" for clause in words))

    def has(self, clause: Clause, tokens: Collection[str]) -> bool:
        params = {"held": list(tokens), "query": _clause(clause)}
        return bool(self._connection.exec_driver_sql(_HAS, params).scalar())

    def known(self, words: Collection[str]) -> Mapping[str, int]:
        statement = "SELECT word, count FROM word WHERE word = ANY(%s)"
        return {row[0]: row[1] for row in self._connection.exec_driver_sql(statement, (list(words),))}

    def beginning(self, prefix: str, limit: int) -> Mapping[str, int]:
        statement = "SELECT word, count FROM word WHERE word >= %s AND word < %s LIMIT %s"
        found = self._connection.exec_driver_sql(statement, (prefix, prefix + "\uffff", limit))
        return {row[0]: row[1] for row in found}

    def pairs(self, facets: Collection[int]) -> Mapping[int, Pairs]:
        if missing := [number for number in facets if number not in self._pairs]:
            statement = "SELECT number, pairs FROM facets WHERE number = ANY(%s)"
            for number, pairs in self._connection.exec_driver_sql(statement, (missing,)).all():
                self._pairs[number] = [(name, value) for name, value in json.loads(pairs)]
        return self._pairs

    def stored(self, refs: Collection[int], tokens: Collection[str]) -> Mapping[int, Stored]:
        params = {"held": list(tokens), "refs": list(refs)}
        found = {}
        for ref, *own, at in self._connection.exec_driver_sql(_STORED, params):
            id_, key, kind, number, titles, bodies, comments, internal = own
            moment = datetime.fromtimestamp(at, UTC)
            found[ref] = Stored(id_, key, kind, number, titles, bodies, comments, internal, moment)
        return found

    def _rows(self, statement: str, **params: object) -> list[Match]:
        return list(map(Match._make, self._connection.exec_driver_sql(statement, params).all()))


def _any(clauses: Sequence[Clause]) -> str:
    return " | ".join(f"({_clause(clause)})" for clause in clauses)


def _clause(clause: Clause) -> str:
    return " | ".join(f"({' <-> '.join(map(lexeme, option))})" for option in clause.options)


def _beginning(clause: Clause) -> str:
    prefix = lexeme(normalise(clause.surface)[:LONGEST_EDGE]) + ":*"
    return " | ".join([prefix, *(lexeme(option[0]) for option in clause.options if len(option) == 1)])
