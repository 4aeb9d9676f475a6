"""Search in a folder of Whoosh segments: pure Python, nothing to install. The default on SQLite."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from whoosh import fields
from whoosh.codec.whoosh3 import W3Codec, W3PerDocReader, W3Segment
from whoosh.columns import VarBytesColumn
from whoosh.filedb.filestore import FileStorage
from whoosh.formats import Existence
from whoosh.index import EmptyIndexError, FileIndex
from whoosh.reading import IndexReader
from whoosh.writing import IndexWriter

from acm.i18n import _
from acm.search.analysis import VERSION, analysed, beginnings, requesters, stored
from acm.search.backends import BATCH, Answering, Progress
from acm.search.batches import in_batches
from acm.search.documents import Change, Document, Status, facet_pairs
from acm.search.question import Synonyms
from acm.search.shelf import Shelf
from acm.search.text import storable
from acm.search.whoosh_index import FIELDS, Facets, Segment, WhooshIndex, load

ADVISED_DOCUMENTS = 20_000
MEMORY_MB = 64

_NAME = f"v{VERSION}"
ADVICE = _("Above 20,000 documents updates take long: set ACM_SEARCH=sqlite and run acm reindex.")


class _Terms(fields.KEYWORD):  # type: ignore[misc]
    """Terms that are there or not, given as a list."""

    def __init__(self, *, unique: bool = False) -> None:
        super().__init__(unique=unique)
        self.format = Existence()


def schema() -> fields.Schema:
    """Fields of the index; texts come as lists of stems, so no analysis of Whoosh's is used."""
    texts: dict[str, Any] = {name: fields.TEXT(phrase=True) for name in FIELDS}
    terms = {name: _Terms() for name in ("edge", "spelled", "tokens", "internal_tokens")}
    return fields.Schema(
        key=_Terms(unique=True), about=fields.COLUMN(VarBytesColumn()), content=fields.STORED(), **texts, **terms
    )


class _Lengths(W3PerDocReader):  # type: ignore[misc]
    """Lengths stand in ``about``: nobody asks Whoosh for them, and it would look for a file at each posting."""

    def doc_field_length(self, docnum: int, fieldname: str, default: int = 0) -> int:
        return default


class Plain(W3Codec):  # type: ignore[misc]
    """Postings as they are: to compress their short blocks took longer than it saved."""

    def __init__(self) -> None:
        super().__init__(compression=0)

    def per_document_reader(self, storage: FileStorage, segment: W3Segment) -> W3PerDocReader:
        return _Lengths(storage, segment)


class _Open(NamedTuple):
    """The reader in use and what it was opened from."""

    folder: Path
    generation: int
    index: FileIndex
    reader: IndexReader
    modified: float


