"""Marked words: which piece of a text tells why it was found, and where in it the asked words stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from acm.search.documents import Segments
from acm.search.text import Word, stem, words

EXTRACT = 180
LONGEST_READ = 5_000

_LOOSE = " .,;:!?-–—…"


@dataclass(frozen=True)
class Marks:
    """What is marked: single stems, stems that stand side by side, and beginnings of words."""

    stems: frozenset[str] = frozenset()
    runs: tuple[tuple[str, ...], ...] = ()
    beginnings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.stems or self.runs or self.beginnings)


def marks_of(options: Iterable[Sequence[str]], beginnings: tuple[str, ...] = ()) -> Marks:
    """Marks for stem sequences: those of one stem are marked wherever they stand."""
    kept = [tuple(option) for option in options]
    runs = tuple(dict.fromkeys(option for option in kept if len(option) > 1))
    return Marks(frozenset(option[0] for option in kept if len(option) == 1), runs, beginnings)


def mark(text: str, marks: Marks) -> Segments:
    """The text in pieces, with every form of the asked words marked and neighbours marked together."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for word in matching(text, marks):
        if pieces and pieces[-1][1] and not text[end : word.start].strip():
            pieces[-1] = (pieces[-1][0] + text[end : word.end], True)
        else:
            if word.start > end:
                pieces.append((text[end : word.start], False))
            pieces.append((text[word.start : word.end], True))
        end = word.end
    if end < len(text):
        pieces.append((text[end:], False))
    return tuple(pieces)


def extract(texts: Iterable[str], marks: Marks, length: int = EXTRACT) -> Segments:
    """The telling piece, marked: of the first text with asked words where most of them stand; else a beginning."""
    first = ""
    for text in texts:
        text = text[:LONGEST_READ]
        if found := matching(text, marks):
            return mark(_piece(text, _best_start(found, length), length), marks)
        first = first or text
    return ((_piece(first, 0, length), False),) if first else ()


def _piece(text: str, start: int, length: int) -> str:
    if start:
        start = _after_blank(text, max(0, start - length // 4))
    piece = text[start : start + length]
    if start + length < len(text):
        piece = piece.rsplit(" ", 1)[0].rstrip(_LOOSE) + "…"
    return "…" + piece if start else piece


def matching(text: str, marks: Marks) -> list[Word]:
    """The words of a text that are marked, in order."""
    if not marks:
        return []
    found = list(words(text))
    chosen = {at for at, word in enumerate(found) if _matches(word, marks)}
    if marks.runs:
        chosen |= _in_runs(found, marks.runs)
    return [found[at] for at in sorted(chosen)]


def _matches(word: Word, marks: Marks) -> bool:
    own = {word.normal, *map(stem, word.parts)} if word.parts else {stem(word.normal)}
    if not marks.stems.isdisjoint(own):
        return True
    starts = marks.beginnings
    return bool(starts) and (word.normal.startswith(starts) or any(part.startswith(starts) for part in word.parts))


def _in_runs(found: Sequence[Word], runs: Iterable[Sequence[str]]) -> set[int]:
    """Places of words that stand side by side as one of the runs; joined words count as their parts."""
    row: list[tuple[str, int]] = []
    for at, word in enumerate(found):
        row += [(stem(part), at) for part in word.parts or (word.normal,)]
    chosen: set[int] = set()
    for run in runs:
        wanted = [one for one in run if "-" not in one] or list(run)
        for at in range(len(row) - len(wanted) + 1):
            if all(row[at + step][0] == one for step, one in enumerate(wanted)):
                chosen.update(row[at + step][1] for step in range(len(wanted)))
    return chosen


def _best_start(found: Sequence[Word], length: int) -> int:
    """Where the window with the most different asked words begins."""
    best, best_start, last = 0, 0, 0
    for first, word in enumerate(found):
        last = max(last, first)
        while last + 1 < len(found) and found[last + 1].end - word.start <= length * 3 // 4:
            last += 1
        kinds = len({stem(other.normal) for other in found[first : min(last, first + 30) + 1]})
        if kinds > best:
            best, best_start = kinds, word.start
    return best_start


def _after_blank(text: str, start: int) -> int:
    blank = text.find(" ", start, start + 40)
    return blank + 1 if start and blank >= 0 else start
