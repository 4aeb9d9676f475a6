"""The small world of the search tests: a few services, articles, cases and people, and who may see them."""

from __future__ import annotations

from datetime import UTC, datetime

from acm.search.backends import SearchBackend
from acm.search.documents import Answer, Document, Query

EVERYONE = frozenset({"all"})
INES = frozenset({"all", "p:1"})  # an employee
KARIM = frozenset({"all", "p:2", "g:7"})  # an agent of the network group

MARCH, NOVEMBER = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)

CERTIFICATE = Document(
    id=1,
    kind="service",
    key="page:1",
    tokens=EVERYONE,
    number="SV-1",
    titles={"ru": "Справка о доходах (2-НДФЛ)", "en": "Income certificate"},
    bodies={"ru": "За любой год с 2019, с электронной подписью.", "en": "For any year since 2019, signed."},
    keywords={"ru": ["зарплатная бумага"], "en": ["payslip"]},
    facets={"department": ["accounting"]},
    at=MARCH,
)
VPN_SERVICE = Document(
    id=2,
    kind="service",
    key="page:2",
    tokens=EVERYONE,
    number="SV-2",
    titles={"ru": "Доступ к VPN", "en": "VPN access"},
    bodies={"ru": "Работа из дома на всё время проекта.", "en": "Working from home."},
    facets={"department": ["it"]},
    at=NOVEMBER,
)
ARTICLE = Document(
    id=3,
    kind="article",
    key="page:3",
    tokens=EVERYONE,
    number="KB-1",
    titles={"ru": "Какую справку просит банк"},
    bodies={
        "ru": "Большинству банков хватает справки о доходах за 12 месяцев. " + "Прочее неважно. " * 40 + "Пишите в чат."
    },
    facets={"department": ["accounting"]},
    at=NOVEMBER,
)
CASE = Document(
    id=4,
    kind="case",
    key="page:4",
    tokens=frozenset({"p:1", "g:7"}),
    number="IT-42",
    titles={"ru": "Не подключается VPN из дома"},
    bodies={"ru": "Пишет: ошибка сертификата."},
    comments="Переустановили клиент, заработало.",
    internal="Заявитель ввёл пароль трижды, сбросили токен.",
    internal_tokens=frozenset({"g:7"}),
    facets={"state": ["in_progress"], "department": ["it"], "requester": ["1"]},
    at=NOVEMBER,
)
CONFIDENTIAL = Document(
    id=5,
    kind="case",
    key="page:5",
    tokens=frozenset({"p:9"}),
    number="HR-7",
    titles={"ru": "Жалоба на руководителя: Кракозябра"},
    bodies={"ru": "Справка приложена. Конфиденциально."},
    facets={"state": ["new"], "department": ["hr"], "requester": ["9"]},
    at=NOVEMBER,
)
PERSON = Document(
    id=4,
    kind="person",
    key="person:4",
    tokens=EVERYONE,
    titles={"ru": "Рита Орлова", "en": "Rita Orlova"},
    bodies={"ru": "Бухгалтер, справки о доходах"},
    at=MARCH,
)
WORLD = (CERTIFICATE, VPN_SERVICE, ARTICLE, CASE, CONFIDENTIAL, PERSON)


def ask(backend: SearchBackend, text: str, tokens: frozenset[str] = INES, **more: object) -> Answer:
    return backend.query(Query(text, tokens, **more))  # type: ignore[arg-type]


def found(backend: SearchBackend, text: str, tokens: frozenset[str] = INES, **more: object) -> set[str]:
    return {hit.key for hit in ask(backend, text, tokens, **more).hits}
