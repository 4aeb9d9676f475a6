"""What the demo company has in Legal besides its requests of eighteen months: matters with their papers filled in.

What was filed before gets what the rules of Legal would have given it: numbers of the register, days of answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from acm.sdk import Builder, Case, Group, Person, Targets, is_working_day

from . import claims, contracts, court, powers
from .days import HOME
from .rules import count_term, expire, give_number, note_hearings, promise_next
from .terms import next_working

LAWYER, ASKER, HEAD = "lawyer", "employee", "head"
Fields = Mapping[str, Any]
TARGETS = {
    contracts.KEY: Targets("8x5", 8, 40),
    powers.KEY: Targets("8x5", 8, 24),
    claims.KEY: Targets("8x5", 4, 80),
    court.KEY: Targets("8x5", 4, 480),
}
"""What the services promise."""

POWERS: tuple[tuple[str, str, tuple[str, ...], int | None, int, int], ...] = (
    (HEAD, "Доверенность на подписание договоров", ("contracts", "acts"), 3_000_000, -200, 12),
    ("approver", "Доверенность руководителя", ("contracts", "acts", "claims", "staff"), None, -90, 275),
    (LAWYER, "Доверенность на ведение дел в судах", ("court", "court_special", "claims"), None, -40, 325),
    (ASKER, "Доверенность на получение товара", ("goods",), 200_000, -300, 25),
)
"""Holder, title, powers, limit, days from now to the first and to the last day."""

CONTRACTS: tuple[tuple[str, str, str, int, int, int], ...] = (
    ("Аренда склада в Самаре", "ООО «Ладога»", "lease", 7_400_000, -700, 20),
    ("Поставка серверов", "АО «Полярис»", "supply", 2_850_000, -330, 45),
    ("Обслуживание лифтов", "ООО «Контур Юг»", "services", 640_000, -350, 8),
    ("Лицензия на систему учёта", "АО «Гранит»", "licence", 1_980_000, -120, 240),
    ("Агентский договор, Урал", "ООО «Меридиан»", "agency", 900_000, -60, 305),
)
"""Title, counterparty, sort, sum, days from now to the first and to the last day."""


def plant(ctx: Builder) -> None:
    """Fill in what history lacks, then bring matters of now."""
    now = ctx.now()
    _give_numbers(ctx)
    for case in _all(ctx, claims.KEY, {"respond_by": None, "is_open": True}):
        count_term(ctx.at(case.opened_at), case)
    buyers = ctx.people.members("fin-proc")
    lawyer, asker = ctx.people.find(LAWYER), buyers[0] if buyers else ctx.people.find(ASKER)
    legal = ctx.people.group("legal")
    if lawyer is None or asker is None or legal is None:
        return
    desk = Desk(ctx, now, lawyer, asker, legal)
    for power in POWERS:
        desk.power(*power)
    for contract in CONTRACTS:
        desk.contract(*contract)
    desk.claim_of_now()
    for lawsuit in _lawsuits(now):
        desk.lawsuit(*lawsuit)
    expire(ctx)


class Desk:
    """The lawyer at work: cases that are opened and brought as far as they are."""

    def __init__(self, ctx: Builder, now: datetime, lawyer: Person, asker: Person, legal: Group) -> None:
        self.ctx, self.now = ctx, now
        self.lawyer, self.asker, self.legal = lawyer, asker, legal

    def power(self, holder: str, title: str, given: tuple[str, ...], limit: int | None, first: int, last: int) -> None:
        """A power of attorney that is in force, seen by its holder."""
        person = self.ctx.people.find(holder)
        if person is None:
            return
        fields = {
            "employee": person, "powers": list(given), "limit": limit, "date_from": self._day(first),
            "date_to": self._day(last),
        }  # fmt: skip
        case = self._open(powers.KEY, title, first - 2, fields)
        self._move(case, first, "in_progress", powers.IN_FORCE)
        self.ctx.at(case.opened_at, by=self.lawyer).cases.admit(case, person)

    def contract(self, title: str, firm: str, sort: str, amount: int, first: int, last: int) -> None:
        """A contract in the register."""
        fields = {
            "vendor": firm, "sort": sort, "amount": amount, "our_template": True, "deviates": False,
            "date_from": self._day(first), "date_to": self._day(last), "signatory": self.ctx.people.find("approver"),
            "signed_on": self._day(first - 1),
        }  # fmt: skip
        case = self._open(contracts.KEY, title, first - 5, fields)
        self._move(case, first, "in_progress", "agreed", "signed", "registered")
        give_number(self.ctx.at(self._at(first)), case, self._day(first))

    def claim_of_now(self) -> None:
        """A claim whose answer is due this week."""
        fields = {
            "direction": "incoming", "claimant": "business", "vendor": "ООО «Вектор Снаб»", "contract_no": "СВ-118/26",
            "amount": 318_400, "date": self._day(-27),
        }  # fmt: skip
        case = self._open(claims.KEY, "Неустойка за просрочку поставки", -26, fields)
        self._move(case, -20, "in_progress")
        count_term(self.ctx.at(self._at(-26)), case)

    def lawsuit(self, title: str, fields: Fields) -> None:
        case = self._open(court.KEY, title, -100, fields)
        self._move(case, -95, "in_progress")
        note_hearings(self.ctx.at(self._at(-94), by=self.lawyer), case)
        promise_next(self.ctx.at(self.now, by=self.lawyer), case)

    def _open(self, key: str, title: str, days: int, fields: Fields) -> Case:
        known = {name: value for name, value in fields.items() if value is not None}
        return self.ctx.at(self._at(days), by=self.asker).cases.open(
            key, title=title, requester=self.asker, owner=self.lawyer, group=self.legal,
            department=self.ctx.people.department("legal"), fields=known, priority=3, targets=TARGETS[key],
        )  # fmt: skip

    def _move(self, case: Case, days: int, *targets: str) -> None:
        for minutes, target in enumerate(targets):
            moment = min(self._at(days) + timedelta(minutes=minutes), self.now)
            self.ctx.at(moment, by=self.lawyer).cases.move(case, target)

    def _at(self, days: int) -> datetime:
        """That many days from now, on the working day before where it is none."""
        moment = self.now + timedelta(days=days)
        while not is_working_day(moment.astimezone(HOME).date()):
            moment -= timedelta(days=1)
        return moment

    def _day(self, days: int) -> date:
        return self._at(days).astimezone(HOME).date()


def _lawsuits(now: datetime) -> Iterator[tuple[str, Fields]]:
    def day(days: int) -> date:
        return next_working((now + timedelta(days=days)).astimezone(HOME).date(), is_working_day)

    def heard(days: int, hour: int, court_name: str, room: str, result: str = "") -> Fields:
        row = {"at": datetime.combine(day(days), time(hour), HOME), "court": court_name, "room": room}
        return {**row, "result": result} if result else row

    first, second = "Арбитражный суд города Москвы", "Девятый арбитражный апелляционный суд"
    yield "Взыскание долга по договору поставки", {
        "vendor": "ООО «Сигма Плюс»", "amount": 4_120_000, "our_role": "plaintiff", "procedure": "arbitration",
        "date": day(-100),
        "instances": [{"level": "first", "court": first, "case_no": "А40-218764/2026", "begun": day(-94)}],
        "hearings": [
            heard(-30, 10, first, "зал 8041", "Отложено: суд ждёт акты сверки"),
            heard(2, 11, first, "зал 8041"),
            heard(23, 14, first, "зал 8041"),
        ],
    }  # fmt: skip
    yield "Спор о качестве ремонта офиса", {
        "vendor": "АО «Тёплый стан»", "amount": 1_260_000, "our_role": "defendant", "procedure": "arbitration",
        "date": day(-210),
        "instances": [
            {"level": "first", "court": first, "case_no": "А40-97315/2026", "begun": day(-200), "decided": day(-26),
             "outcome": "partly"},
        ],
        "hearings": [
            heard(-45, 12, first, "зал 3010", "Решение объявлено, иск удовлетворён частично"),
            heard(9, 10, second, "зал 15"),
        ],
    }  # fmt: skip


def _give_numbers(ctx: Builder) -> None:
    """Numbers of the register for what was registered before, in the order it came."""
    there = _all(ctx, contracts.KEY, {"state in": ["registered", "closed"], "reg_number": None})
    for case in sorted(there, key=lambda one: (one.resolved_at or one.opened_at, one.id)):
        moment = case.resolved_at or case.opened_at
        give_number(ctx.at(moment), case, moment.astimezone(HOME).date())


def _all(ctx: Builder, key: str, where: Mapping[str, Any]) -> list[Case]:
    found: list[Case] = []
    cursor = ""
    while True:
        page = ctx.cases.list(key, where, order="id", limit=500, cursor=cursor)
        found += page.items
        if not (cursor := page.next):
            return found
