"""Leads and deals: from an interest to a signed contract, with a sum, a probability and a dated next step."""

from __future__ import annotations

from acm.sdk import CaseType, Field, FieldKind, Stage, StateCategory, Transition

from .words import options, path, state, words

LEAD, DEAL = "crm.lead", "crm.deal"
OPEN_STAGES = ("lead", "qualified", "proposal", "negotiation")
ENDS = ("won", "lost")
PROBABILITY = {"lead": 10, "qualified": 25, "proposal": 50, "negotiation": 75, "won": 100, "lost": 0}
"""Percent that a deal begins a stage with."""

SOURCES = options(
    ("site", "Сайт", "Website"),
    ("call", "Звонок", "Call"),
    ("event", "Мероприятие", "Event"),
    ("advice", "По рекомендации", "Recommendation"),
    ("partner", "Партнёр", "Partner"),
    ("client", "Действующий клиент", "A client of ours"),
)
REASONS = options(
    ("price", "Цена", "Price"),
    ("time", "Сроки", "Time"),
    ("rival", "Выбрали другого", "A rival was chosen"),
    ("need", "Нет потребности", "No need"),
    ("silence", "Не отвечают", "No answer"),
)
SOURCE = Field(key="source", kind=FieldKind.CHOICE, label=words("Откуда пришёл", "Where it came from"), options=SOURCES)
COMPANY = Field(key="company", kind=FieldKind.PAGE, label=words("Компания", "Company"), indexed=True)
CONTACT = Field(key="contact", kind=FieldKind.PAGE, label=words("Контакт", "Contact"), indexed=True)
NEXT = (
    Field(key="next_step", label=words("Следующий шаг", "Next step")),
    Field(key="next_on", kind=FieldKind.DATE, label=words("Когда", "On"), indexed=True),
)

STAGES = (
    Stage(key="lead", names=words("Интерес", "Interest")),
    Stage(key="qualified", names=words("Квалификация", "Qualification")),
    Stage(key="proposal", names=words("Предложение", "Proposal")),
    Stage(key="negotiation", names=words("Переговоры", "Negotiation")),
    Stage(key="end", names=words("Итог", "Outcome")),
)
STATES = (
    state("lead", "Лид", "Lead", StateCategory.NEW, "lead"),
    state("qualified", "Квалифицирована", "Qualified", StateCategory.ACTIVE, "qualified"),
    state("proposal", "Предложение", "Proposal", StateCategory.ACTIVE, "proposal"),
    state("negotiation", "Переговоры", "Negotiation", StateCategory.ACTIVE, "negotiation"),
    state("won", "Выиграна", "Won", StateCategory.CLOSED, "end"),
    state("lost", "Проиграна", "Lost", StateCategory.REJECTED, "end"),
)
TO = {
    "lead": words("Вернуть в лиды", "Back to leads"),
    "qualified": words("Квалифицировать", "Qualify"),
    "proposal": words("Отправить предложение", "Send the proposal"),
    "negotiation": words("Начать переговоры", "Negotiate"),
}
TRANSITIONS = (
    *(Transition(source=s, target=t, names=TO[t]) for s in OPEN_STAGES for t in OPEN_STAGES if s != t),
    *(Transition(source=s, target="won", names=words("Выиграна", "Won")) for s in OPEN_STAGES),
    *(Transition(source=s, target="lost", names=words("Проиграна", "Lost"), needs_comment=True) for s in OPEN_STAGES),
    *path(
        ("won", "negotiation", "Вернуть в работу", "Reopen"),
        ("lost", "qualified", "Вернуть в работу", "Reopen"),
    ),
)
DEAL_TYPE = CaseType(
    key=DEAL,
    names=words("Сделка", "Deal"),
    series="DL",
    icon="cash",
    states=STATES,
    transitions=TRANSITIONS,
    stages=STAGES,
    initial="lead",
    fields=(
        COMPANY,
        CONTACT,
        Field(key="amount", kind=FieldKind.MONEY, currency="RUB", min=0, label=words("Сумма, руб.", "Amount, RUB"),
              indexed=True, help=words("С НДС, за весь срок договора", "VAT included, for the whole term of the contract")),
        Field(key="probability", kind=FieldKind.NUMBER, min=0, max=100, step=1,
              label=words("Вероятность, %", "Probability, %")),
        *NEXT,
        SOURCE,
        Field(key="lost_reason", kind=FieldKind.CHOICE, label=words("Почему проиграна", "Why it was lost"), options=REASONS),
    ),
)  # fmt: skip

LEAD_TYPE = CaseType(
    key=LEAD,
    names=words("Лид", "Lead"),
    series="LD",
    icon="bulb",
    stages=(
        Stage(key="new", names=words("Новый", "New")),
        Stage(key="talk", names=words("Разговор", "Talk")),
        Stage(key="end", names=words("Итог", "Outcome")),
    ),
    states=(
        state("new", "Новый", "New", StateCategory.NEW, "new"),
        state("contacted", "На связи", "In contact", StateCategory.ACTIVE, "talk"),
        state("converted", "Стал сделкой", "Converted", StateCategory.CLOSED, "end"),
        state("dropped", "Не подошёл", "Dropped", StateCategory.REJECTED, "end"),
    ),
    transitions=(
        Transition(source="new", target="contacted", names=words("Связались", "Contacted")),
        Transition(source="new", target="converted", names=words("Сделать сделкой", "Convert"), by="system"),
        Transition(source="contacted", target="converted", names=words("Сделать сделкой", "Convert"), by="system"),
        Transition(source="new", target="dropped", names=words("Не подошёл", "Drop"), needs_comment=True),
        Transition(source="contacted", target="dropped", names=words("Не подошёл", "Drop"), needs_comment=True),
        Transition(source="dropped", target="contacted", names=words("Вернуть в работу", "Reopen")),
    ),
    fields=(
        Field(key="company_name", label=words("Компания", "Company")),
        Field(key="tax_id", label=words("ИНН", "Tax number")),
        Field(key="person_name", label=words("Контактное лицо", "Contact person")),
        Field(key="phone", kind=FieldKind.PHONE, label=words("Телефон", "Phone")),
        Field(key="email", kind=FieldKind.EMAIL, label=words("Почта", "E-mail")),
        SOURCE,
        *NEXT,
    ),
)
