"""What the core, the catalogue and plugins declare of vocabularies: contributions to the point ``vocabulary``."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator


class TermDefinition(BaseModel):
    """One declared term. ``key`` is for ever; in a tree ``parent`` is the key of the term above."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    names: dict[str, str]
    descriptions: dict[str, str] = {}
    parent: str = ""
    order: int = 100


class VocabularyDefinition(BaseModel):
    """A declared vocabulary. ``facet`` offers it as a filter in search and in queues."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    names: dict[str, str]
    tree: bool = False
    facet: bool = True
    terms: tuple[TermDefinition, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        known: set[str] = set()
        for term in self.terms:
            if term.key in known:
                raise ValueError(f"vocabulary {self.key}: term {term.key!r} is declared twice")
            if term.parent and not self.tree:
                raise ValueError(f"vocabulary {self.key}: term {term.key!r} has a parent, but this is no tree")
            if term.parent and term.parent not in known:
                raise ValueError(f"vocabulary {self.key}: the parent of {term.key!r} must be declared before it")
            known.add(term.key)
        return self
