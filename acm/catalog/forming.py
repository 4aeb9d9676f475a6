"""The form of one service for one person: the draft, the answers so far, the questions of a page.

What was typed lives in the draft as ``{"typed", "who", "person", "watch", "key"}``; values and faults are computed
from it anew each time, with the same rules for every step.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from acm.catalog.definitions import FieldDefinition, ServiceDefinition
from acm.catalog.models import Service
from acm.catalog.steps import Step, asked_of, beneficiary_field, steps_of
from acm.i18n import Message
from acm.pages.answers import Answers, Asking, read_answers
from acm.pages.drafts import by_field, files_of, find_draft, save_draft
from acm.pages.models import Draft, File
from acm.pages.typed import sent_in, takes_files
from acm.pages.types import Field, FieldKind
from acm.people.models import Person
from acm.people.signin import Viewer
from acm.web.forms import Form

WHO = Field(key="for_person", kind=FieldKind.PERSON, label={"ru": "Сотрудник", "en": "Employee"}, required=True)


@dataclass
class Filling:
    """A service being ordered by somebody. ``files`` are those of the draft."""

    session: Session
    service: Service
    viewer: Viewer
    lang: str
    now: datetime
    draft: Draft | None = None
    files: list[File] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return draft_key(self.service)

    @property
    def definition(self) -> ServiceDefinition:
        return self.service.offering

    @property
    def person(self) -> Person:
        return self.viewer.person

    @property
    def zone(self) -> ZoneInfo:
        return self.viewer.zone

    @cached_property
    def steps(self) -> list[Step]:
        return steps_of(self.definition)

    @property
    def asks_who(self) -> bool:
        """Whether "who is it for" is asked before the form; else a question of the form says it."""
        return beneficiary_field(self.definition) is None

    @property
    def for_other(self) -> bool:
        return self.asks_who and self.data.get("who") == "other"

    @property
    def typed(self) -> dict[str, Any]:
        typed: dict[str, Any] = self.data.setdefault("typed", {})
        return typed

    def take(self, form: Form, step: Step) -> None:
        """Add what a page sent to what was typed before. What is empty in one window erases nothing of another's."""
        self.__dict__.pop("answers", None)
        self.__dict__.pop("beneficiary_answer", None)
        sent = sent_in(step.fields, form)
        if form.has("tab"):
            sent = self._merged(sent, form.text("tab")[:40], form.text("had").split(","))
        self.typed.update(sent)
        if self.asks_who and step.number == 1 and form.has("who"):
            self.data["who"] = "other" if form.text("who") == "other" else "me"
            self.data["person"] = form.text(WHO.key)
        self.data["step"] = step.number

    def _merged(self, sent: dict[str, Any], tab: str, had: list[str]) -> dict[str, Any]:
        """Without the empty answers of a window that never showed what another one wrote there meanwhile."""
        wrote: dict[str, str] = dict(self.data.get("wrote", {}))
        self.data["wrote"] = wrote
        wrote |= {key: tab for key, value in sent.items() if value and value != self.typed.get(key)}
        return {k: v for k, v in sent.items() if v or k in had or wrote.get(k, tab) == tab}

    def keep(self) -> Draft:
        """Save the draft as it stands."""
        self.data.setdefault("key", secrets.token_urlsafe(12))
        self.draft = save_draft(
            self.session, self.person, self.key, self.data, self.now, self.service.title_in(self.lang)
        )
        return self.draft

    @cached_property
    def beneficiary_answer(self) -> tuple[Person, Message | None]:
        """For whom it is; with what to correct when the colleague cannot be found."""
        if not self.for_other:
            return self.person, None
        read = read_answers([WHO], {WHO.key: self.data.get("person", "")}, self._asking())
        if message := read.errors.get(WHO.key):
            return self.person, message
        return self.session.get_one(Person, read.values[WHO.key]), None

    @property
    def beneficiary(self) -> Person:
        """The person it is for: the one asked about, else the answer of the form, else oneself."""
        asked = beneficiary_field(self.definition)
        if asked is None:
            return self.beneficiary_answer[0]
        answer = self.answers.values.get(asked.key)
        found = self.session.get(Person, answer) if isinstance(answer, int) else None
        return found or self.person

    @cached_property
    def answers(self) -> Answers:
        """All answers so far, with the faults of all."""
        given = {**prefilled(self), **self.typed}
        return read_answers(asked_of(self.definition), given, self._asking(self.beneficiary_answer[0]))

    def errors(self, step: Step) -> dict[str, Message]:
        """The faults of one page, in the order of its questions."""
        errors = {}
        if step.number == 1 and self.beneficiary_answer[1] is not None:
            errors[WHO.key] = self.beneficiary_answer[1]
        keys = step.keys
        return errors | {n: m for n, m in self.answers.errors.items() if n.partition("[")[0] in keys}

    def first_fault(self) -> Step | None:
        """The first page that has something to correct."""
        return next((step for step in self.steps if self.errors(step)), None)

    def shown(self, step: Step) -> list[FieldDefinition]:
        return [asked for asked in step.fields if asked.key in self.answers.shown]

    def _asking(self, beneficiary: Person | None = None) -> Asking:
        return Asking(
            self.session, self.viewer.grants, self.lang, self.zone, self.now, requester=self.person,
            beneficiary=beneficiary, files=by_field(self.files) if self.files else {}, before=prefilled(self),
        )  # fmt: skip


def draft_key(service: Service) -> str:
    return f"service:{service.slug}"


def filling(
    session: Session, service: Service, viewer: Viewer, lang: str, now: datetime, *, lock: bool = False
) -> Filling:
    """The form as this person left it."""
    draft = find_draft(session, viewer.id, draft_key(service), lock=lock)
    files = files_of(session, draft) if draft is not None and takes_files(service.offering.form) else []
    data = {**draft.data, "typed": dict(draft.data.get("typed", {}))} if draft is not None else {}
    return Filling(session, service, viewer, lang, now, draft, files, data)


def prefilled(filling: Filling) -> dict[str, Any]:
    """What is known already: the person's own card, and the defaults of the form."""
    person, known = filling.person, {}
    values: Mapping[str, Any] = {
        "me": person.id,
        "my_manager": person.manager_id,
        "my_branch": person.branch_id,
        "my_department": person.department_id,
        "my_phone": person.phone or None,
        "my_email": person.email or None,
    }
    for asked in asked_of(filling.definition):
        value = values.get(asked.prefill) if asked.prefill else None
        if value is None and asked.key == "room":
            value = person.settings.get("room")
        if value is None:
            value = asked.default
        if value is not None:
            known[asked.key] = value
    return known


def again(values: Mapping[str, Any], definition: ServiceDefinition) -> dict[str, Any]:
    """The answers of an earlier request as a beginning: all but dates, files and consents."""
    skipped = {FieldKind.DATE, FieldKind.DATETIME, FieldKind.FILE}
    return {
        f.key: [{k: v for k, v in row.items() if k not in _files_in(f)} for row in values[f.key]]
        if f.kind is FieldKind.GROUP
        else values[f.key]
        for f in asked_of(definition)
        if f.key in values and f.kind not in skipped and not f.must_be_yes
    }


def _files_in(group: Field) -> set[str]:
    return {f.key for f in group.fields if f.kind is FieldKind.FILE}
