"""From a question to an answer, the same for every engine: ask, correct, ask again, count, group, mark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import nlargest
from typing import NamedTuple, Protocol

from acm.search.documents import KINDS, MINE, Answer, Group, Hit, Query
from acm.search.marking import Marks, extract, mark, marks_of
from acm.search.question import Clause, Question, Synonyms, ask, typed
from acm.search.spelling import Vocabulary, nearest
from acm.search.text import LONGEST_EDGE, normalise, other_layout, stem, words

MOST_CORRECTED = 4
MOST_MATCHES = 20_000
"""Matches an engine reads at most; above it counts are this number."""

Pairs = Sequence[tuple[str, str]]


class Match(NamedTuple):
    """A visible document that matches: its place in the index and what is counted and sorted by."""

    ref: int
    score: float
    kind: str
    at: float
    facets: int
    requesters: str


@dataclass(frozen=True)
class Stored:
    """What an index keeps of a document in order to show it. ``internal`` is empty unless the reader may read it."""

    id: int
    key: str
    kind: str
    number: str
    titles: Mapping[str, str]
    bodies: Mapping[str, str]
    comments: str
    internal: str
    at: datetime


class Index(Vocabulary, Protocol):
    """What an engine does itself, always for the holder of ``tokens`` alone."""

    def matches(self, question: Question, tokens: Collection[str], *, every: bool) -> list[Match]:
        """Documents with every wanted clause (or with any), without the unwanted ones; all when nothing is asked."""

    def starting(self, words: Sequence[Clause], tokens: Collection[str]) -> list[Match]:
        """Documents in whose titles, numbers and keywords each word stands, or begins one."""

    def has(self, clause: Clause, tokens: Collection[str]) -> bool:
        """Whether any document matches the clause."""

    def pairs(self, facets: Collection[int]) -> Mapping[int, Pairs]:
        """The ``(name, value)`` pairs behind the facet numbers of matches."""

    def stored(self, refs: Collection[int], tokens: Collection[str]) -> Mapping[int, Stored]:
        """The documents at these places."""


def answer(index: Index, query: Query, synonyms: Synonyms) -> Answer:
    """Answer a question; when nothing holds all its words, try corrected words, then documents holding some."""
    question = ask(query.text, synonyms)
    if question.text and not question.wanted and not question.unwanted:
        return Answer()
    matches = index.matches(question, query.tokens, every=True)
    if matches or query.exact or not question.wanted:
        return _answer(index, question, query, matches)
    corrected = correct(index, query, synonyms)
    if corrected:
        question = ask(corrected, synonyms)
        matches = index.matches(question, query.tokens, every=True)
    if matches or len(question.wanted) == 1:
        return replace(_answer(index, question, query, matches), corrected=corrected if matches else None)
    matches = index.matches(question, query.tokens, every=False)
    return replace(_answer(index, question, query, matches), corrected=corrected, partial=bool(matches))


def suggest(index: Index, query: Query, synonyms: Synonyms) -> tuple[Group, ...]:
    """Quick hits while a reader types: words as typed so far, then in the other layout, then corrected."""
    for text in (query.text, other_layout(query.text), None):
        text = correct(index, query, synonyms) if text is None else text
        clauses = typed(text or "", synonyms)
        if clauses and (matches := index.starting(clauses, query.tokens)):
            question = Question(text or "", clauses)
            beginnings = tuple(normalise(clause.surface)[:LONGEST_EDGE] for clause in clauses)
            return _answer(index, question, replace(query, limit=0), matches, beginnings).groups
    return ()


def correct(index: Index, query: Query, synonyms: Synonyms) -> str | None:
    """The question with each unknown word replaced by one that finds something the reader may see."""
    chunks = query.text.split()
    corrected = 0
    for at, chunk in enumerate(chunks):
        if chunk.startswith("-") or corrected == MOST_CORRECTED:
            continue
        clauses = ask(chunk, synonyms).wanted
        if clauses and all(index.has(clause, query.tokens) for clause in clauses):
            continue
        if better := _better(chunk, index, query.tokens, synonyms):
            chunks[at], corrected = better, corrected + 1
    return " ".join(chunks) if corrected else None


def _better(chunk: str, index: Index, tokens: Collection[str], synonyms: Synonyms) -> str | None:
    swapped = other_layout(chunk)
    if swapped:
        clauses = ask(swapped, synonyms).wanted
        if clauses and all(index.has(clause, tokens) for clause in clauses):
            return swapped
    return _respelled(chunk, index, tokens) or (_respelled(swapped, index, tokens) if swapped else None)


def _respelled(chunk: str, index: Index, tokens: Collection[str]) -> str | None:
    """The chunk with its unknown words replaced by the nearest that the reader can find."""
    text, end, changed = "", 0, False
    for word in words(chunk):
        own = stem(word.normal)
        if not index.has(Clause(word.normal, ((own,),)), tokens):
            near = (o for o in nearest(word.normal, index) if index.has(Clause(o, ((stem(o),),)), tokens))
            found = next(near, None)
            if found is None:
                return None
            text, end, changed = text + chunk[end : word.start] + found, word.end, True
    return text + chunk[end:] if changed else None


def _answer(
    index: Index, question: Question, query: Query, matches: Iterable[Match], beginnings: tuple[str, ...] = ()
) -> Answer:
    """Count, sort and group the matches; read and mark only what is shown."""
    matches = _narrowed(index, query, list(matches))
    by_kind: dict[str, list[Match]] = {}
    for match in matches:
        by_kind.setdefault(_kind(match, query.mine), []).append(match)
    chosen = matches
    if query.kinds:
        chosen = [match for match in matches if match.kind in query.kinds or _kind(match, query.mine) in query.kinds]
    best = nlargest(query.offset + query.limit, chosen, key=_rank)[query.offset :]
    order = [kind for kind in ("service", MINE, *KINDS[1:]) if by_kind.get(kind)]
    led = [kind for kind in order if not query.kinds or kind in query.kinds or (kind == MINE and "case" in query.kinds)]
    leading = {kind: nlargest(query.per_group, by_kind[kind], key=_rank) for kind in led}
    shown = {match.ref: match for match in [*best, *(match for some in leading.values() for match in some)]}
    stored = index.stored(shown.keys(), query.tokens) if shown else {}
    marks = marks_of(question.options, beginnings)
    hits = {ref: _hit(stored[ref], match, marks, query.lang) for ref, match in shown.items() if ref in stored}
    return Answer(
        hits=tuple(hits[match.ref] for match in best if match.ref in hits),
        total=len(chosen),
        groups=tuple(
            Group(kind, len(by_kind[kind]), tuple(hits[match.ref] for match in leading[kind] if match.ref in hits))
            for kind in led
        ),
        kinds={kind: len(by_kind[kind]) for kind in order},
        facets=_facets(index, chosen),
        recent=tuple(sum(match.at >= moment.timestamp() for match in chosen) for moment in query.recent),
    )


def _narrowed(index: Index, query: Query, matches: list[Match]) -> list[Match]:
    if query.since:
        since = query.since.timestamp()
        matches = [match for match in matches if match.at >= since]
    if not query.facets:
        return matches
    wanted = {name: set(values) for name, values in query.facets.items()}
    pairs = index.pairs({match.facets for match in matches})
    allowed = {
        number
        for number in {match.facets for match in matches}
        if all(any(name == n and value in values for n, value in pairs[number]) for name, values in wanted.items())
    }
    return [match for match in matches if match.facets in allowed]


def _facets(index: Index, matches: Sequence[Match]) -> dict[str, tuple[tuple[str, int], ...]]:
    numbers = Counter(match.facets for match in matches)
    pairs = index.pairs(numbers.keys())
    counts: dict[str, dict[str, int]] = {}
    for number, count in numbers.items():
        for name, value in pairs.get(number, ()):
            values = counts.get(name)
            if values is None:
                values = counts[name] = {}
            values[value] = values.get(value, 0) + count
    return {name: tuple(sorted(c.items(), key=lambda pair: (-pair[1], pair[0]))) for name, c in sorted(counts.items())}


def _kind(match: Match, mine: str) -> str:
    return MINE if mine and match.kind == "case" and f" {mine} " in match.requesters else match.kind


def _rank(match: Match) -> tuple[float, float]:
    return match.score, match.at


def _hit(found: Stored, match: Match, marks: Marks, lang: str) -> Hit:
    title = found.titles.get(lang) or next((text for text in found.titles.values() if text), found.number)
    marked = mark(title, marks)
    return Hit(
        id=found.id,
        key=found.key,
        kind=found.kind,
        score=match.score,
        number=found.number,
        title=title,
        marked=marked,
        extract=extract(_texts(found, lang, any(is_match for _, is_match in marked)), marks),
        at=found.at,
    )


def _texts(found: Stored, lang: str, title_tells: bool) -> list[str]:
    """The texts that may tell why a document was found: the reader's language first, another at need."""
    own = found.bodies.get(lang, "")
    others = [text for other, text in found.bodies.items() if other != lang and not (title_tells and own)]
    return [text for text in (own, found.comments, found.internal, *others) if text]
