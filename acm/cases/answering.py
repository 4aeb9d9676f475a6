"""Correcting the answers of a case: the questions of the form it was filed with, by the rules of filing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.cases.models import Case
from acm.db import encode
from acm.errors import Stale
from acm.journal import Origin
from acm.pages.answers import Answers, Asking, read_answers
from acm.pages.files import files_of
from acm.pages.models import File, Page
from acm.pages.showing import show_answers, single_values
from acm.pages.typed import as_typed, drop_file
from acm.pages.types import Field, FieldKind
from acm.pages.visibility import through
from acm.people.signin import Viewer


@dataclass
class Correcting:
    """The answers of a case in the hands of somebody who works it; ``typed`` begins with what stands there."""

    session: Session
    case: Case
    viewer: Viewer
    lang: str
    now: datetime

    @property
    def seen(self) -> str:
        """What the answers were when the page was read."""
        return sha256(encode(self.case.fields).encode()).hexdigest()[:16]

    @cached_property
    def form(self) -> tuple[Field, ...]:
        """The questions, but for those whose answer names a page that is hidden from this person."""
        return tuple(f for f in self.case.form if self._named(f) <= self._numbers.keys())

    @cached_property
    def files(self) -> list[File]:
        """The files that answer a question."""
        return [file for file in files_of(self.session, self.case, self.viewer.grants) if file.field]

    @cached_property
    def typed(self) -> dict[str, Any]:
        typed = as_typed(self.form, self.case.fields, self.viewer.zone, self._numbers)
        there = {file.id for file in self.files}
        for one, value in single_values(self.form, self.case.fields):
            if one.kind is FieldKind.FILE and value not in there:
                drop_file(typed, value)
        return typed | self._files_by_question()

    @cached_property
    def answers(self) -> Answers:
        asking = Asking(
            self.session, self.viewer.grants, self.lang, self.viewer.zone, self.now, requester=self.case.requester,
            beneficiary=self.case.beneficiary, before=self.case.fields, internal=True, page=self.case,
        )  # fmt: skip
        return read_answers(self.form, self.typed, asking)

    def take(self, given: Mapping[str, Any]) -> None:
        """Take what was typed instead of what stood there."""
        self.typed.update(given)
        self.__dict__.pop("answers", None)

    def forget_files(self) -> None:
        """Look again which files there are, after some came or went."""
        self.__dict__.pop("files", None)
        self.take(self._files_by_question())

    def require_seen(self, seen: str) -> None:
        """Raise :class:`Stale` with both texts of every answer that differs when somebody saved meanwhile."""
        if seen != self.seen:
            theirs, yours = self._told(self.case.fields), self._told(self.answers.values)
            differ = [key for key in theirs | yours if theirs.get(key) != yours.get(key)]
            raise Stale(
                theirs={key: theirs.get(key, "") for key in differ},
                yours={key: yours.get(key, "") for key in differ},
                version=self.case.version,
            )

    def save(self, origin: Origin) -> None:
        """Write what changed, each with its event; :class:`acm.errors.Invalid` when an answer cannot be taken."""
        values = self.answers.or_refuse()
        for asked in self.form:
            self.case.answer(asked.key, values.get(asked.key), origin)

    def _told(self, values: Mapping[str, Any]) -> dict[str, str]:
        shown = show_answers(
            self.session, self.form, values, grants=self.viewer.grants, lang=self.lang, zone=self.viewer.zone,
            now=self.now, internal=True,
        )  # fmt: skip
        return {one.label: one.text for one in shown}

    def _files_by_question(self) -> dict[str, list[int]]:
        asked = [f.key for f in self.form if f.kind is FieldKind.FILE]
        return {key: [file.id for file in self.files if file.field == key] for key in asked}

    @cached_property
    def _numbers(self) -> dict[int, str]:
        """The numbers of the pages that answers name, as far as this person may see them."""
        ids = {i for asked in self.case.form for i in self._named(asked)}
        statement = through(select(Page.id, Page.number), self.viewer.grants).where(Page.id.in_(ids))
        return {row[0]: row[1] for row in self.session.execute(statement)} if ids else {}

    def _named(self, asked: Field) -> set[int]:
        found: Iterable[tuple[Field, Any]] = single_values([asked], self.case.fields)
        return {value for one, value in found if one.kind is FieldKind.PAGE and isinstance(value, int)}
