"""The one interface of search engines, and which of them an installation uses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from acm.db import Database
from acm.search import answering
from acm.search.documents import Answer, Change, Document, Group, Query, Status
from acm.search.question import NO_SYNONYMS, Synonyms
from acm.settings import Settings

Progress = Callable[[int], None]
"""Called with the number of documents done so far."""

BATCH = 500


class SearchBackend(Protocol):
    """A search engine. Readers may be many; :meth:`apply` and :meth:`rebuild` belong to one indexer."""

    name: str
    synonyms: Synonyms

    def apply(self, batch: Sequence[Change]) -> None:
        """Put documents in, replacing those of the same key, and take removed ones out; then all of it is found."""

    def query(self, query: Query) -> Answer:
        """Answer a question for the holder of its tokens."""

    def suggest(
        self,
        text: str,
        tokens: Collection[str],
        *,
        kinds: Collection[str] = (),
        limit: int = 5,
        lang: str = "ru",
        mine: str = "",
    ) -> tuple[Group, ...]:
        """The first hits of each kind while a reader types."""

    def rebuild(self, documents: Iterable[Document], progress: Progress | None = None) -> int:
        """Write a new index and swap it in; the old one answers until then. Returns the number of documents."""

    def status(self) -> Status:
        """How the index is, and what to do about it."""

    def close(self) -> None:
        """Let go of files and connections."""


class Answering(ABC):
    """The half of an engine that all share: questions are answered over the index that :meth:`_index` gives."""

    def __init__(self, synonyms: Synonyms) -> None:
        self.synonyms = synonyms

    @abstractmethod
    def _index(self) -> AbstractContextManager[answering.Index | None]:
        """The index for one question; None while there is none."""

    def query(self, query: Query) -> Answer:
        with self._index() as index:
            return answering.answer(index, query, self.synonyms) if index else Answer()

    def suggest(
        self,
        text: str,
        tokens: Collection[str],
        *,
        kinds: Collection[str] = (),
        limit: int = 5,
        lang: str = "ru",
        mine: str = "",
    ) -> tuple[Group, ...]:
        query = Query(text, frozenset(tokens), frozenset(kinds), lang=lang, per_group=limit, mine=mine)
        with self._index() as index:
            return answering.suggest(index, query, self.synonyms) if index else ()


def open_backend(settings: Settings, db: Database, synonyms: Synonyms = NO_SYNONYMS) -> SearchBackend:
    """The search engine of an installation: ``ACM_SEARCH``, else by the database."""
    name = settings.search_backend
    if name == "postgres":
        from acm.search.postgres_backend import PostgresBackend

        return PostgresBackend(db, synonyms)
    folder = settings.data_dir / "search" / name
    return open_on_disk(name, folder, synonyms)


def open_on_disk(name: str, folder: Path, synonyms: Synonyms = NO_SYNONYMS) -> SearchBackend:
    """An engine that keeps its index in a folder: ``whoosh`` or ``sqlite``."""
    if name == "whoosh":
        from acm.search.whoosh_backend import WhooshBackend

        return WhooshBackend(folder, synonyms)
    if name == "sqlite":
        from acm.search.sqlite_backend import SqliteBackend

        return SqliteBackend(folder, synonyms)
    raise ValueError(f"ACM_SEARCH={name}: there is no such search backend; choose whoosh, sqlite or postgres")
