"""Words: what counts as one, its stem, what the other keyboard layout would have typed.

All engines index and ask for what this module makes of a text, so word forms, ё and case are the same
everywhere. Everything here takes time linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Protocol, cast

LONGEST_WORD = 60
LONGEST_EDGE = 12

# Words joined by hyphens, numbers joined by dots and slashes: `IT-42`, `2-НДФЛ`, `10.0.0.1`. No backtracking.
_LETTERS = r"(?:[^\W_]|[\u0300-\u036f\u00ad\u200b\u2060])+"
_WORD = re.compile(rf"{_LETTERS}(?:(?:[-\u2010\u2011]|(?<=\d)[./](?=\d)){_LETTERS})*")
_PART = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"[a-z]{1,6}-\d{1,12}")
_CYRILLIC = re.compile(r"[а-я]")
_FLEETING = re.compile(r"(?<=[бвгджзклмнпрстфхцчшщ])[ое](?=к$)")
_MARKS = dict.fromkeys(map(ord, "\u0300\u0301\u00ad\u200b\u2060"))

_LATIN_KEYS = "`qwertyuiop[]asdfghjkl;'zxcvbnm,.~QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>"
_RUSSIAN_KEYS = "ёйцукенгшщзхъфывапролджэячсмитьбюЁЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ"
_TO_RUSSIAN = str.maketrans(_LATIN_KEYS, _RUSSIAN_KEYS)
_TO_LATIN = str.maketrans(_RUSSIAN_KEYS, _LATIN_KEYS)

_SAY_NOTHING = (
    "а без бы в во вот да для до же за и из или к как ко ли мне мой моя мы на над не но о об от по под при про с со"
    " так то у что это я a an and are as at be by for from how i in is it my of on or the to with"
)
STOP_WORDS = frozenset(_SAY_NOTHING.split())


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802  (the library's name)


@cache
def _stemmer(language: str) -> _Stemmer:
    import snowballstemmer  # here: it loads forty languages

    return cast(_Stemmer, snowballstemmer.stemmer(language))


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: where it stands and its normal form. ``parts`` are the words joined in it, if any."""

    start: int
    end: int
    normal: str
    parts: tuple[str, ...] = ()


@lru_cache(maxsize=100_000)
def normalise(text: str) -> str:
    """One form for what reads the same: NFKC, lower case, е for ё, no stress marks, no soft hyphens."""
    plain = unicodedata.normalize("NFKC", text).translate(_MARKS).casefold().replace("ё", "е")
    return plain.replace("\u2010", "-").replace("\u2011", "-")


def storable(text: str) -> str:
    """The text without what a database refuses: NUL and halves of surrogate pairs."""
    return text.encode("utf-8", "ignore").decode("utf-8").replace("\x00", "")


def words(text: str) -> Iterator[Word]:
    """The words of a text in order. Joined words come once, with their parts."""
    for found in _WORD.finditer(text):
        normal = normalise(found.group())[:LONGEST_WORD]
        parts = tuple(_PART.findall(normal)) if "-" in normal or "." in normal or "/" in normal else ()
        yield Word(found.start(), found.end(), normal, parts)


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The stem of a normalised word: Russian or English by its script; numbers and codes stay whole.

    Snowball leaves the fleeting vowel of Russian plurals (заявка, заявок); it is dropped from every stem.
    """
    if not word.isalpha():
        return word
    if not _CYRILLIC.match(word):
        return _stemmer("english").stemWord(word) if word.isascii() else word
    found = _stemmer("russian").stemWord(word)
    return _FLEETING.sub("", found) if len(found) > 4 else found


def stems(text: str) -> Iterator[str]:
    """What is indexed of a text, in order: each word's stem; a joined word whole, then each of its parts."""
    for word in words(text):
        if word.parts:
            yield word.normal
            yield from map(stem, word.parts)
        else:
            yield stem(word.normal)


def plain_words(text: str) -> Iterator[str]:
    """Normalised words that a misspelling may be corrected to: letters only, four or more of them."""
    for word in words(text):
        for part in word.parts or (word.normal,):
            if len(part) > 3 and part.isalpha():
                yield part


def edges(text: str) -> Iterator[str]:
    """Normalised words, whole and in parts, whose beginnings quick search answers to."""
    for word in words(text):
        yield word.normal
        yield from word.parts


def is_number(word: str) -> bool:
    """Whether a normalised word is a page's number, such as ``it-42``."""
    return _NUMBER.fullmatch(word) is not None


def other_layout(text: str) -> str | None:
    """The text as the other keyboard layout would have typed it: ``ghbdtn`` for ``привет`` and back.

    None when the letters are of neither or of both alphabets.
    """
    normal = text.casefold()
    has_latin = any("a" <= letter <= "z" for letter in normal)
    has_russian = any("а" <= letter <= "я" or letter == "ё" for letter in normal)
    if has_latin == has_russian:
        return None
    return text.translate(_TO_RUSSIAN if has_latin else _TO_LATIN)
