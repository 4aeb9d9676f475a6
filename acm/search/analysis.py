"""What every engine indexes of a document: the same stems in the same four fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from acm.search.documents import REQUESTER, Document
from acm.search.text import LONGEST_EDGE, edges, plain_words, stems, storable

LONGEST_BODY = 50_000
LONGEST_STORED = 8_000
SPELLED = 2_000

WEIGHTS = (8.0, 4.0, 1.0, 0.5)
"""Weight of a match in ``head`` (titles, number), ``tags`` (keywords), ``body`` (with comments), ``internal``."""

VERSION = 2
"""Of this analysis. An index of another version is rebuilt."""


@dataclass(frozen=True)
class Analysed:
    """A document as stems. ``edges`` are words whose beginnings match; ``spelled`` feeds corrections."""

    head: Sequence[str]
    tags: Sequence[str]
    body: Sequence[str]
    internal: Sequence[str]
    edges: frozenset[str]
    spelled: frozenset[str]


def analysed(document: Document) -> Analysed:
    """Take a document apart. Texts beyond :data:`LONGEST_BODY` characters are cut."""
    titles = [*document.titles.values(), document.number]
    tags = [word for words in document.keywords.values() for word in words]
    bodies = [text[:LONGEST_BODY] for text in document.bodies.values()]
    head, tag_stems = _stems(titles), _stems(tags)
    return Analysed(
        head=head,
        tags=tag_stems,
        body=_stems([*bodies, document.comments[:LONGEST_BODY]]),
        internal=_stems([document.internal[:LONGEST_BODY]]),
        edges=frozenset(chain(head, tag_stems, *map(edges, titles), *map(edges, tags))),
        spelled=frozenset(chain(*map(plain_words, [*titles, *tags, *(body[:SPELLED] for body in bodies)]))),
    )


def beginnings(words: Iterable[str]) -> set[str]:
    """Every beginning of the words, up to :data:`LONGEST_EDGE` letters."""
    return {word[:length] for word in words for length in range(1, min(len(word), LONGEST_EDGE) + 1)}


def requesters(document: Document) -> str:
    """The requesters' ids between blanks, so that one is found by its blanks."""
    return " ".join(["", *document.facets.get(REQUESTER, ()), ""])


def stored(text: str) -> str:
    """What is kept of a text for extracts: on one line."""
    return storable(" ".join(text[:LONGEST_STORED].split()))


def _stems(texts: Iterable[str]) -> list[str]:
    return [word for text in texts for word in stems(text)]
