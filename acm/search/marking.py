"""Marked words: which piece of a text tells why it was found, and where in it the asked words stand."""

from __future__ import annotations

from collections.abc import Collection

from acm.search.documents import Segments
from acm.search.text import Word, stem, words

EXTRACT = 180
LONGEST_READ = 20_000


def mark(text: str, stems: Collection[str], beginnings: tuple[str, ...] = ()) -> Segments:
    """The text in pieces, with every form of the asked words marked, and words with one of ``beginnings``."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for word in words(text):
        if not _matches(word, stems, beginnings):
            continue
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


def extract(text: str, stems: Collection[str], length: int = EXTRACT) -> Segments:
    """The piece of a text that holds most of the asked words, marked; its beginning when it holds none."""
    text = " ".join(text[:LONGEST_READ].split())
    found = [word for word in words(text) if _matches(word, stems, ())]
    start = _best_start(found, length)
    if start:
        start = _after_blank(text, max(0, start - length // 4))
    piece = text[start : start + length]
    if start + length < len(text):
        piece = piece.rsplit(" ", 1)[0] + "…"
    return mark("…" + piece if start else piece, stems)


def holds(text: str, stems: Collection[str]) -> bool:
    """Whether any asked word stands in the text."""
    return any(_matches(word, stems, ()) for word in words(text[:LONGEST_READ]))


def _best_start(found: list[Word], length: int) -> int:
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


def _matches(word: Word, stems: Collection[str], beginnings: tuple[str, ...]) -> bool:
    if word.parts and (word.normal in stems or any(stem(part) in stems for part in word.parts)):
        return True
    if not word.parts and stem(word.normal) in stems:
        return True
    return bool(beginnings) and (
        word.normal.startswith(beginnings) or any(p.startswith(beginnings) for p in word.parts)
    )
