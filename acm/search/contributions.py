"""What search gives to the core: the consumer that feeds the index."""

from __future__ import annotations

from acm.search.backends import SearchBackend
from acm.search.feed import Indexer
from acm.search.synonyms import CORE
from acm.snapshot import Contribution


def contributions(backend: SearchBackend) -> list[Contribution]:
    return [
        Contribution("consumer", "search", Indexer(backend).step),
        Contribution("synonyms", "core", CORE),
    ]
