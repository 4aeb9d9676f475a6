"""What changed between two texts, word by word. Gives pieces, never markup: the template marks and escapes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

WORDS = re.compile(r"\s+|\w+|[^\w\s]")
MOST_LINES = 4_000
MOST_WORDS = 3_000
NEAR_LINES = 2

Kind = Literal["same", "added", "removed", "skipped"]


@dataclass(frozen=True)
class Piece:
    """A run of text that stayed, came or went; ``skipped`` stands for lines that stayed and are left out."""

    kind: Kind
    text: str


def word_diff(before: str, after: str) -> list[Piece]:
    """The pieces of both texts in order. Texts that are too long to compare word by word are compared by line."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    if len(old) > MOST_LINES or len(new) > MOST_LINES:
        return _merged(_replaced(before, after))
    return _merged(_by_line(old, new))


def shortened(pieces: list[Piece], near: int = NEAR_LINES) -> list[Piece]:
    """The same without long unchanged parts: a few lines are kept around each change."""
    result: list[Piece] = []
    for place, piece in enumerate(pieces):
        lines = piece.text.splitlines(keepends=True)
        first, last = place == 0, place == len(pieces) - 1
        head, tail = (0 if first else near), (0 if last else near)
        if piece.kind != "same" or len(lines) <= head + tail + 1:
            result.append(piece)
            continue
        if head:
            result.append(Piece("same", "".join(lines[:head])))
        result.append(Piece("skipped", ""))
        if tail:
            result.append(Piece("same", "".join(lines[-tail:])))
    return result


def _by_line(old: list[str], new: list[str]) -> Iterator[Piece]:
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        before, after = "".join(old[i:j]), "".join(new[k:m])
        if tag == "equal":
            yield Piece("same", after)
        else:
            yield from _by_word(before, after)


def _by_word(before: str, after: str) -> Iterator[Piece]:
    old, new = WORDS.findall(before), WORDS.findall(after)
    if len(old) > MOST_WORDS or len(new) > MOST_WORDS:
        yield from _replaced(before, after)
        return
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Piece("same", "".join(new[k:m]))
        else:
            yield from _replaced("".join(old[i:j]), "".join(new[k:m]))


def _replaced(before: str, after: str) -> Iterator[Piece]:
    if before:
        yield Piece("removed", before)
    if after:
        yield Piece("added", after)


def _merged(pieces: Iterator[Piece]) -> list[Piece]:
    """Neighbours of one kind as one piece."""
    result: list[Piece] = []
    for piece in pieces:
        if result and result[-1].kind == piece.kind:
            result[-1] = Piece(piece.kind, result[-1].text + piece.text)
        else:
            result.append(piece)
    return result
