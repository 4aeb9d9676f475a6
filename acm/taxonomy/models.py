"""Vocabularies and their terms, flat or as a tree."""

from __future__ import annotations

from sqlalchemy import Boolean, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from acm.db import Base, Json
from acm.i18n import words


class Vocabulary(Base):
    """A named set of terms. ``facet`` offers it as a filter in search and queues."""

    __tablename__ = "vocabulary"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    names: Mapped[dict[str, str]] = mapped_column(Json)
    tree: Mapped[bool] = mapped_column(Boolean, default=False)
    facet: Mapped[bool] = mapped_column(Boolean, default=True)
    plugin: Mapped[str] = mapped_column(String(40), default="core")


class Term(Base):
    """One value of a vocabulary, with a page of its own. A merged term leads to the one that took its place."""

    __tablename__ = "term"
    __table_args__ = (UniqueConstraint("vocabulary_id", "key"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    vocabulary_id: Mapped[int] = mapped_column(ForeignKey("vocabulary.id"))
    key: Mapped[str] = mapped_column(String(80))
    names: Mapped[dict[str, str]] = mapped_column(Json)
    descriptions: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("term.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("term.id"))
    order: Mapped[int] = mapped_column("sort", Integer, default=100)

    vocabulary: Mapped[Vocabulary] = relationship()
    parent: Mapped[Term | None] = relationship(remote_side=[id], foreign_keys=[parent_id])

    def name(self, lang: str) -> str:
        return words(self.names, lang)