class WhooshBackend(Answering):
    """Whoosh index under ``folder``. Questions take turns: they are short, and Whoosh's readers cannot be shared."""

    name = "whoosh"

    def __init__(self, folder: Path, synonyms: Synonyms) -> None:
        super().__init__(synonyms)
        self._shelf = Shelf(folder)
        self._lock = threading.Lock()
        self._open: _Open | None = None
        self._segments: dict[str, Segment] = {}
        self._facets = Facets()

    def apply(self, batch: Sequence[Change]) -> None:
        folder = self._shelf.current()
        if folder is None or not _is_current(folder):
            folder = self._shelf.new()
            _create(folder)
            self._shelf.swap(folder)
        writer = FileIndex(FileStorage(str(folder)), indexname=_NAME).writer(
            limitmb=MEMORY_MB, timeout=30, codec=Plain()
        )
        _write(writer, batch)

    def rebuild(self, documents: Iterable[Document], progress: Progress | None = None) -> int:
        folder = self._shelf.new()
        writer = _create(folder).writer(limitmb=MEMORY_MB, codec=Plain())
        done = 0
        try:
            for batch in in_batches(documents, BATCH):
                for document in batch:
                    _add(writer, document)
                done += len(batch)
                if progress:
                    progress(done)
        except BaseException:
            writer.cancel()
            raise
        writer.commit()
        self._shelf.swap(folder)
        return done

    def status(self) -> Status:
        with self._lock:
            reader = self._reader()
            if reader is None:
                return Status(self.name, 0, None, self._shelf.size(), is_current=False)
            assert self._open
            documents, at = reader.doc_count(), self._open.modified
        advice = ADVICE if documents > ADVISED_DOCUMENTS else None
        return Status(self.name, documents, datetime.fromtimestamp(at, UTC), self._shelf.size(), advice)

    def close(self) -> None:
        with self._lock:
            if self._open:
                self._open.reader.close()
            self._open = None
            self._segments = {}

    @contextmanager
    def _index(self) -> Iterator[WhooshIndex | None]:
        with self._lock:
            reader = self._reader()
            yield WhooshIndex(reader, self._segments, self._facets) if reader else None

    def _reader(self) -> IndexReader | None:
        """The reader of the last commit, with its segments loaded; the lock is held."""
        while True:
            folder = self._shelf.current()
            try:
                return self._opened_in(folder) if folder is not None and _is_current(folder) else None
            except (OSError, EmptyIndexError):
                if self._shelf.current() == folder:  # else it was swapped away between two steps
                    raise

    def _opened_in(self, folder: Path) -> IndexReader:
        index = self._open.index if self._open and self._open.folder == folder else _opened(folder)
        generation = index.latest_generation()
        if self._open and (self._open.folder, self._open.generation) == (folder, generation):
            return self._open.reader
        reader, modified = index.reader(), index.last_modified()
        if self._open:
            self._open.reader.close()
        self._open = _Open(folder, generation, index, reader, modified)
        known, self._segments = self._segments, {}
        for leaf, _offset in reader.leaf_readers():
            name = leaf.segment().segment_id()
            self._segments[name] = known.get(name) or load(leaf, self._facets)
        return reader


def _is_current(folder: Path) -> bool:
    return any(folder.glob(f"_{_NAME}_*.toc"))


def _create(folder: Path) -> FileIndex:
    return FileIndex.create(FileStorage(str(folder)), schema(), _NAME)


def _opened(folder: Path) -> FileIndex:
    return FileIndex(FileStorage(str(folder)), indexname=_NAME)


def _write(writer: IndexWriter, batch: Sequence[Change]) -> None:
    """Apply a batch in one commit."""
    latest = {change.key: change for change in batch}
    try:
        for key in latest:
            writer.delete_by_term("key", key)
        for change in latest.values():
            if isinstance(change, Document):
                _add(writer, change)
    except BaseException:
        writer.cancel()
        raise
    writer.commit()


def _add(writer: IndexWriter, document: Document) -> None:
    found = analysed(document)
    texts = {"head": found.head, "tags": found.tags, "body": found.body, "internal": found.internal}
    about = (
        document.kind,
        document.at.timestamp(),
        document.boost,
        facet_pairs(document),
        requesters(document),
        [len(text) for text in texts.values()],
    )
    writer.add_document(
        key=[document.key],
        **{name: text for name, text in texts.items() if text},
        edge=sorted(beginnings(found.edges) | found.edges),
        spelled=sorted(found.spelled),
        tokens=sorted(document.tokens),
        internal_tokens=sorted(document.internal_tokens) if document.internal else [],
        about=json.dumps(about, ensure_ascii=False).encode(),
        content=_content(document),
    )


def _content(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "key": document.key,
        "kind": document.kind,
        "number": storable(document.number),
        "titles": {lang: stored(text) for lang, text in document.titles.items()},
        "bodies": {lang: stored(text) for lang, text in document.bodies.items()},
        "comments": stored(document.comments),
        "internal": stored(document.internal),
        "internal_tokens": sorted(document.internal_tokens),
        "at": document.at.timestamp(),
    }
