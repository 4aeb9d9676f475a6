"""What the demo company has of clients: companies with contacts, deals at every stage, leads, complaints of two years."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from acm.sdk import Builder, Case, Page, Person

from .complaints import KEY as COMPLAINT
from .complaints import category_of, due_of, root_causes
from .deals import DEAL, LEAD, OPEN_STAGES, PROBABILITY, REASONS, SOURCES
from .desk import CARE, SALES, place_of, shared
from .names import key_of
from .parties import COMPANY, CONTACT, INDUSTRIES, keys_of
from .segments import MONTHS, SEGMENT, kept, refresh

FIRMS = (
    "ООО «Ладога»", "АО «Полярис»", "ООО «Контур Юг»", "АО «Гранит»", "ООО «Меридиан»", "ООО «Сигма Плюс»",
    "АО «Тёплый стан»", "ООО «Вектор Снаб»", "ООО «Речной порт»", "АО «Волжский завод»", "ООО «Северный лес»",
    "ООО «Арсенал Строй»", "АО «Энергосеть»", "ООО «Белый парус»", "ИП Зайцев", "ООО «Кедр»", "АО «Маяк»",
    "ООО «Дельта Транс»", "ООО «Орион»", "АО «Уральские краны»", "ООО «Фактор»", "ООО «Лира»", "АО «Прогресс»",
    "ООО «Новый город»",
)  # fmt: skip
PEOPLE = (
    "Иванова Ольга", "Смирнов Павел", "Кузнецова Анна", "Попов Денис", "Волкова Марина", "Лебедев Игорь",
    "Козлова Елена", "Новиков Артём", "Морозова Юлия", "Егоров Максим", "Павлова Ирина", "Семёнов Олег",
)  # fmt: skip
ROLES = ("Директор по закупкам", "Главный инженер", "Финансовый директор", "Менеджер проекта")
GOODS = (
    "Насосы на год", "Монтаж вентиляции", "Поставка кабеля", "Сервисный договор", "Пусконаладка линии",
    "Автоматика котельной", "Запасные части", "Модернизация склада", "Система учёта энергии", "Аренда оборудования",
)  # fmt: skip
STEPS = (
    "Позвонить и уточнить объём",
    "Отправить предложение",
    "Встреча на объекте",
    "Согласовать договор",
    "Дождаться оплаты",
)
TOLD = {
    "goods": "Привезли не тот товар", "fees": "Счёт выставлен с ошибкой", "service": "Грубый ответ по телефону",
    "servicing": "Не приехал мастер", "payments": "Оплата не учтена", "application": "Долго рассматривают заявку",
    "fraud": "Звонили от нашего имени", "debt": "Требуют оплаченный долг", "other": "Просят перезвонить",
    "credit_report": "Неверные сведения в акте сверки",
}  # fmt: skip
WEIGHTS = {"goods": 30, "fees": 22, "servicing": 16, "service": 12, "payments": 9, "application": 5, "other": 3,
           "debt": 2, "fraud": 1, "credit_report": 1}  # fmt: skip
DEALS, LEADS, COMPLAINTS = 60, 9, 90
SEGMENTS = (
    ("Действующие клиенты", "Купили за последний год: по ним считаем отток", "won_year > 0", True),
    ("Под угрозой ухода", "Покупают, но жалуются: позвонить первыми", "won_year > 0\ncomplaints_90 >= 2", False),
)


def plant(ctx: Builder) -> None:
    """Companies first, then what happened to them."""
    sellers, carers = ctx.people.members("sales"), ctx.people.members("client-care")
    if not sellers or not carers:
        return
    yard = Yard(ctx, ctx.now(), ctx.chance(), list(sellers)[:12], list(carers)[:12])
    for place, name in enumerate(FIRMS):
        yard.company(place, name)
    yard.twin("Полярис, группа компаний", yard.companies[1])
    for place in range(DEALS):
        yard.deal(place)
    for place in range(LEADS):
        yard.lead(place)
    for _place in range(COMPLAINTS):
        yard.complaint()
    yard.name_clients()
    for name, description, rule, clients in SEGMENTS:
        yard.segment(name, description, rule, clients)


class Yard:
    """Everything made so far, and who makes it."""

    def __init__(
        self, ctx: Builder, now: datetime, chance: Random, sellers: list[Person], carers: list[Person]
    ) -> None:
        self.ctx, self.now, self.chance = ctx, now, chance
        self.sellers, self.carers = sellers, carers
        self.companies: list[Page] = []
        self.contacts: dict[int, Page] = {}

    def company(self, place: int, name: str) -> None:
        """A company with its contact."""
        ctx = self.ctx.at(self.now - timedelta(days=560 - place), by=self.sellers[place % len(self.sellers)])
        known = {**shared(ctx), "owner": ctx.person}
        tail = f"{place:02}{(place * 7919) % 100000:05}"
        phone = f"+7 495 555-{10 + place:02}-{(place * 37) % 90 + 10:02}"
        site = f"client{place + 1}.example"
        fields = {
            "tax_id": f"770{tail}", "industry": INDUSTRIES[place % len(INDUSTRIES)].id, "phone": phone,
            "email": f"office@{site}", "site": f"https://{site}",
        }  # fmt: skip
        page = ctx.pages.create(COMPANY, title=name, fields={**fields, **_given(keys_of(name, phone))}, **known)
        person = PEOPLE[place % len(PEOPLE)]
        mobile = f"+7 917 555-{(place * 53) % 90 + 10:02}-{10 + place:02}"
        given = {"company": page, "role": ROLES[place % len(ROLES)], "phone": mobile, "email": f"contact@{site}"}
        contact = ctx.pages.create(CONTACT, title=person, fields={**given, **_given(keys_of(person, mobile))}, **known)
        self.companies.append(page)
        self.contacts[page.id] = contact

    def twin(self, name: str, first: Page) -> None:
        """The same company once more, written down by a seller who did not look for it."""
        ctx = self.ctx.at(self.now - timedelta(days=12), by=self.sellers[-1])
        given = {name: first.fields[name] for name in ("phone", "email")}
        fields = {**given, **_given(keys_of(name, given["phone"]))}
        ctx.pages.create(COMPANY, title=name, fields=fields, **{**shared(ctx), "owner": ctx.person})

    def deal(self, place: int) -> None:
        """A deal that went as far as it went: one of three is still open."""
        stage = self.chance.choice(OPEN_STAGES) if place % 3 == 0 else self.chance.choice(("won", "won", "lost"))
        seller, firm = self._seller(), self.chance.choice(self.companies)
        begun = self._ago(8, 60) if stage in OPEN_STAGES else self._ago(30, 520)
        fields: dict[str, Any] = {
            "company": firm, "contact": self.contacts[firm.id], "source": self.chance.choice(SOURCES).id,
            "amount": Decimal(round(self.chance.lognormvariate(13.4, 0.9), -3)), "probability": PROBABILITY[stage],
        }  # fmt: skip
        if stage in OPEN_STAGES and place % 4:
            day = (self.now + timedelta(days=self.chance.randrange(-3, 15))).date()
            fields |= {"next_step": self.chance.choice(STEPS), "next_on": day}
        if stage == "lost":
            fields["lost_reason"] = self.chance.choice(REASONS).id
        case = self._open(SALES, begun, seller, DEAL, f"{self.chance.choice(GOODS)}, {firm.title}", fields)
        way = OPEN_STAGES[1 : OPEN_STAGES.index(stage) + 1] if stage in OPEN_STAGES else (*OPEN_STAGES[1:], stage)
        self._move(case, begun, seller, self.chance.randrange(2, 8), *way)

    def lead(self, place: int) -> None:
        """Somebody who asked in the last weeks."""
        begun, seller = self._ago(0, 18), self._seller()
        fields = {
            "company_name": f"ООО «Новый клиент {place + 1}»", "person_name": self.chance.choice(PEOPLE),
            "phone": f"+7 926 555-{10 + place}-0{place}", "source": self.chance.choice(SOURCES).id,
        }  # fmt: skip
        case = self._open(SALES, begun, seller, LEAD, f"Интерес: {self.chance.choice(GOODS).lower()}", fields)
        if place % 2:
            self._move(case, begun, seller, 1, "contacted")

    def complaint(self) -> None:
        """A complaint: answered with its cause, mostly in time; those of the last days are being worked."""
        category = self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        firm, carer, begun = self.chance.choice(self.companies), self.chance.choice(self.carers), self._ago(1, 500)
        fields = {
            "category": category,
            "company": firm,
            "client": firm.title,
            "channel": self.chance.choice(("web", "phone", "email")),
        }
        case = self._open(CARE, begun, carer, COMPLAINT, f"{TOLD[category]}, {firm.title}", fields)
        procedure, ctx = category_of(fields), self.ctx.at(begun, by=carer)
        ctx.cases.promise(case, due_of(procedure, begun))
        takes = procedure.days * self.chance.choice((0.4, 0.6, 0.7, 0.8, 0.9, 1.2))
        over, last = begun + timedelta(days=takes), "answer"
        done = [s for s in procedure.steps if begun + timedelta(days=s.days * 0.8) < self.now]
        names = [s.key for s in procedure.steps]
        shown = procedure.steps[: names.index(last) + 1] if over < self.now else done[: max(0, names.index(last))]
        rows = [{"step": s.key, "done_on": min(begun + timedelta(days=s.days * 0.8), self.now).date().isoformat(),
                 "by": carer.id} for s in shown]  # fmt: skip
        more = {"root_cause": self.chance.choice(list(root_causes()))} if over < self.now else {}
        later = self.ctx.at(min(over, self.now), by=carer)
        later.cases.change(case, fields={"steps": rows, **more})
        self._move(case, begun, carer, 0, "in_progress")
        if over < self.now:
            later.cases.move(case, "answered")
            if over + timedelta(days=3) < self.now:
                self.ctx.at(over + timedelta(days=3), by=carer).cases.move(case, "closed")

    def segment(self, name: str, description: str, rule: str, clients: bool) -> None:
        """A segment as it went: counted at the beginning of each month of the last year, and now."""
        known: dict[str, Any] = {"rule": rule, "description": description, **({"clients": True} if clients else {})}
        begun = self.ctx.at(self.now - timedelta(days=30 * MONTHS), by=self.sellers[0])
        page = begun.pages.create(SEGMENT, title=name, fields=known, **{**kept(begun), "owner": self.sellers[0]})
        for back in range(30 * MONTHS, -1, -30):
            refresh(self.ctx.at(self.now - timedelta(days=back)), page)

    def name_clients(self) -> None:
        """Complaints of the catalogue get the company they name, when it is one of ours."""
        known = {key_of(page.title): page for page in self.companies}
        cursor = ""
        while True:
            found = self.ctx.cases.list(COMPLAINT, {"company": None}, order="id", limit=500, cursor=cursor)
            for case in found.items:
                page = known.get(key_of(str(case.fields.get("client") or "")))
                if page is not None:
                    self.ctx.at(case.opened_at).cases.change(case, fields={"company": page})
            if not (cursor := found.next):
                return

    def _open(self, desk: str, at: datetime, by: Person, key: str, title: str, fields: dict[str, Any]) -> Case:
        department, group = place_of(self.ctx, desk)
        return self.ctx.at(at, by=by).cases.open(
            key, title=title, requester=by, owner=by, department=department, group=group, fields=fields, priority=3
        )

    def _move(self, case: Case, begun: datetime, by: Person, days: int, *targets: str) -> None:
        for place, target in enumerate(targets, start=1):
            moment = min(begun + timedelta(days=days * place, hours=3), self.now)
            self.ctx.at(moment, by=by).cases.move(case, target, comment="–" if target == "lost" else "")

    def _seller(self) -> Person:
        return self.chance.choice(self.sellers)

    def _ago(self, least: int, most: int) -> datetime:
        day = self.now - timedelta(days=self.chance.randrange(max(1, least), most))
        return day.replace(hour=self.chance.randrange(6, 14), minute=self.chance.randrange(60))


def _given(fields: dict[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in fields.items() if value}
