"""Tables of the PostgreSQL index, and how documents get in and out of them.

Each generation of the index is a schema of its own; a row of ``acm_search.current`` names the one in use. Every
transaction first sets its search path to one generation and locks its ``document`` table as a reader, so that a
swap waits for nobody and a question is answered by one generation from beginning to end. Text vectors are made of
our own stems, so no dictionary, configuration or extension of the server is needed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import uuid4

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from acm.search.analysis import VERSION, Analysed, analysed, requesters, stored
from acm.search.documents import Change, Document, facet_pairs
from acm.search.text import storable

log = structlog.get_logger("acm.search")

HOME = "acm_search"

_LAST_POSITION = 16_383
_MOST_POSITIONS = 200
_GAP = 10

_HOME = f"""
CREATE SCHEMA IF NOT EXISTS {HOME};
CREATE TABLE IF NOT EXISTS {HOME}.current (one boolean PRIMARY KEY CHECK (one), name text NOT NULL, version integer);
"""

_TABLES = """
CREATE TABLE document (
    ref bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL UNIQUE, id bigint NOT NULL,
    kind text NOT NULL, number text NOT NULL, at double precision NOT NULL, boost double precision NOT NULL,
    facets integer NOT NULL, requesters text NOT NULL, tokens text[] NOT NULL, internal_tokens text[] NOT NULL,
    public tsvector NOT NULL, whole tsvector, edge tsvector NOT NULL,
    titles json NOT NULL, bodies json NOT NULL, comments text NOT NULL, internal text NOT NULL, spelled text NOT NULL
);
CREATE TABLE facets (number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, pairs text NOT NULL UNIQUE);
CREATE TABLE word (word text COLLATE "C" PRIMARY KEY, count integer NOT NULL);
CREATE TABLE about (updated_at timestamptz);
INSERT INTO about VALUES (NULL);
"""

_INDEXES = """
CREATE INDEX ON document USING gin (public);
CREATE INDEX ON document USING gin (whole) WHERE whole IS NOT NULL;
CREATE INDEX ON document USING gin (edge);
CREATE INDEX ON document USING gin (tokens);
ANALYZE document;
ANALYZE word;
"""

_SWAP = f"""
INSERT INTO {HOME}.current VALUES (true, %s, %s)
ON CONFLICT (one) DO UPDATE SET name = excluded.name, version = excluded.version
"""  # noqa: S608

_CURRENT = f"SELECT name FROM {HOME}.current WHERE version = %s"  # noqa: S608

_LEFT = f"""
SELECT nspname FROM pg_namespace
WHERE starts_with(nspname, '{HOME}_') AND nspname <> coalesce((SELECT name FROM {HOME}.current), '')
"""  # noqa: S608

_INSERT = """
INSERT INTO document (key, id, kind, number, at, boost, facets, requesters, tokens, internal_tokens,
    public, whole, edge, titles, bodies, comments, internal, spelled)
VALUES (%(key)s, %(id)s, %(kind)s, %(number)s, %(at)s, %(boost)s, %(facets)s, %(requesters)s, %(tokens)s,
    %(internal_tokens)s, CAST(%(public)s AS tsvector), CAST(%(whole)s AS tsvector), CAST(%(edge)s AS tsvector),
    %(titles)s, %(bodies)s, %(comments)s, %(internal)s, %(spelled)s)
