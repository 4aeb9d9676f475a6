"""Tables of the PostgreSQL index in a schema of their own, and how documents get in and out of them.

A schema, because a rebuild fills a second one and swaps both by renaming. Text vectors are made of our own
stems, so no dictionary, configuration or extension of the server is needed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from acm.search.analysis import VERSION, Analysed, analysed, requesters, stored
from acm.search.documents import Change, Document, facet_pairs
from acm.search.text import storable

SCHEMA = "acm_search"
NEXT = "acm_search_next"
OLD = "acm_search_old"

_LAST_POSITION = 16_383
_MOST_POSITIONS = 200
_GAP = 10

_TABLES = """
CREATE SCHEMA {schema};
CREATE TABLE {schema}.document (
    ref bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL UNIQUE, id bigint NOT NULL,
    kind text NOT NULL, number text NOT NULL, at double precision NOT NULL, boost double precision NOT NULL,
    facets integer NOT NULL, requesters text NOT NULL, tokens text[] NOT NULL, internal_tokens text[] NOT NULL,
    public tsvector NOT NULL, whole tsvector, edge tsvector NOT NULL,
    titles json NOT NULL, bodies json NOT NULL, comments text NOT NULL, internal text NOT NULL, spelled text NOT NULL
);
CREATE TABLE {schema}.facets (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, pairs text NOT NULL UNIQUE
);
CREATE TABLE {schema}.word (word text COLLATE "C" PRIMARY KEY, count integer NOT NULL);
CREATE TABLE {schema}.about (version integer NOT NULL, updated_at timestamptz);
INSERT INTO {schema}.about VALUES ({version}, NULL);
"""

_INDEXES = """
CREATE INDEX ON {schema}.document USING gin (public);
CREATE INDEX ON {schema}.document USING gin (whole) WHERE whole IS NOT NULL;
CREATE INDEX ON {schema}.document USING gin (edge);
CREATE INDEX ON {schema}.document USING gin (tokens);
ANALYZE {schema}.document;
ANALYZE {schema}.word;
"""

_SWAP = """
DROP SCHEMA IF EXISTS {old} CASCADE;
ALTER SCHEMA {schema} RENAME TO {old};
ALTER SCHEMA {next} RENAME TO {schema};
DROP SCHEMA {old} CASCADE;
"""

_INSERT = """
INSERT INTO {schema}.document (key, id, kind, number, at, boost, facets, requesters, tokens, internal_tokens,
    public, whole, edge, titles, bodies, comments, internal, spelled)
VALUES (%(key)s, %(id)s, %(kind)s, %(number)s, %(at)s, %(boost)s, %(facets)s, %(requesters)s, %(tokens)s,
    %(internal_tokens)s, CAST(%(public)s AS tsvector), CAST(%(whole)s AS tsvector), CAST(%(edge)s AS tsvector),
    %(titles)s, %(bodies)s, %(comments)s, %(internal)s, %(spelled)s)
"""

_COUNT = """
INSERT INTO {schema}.word SELECT * FROM unnest(CAST(%s AS text[]), CAST(%s AS integer[]))
ON CONFLICT (word) DO UPDATE SET count = word.count + excluded.count
"""


_VERSION = f"SELECT version FROM {SCHEMA}.about"  # noqa: S608


def exists(connection: Connection) -> bool:
    """Whether there is an index of this version."""
    if connection.exec_driver_sql("SELECT to_regclass(%s)", (f"{SCHEMA}.about",)).scalar() is None:
        return False
    return bool(connection.exec_driver_sql(_VERSION).scalar() == VERSION)


def create(connection: Connection, schema: str) -> None:
    """An empty index without its indexes; one left over from an interrupted rebuild is dropped."""
    connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    _run(connection, _TABLES.format(schema=schema, version=VERSION))


def finish(connection: Connection, schema: str) -> None:
    """Make a filled index quick."""
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    _run(connection, _INDEXES.format(schema=schema))


def swap(connection: Connection) -> None:
    """Put the next index in the place of the present one."""
    connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    _run(connection, _SWAP.format(schema=SCHEMA, next=NEXT, old=OLD))


def write(connection: Connection, batch: Sequence[Change], schema: str) -> None:
    """Apply a batch in the caller's transaction."""
    latest = {change.key: change for change in batch}
    counts: Counter[str] = Counter()
    gone = connection.exec_driver_sql(
        f"DELETE FROM {schema}.document WHERE key = ANY(%s) RETURNING spelled",  # noqa: S608
        (list(latest),),
    )
    for (spelled,) in gone:
        counts.subtract(spelled.split())
    documents = [change for change in latest.values() if isinstance(change, Document)]
    facets = _facets(connection, documents, schema)
    rows = []
    for document in documents:
        found = analysed(document)
        counts.update(found.spelled)
        rows.append(_row(document, found, facets[_pairs(document)]))
    if rows:
        connection.exec_driver_sql(_INSERT.format(schema=schema), rows)
    _count(connection, counts, schema)
    connection.exec_driver_sql(f"UPDATE {schema}.about SET updated_at = now()")  # noqa: S608


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


def _facets(connection: Connection, documents: Sequence[Document], schema: str) -> dict[str, int]:
    wanted = sorted(set(map(_pairs, documents)))
    connection.exec_driver_sql(
        f"INSERT INTO {schema}.facets (pairs) SELECT unnest(CAST(%s AS text[])) ON CONFLICT DO NOTHING",
        (wanted,),
    )
    found = connection.exec_driver_sql(
        f"SELECT pairs, number FROM {schema}.facets WHERE pairs = ANY(%s)",  # noqa: S608
        (wanted,),
    )
    return {row[0]: row[1] for row in found}


def _pairs(document: Document) -> str:
    return storable(json.dumps(facet_pairs(document), ensure_ascii=False))


def _count(connection: Connection, counts: Counter[str], schema: str) -> None:
    changed = sorted((word, count) for word, count in counts.items() if count)
    if changed:
        words, numbers = [word for word, _ in changed], [count for _, count in changed]
        connection.exec_driver_sql(_COUNT.format(schema=schema), (words, numbers))
    if any(count < 0 for _, count in changed):
        fewer = [word for word, count in changed if count < 0]
        connection.exec_driver_sql(
            f"DELETE FROM {schema}.word WHERE word = ANY(%s) AND count <= 0",  # noqa: S608
            (fewer,),
        )


def _run(connection: Connection, statements: str) -> None:
    for statement in statements.split(";"):
        if statement.strip():
            connection.exec_driver_sql(statement)
