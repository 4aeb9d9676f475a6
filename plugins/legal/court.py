"""A court case: its instances, hearings and events; which hearing is next, and which terms of the law run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from acm.sdk import CaseType, Field, FieldKind, Stage, StateCategory, Transition

from .days import day_of, end_of
from .flow import approval, endings, options, path, state, ways_out, words
from .terms import IsWorking, Term, rule_for, terms_of

KEY = "legal.court_case"

STAGES = (
    Stage(key="intake", names=words("Приём", "Intake")),
    Stage(key="approval", names=words("Согласование", "Approval")),
    Stage(key="court", names=words("В суде", "In court")),
    Stage(key="execution", names=words("Исполнение", "Enforcement")),
    Stage(key="end", names=words("Итог", "Outcome")),
)
STATES = (
    state("new", "Новое", "New", StateCategory.NEW, "intake"),
    approval("approval"),
    state("in_progress", "В суде", "In court", StateCategory.ACTIVE, "court"),
    state("waiting", "Ждём документов", "Waiting for papers", StateCategory.WAITING, "court"),
    state("stayed", "Приостановлено", "Stayed", StateCategory.WAITING, "court"),
    state("execution", "Исполнительное производство", "Enforcement", StateCategory.ACTIVE, "execution"),
    state("finished", "Завершено", "Finished", StateCategory.RESOLVED, "end"),
    state("closed", "В архиве", "Archived", StateCategory.CLOSED, "end"),
    *endings("end"),
)
TRANSITIONS = (
    *path(
        ("new", "in_progress", "Вести в суде", "Take to court"),
        ("in_progress", "waiting", "Запросить документы", "Ask for papers"),
        ("waiting", "in_progress", "Документы получены", "Papers came"),
        ("in_progress", "stayed", "Приостановлено судом", "Stayed by the court"),
        ("stayed", "in_progress", "Возобновлено", "Resumed"),
        ("in_progress", "execution", "Передать на исполнение", "To enforcement"),
        ("execution", "in_progress", "Вернуть в суд", "Back to court"),
        ("in_progress", "finished", "Завершено", "Finished"),
        ("execution", "finished", "Исполнено", "Enforced"),
        ("finished", "closed", "В архив", "Archive"),
    ),
    Transition(source="finished", target="in_progress", names=words("Вернуть в работу", "Reopen"), needs_comment=True),
    *ways_out("new", "in_progress", "waiting", "stayed"),
)

ROLES = options(
    ("plaintiff", "истец", "plaintiff"), ("defendant", "ответчик", "defendant"),
    ("third", "третье лицо", "third party"),
)  # fmt: skip
PROCEDURES = options(
    ("arbitration", "арбитражный суд (АПК)", "arbitration court (APC)"),
    ("civil", "суд общей юрисдикции (ГПК)", "court of general jurisdiction (CPC)"),
    ("administrative", "административное дело (КАС)", "administrative case (CAP)"),
)
LEVELS = options(
    ("first", "первая", "first"), ("appeal", "апелляция", "appeal"), ("cassation", "кассация", "cassation"),
    ("supreme", "Верховный Суд", "Supreme Court"),
)  # fmt: skip
OUTCOMES = options(
    ("won", "в нашу пользу", "for us"), ("partly", "частично", "in part"), ("lost", "не в нашу пользу", "against us"),
    ("settled", "мировое соглашение", "settled"), ("left", "без рассмотрения", "left without a decision"),
)  # fmt: skip
EVENTS = options(
    ("ruling", "Определение, которое можно обжаловать", "A ruling that may be appealed"),
    ("summary", "Решение в упрощённом порядке", "A decision in summary proceedings"),
    ("order", "Получен судебный приказ", "A court order came"),
)
PROCEDURE_NAMES = {option.id: option.label for option in PROCEDURES} | {"claim": words("претензия", "claim")}
OCCASIONS = {
    "first": words("решение первой инстанции", "decision of the first instance"),
    "appeal": words("решение апелляции", "decision on appeal"),
    "cassation": words("решение кассации", "decision in cassation"),
    "supreme": words("решение Верховного Суда", "decision of the Supreme Court"),
    **{option.id: dict(option.label) for option in EVENTS},
    "business": words("претензия организации", "a claim of a business"),
    "consumer": words("претензия потребителя", "a claim of a consumer"),
}
"""What begins a term, in words."""
INSTANCES = Field(
    key="instances", kind=FieldKind.GROUP, label=words("Инстанции", "Instances"),
    help=words("От дня решения считаем сроки обжалования", "The terms of appeal run from the day of the decision"),
    fields=(
        Field(key="level", kind=FieldKind.CHOICE, label=words("Инстанция", "Instance"), options=LEVELS, required=True),
        Field(key="court", label=words("Суд", "Court"), required=True),
        Field(key="case_no", label=words("Номер дела", "Case number"),
              help=words("Например, А40-123456/2026", "For example A40-123456/2026")),
        Field(key="judge", label=words("Судья", "Judge")),
        Field(key="begun", kind=FieldKind.DATE, label=words("Принято к производству", "Taken by the court")),
        Field(key="decided", kind=FieldKind.DATE, label=words("Решение в полном объёме", "Decision in full"),
              help=words("День, когда решение изготовлено, а не оглашено",
                         "The day it was written in full, not announced")),
        Field(key="outcome", kind=FieldKind.CHOICE, label=words("Итог", "Outcome"), options=OUTCOMES),
    ),
)  # fmt: skip
HEARINGS = Field(
    key="hearings", kind=FieldKind.GROUP, label=words("Заседания", "Hearings"),
    fields=(
        Field(key="at", kind=FieldKind.DATETIME, label=words("Когда", "When"), required=True),
        Field(key="court", label=words("Суд", "Court"), required=True),
        Field(key="room", label=words("Зал", "Room")),
        Field(key="result", kind=FieldKind.LONG_TEXT, label=words("Что было решено", "What was decided")),
    ),
)  # fmt: skip
FIELDS = (
    Field(key="vendor", label=words("Другая сторона", "The other side"), indexed=True),
    Field(key="contract_no", label=words("Номер договора", "Contract number")),
    Field(key="amount", kind=FieldKind.MONEY, currency="RUB", label=words("Сумма иска, руб.", "Amount of the suit, RUB"),
          indexed=True),
    Field(key="date", kind=FieldKind.DATE, label=words("Дата иска", "Date of the suit")),
    Field(key="our_role", kind=FieldKind.CHOICE, label=words("Мы", "We are"), options=ROLES),
    Field(key="procedure", kind=FieldKind.CHOICE, label=words("Порядок", "Procedure"), options=PROCEDURES,
          help=words("От него зависят сроки обжалования", "The terms of appeal depend on it")),
    INSTANCES,
    HEARINGS,
    Field(key="events", kind=FieldKind.GROUP, label=words("События со сроком", "Events that begin a term"),
          fields=(
              Field(key="what", kind=FieldKind.CHOICE, label=words("Событие", "Event"), options=EVENTS, required=True),
              Field(key="on", kind=FieldKind.DATE, label=words("Когда", "When"), required=True),
          )),
    Field(key="last_hearing", kind=FieldKind.DATETIME, label=words("Последнее заседание", "Last hearing"),
          indexed=True, internal=True, read_only_when="true", help=words("Считает система", "Counted by the system")),
)  # fmt: skip
COURT_CASE = CaseType(
    key=KEY,
    names=words("Судебное дело", "Court case"),
    series="LG",
    icon="gavel",
    states=STATES,
    transitions=TRANSITIONS,
    stages=STAGES,
    fields=FIELDS,
    confidential=True,
)


@dataclass(frozen=True)
class Hearing:
    """One hearing of a case; ``place`` is its line in the case."""

    place: int
    at: datetime
    court: str
    room: str
    result: str


def hearings(fields: Mapping[str, Any]) -> list[Hearing]:
    """The hearings of a case in their order of time."""
    found = [
        Hearing(
            place, datetime.fromisoformat(row["at"]), row.get("court", ""), row.get("room", ""), row.get("result", "")
        )
        for place, row in enumerate(fields.get("hearings") or ())
        if row.get("at")
    ]
    return sorted(found, key=lambda hearing: (hearing.at, hearing.place))


COURSE = frozenset({"hearings", "instances", "events", "procedure"})
"""The answers on which the course of a case depends."""
MARKS = "legal.hearings"
"""The fact that keeps which hearing is which: ``{next, known: [[mark, moment, court]]}``."""


def marked(facts: Mapping[str, Any], found: Iterable[Hearing]) -> dict[str, Any]:
    """The fact for the hearings of now: each keeps its mark when others come and go, also when its moment or else its
    court is another; a mark is never given twice."""
    before = facts.get(MARKS) or {"next": 1, "known": []}
    left: list[list[Any]] = list(before["known"])
    known, number = dict[Hearing, int](), before["next"]
    waiting = list(found)
    for asked in (slice(0, 2), slice(0, 1), slice(1, 2)):  # moment and court, else the moment, else the court
        for one in [hearing for hearing in waiting if hearing not in known]:
            sign = _sign(one)[asked]
            if (mark := next((mark for mark in left if mark[1:][asked] == sign), None)) is not None:
                left.remove(mark)
                known[one] = mark[0]
    for one in waiting:
        if one not in known:
            known[one], number = number, number + 1
    return {"next": number, "known": [[known[one], *_sign(one)] for one in waiting]}


def mark_of(facts: Mapping[str, Any], hearing: Hearing) -> str:
    """By what a calendar knows a hearing of a case; of one that has no mark yet, its moment."""
    known = (facts.get(MARKS) or {}).get("known") or ()
    return next((str(mark) for mark, *sign in known if sign == _sign(hearing)), _sign(hearing)[0])


def _sign(hearing: Hearing) -> list[str]:
    return [hearing.at.strftime("%Y%m%dT%H%M"), hearing.court]


@dataclass(frozen=True)
class Instance:
    """One court that a case was or is in."""

    level: str
    court: str
    case_no: str
    judge: str
    begun: date | None
    decided: date | None
    outcome: str


def instances(fields: Mapping[str, Any]) -> list[Instance]:
    """The instances of a case as they were entered."""
    return [
        Instance(
            row.get("level", ""), row.get("court", ""), row.get("case_no", ""), row.get("judge", ""),
            day_of(row.get("begun")), day_of(row.get("decided")), row.get("outcome", ""),
        )
        for row in fields.get("instances") or ()
    ]  # fmt: skip


def next_hearing(fields: Mapping[str, Any], now: datetime) -> Hearing | None:
    """The first hearing that has not begun."""
    return next((hearing for hearing in hearings(fields) if hearing.at >= now), None)


def running(fields: Mapping[str, Any], is_working: IsWorking) -> list[Term]:
    """The terms of appeal that the decisions and events of a case have set going, the nearest first."""
    procedure = fields.get("procedure")
    if not procedure:
        return []
    begun = [row["level"] for row in fields.get("instances") or () if row.get("level")]
    return terms_of(procedure, _events(fields), begun, is_working)


def next_date(fields: Mapping[str, Any], now: datetime, zone: ZoneInfo, is_working: IsWorking) -> datetime | None:
    """What is nearest ahead in a case: a hearing, or the end of the last day of a term that nobody has met yet."""
    ahead = [end_of(term.ends, zone) for term in running(fields, is_working) if not term.is_met]
    if (heard := next_hearing(fields, now)) is not None:
        ahead.append(heard.at)
    return min((moment for moment in ahead if moment >= now), default=None)


def without_rule(fields: Mapping[str, Any]) -> list[tuple[str, date]]:
    """What happened in a case and may begin a term for which the table has no rule: somebody has to count by hand."""
    procedure = fields.get("procedure") or ""
    events = [(event, on) for event, on in _events(fields) if event != "supreme"]
    return [(event, on) for event, on in events if rule_for(procedure, event, on) is None]


def _events(fields: Mapping[str, Any]) -> Iterator[tuple[str, date]]:
    for row in fields.get("instances") or ():
        if row.get("level") and row.get("decided"):
            yield row["level"], date.fromisoformat(row["decided"])
    for row in fields.get("events") or ():
        if row.get("what") and row.get("on"):
            yield row["what"], date.fromisoformat(row["on"])