"""

_COUNT = """
INSERT INTO word SELECT * FROM unnest(CAST(%s AS text[]), CAST(%s AS integer[]))
ON CONFLICT (word) DO UPDATE SET count = word.count + excluded.count
"""


def current(connection: Connection) -> str | None:
    """The generation in use; None while there is none of this version."""
    if connection.exec_driver_sql("SELECT to_regclass(%s)", (f"{HOME}.current",)).scalar() is None:
        return None
    name = connection.exec_driver_sql(_CURRENT, (VERSION,)).scalar()
    return None if name is None else str(name)


def enter(connection: Connection, name: str) -> None:
    """Work in a generation until the end of the transaction; raises ``ProgrammingError`` when it was just dropped."""
    connection.exec_driver_sql("SELECT set_config('search_path', %s, true)", (name,))
    connection.exec_driver_sql("LOCK TABLE document IN ACCESS SHARE MODE")


def create(connection: Connection) -> str:
    """A new, empty generation without its indexes; the transaction goes on within it."""
    _run(connection, _HOME)
    name = f"{HOME}_{uuid4().hex[:12]}"
    connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    connection.exec_driver_sql("SELECT set_config('search_path', %s, true)", (name,))
    _run(connection, _TABLES)
    return name


def finish(connection: Connection) -> None:
    """Make a filled generation quick."""
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    _run(connection, _INDEXES)


def swap(connection: Connection, name: str) -> None:
    """Put a generation to use."""
    connection.exec_driver_sql(_SWAP, (name, VERSION))


def clear(engine: Engine) -> None:
    """Drop the generations that are not in use, each when its last reader has gone."""
    with engine.begin() as connection:
        names = connection.exec_driver_sql(_LEFT).scalars().all() if current(connection) else []
    for name in names:
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql(f"LOCK TABLE {name}.document IN ACCESS EXCLUSIVE MODE")
                connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
        except DBAPIError as error:  # still read, or half made: the next rebuild tries again
            log.info("search generation stays", name=name, reason=type(error.orig).__name__)


def write(connection: Connection, batch: Sequence[Change]) -> None:
    """Apply a batch to the generation that the transaction works in."""
    latest = {change.key: change for change in batch}
    counts: Counter[str] = Counter()
    gone = connection.exec_driver_sql(
        "DELETE FROM document WHERE key = ANY(%s) RETURNING spelled",
        (list(latest),),
    )
    for (spelled,) in gone:
        counts.subtract(spelled.split())
    documents = [change for change in latest.values() if isinstance(change, Document)]
    facets = _facets(connection, documents)
    rows = []
    for document in documents:
        found = analysed(document)
        counts.update(found.spelled)
        rows.append(_row(document, found, facets[_pairs(document)]))
    if rows:
        connection.exec_driver_sql(_INSERT, rows)
    _count(connection, counts)
    connection.exec_driver_sql("UPDATE about SET updated_at = now()")


def vector(fields: Iterable[tuple[Sequence[str], str]]) -> str:
    """A text vector written out: each field's stems with their places and the field's weight."""
    places: dict[str, list[str]] = {}
    at = 0
    for words, weight in fields:
        for word in words:
            at = min(at + 1, _LAST_POSITION)
            own = places.setdefault(word, [])
            if len(own) < _MOST_POSITIONS:
                own.append(f"{at}{weight}")
        at = min(at + _GAP, _LAST_POSITION)
    return " ".join(f"{lexeme(word)}:{','.join(own)}" for word, own in places.items())


def lexeme(word: str) -> str:
    """A word as a literal within text vectors and text queries."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _row(document: Document, found: Analysed, facets: int) -> dict[str, object]:
    public = [(found.head, "A"), (found.tags, "B"), (found.body, "C")]
    return {
        "key": document.key,
        "id": document.id,
        "kind": document.kind,
        "number": storable(document.number),
        "at": document.at.timestamp(),
        "boost": document.boost,
        "facets": facets,
        "requesters": requesters(document),
        "tokens": sorted(document.tokens),
        "internal_tokens": sorted(document.internal_tokens) if document.internal else [],
        "public": vector(public),
        "whole": vector([*public, (found.internal, "D")]) if found.internal else None,
        "edge": " ".join(map(lexeme, sorted(found.edges))),
        "titles": json.dumps({lang: stored(text) for lang, text in document.titles.items()}, ensure_ascii=False),
        "bodies": json.dumps({lang: stored(text) for lang, text in document.bodies.items()}, ensure_ascii=False),
        "comments": stored(document.comments),
        "internal": stored(document.internal),
        "spelled": " ".join(found.spelled),
    }


def _facets(connection: Connection, documents: Sequence[Document]) -> dict[str, int]:
    wanted = sorted(set(map(_pairs, documents)))
    connection.exec_driver_sql(
        "INSERT INTO facets (pairs) SELECT unnest(CAST(%s AS text[])) ON CONFLICT DO NOTHING",
        (wanted,),
    )
    found = connection.exec_driver_sql(
        "SELECT pairs, number FROM facets WHERE pairs = ANY(%s)",
        (wanted,),
    )
    return {row[0]: row[1] for row in found}


def _pairs(document: Document) -> str:
    return storable(json.dumps(facet_pairs(document), ensure_ascii=False))


def _count(connection: Connection, counts: Counter[str]) -> None:
    changed = sorted((word, count) for word, count in counts.items() if count)
    if changed:
        words, numbers = [word for word, _ in changed], [count for _, count in changed]
        connection.exec_driver_sql(_COUNT, (words, numbers))
    if any(count < 0 for _, count in changed):
        fewer = [word for word, count in changed if count < 0]
        connection.exec_driver_sql(
            "DELETE FROM word WHERE word = ANY(%s) AND count <= 0",
            (fewer,),
        )


def _run(connection: Connection, statements: str) -> None:
    for statement in statements.split(";"):
        if statement.strip():
            connection.exec_driver_sql(statement)
