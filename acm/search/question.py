"""The language a reader may ask in: words, "a phrase" and -not. No syntax of an engine can be reached by it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from acm.search.text import STOP_WORDS, is_number, normalise, stem, stems, words

LONGEST_QUESTION = 200
MOST_CLAUSES = 12
MOST_OPTIONS = 8

Stems = tuple[str, ...]
"""Stems that stand next to each other; mostly one."""

_PIECE = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')


@dataclass(frozen=True)
class Clause:
    """One thing wanted or unwanted: any of ``options`` will do. ``surface`` is what was typed for it."""

    surface: str
    options: tuple[Stems, ...]


@dataclass(frozen=True)
class Question:
    """A question taken apart. Every ``wanted`` clause must be met and no ``unwanted`` one."""

    text: str
    wanted: tuple[Clause, ...] = ()
    unwanted: tuple[Clause, ...] = ()

    @property
    def options(self) -> list[Stems]:
        """Every stem sequence that was asked for: what is marked in the texts found."""
        return [option for clause in self.wanted for option in clause.options]


@dataclass(frozen=True)
class Synonyms:
    """Words that mean the same: each stem sequence to those that may stand for it."""

    options: Mapping[Stems, tuple[Stems, ...]] = field(default_factory=dict)

    def of(self, sequence: Stems) -> tuple[Stems, ...]:
        return self.options.get(sequence, ())


def synonyms(groups: Iterable[Iterable[str]]) -> Synonyms:
    """Synonyms from groups of words or short phrases that mean the same."""
    options: dict[Stems, dict[Stems, None]] = {}
    for group in groups:
        forms = list(dict.fromkeys(found for text in group if (found := tuple(stems(text)))))
        for form in forms:
            options.setdefault(form, {}).update(dict.fromkeys(other for other in forms if other != form))
    return Synonyms({form: tuple(others)[:MOST_OPTIONS] for form, others in options.items()})


NO_SYNONYMS = Synonyms()


def ask(text: str, known: Synonyms = NO_SYNONYMS) -> Question:
    """Take a question apart. Too long a text is cut; words that say nothing are left out unless alone."""
    if len(text) > LONGEST_QUESTION:
        text = text[:LONGEST_QUESTION].rsplit(None, 1)[0]
    wanted: dict[Clause, None] = {}
    unwanted: dict[Clause, None] = {}
    for minus, phrase, chunk in _PIECE.findall(text):
        found = [_phrase(phrase)] if phrase else _words(chunk, known)
        (unwanted if minus else wanted).update(dict.fromkeys(clause for clause in found if clause))
    telling = [clause for clause in wanted if normalise(clause.surface) not in STOP_WORDS] or list(wanted)
    return Question(text.strip(), tuple(_joined(telling, known)[:MOST_CLAUSES]), tuple(unwanted)[:MOST_CLAUSES])


def typed(text: str, known: Synonyms = NO_SYNONYMS) -> tuple[Clause, ...]:
    """Words typed so far, each alone: the beginning of a question that has no phrases yet. Small words are left out."""
    clauses = [clause for clause in _words(text[:LONGEST_QUESTION], known) if clause]
    telling = [clause for clause in clauses[:-1] if normalise(clause.surface) not in STOP_WORDS]
    return tuple(dict.fromkeys([*telling, *clauses[-1:]]))[:MOST_CLAUSES]


def _phrase(text: str) -> Clause | None:
    sequence = tuple(stems(text))[:MOST_CLAUSES]
    return Clause(text, (sequence,)) if sequence else None


def _words(chunk: str, known: Synonyms) -> list[Clause | None]:
    """The clauses of a piece without blanks: a code whole, other joined words whole or side by side."""
    clauses: list[Clause | None] = []
    for word in words(chunk):
        surface = chunk[word.start : word.end]
        own: Stems = (word.normal,) if word.parts else (stem(word.normal),)
        options: dict[Stems, None] = {own: None}
        if word.parts and not is_number(word.normal):
            options[tuple(map(stem, word.parts))] = None
        options.update(dict.fromkeys(known.of(own)))
        clauses.append(Clause(surface, tuple(options)[:MOST_OPTIONS]))
    return clauses


def _joined(clauses: list[Clause], known: Synonyms) -> list[Clause]:
    """Neighbours that a synonym of several words covers become one clause: `рабочее место` for `компьютер`."""
    joined: list[Clause] = []
    at = 0
    while at < len(clauses):
        first = clauses[at]
        for length in (3, 2):
            run = clauses[at : at + length]
            whole: Stems = tuple(word for clause in run for word in clause.options[0])
            if len(run) == length and (others := known.of(whole)):
                first = Clause(" ".join(clause.surface for clause in run), (whole, *others)[:MOST_OPTIONS])
                at += length - 1
                break
        joined.append(first)
        at += 1
    return joined
