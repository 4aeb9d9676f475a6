"""A claim, that came or that we make: the term of its answer, counted by the law or as the contract says."""

from __future__ import annotations

from acm.sdk import CaseType, Field, FieldKind, Stage, StateCategory, Transition

from .flow import approval, endings, options, path, state, ways_out, words

KEY = "legal.claim"

STAGES = (
    Stage(key="intake", names=words("Приём", "Intake")),
    Stage(key="approval", names=words("Согласование", "Approval")),
    Stage(key="answer", names=words("Подготовка ответа", "Answer")),
    Stage(key="talks", names=words("Урегулирование", "Settlement")),
    Stage(key="end", names=words("Итог", "Outcome")),
)
STATES = (
    state("new", "Новая", "New", StateCategory.NEW, "intake"),
    approval("approval"),
    state("in_progress", "Готовим ответ", "Preparing the answer", StateCategory.ACTIVE, "answer"),
    state("waiting", "Ждём другую сторону", "Waiting for the other side", StateCategory.WAITING, "talks"),
    state("talks", "Переговоры", "Talks", StateCategory.ACTIVE, "talks"),
    state("answered", "Ответ дан", "Answered", StateCategory.RESOLVED, "end"),
    state("closed", "Закрыта", "Closed", StateCategory.CLOSED, "end"),
    *endings("end"),
)
TRANSITIONS = (
    *path(
        ("new", "in_progress", "Взять в работу", "Take into work"),
        ("in_progress", "waiting", "Отправлено другой стороне", "Sent to the other side"),
        ("waiting", "in_progress", "Пришёл ответ", "An answer came"),
        ("in_progress", "talks", "Начать переговоры", "Begin talks"),
        ("waiting", "talks", "Начать переговоры", "Begin talks"),
        ("talks", "in_progress", "Вернуться к ответу", "Back to the answer"),
        ("in_progress", "answered", "Ответ дан", "Answered"),
        ("talks", "answered", "Договорились", "Settled"),
        ("waiting", "answered", "Договорились", "Settled"),
    ),
    Transition(source="answered", target="closed", names=words("Закрыть", "Close"), by="requester"),
    Transition(source="answered", target="in_progress", names=words("Вернуть в работу", "Reopen"), by="requester",
               needs_comment=True),
    *ways_out("new", "in_progress", "waiting", "talks"),
)  # fmt: skip

DIRECTIONS = options(("incoming", "пришла нам", "made against us"), ("outgoing", "предъявляем мы", "made by us"))
CLAIMANTS = options(("business", "организация", "a business"), ("consumer", "потребитель", "a consumer"))
COUNTED = options(("calendar", "календарные", "calendar days"), ("working", "рабочие", "working days"))

FIELDS = (
    Field(key="direction", kind=FieldKind.CHOICE, label=words("Чья претензия", "Whose claim"), options=DIRECTIONS,
          indexed=True),
    Field(key="claimant", kind=FieldKind.CHOICE, label=words("Другая сторона", "The other side"), options=CLAIMANTS,
          help=words("От неё зависит срок ответа по закону", "The legal term of the answer depends on it")),
    Field(key="vendor", label=words("Контрагент", "Counterparty"), indexed=True),
    Field(key="contract_no", label=words("Номер договора", "Contract number")),
    Field(key="amount", kind=FieldKind.MONEY, currency="RUB", label=words("Сумма, руб.", "Amount, RUB"), indexed=True),
    Field(key="date", kind=FieldKind.DATE, label=words("Дата получения или отправки", "Received or sent on")),
    Field(key="term_days", kind=FieldKind.NUMBER, min=1, max=365, step=1,
          label=words("Срок ответа по договору, дней", "Term of the answer by the contract, days"),
          help=words("Пусто: срок по закону", "Empty: the term of the law")),
    Field(key="term_kind", kind=FieldKind.CHOICE, label=words("Дни", "Days are"), options=COUNTED,
          shown_when="term_days > 0", help=words("Пусто: календарные", "Empty: calendar days")),
    Field(key="respond_by", kind=FieldKind.DATE, label=words("Ответить до", "Answer by"), indexed=True,
          read_only_when="true", help=words("Считает система", "Counted by the system")),
    Field(key="paid", kind=FieldKind.MONEY, currency="RUB", min=0,
          label=words("Признано или получено, руб.", "Accepted or received, RUB")),
)  # fmt: skip
CLAIM = CaseType(
    key=KEY,
    names=words("Претензия", "Claim"),
    series="LG",
    icon="warn",
    states=STATES,
    transitions=TRANSITIONS,
    stages=STAGES,
    fields=FIELDS,
)
