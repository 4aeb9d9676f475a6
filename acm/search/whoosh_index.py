"""Reading a Whoosh index: postings scored by BM25, with what is counted and sorted by held in memory.

Whoosh's own query tree spends most of its time on nested matchers. We need little of it (each clause is a few
terms in four fields), so postings are summed up directly, documents the reader may not see being skipped first.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from math import log
from typing import Any

from whoosh.reading import IndexReader, TermNotFound

from acm.search.analysis import WEIGHTS
from acm.search.answering import MOST_MATCHES, Match, Pairs, Stored
from acm.search.question import Clause, Question, Stems
from acm.search.text import LONGEST_EDGE, normalise

PUBLIC = ("head", "tags", "body")
FIELDS = (*PUBLIC, "internal")

_WEIGHT = dict(zip(FIELDS, WEIGHTS, strict=True))
_K1, _B = 1.2, 0.75
_MOST_MASKS = 64

Scores = dict[int, float]


class Facets:
    """Numbers for sets of facets, the same for all segments of one process."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[tuple[str, str], ...], int] = {}
        self._pairs: list[Pairs] = []

    def number(self, pairs: Sequence[Sequence[str]]) -> int:
        known = tuple((name, value) for name, value in pairs)
        if known not in self._numbers:
            self._numbers[known] = len(self._pairs)
            self._pairs.append(known)
        return self._numbers[known]

    def pairs(self, number: int) -> Pairs:
        return self._pairs[number]


@dataclass
class Segment:
    """What is held in memory of one immutable segment; deletions are the reader's affair."""

    kinds: list[str]
    moments: list[float]
    boosts: list[float]
    facets: list[int]
    requesters: list[str]
    lengths: dict[str, list[int]]
    masks: dict[tuple[str, frozenset[str]], bytearray] = field(default_factory=dict)
    spelled: dict[str, int] | None = None

    def words(self, leaf: IndexReader) -> dict[str, int]:
        """The words that a misspelling may be corrected to, in order, with how many documents hold each: read once."""
        if self.spelled is None:
            self.spelled = {term.decode(): info.doc_frequency() for term, info in leaf.iter_field("spelled")}
        return self.spelled

    def average(self, name: str) -> float:
        lengths = self.lengths[name]
        return max(1.0, sum(lengths) / max(1, len(lengths)))


def load(reader: IndexReader, facets: Facets) -> Segment:
    """Read a segment's columns once."""
    column = reader.column_reader("about")
    rows = [json.loads(column[number] or b"null") or _NOTHING for number in range(reader.doc_count_all())]
    return Segment(
        kinds=[row[0] for row in rows],
        moments=[row[1] for row in rows],
        boosts=[row[2] for row in rows],
        facets=[facets.number(row[3]) for row in rows],
        requesters=[row[4] for row in rows],
        lengths={name: [row[5][at] for row in rows] for at, name in enumerate(FIELDS)},
    )


_NOTHING: list[Any] = ["", 0.0, 0.0, [], "", [0, 0, 0, 0]]


