"""Misspelled words: the nearest words of the index, found by asking it for a bounded number of candidates.

The index answers two questions, :class:`Vocabulary`; what is proposed is checked by the caller against what
the reader may see, because a word of a hidden page must not show in a correction either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

MOST_CANDIDATES = 6
MOST_READ = 3000

_LETTERS = {"ru": "абвгдежзийклмнопрстуфхцчшщъыьэюя", "en": "abcdefghijklmnopqrstuvwxyz"}


class Vocabulary(Protocol):
    """The normalised words of an index, with the number of documents that hold each."""

    def known(self, words: Collection[str]) -> Mapping[str, int]:
        """Those of the words that the index holds."""

    def beginning(self, prefix: str, limit: int) -> Mapping[str, int]:
        """At most ``limit`` words with this beginning."""


def nearest(word: str, vocabulary: Vocabulary) -> list[str]:
    """The words of the index nearest to a normalised word, the likeliest first.

    One slip anywhere from four letters on; two slips, the first two letters being right, from eight on.
    """
    if len(word) < 4 or not word.isalpha():
        return []
    letters = _LETTERS["en" if word.isascii() else "ru"]
    near = dict(vocabulary.known(set(one_slip(word, letters)) - {word}))
    found = sorted(near, key=lambda other: (other[:1] != word[:1], -near[other], other))
    if len(found) < MOST_CANDIDATES and len(word) > 7:
        further = vocabulary.beginning(word[:2], MOST_READ)
        close = [o for o in further if o not in near and o != word and within_two(word, o)]
        found += sorted(close, key=lambda other: (-further[other], other))
    return found[:MOST_CANDIDATES]


def one_slip(word: str, letters: str) -> Iterator[str]:
    """Every text one slip away: a letter missing, doubled, wrong, added, or two swapped."""
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        for letter in letters:
            yield head + letter + tail
            if tail:
                yield head + letter + tail[1:]


def within_two(one: str, other: str) -> bool:
    """Whether at most two insertions, deletions, changes or swaps lead from one word to the other."""
    if abs(len(one) - len(other)) > 2 or len(set(one) ^ set(other)) > 4:  # a slip changes two letters at most
        return False
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, second in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != second))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == second:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > 2:
            return False
    return row[-1] <= 2
