"""Tables of the SQLite index, and how documents get in and out of them."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from string import Template

from acm.search.analysis import VERSION, Analysed, analysed, requesters, stored
from acm.search.documents import Change, Document, facet_pairs
from acm.search.text import storable

FILE = "index.db"

_TOKENIZE = "tokenize=\"unicode61 remove_diacritics 0 tokenchars '-./'\""

_SCHEMA = """
CREATE TABLE document (
    ref INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, id INTEGER NOT NULL, kind TEXT NOT NULL,
    number TEXT NOT NULL, at REAL NOT NULL, boost REAL NOT NULL, facets INTEGER NOT NULL, requesters TEXT NOT NULL
);
CREATE TABLE content (
    ref INTEGER PRIMARY KEY, titles TEXT NOT NULL, bodies TEXT NOT NULL, comments TEXT NOT NULL,
    internal TEXT NOT NULL, spelled TEXT NOT NULL
);
CREATE TABLE token (ref INTEGER, token TEXT, PRIMARY KEY (ref, token)) WITHOUT ROWID;
CREATE TABLE internal_token (ref INTEGER, token TEXT, PRIMARY KEY (ref, token)) WITHOUT ROWID;
CREATE TABLE facets (number INTEGER PRIMARY KEY, pairs TEXT NOT NULL UNIQUE);
CREATE TABLE word (word TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE about (updated_at REAL);
INSERT INTO about VALUES (NULL);
CREATE VIRTUAL TABLE words USING fts5 (head, tags, body, internal, $tokenize);
CREATE VIRTUAL TABLE edge USING fts5 (words, detail=none, prefix='1 2 3', $tokenize);
PRAGMA user_version = $version;
"""

_TABLES_BY_REF = ("document", "content", "token", "internal_token")


def connect(folder: Path) -> sqlite3.Connection:
    """A connection to the index in a folder, outside of any transaction."""
    connection = sqlite3.connect(folder / FILE, timeout=30, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-16000", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def create(folder: Path) -> sqlite3.Connection:
    """A connection to a new, empty index."""
    connection = connect(folder)
    connection.executescript(Template(_SCHEMA).substitute(tokenize=_TOKENIZE, version=VERSION))
    return connection


def write(connection: sqlite3.Connection, batch: Sequence[Change], at: float) -> None:
    """Apply a batch in one transaction; ``at`` is the present moment."""
    counts: Counter[str] = Counter()
    latest = {change.key: change for change in batch}
    connection.execute("BEGIN IMMEDIATE")
    try:
        for change in latest.values():
            _remove(connection, change.key, counts)
            if isinstance(change, Document):
                _add(connection, change, counts)
        _count(connection, counts)
        connection.execute("UPDATE about SET updated_at = ?", (at,))
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _remove(connection: sqlite3.Connection, key: str, counts: Counter[str]) -> None:
    found = connection.execute(
        "SELECT document.ref, spelled FROM document JOIN content USING (ref) WHERE key = ?", (key,)
    ).fetchone()
    if found is None:
        return
    ref, spelled = found
    counts.subtract(spelled.split())
    for table in _TABLES_BY_REF:
        connection.execute(f"DELETE FROM {table} WHERE ref = ?", (ref,))  # noqa: S608
    connection.execute("DELETE FROM words WHERE rowid = ?", (ref,))
    connection.execute("DELETE FROM edge WHERE rowid = ?", (ref,))


def _add(connection: sqlite3.Connection, document: Document, counts: Counter[str]) -> None:
    found = analysed(document)
    row = (
        document.key,
        document.id,
        document.kind,
        storable(document.number),
        document.at.timestamp(),
        document.boost,
        _facets(connection, document),
        requesters(document),
    )
    ref = connection.execute(
        "INSERT INTO document (key, id, kind, number, at, boost, facets, requesters) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        row,
    ).lastrowid
    connection.execute("INSERT INTO content VALUES (?, ?, ?, ?, ?, ?)", (ref, *_content(document, found)))
    connection.executemany("INSERT INTO token VALUES (?, ?)", [(ref, token) for token in document.tokens])
    if document.internal:
        rows = [(ref, token) for token in document.internal_tokens]
        connection.executemany("INSERT INTO internal_token VALUES (?, ?)", rows)
    fields = tuple(" ".join(field) for field in (found.head, found.tags, found.body, found.internal))
    connection.execute("INSERT INTO words (rowid, head, tags, body, internal) VALUES (?, ?, ?, ?, ?)", (ref, *fields))
    connection.execute("INSERT INTO edge (rowid, words) VALUES (?, ?)", (ref, " ".join(found.edges)))
    counts.update(found.spelled)


def _content(document: Document, found: Analysed) -> tuple[str, ...]:
    titles = {lang: stored(text) for lang, text in document.titles.items()}
    bodies = {lang: stored(text) for lang, text in document.bodies.items()}
    return (
        json.dumps(titles, ensure_ascii=False),
        json.dumps(bodies, ensure_ascii=False),
        stored(document.comments),
        stored(document.internal),
        " ".join(found.spelled),
    )


def _facets(connection: sqlite3.Connection, document: Document) -> int:
    pairs = json.dumps(facet_pairs(document), ensure_ascii=False)
    connection.execute("INSERT INTO facets (pairs) VALUES (?) ON CONFLICT DO NOTHING", (pairs,))
    return int(connection.execute("SELECT number FROM facets WHERE pairs = ?", (pairs,)).fetchone()[0])


def _count(connection: sqlite3.Connection, counts: Counter[str]) -> None:
    more = [(word, count) for word, count in counts.items() if count > 0]
    fewer = [(-count, word) for word, count in counts.items() if count < 0]
    connection.executemany(
        "INSERT INTO word VALUES (?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count", more
    )
    connection.executemany("UPDATE word SET count = count - ? WHERE word = ?", fewer)
    if fewer:
        connection.executemany("DELETE FROM word WHERE word = ? AND count <= 0", [(word,) for _, word in fewer])