class WhooshIndex:
    """What one reader asks of the index. Not for two threads at once: Whoosh's files have one position."""

    def __init__(self, reader: IndexReader, segments: Mapping[str, Segment], facets: Facets) -> None:
        self._reader = reader
        self._facets = facets
        self._leaves = [(leaf, offset, segments[leaf.segment().segment_id()]) for leaf, offset in reader.leaf_readers()]
        self._documents = max(1, reader.doc_count())

    def matches(self, question: Question, tokens: Collection[str], *, every: bool) -> list[Match]:
        held = frozenset(tokens)
        found: list[Match] = []
        for leaf, offset, segment in self._leaves:
            if question.wanted:
                scores = self._wanted(question, leaf, segment, held, every=every)
            else:
                scores = dict.fromkeys(_seen(leaf, segment, "tokens", held), 1.0)
            for clause in question.unwanted:
                for number in self._clause(clause, leaf, segment, held):
                    scores.pop(number, None)
            found += _rows(scores, offset, segment)
        return found[-MOST_MATCHES:]

    def starting(self, words: Sequence[Clause], tokens: Collection[str]) -> list[Match]:
        held = frozenset(tokens)
        found: list[Match] = []
        for leaf, offset, segment in self._leaves:
            mask = _mask(leaf, segment, "tokens", held)
            all_scores: Scores | None = None
            for clause in words:
                terms = {normalise(clause.surface)[:LONGEST_EDGE], *(o[0] for o in clause.options if len(o) == 1)}
                scores: Scores = {}
                for term in terms:
                    for number in _numbers(leaf, "edge", term):
                        if mask[number]:
                            scores[number] = 1.0 / (3 + segment.lengths["head"][number])
                all_scores = scores if all_scores is None else {n: s for n, s in all_scores.items() if n in scores}
            found += _rows(all_scores or {}, offset, segment)
        return found[-MOST_MATCHES:]

    def has(self, clause: Clause, tokens: Collection[str]) -> bool:
        held = frozenset(tokens)
        return any(self._clause(clause, leaf, segment, held) for leaf, _offset, segment in self._leaves)

    def known(self, words: Collection[str]) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for leaf, _, segment in self._leaves:
            there = segment.words(leaf)
            for word in there.keys() & words:
                found[word] = found.get(word, 0) + there[word]
        return found

    def beginning(self, prefix: str, limit: int) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for leaf, _, segment in self._leaves:
            there = segment.words(leaf)
            for word in islice((word for word in there if word.startswith(prefix)), limit):
                found[word] = found.get(word, 0) + there[word]
        return found

    def pairs(self, facets: Collection[int]) -> Mapping[int, Pairs]:
        return {number: self._facets.pairs(number) for number in facets}

    def stored(self, refs: Collection[int], tokens: Collection[str]) -> Mapping[int, Stored]:
        held = frozenset(tokens)
        return {ref: self._stored(ref, held) for ref in refs}

    def _stored(self, ref: int, held: frozenset[str]) -> Stored:
        kept = self._reader.stored_fields(ref)["content"]
        return Stored(
            id=kept["id"],
            key=kept["key"],
            kind=kept["kind"],
            number=kept["number"],
            titles=kept["titles"],
            bodies=kept["bodies"],
            comments=kept["comments"],
            internal=kept["internal"] if held.intersection(kept["internal_tokens"]) else "",
            at=datetime.fromtimestamp(kept["at"], UTC),
        )

    def _wanted(
        self, question: Question, leaf: IndexReader, segment: Segment, held: frozenset[str], *, every: bool
    ) -> Scores:
        total: Scores | None = None
        for clause in question.wanted:
            scores = self._clause(clause, leaf, segment, held)
            if total is None:
                total = scores
            elif every:
                total = {number: score + scores[number] for number, score in total.items() if number in scores}
            else:
                for number, score in scores.items():
                    total[number] = total.get(number, 0.0) + score
            if every and not total:
                break
        return total or {}

    def _clause(self, clause: Clause, leaf: IndexReader, segment: Segment, held: frozenset[str]) -> Scores:
        """Visible documents with any option of a clause in what the reader may read, with their scores."""
        scores: Scores = {}
        seen = _mask(leaf, segment, "tokens", held)
        for name in FIELDS:
            for option in clause.options:
                if not (postings := list(_postings(leaf, name, option, seen))):
                    continue
                inner = _mask(leaf, segment, "internal_tokens", held) if name == "internal" else seen
                rarity = _WEIGHT[name] * self._rarity(name, option)
                lengths, average = segment.lengths[name], segment.average(name)
                for number, times in postings:
                    if inner[number]:
                        length = _K1 * (1 - _B + _B * lengths[number] / average)
                        scores[number] = scores.get(number, 0.0) + rarity * times * (_K1 + 1) / (times + length)
        return scores

    def _rarity(self, name: str, option: Stems) -> float:
        """Inverse document frequency of the rarest stem over the whole index."""
        count = min(sum(leaf.doc_frequency(name, word) for leaf, _, _ in self._leaves) for word in option)
        return log(1 + (self._documents - count + 0.5) / (count + 0.5))


def _postings(leaf: IndexReader, name: str, option: Stems, seen: bytearray) -> Iterator[tuple[int, float]]:
    """The visible documents of a segment that hold the stems side by side in a field, and how often."""
    if any((name, word) not in leaf for word in option):
        return
    if len(option) > 1:
        yield from _phrase(leaf, name, option, seen)
        return
    matcher = leaf.postings(name, option[0])
    while matcher.is_active():
        number = matcher.id()
        if seen[number]:
            yield number, matcher.weight()
        matcher.next()


def _phrase(leaf: IndexReader, name: str, option: Stems, seen: bytearray) -> Iterator[tuple[int, float]]:
    ends: dict[int, set[int]] | None = None
    for word in option:
        further: dict[int, set[int]] = {}
        matcher = leaf.postings(name, word)
        while matcher.is_active():
            number = matcher.id()
            if seen[number] and (ends is None or number in ends):
                places = set(matcher.value_as("positions"))
                if ends is not None:
                    places = {place for place in places if place - 1 in ends[number]}
                if places:
                    further[number] = places
            matcher.next()
        ends = further
    for number, places in (ends or {}).items():
        yield number, float(len(places))


def _numbers(leaf: IndexReader, name: str, term: str) -> Iterator[int]:
    try:
        yield from leaf.postings(name, term).all_ids()
    except TermNotFound:
        return


def _mask(leaf: IndexReader, segment: Segment, name: str, held: frozenset[str]) -> bytearray:
    """One byte for each document of a segment: whether the reader holds one of its tokens."""
    known = segment.masks.get((name, held))
    if known is None:
        known = bytearray(leaf.doc_count_all())
        for token in held:
            for number in _numbers(leaf, name, token):
                known[number] = 1
        while len(segment.masks) >= _MOST_MASKS:
            segment.masks.pop(next(iter(segment.masks)))
        segment.masks[name, held] = known
    return known


def _seen(leaf: IndexReader, segment: Segment, name: str, held: frozenset[str]) -> Iterator[int]:
    mask = _mask(leaf, segment, name, held)
    return (number for number in leaf.all_doc_ids() if mask[number])


def _rows(scores: Scores, offset: int, segment: Segment) -> list[Match]:
    kinds, moments, boosts, facets, requesters = (
        segment.kinds,
        segment.moments,
        segment.boosts,
        segment.facets,
        segment.requesters,
    )
    return [
        Match(offset + n, score * boosts[n], kinds[n], moments[n], facets[n], requesters[n])
        for n, score in scores.items()
    ]
