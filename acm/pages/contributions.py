"""What pages bring to the core's extension points."""

from __future__ import annotations

from acm.pages import event_words
from acm.pages.kinds import TYPES
from acm.snapshot import Contribution


def contributions() -> list[Contribution]:
    return [
        *(Contribution("page_type", definition.key, definition) for definition in TYPES),
        *(Contribution("event_words", kind, words) for kind, words in event_words.WORDS.items()),
    ]
