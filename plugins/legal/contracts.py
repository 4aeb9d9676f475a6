"""Contract approval: from the request over review and talks to signing, and to a number in the register."""

from __future__ import annotations

from acm.sdk import CaseType, Field, FieldKind, Stage, StateCategory, Transition

from .flow import approval, endings, options, path, state, ways_out, words

KEY = "legal.contract"
IN_REVIEW, AGREED = "in_progress", "agreed"
REGISTER = "legal.contract"
"""The series of registration numbers: begins anew each year, without a gap."""

STAGES = (
    Stage(key="intake", names=words("Приём", "Intake")),
    Stage(key="approval", names=words("Согласование", "Approval")),
    Stage(key="review", names=words("Проверка и переговоры", "Review and talks")),
    Stage(key="signing", names=words("Подписание", "Signing")),
    Stage(key="register", names=words("Реестр", "Register")),
)
STATES = (
    state("new", "Новый", "New", StateCategory.NEW, "intake"),
    approval("approval"),
    state("in_progress", "Правовая проверка", "Legal review", StateCategory.ACTIVE, "review"),
    state("negotiation", "У контрагента", "With the counterparty", StateCategory.WAITING, "review"),
    state("agreed", "Текст согласован", "Text agreed", StateCategory.ACTIVE, "signing"),
    state("signed", "Подписан", "Signed", StateCategory.ACTIVE, "signing"),
    state("registered", "Зарегистрирован", "Registered", StateCategory.RESOLVED, "register"),
    state("closed", "Исполнен", "Performed", StateCategory.CLOSED, "register"),
    *endings("register"),
)
TRANSITIONS = (
    *path(
        ("new", "in_progress", "Взять на проверку", "Take to review"),
        ("in_progress", "negotiation", "Отправить контрагенту", "Send to the counterparty"),
        ("negotiation", "in_progress", "Вернулся от контрагента", "Back from the counterparty"),
        ("in_progress", "agreed", "Текст согласован", "Text agreed"),
        ("negotiation", "agreed", "Текст согласован", "Text agreed"),
        ("agreed", "in_progress", "Вернуть на проверку", "Back to review"),
        ("agreed", "signed", "Подписан", "Signed"),
        ("signed", "registered", "Зарегистрировать", "Register"),
        ("registered", "closed", "Исполнен", "Performed"),
    ),
    Transition(source="closed", target="registered", names=words("Вернуть в реестр", "Back to the register"),
               needs_comment=True),
    Transition(source="registered", target="in_progress", names=words("Вернуть в работу", "Reopen"), by="requester",
               needs_comment=True),
    *ways_out("new", "in_progress", "negotiation", "agreed"),
)  # fmt: skip

SORTS = options(
    ("supply", "Поставка", "Supply"), ("services", "Услуги и работы", "Services and works"),
    ("lease", "Аренда", "Lease"), ("agency", "Агентский", "Agency"), ("licence", "Лицензия", "Licence"),
    ("other", "Другой", "Other"),
)  # fmt: skip
SIDES = options(
    ("ours", "наша", "ours"), ("theirs", "контрагента", "the counterparty's"), ("agreed", "согласованная", "agreed"),
)  # fmt: skip
RISKS = options(("low", "малый", "low"), ("medium", "средний", "medium"), ("high", "большой", "high"))

PARTIES = Field(
    key="parties", kind=FieldKind.GROUP, label=words("Другие стороны", "Other parties"),
    help=words("Если сторон больше двух: поручитель, плательщик, грузополучатель",
               "When there are more than two: a guarantor, a payer, a consignee"),
    fields=(
        Field(key="name", label=words("Сторона", "Party"), required=True),
        Field(key="inn", label=words("ИНН", "Tax number")),
        Field(key="role", label=words("Роль", "Part")),
    ),
)  # fmt: skip
DEVIATIONS = Field(
    key="deviations", kind=FieldKind.GROUP, label=words("Отступления от шаблона", "Deviations from the template"),
    shown_when="our_template == false or deviates == true",
    help=words("По пункту на строку: что изменили и чем это грозит", "One clause a line: what changed and what it risks"),
    fields=(
        Field(key="clause", label=words("Пункт", "Clause"), required=True),
        Field(key="change", kind=FieldKind.LONG_TEXT, label=words("Что изменено", "What changed"), required=True),
        Field(key="risk", kind=FieldKind.CHOICE, label=words("Риск", "Risk"), options=RISKS),
    ),
)  # fmt: skip
VERSIONS = Field(
    key="versions", kind=FieldKind.GROUP, label=words("Редакции", "Versions"),
    help=words("Каждая редакция отдельной строкой, новая внизу", "Each version on a line of its own, the newest last"),
    fields=(
        Field(key="text", kind=FieldKind.FILE, label=words("Файл", "File"), required=True),
        Field(key="side", kind=FieldKind.CHOICE, label=words("Чья", "Whose"), options=SIDES),
        Field(key="note", label=words("Что в ней нового", "What is new in it")),
    ),
)  # fmt: skip
FIELDS = (
    Field(key="vendor", label=words("Контрагент", "Counterparty"), indexed=True),
    Field(key="inn", label=words("ИНН контрагента", "Counterparty tax number")),
    PARTIES,
    Field(key="sort", kind=FieldKind.CHOICE, label=words("Вид договора", "Sort of contract"), options=SORTS),
    Field(key="amount", kind=FieldKind.MONEY, currency="RUB", label=words("Сумма, руб.", "Amount, RUB"), indexed=True,
          help=words("В рублях, с НДС; валютный договор по курсу на день запроса",
                     "In roubles, VAT included; another currency at the rate of the day of the request")),
    Field(key="date_from", kind=FieldKind.DATE, label=words("Действует с", "Valid from")),
    Field(key="date_to", kind=FieldKind.DATE, label=words("Действует по", "Valid until"), indexed=True,
          help=words("Последний день действия; бессрочный оставьте пустым",
                     "The last day of its term; leave it empty when there is no end")),
    Field(key="renews", kind=FieldKind.YES_NO, label=words("Продлевается сам", "Renews by itself")),
    Field(key="our_template", kind=FieldKind.YES_NO, label=words("По нашему шаблону", "On our template")),
    Field(key="deviates", kind=FieldKind.YES_NO, label=words("Есть отступления от шаблона", "It deviates from it"),
          shown_when="our_template == true"),
    DEVIATIONS,
    VERSIONS,
    Field(key="signatory", kind=FieldKind.PERSON, label=words("Кто подписывает от нас", "Who signs for us"),
          help=words("Право подписи проверим по реестру доверенностей на день подписания",
                     "The right to sign is checked against the registry of powers on the day of signing")),
    Field(key="signed_on", kind=FieldKind.DATE, label=words("Подписан", "Signed on"),
          help=words("Пусто: день, когда дело переведено в «Подписан»", "Empty: the day the case is moved to “Signed”")),
    Field(key="reg_number", label=words("Номер в реестре", "Registration number"), read_only_when="true", searched=True,
          help=words("Ставит система при регистрации, без пропусков", "Given by the system on registration, without a gap")),
    Field(key="registered_on", kind=FieldKind.DATE, label=words("Внесён в реестр", "Registered on"),
          read_only_when="true"),
)  # fmt: skip
CONTRACT = CaseType(
    key=KEY,
    names=words("Договор", "Contract"),
    series="LG",
    icon="file-text",
    states=STATES,
    transitions=TRANSITIONS,
    stages=STAGES,
    fields=FIELDS,
)
