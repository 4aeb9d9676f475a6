"""What goes into the index and what comes out of it. The engines differ; these words do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from acm.i18n import Message

Kind = Literal["service", "case", "article", "announcement", "page", "person", "term"]

KINDS: tuple[Kind, ...] = ("service", "case", "article", "announcement", "page", "person", "term")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Segments = tuple[tuple[str, bool], ...]
"""A text in pieces: ``(piece, is_match)``. Plain text, escaped where it is shown."""

REQUESTER = "requester"
"""Facet with the ids of the people a case is for; tells *my requests* from other cases."""

MINE = "mine"
"""Kind, in questions and answers only, of the cases that the reader asked for."""


@dataclass(frozen=True)
class Document:
    """One thing that can be found.

    ``tokens`` are made by the door's module: a reader who holds one of them may see the document.
    ``internal_tokens`` do the same for ``internal``, the text of internal comments.
    ``at`` is when it changed last; ``boost`` multiplies its score.
    """

    id: int
    kind: Kind
    key: str
    tokens: frozenset[str]
    number: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    bodies: Mapping[str, str] = field(default_factory=dict)
    keywords: Mapping[str, Sequence[str]] = field(default_factory=dict)
    comments: str = ""
    internal: str = ""
    internal_tokens: frozenset[str] = frozenset()
    facets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    at: datetime = EPOCH
    boost: float = 1.0


@dataclass(frozen=True)
class Removed:
    """The document of this key is no more."""

    key: str


Change = Document | Removed


@dataclass(frozen=True)
class Query:
    """What a reader asks. ``tokens`` are the reader's own and decide what can be found at all.

    Values of one facet are alternatives; different facets narrow. ``exact`` forbids corrections.
    ``mine`` is the reader's id as it stands in the facet :data:`REQUESTER`: those cases form a group of their own,
    and ``mine`` may be chosen among ``kinds``. ``since`` narrows by the moment of change, ``recent`` names moments
    since which changes are counted.
    """

    text: str
    tokens: frozenset[str]
    kinds: frozenset[str] = frozenset()
    facets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    since: datetime | None = None
    recent: Sequence[datetime] = ()
    lang: str = "ru"
    limit: int = 20
    offset: int = 0
    per_group: int = 5
    mine: str = ""
    exact: bool = False


@dataclass(frozen=True)
class Hit:
    """One document found, as it may be shown: ``marked`` is the title, ``extract`` the telling piece of its text."""

    id: int
    key: str
    kind: str
    score: float
    number: str
    title: str
    marked: Segments
    extract: Segments
    at: datetime


@dataclass(frozen=True)
class Group:
    """The best hits of one kind and how many there are. ``kind`` is ``mine`` for the reader's own requests."""

    kind: str
    total: int
    hits: tuple[Hit, ...]


@dataclass(frozen=True)
class Answer:
    """What a question found, counted over what the reader may see and nothing else.

    ``corrected`` is the text that was searched instead of the asked one; ``partial`` says that no document
    holds all words, so those holding some are shown. ``kinds`` counts before the choice of kinds.
    """

    hits: tuple[Hit, ...] = ()
    total: int = 0
    groups: tuple[Group, ...] = ()
    kinds: Mapping[str, int] = field(default_factory=dict)
    facets: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)
    recent: Sequence[int] = ()
    corrected: str | None = None
    partial: bool = False


@dataclass(frozen=True)
class Status:
    """How an index is. ``size`` in bytes; ``advice`` is None when all is well.

    ``is_current`` is False while there is no index, or one of another version, so that it must be rebuilt.
    """

    backend: str
    documents: int
    updated_at: datetime | None
    size: int
    advice: Message | None = None
    is_current: bool = True


def facet_pairs(document: Document) -> tuple[tuple[str, str], ...]:
    """Each ``(name, value)`` of a document's facets but the requesters, in one order."""
    pairs = ((name, value) for name, values in document.facets.items() for value in values if name != REQUESTER)
    return tuple(sorted(set(pairs)))
