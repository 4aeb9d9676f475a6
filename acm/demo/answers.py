"""What the people of the demo company answer in forms: believable values for every kind of question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from acm.catalog.definitions import FieldDefinition, ServiceDefinition
from acm.db import moment
from acm.engine import expr
from acm.pages.types import FieldKind

Said = Mapping[str, str]

FIRMS = ("ООО «Вектор»", "АО «Полярис»", "ООО «Сигма Плюс»", "ООО «Вектор Снаб»", "АО «Тёплый стан»", "ООО «Меридиан»",
         "ООО «Липа»", "АО «Орион-Сервис»", "ООО «Контур Юг»", "ООО «Ладога»", "АО «Гранит»", "ООО «Берег»")  # fmt: skip
TEXTS: dict[str, tuple[str, ...]] = {
    "vendor": FIRMS,
    "client": FIRMS,
    "system": ("1С:Бухгалтерия", "1С:ЗУП", "CRM", "Складская система", "Портал", "Хранилище отчётов", "Диск P"),
    "software": ("Графический редактор", "PDF-редактор", "Среда разработки", "Система расчётов", "Архиватор"),
    "course": ("Переговоры", "Таблицы: сводные отчёты", "Деловая переписка", "Охрана труда", "Наставник новичка"),
    "provider": ("Учебный центр «Шаг»", "Школа «Маяк»", "Академия «Рост»"),
    "position": ("Аналитик", "Инженер", "Специалист по продажам", "Кладовщик", "Бухгалтер"),
    "product": ("Тариф «Офис»", "Тариф «Склад»", "Монтаж под ключ", "Сервисный договор"),
    "city": ("Казань", "Самара", "Екатеринбург", "Новосибирск", "Краснодар", "Санкт-Петербург"),
    "address": ("ул. Полевая, 12", "пр. Труда, 4, склад 3", "ул. Садовая, 21", "Северный проезд, 7"),
    "bank": ("Банк «Север», р/с 40817…0214", "Банк «Восход», р/с 40817…7731"),
    "visitor": ("Два инженера подрядчика", "Гость на переговоры", "Курьер с оборудованием", "Кандидат на встречу"),
    "audience": ("Клиенты малого бизнеса", "Сотрудники филиалов", "Партнёры"),
    "ip": ("10.20.14.0/24 → 10.30.2.15",),
    "ports": ("443, 8443",),
    "subject": ("Вопрос",),
    "hotel_wishes": ("Рядом с офисом филиала",),
    "catering_notes": ("Кофе и вода",),
}  # fmt: skip
MORE = ("Нужно для работы группы, без этого встанет план недели.", "Договорились на совещании, сроки согласованы.",
        "Обычным путём не получилось, прошу помочь.", "Так решили с руководителем.")  # fmt: skip
LONG = {
    "rollback": "Вернуть прежнюю версию из копии, это 20 минут.",
    "trip_goal": "Переговоры с клиентом и обучение коллег.",
}
YEAR = 365
AHEAD = {("LG-001", "date_to"): YEAR, ("LG-004", "date_to"): YEAR, ("LG-005", "date"): -9, ("LG-006", "date"): -30}
"""Days from the request to a date, where it is not the usual one; up to a week is added by chance."""
AMOUNTS = {"FI-001": 60_000, "FI-002": 18_000, "LG-001": 240_000, "MK-003": 400_000, "MK-004": 600_000}


@dataclass(frozen=True)
class Asker:
    """What is known of who answers: ids, and where they sit; ``terms`` are keys by vocabulary, to choose from."""

    id: int
    email: str
    phone: str
    branch: int | None
    department: int | None
    colleagues: Sequence[int]
    terms: Mapping[str, Sequence[str]] = field(default_factory=dict)


def answers(
    definition: ServiceDefinition, request: Said | None, asker: Asker, at: datetime, random: Random
) -> dict[str, Any]:  # fmt: skip
    """The values of a form as they are stored; ``request`` is the phrase with title and details. No files."""
    told = dict(request or {})
    values: dict[str, Any] = {}
    for asked in definition.form:
        if asked.kind is FieldKind.FILE or asked.internal:
            continue
        if asked.required or random.random() < 0.3:
            value = _answer(definition, asked, told, asker, at, random)
            if value is not None:
                values[asked.key] = value
    return {key: values[key] for key in _shown(definition, values, at)}


def _shown(definition: ServiceDefinition, values: Mapping[str, Any], at: datetime) -> list[str]:
    scope = {**dict.fromkeys((f.key for f in definition.form), None), **values, "now": at, "today": at.date()}
    return [
        asked.key
        for asked in definition.form
        if asked.key in values and (not asked.shown_when or expr.compile(asked.shown_when).holds(scope))
    ]


def _answer(
    definition: ServiceDefinition, asked: FieldDefinition, told: dict[str, str], asker: Asker, at: datetime, random: Random
) -> Any:  # fmt: skip
    match asked.kind:
        case FieldKind.LONG_TEXT:
            return told.pop("details", "") or LONG.get(asked.key) or random.choice(MORE)
        case FieldKind.TEXT | FieldKind.PAGE:
            return _text(asked.key, told, random)
        case FieldKind.CHOICE | FieldKind.MULTI_CHOICE:
            return _choice(asked, asker, random)
        case FieldKind.NUMBER:
            return random.choice((3, 4, 4, 5, 5, 5)) if asked.key == "rating" else random.choice((1, 1, 2, 2, 3, 5, 10))
        case FieldKind.MONEY:
            usual = AMOUNTS.get(definition.id, 35_000)
            return {"amount": f"{round(usual * random.lognormvariate(0, 0.8), -2):.2f}", "currency": asked.currency}
        case FieldKind.DATE:
            ahead = AHEAD.get((definition.id, asked.key), 12 if asked.key in ("date_to", "until") else 4)
            return (at + timedelta(days=ahead + random.randrange(7))).date().isoformat()
        case FieldKind.DATETIME:
            away = timedelta(hours=-random.randrange(1, 5)) if asked.key == "since" else timedelta(days=1)
            return moment((at + away).replace(minute=0, second=0, microsecond=0))
        case FieldKind.PERSON:
            return asker.id if random.random() < 0.7 else random.choice(asker.colleagues)
        case FieldKind.DEPARTMENT:
            return asker.department
        case FieldKind.BRANCH:
            return asker.branch
        case FieldKind.YES_NO:
            return asked.must_be_yes or random.random() < 0.5
        case FieldKind.EMAIL:
            return asker.email
        case FieldKind.PHONE:
            return asker.phone
        case _:
            return None


def _text(key: str, told: Mapping[str, str], random: Random) -> str:
    if key == "subject" and told.get("title"):
        return told["title"]
    made = {
        "room": f"{random.randrange(1, 6)}-{random.randrange(1, 40):03}",
        "asset": f"СВ-{random.randrange(1, 9000):06}",
        "inn": f"{random.randrange(10**9, 10**10)}",
        "invoice_no": f"{random.randrange(10, 990)}",
        "contract_no": f"СВ-{random.randrange(100, 990)}/{random.randrange(24, 27)}",
        "cost_center": f"{random.randrange(10, 40)}-{random.randrange(10, 90)}0",
        "car": f"Седан, {random.randrange(100, 999)}",
    }
    return made.get(key) or random.choice(TEXTS.get(key, MORE))


def _choice(asked: FieldDefinition, asker: Asker, random: Random) -> Any:
    ids = [option.id for option in asked.options] or list(asker.terms.get(asked.vocabulary, ()))
    if not ids:
        return None
    weights = {"impact": (1, 2, 6, 30), "urgency": (4, 14, 30, 12), "risk": (8, 5, 2), "severity": (8, 5, 2, 1)}
    usual = weights.get(asked.key, ())
    chosen = random.choices(ids, usual if len(usual) == len(ids) else None)[0]
    return [chosen] if asked.kind is FieldKind.MULTI_CHOICE else chosen
