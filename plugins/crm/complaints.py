"""Complaints: the category says how they are worked. The steps, their days, who decides, and whether a root cause must
be known come from `procedure/complaints.yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from acm.sdk import CaseType, Field, FieldKind, Option, Stage, StateCategory, Transition

from .deals import COMPANY, CONTACT
from .words import Words, options, path, state, words

KEY = "crm.complaint"
CATEGORIES, ROOT_CAUSES = "crm.complaint_category", "crm.root_cause"
OTHER = "other"
HEAD = "head"
DECISION, ANSWER = "decide", "answer"
DECIDED = "decided"


@dataclass(frozen=True)
class Step:
    """A step of a procedure: done within so many calendar days of the day the complaint came."""

    key: str
    names: Words
    days: int


@dataclass(frozen=True)
class Category:
    """How complaints of one category are worked. ``issues`` are words by which an imported complaint is known."""

    id: str
    names: Words
    steps: tuple[Step, ...]
    decides: str
    root_cause: bool
    issues: tuple[str, ...]

    @property
    def days(self) -> int:
        """Days to the answer: those of its longest step."""
        return max(step.days for step in self.steps)


@dataclass(frozen=True)
class Line:
    """A step of one complaint: until when, and since when it is done."""

    step: Step
    until: date
    done_on: date | None
    by: int | None = None

    def is_late(self, today: date) -> bool:
        return self.done_on is None and self.until < today


@cache
def _read() -> Mapping[str, Any]:
    text = (Path(__file__).parent / "procedure" / "complaints.yaml").read_text(encoding="utf-8")
    found: Mapping[str, Any] = yaml.safe_load(text)
    return found


@cache
def categories() -> tuple[Category, ...]:
    """The categories in the order of the file."""
    found = _read()
    return tuple(
        Category(
            id=one["id"], names=one["name"], decides=one["decides"], root_cause=one["root_cause"],
            steps=tuple(Step(s["step"], found["steps"][s["step"]], s["days"]) for s in one["steps"]),
            issues=tuple(one["issues"]),
        )
        for one in found["categories"]
    )  # fmt: skip


def category_of(fields: Mapping[str, Any]) -> Category:
    """The category of a complaint; the last one where none is given."""
    return next((one for one in categories() if one.id == fields.get("category")), categories()[-1])


def root_causes() -> Mapping[str, Words]:
    found: Mapping[str, Words] = _read()["root_causes"]
    return found


def lines(fields: Mapping[str, Any], opened_at: datetime, zone: ZoneInfo) -> Sequence[Line]:
    """The checklist of a complaint: every step of its category, done or not."""
    done = {row["step"]: row for row in fields.get("steps") or () if row.get("done_on")}
    came = opened_at.astimezone(zone).date()
    return [
        Line(
            step, came + timedelta(days=step.days),
            date.fromisoformat(done[step.key]["done_on"]) if step.key in done else None,
            done[step.key].get("by") if step.key in done else None,
        )
        for step in category_of(fields).steps
    ]  # fmt: skip


def due_of(category: Category, opened_at: datetime) -> datetime:
    """When the last step must be done."""
    return opened_at + timedelta(days=category.days)


STAGES = (
    Stage(key="intake", names=words("Приём", "Intake")),
    Stage(key="work", names=words("Разбор", "Investigation")),
    Stage(key="answer", names=words("Ответ", "Answer")),
    Stage(key="end", names=words("Закрытие", "Closing")),
)
STATES = (
    state("new", "Новая", "New", StateCategory.NEW, "intake"),
    state("in_progress", "Разбираем", "Being investigated", StateCategory.ACTIVE, "work"),
    state("waiting", "Ждём клиента", "Waiting for the client", StateCategory.WAITING, "work"),
    state("decided", "Решение принято", "Decided", StateCategory.ACTIVE, "answer"),
    state("answered", "Ответ дан", "Answered", StateCategory.RESOLVED, "answer"),
    state("closed", "Закрыта", "Closed", StateCategory.CLOSED, "end"),
    state("cancelled", "Отозвана", "Withdrawn", StateCategory.CANCELLED, "end"),
    state("rejected", "Отклонена", "Rejected", StateCategory.REJECTED, "end"),
)
AT_WORK = ("new", "in_progress", "waiting", "decided")
TRANSITIONS = (
    *path(
        ("new", "in_progress", "Взять в работу", "Take into work"),
        ("in_progress", "waiting", "Спросить клиента", "Ask the client"),
        ("waiting", "in_progress", "Клиент ответил", "The client answered"),
        ("in_progress", "decided", "Принять решение", "Decide"),
        ("decided", "in_progress", "Разбирать дальше", "Investigate further"),
        ("in_progress", "answered", "Ответ дан", "Answered"),
        ("decided", "answered", "Ответ дан", "Answered"),
    ),
    Transition(source="answered", target="closed", names=words("Закрыть", "Close"), by="requester"),
    Transition(source="answered", target="in_progress", names=words("Вернуть в работу", "Reopen"), by="requester",
               needs_comment=True),
    Transition(source="closed", target="in_progress", names=words("Вернуть в работу", "Reopen"), needs_comment=True),
    *(Transition(source=s, target="rejected", names=words("Отклонить", "Reject"), needs_comment=True) for s in AT_WORK),
    *(Transition(source=s, target="cancelled", names=words("Отозвать", "Withdraw"), by="requester") for s in AT_WORK),
)  # fmt: skip

CHANNELS = options(
    ("web", "Сайт", "Web"),
    ("phone", "Телефон", "Phone"),
    ("mail", "Письмо", "Postal mail"),
    ("fax", "Факс", "Fax"),
    ("referral", "Передано другими", "Referral"),
    ("email", "Почта", "E-mail"),
)
STEPS = Field(
    key="steps", kind=FieldKind.GROUP, label=words("Шаги разбора", "Steps"), read_only_when="true", internal=True,
    fields=(
        Field(key="step", kind=FieldKind.CHOICE, label=words("Шаг", "Step"),
              options=tuple(Option(id=key, label=names) for key, names in _read()["steps"].items())),
        Field(key="done_on", kind=FieldKind.DATE, label=words("Сделан", "Done on")),
        Field(key="by", kind=FieldKind.PERSON, label=words("Кем", "By")),
    ),
)  # fmt: skip
COMPLAINT = CaseType(
    key=KEY,
    names=words("Жалоба", "Complaint"),
    series="CM",
    icon="mood-angry",
    states=STATES,
    transitions=TRANSITIONS,
    stages=STAGES,
    fields=(
        Field(key="category", kind=FieldKind.CHOICE, label=words("Категория", "Category"), vocabulary=CATEGORIES,
              indexed=True, help=words("От неё зависят шаги и сроки разбора", "The steps and their days depend on it")),
        COMPANY,
        CONTACT,
        Field(key="client", label=words("Клиент, как назвали", "The client as told")),
        Field(key="product", label=words("Продукт", "Product")),
        Field(key="issue", label=words("На что жалуются", "What the complaint is about")),
        Field(key="channel", kind=FieldKind.CHOICE, label=words("Канал", "Channel"), options=CHANNELS),
        STEPS,
        Field(key="root_cause", kind=FieldKind.CHOICE, label=words("Коренная причина", "Root cause"),
              vocabulary=ROOT_CAUSES, indexed=True,
              help=words("Без неё жалобу не закрыть там, где этого требует категория",
                         "A complaint is not closed without it where its category asks for it")),
        Field(key="response", label=words("Чем закончилось", "What came of it")),
        Field(key="disputed", kind=FieldKind.YES_NO, label=words("Клиент не согласен", "The client disagrees")),
        Field(key="state_code", label=words("Регион", "Region")),
    ),
)  # fmt: skip
