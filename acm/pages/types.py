"""What a page type is: its fields, its conditions, its names. Pure declarations, the same from Python and YAML.

A definition is data: it is stored, hashed and versioned (:class:`acm.pages.models.TypeVersion`), and a page is
read with the version it was written with.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from acm.db import encode
from acm.engine import expr


class FieldKind(StrEnum):
    """The kinds of answers a form can ask for; ``acm/pages/answers.py`` reads and shows each."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"
    PERSON = "person"
    DEPARTMENT = "department"
    BRANCH = "branch"
    PAGE = "page"
    FILE = "file"
    YES_NO = "yes_no"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    GROUP = "group"


class Declaration(BaseModel):
    """Base of everything a plugin or a file may declare: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Option(Declaration):
    id: str
    label: dict[str, str]


class Field(Declaration):
    """One question of a form and one value of a page.

    ``shown_when``, ``required_when`` and ``read_only_when`` are expressions over the other answers; the server
    applies the same rule that the form shows. A hidden field has no value. ``must_be_yes`` is for a yes/no question
    that goes on with yes only, such as a consent. ``indexed`` gives the field an index, for lists of many pages;
    ``searched`` lets its value find the page as a number does.
    """

    key: str
    kind: FieldKind = FieldKind.TEXT
    label: dict[str, str]
    help: dict[str, str] = {}
    required: bool = False
    options: tuple[Option, ...] = ()
    vocabulary: str = ""
    currency: str = ""
    min: float | None = None
    max: float | None = None
    step: float | None = None
    max_length: int | None = None
    page_kind: str = ""
    multiple: bool = False
    must_be_yes: bool = False
    fields: tuple[Field, ...] = ()
    shown_when: str = ""
    required_when: str = ""
    read_only_when: str = ""
    default: Any = None
    indexed: bool = False
    searched: bool = False
    internal: bool = False

    @field_validator("shown_when", "required_when", "read_only_when")
    @classmethod
    def _compiles(cls, text: str) -> str:
        if text:
            expr.compile(text)
        return text

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind is FieldKind.GROUP and not self.fields:
            raise ValueError(f"field {self.key}: a group needs fields")
        if self.kind in (FieldKind.CHOICE, FieldKind.MULTI_CHOICE) and not (self.options or self.vocabulary):
            raise ValueError(f"field {self.key}: a choice needs options or a vocabulary")
        return self


class PageType(Declaration):
    """A type of page. ``key`` is bare for the core and ``<slug>.<name>`` for a plugin.

    ``series`` is the prefix of its numbers. ``confidential`` makes every page of the type confidential.
    ``fields_model`` is a Pydantic model from which ``fields`` may be made (:func:`acm.pages.schema.fields_of`).
    ``data_version`` says in which shape the fields of its pages are; the kernel sets it from the plugin's manifest.
    """

    key: str
    names: dict[str, str]
    kind: Literal["page", "case", "service", "article", "announcement", "term"] = "page"
    series: str = "P"
    icon: str = "file"
    fields: tuple[Field, ...] = ()
    vocabularies: tuple[str, ...] = ()
    translated: bool = False
    confidential: bool = False
    data_version: int = 1

    def field(self, key: str) -> Field | None:
        return next((f for f in self.fields if f.key == key), None)

    def definition(self) -> dict[str, Any]:
        """The stored form, with the class that reads it back."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def digest(self) -> str:
        return self._digest

    @cached_property
    def _digest(self) -> str:
        return sha256(encode(self.definition()).encode()).hexdigest()


class SlaClock(StrEnum):
    """What a state does to the clocks of response and resolution."""

    RUNS = "runs"
    RESPONSE_ONLY = "response_only"
    PAUSED = "paused"
    STOPPED = "stopped"


class StateCategory(StrEnum):
    NEW = "new"
    APPROVAL = "approval"
    ACTIVE = "active"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


ENDED = frozenset({StateCategory.CLOSED, StateCategory.CANCELLED, StateCategory.REJECTED})
DONE = ENDED | {StateCategory.RESOLVED}


class State(Declaration):
    """A state of a case type; ``stage`` groups states on the Track."""

    key: str
    names: dict[str, str]
    category: StateCategory
    stage: str
    sla: SlaClock = SlaClock.RUNS

    @property
    def is_open(self) -> bool:
        return self.category not in DONE


class Transition(Declaration):
    """A move the type allows. ``by`` says who: those who work the case, the requester, or the system alone."""

    source: str
    target: str
    names: dict[str, str]
    by: Literal["worker", "requester", "system"] = "worker"
    needs_comment: bool = False


class Stage(Declaration):
    key: str
    names: dict[str, str]


class PriorityTarget(Declaration):
    """What a priority promises: working hours of a calendar to the first response and to the resolution."""

    priority: int
    names: dict[str, str]
    calendar: str
    response_hours: float
    resolve_hours: float


class CaseType(PageType):
    """A type of case: a page type with states, transitions and stages (the plan engine replaces the stages).

    ``priority_matrix`` gives the priority of impact × urgency; ``priorities`` their names and targets.
    """

    kind: Literal["page", "case", "service", "article", "announcement", "term"] = "case"
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    stages: tuple[Stage, ...]
    initial: str = "new"
    impacts: tuple[Option, ...] = ()
    urgencies: tuple[Option, ...] = ()
    priority_matrix: dict[str, dict[str, int]] = {}
    priorities: tuple[PriorityTarget, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        states, stages = {s.key for s in self.states}, {s.key for s in self.stages}
        if self.initial not in states:
            raise ValueError(f"{self.key}: the initial state {self.initial!r} is not a state")
        for state in self.states:
            if state.stage not in stages:
                raise ValueError(f"{self.key}: state {state.key!r} names the unknown stage {state.stage!r}")
        for move in self.transitions:
            if missing := {move.source, move.target} - states:
                raise ValueError(f"{self.key}: a transition names the unknown state {missing.pop()!r}")
        return self

    def state(self, key: str) -> State:
        """The state of that key; an unknown one (of a later version) is shown as the initial."""
        return next((s for s in self.states if s.key == key), self.states[0])

    def state_in(self, *categories: StateCategory) -> State | None:
        return next((s for s in self.states if s.category in categories), None)

    def target(self, priority: int | None) -> PriorityTarget | None:
        return next((p for p in self.priorities if p.priority == priority), None)

    def moves_from(self, key: str) -> list[Transition]:
        return [t for t in self.transitions if t.source == key]


def read_definition(stored: dict[str, Any]) -> PageType:
    """A stored definition as a declaration again."""
    model = CaseType if "states" in stored else PageType
    return model.model_validate(stored)
