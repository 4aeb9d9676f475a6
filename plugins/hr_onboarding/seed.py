"""What the demo company has of joining and leaving: a year of orders that went well or not quite, and some that are on
their way today, each at another stage."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any, NamedTuple

from acm.sdk import Builder, Case, Person

TEAMS = ("client-care", "sales", "it-desk", "it-erp", "fin-acc", "adm-off", "legal", "mkt-web", "fin-proc", "pmo")
JOINED = (-291, -240, -184, -131, -83, -61, -44, -30)
JOINING = (-4, 0, 2, 5, 9, 16)
LEFT = (-205, -78, -35)
LEAVING = (1, 6)
SHOWN = (2, 16)
"""First days of those whose manager the visitor of the demo may be."""

UNDECIDED = 21
STUCK = {2: "contract"}
"""A part that is late today, by the first day, and holds up others."""
POSITIONS = ("Аналитик", "Инженер", "Специалист по продажам", "Бухгалтер", "Юрист", "Дизайнер")
KITS = ("office", "office", "developer", "designer", "field")
REASONS = ("own_wish", "own_wish", "agreement", "term_ended", "retirement")
HOUR = timedelta(hours=1)


class Known(NamedTuple):
    """Who joins or leaves, and whose colleague it is."""

    employee: Person
    manager: Person


def plant(ctx: Builder) -> None:
    """Tell the orders, the oldest first."""
    chance, people = ctx.chance(), _people(ctx)
    if not people:
        return  # a company of other groups
    chance.shuffle(people)
    plans = [(day, "hr-001") for day in (*JOINED, *JOINING, UNDECIDED)] + [(day, "hr-002") for day in (*LEFT, *LEAVING)]
    for place, (day, service) in enumerate(sorted(plans)):
        known = people[place % len(people)]
        if day in SHOWN and (manager := ctx.people.find("approver")) is not None:
            known = Known(known.employee, manager)
        first = ctx.now().astimezone(ctx.zone).date() + timedelta(days=day)
        answers = _joiner(known, first, chance) if service == "hr-001" else _leaver(known, first, chance)
        Telling(ctx, chance, STUCK.get(day, "")).tell(service, known, answers, decided=day != UNDECIDED)


class Telling:
    """One order from its filing to its end, or to now."""

    def __init__(self, ctx: Builder, chance: Random, stuck: str = "") -> None:
        self.ctx, self.chance, self.now, self.stuck = ctx, chance, ctx.now(), stuck

    def tell(self, service: str, known: Known, answers: dict[str, Any], *, decided: bool) -> None:
        first = datetime.combine(answers["date"], time(10), self.ctx.zone)
        at = first - timedelta(days=self.chance.randint(13, 18), hours=-self.chance.random() * 7)
        at = min(_worked(at), self.now - 4 * HOUR)
        order = self.ctx.at(at, known.manager).catalog.order(service, answers, requester=known.manager)
        if not decided:
            return
        at = min(_worked(at + HOUR * self.chance.randint(3, 20)), self.now)
        self.ctx.at(at).approve(order)
        self._settle(order, at)
        owner = self.ctx.people.find("hr") if answers["date"] >= self.ctx.today() else None
        owner = owner or self._somebody("hr-ops")
        self.ctx.at(at, owner).cases.assign(order, owner=owner)
        self.ctx.at(at, owner).cases.move(order, "in_progress")
        self._work(order, at)
        self._close(order)

    def _work(self, order: Case, at: datetime) -> None:
        """Let the parts be done in the order of time; what is done opens others."""
        waiting: list[tuple[datetime, int]] = []
        known: dict[int, Case] = {}
        while True:
            late = next((part.case_id for part in self.ctx.catalog.parts(order) if part.key == self.stuck), None)
            for part in self.ctx.cases.children(order):
                if part.id not in known:
                    known[part.id] = part
                    end = self.now + HOUR if part.id == late else self._done_at(part, at)
                    heappush(waiting, (end, part.id))
            if not waiting or waiting[0][0] > self.now:
                break
            at, part_id = heappop(waiting)
            self._do(known[part_id], at)
            self._settle(order, at)
        for _end, part_id in waiting:
            self._begin(known[part_id])

    def _done_at(self, part: Case, opened: datetime) -> datetime:
        """When a part is done: mostly some days before its day, now and then after it."""
        due = part.due_at or opened + timedelta(days=3)
        lot = self.chance.random()
        early = self.chance.uniform(0.15, 0.9) * max(due - opened, 2 * HOUR)
        end = due + self.chance.uniform(4, 60) * HOUR if lot < 0.13 else opened + early
        return _worked(max(end, opened + HOUR))

    def _do(self, part: Case, at: datetime) -> None:
        self.ctx.at(part.opened_at + HOUR / 2).approve(part)
        owner = self._owner(part)
        self.ctx.at(at, owner).cases.assign(part, owner=owner)
        self.ctx.at(at, owner).cases.move(part, "resolved")

    def _begin(self, part: Case) -> None:
        """A part that is on its way: most have somebody already."""
        if part.state == "new" and self.chance.random() < 0.6:
            owner, at = self._owner(part), min(part.opened_at + 3 * HOUR, self.now)
            self.ctx.at(at, owner).cases.assign(part, owner=owner)
            self.ctx.at(at, owner).cases.move(part, "in_progress")

    def _close(self, order: Case) -> None:
        if order.state == "resolved" and order.resolved_at is not None:
            at = _worked(order.resolved_at + timedelta(days=2))
            if at < self.now:
                self.ctx.at(at, order.requester).cases.move(order, "closed")
                self._settle(order, at)

    def _settle(self, order: Case, at: datetime) -> None:
        self.ctx.session.flush()
        self.ctx.at(at).catalog.settle(order)
        self.ctx.session.flush()

    def _owner(self, part: Case) -> Person:
        return self._somebody(part.group.key if part.group else "hr-ops")

    def _somebody(self, group: str) -> Person:
        return self.chance.choice(list(self.ctx.people.members(group)))


def _worked(at: datetime) -> datetime:
    """The same hour of the next day that is no weekend."""
    return at + timedelta(days=7 - at.weekday() if at.weekday() >= 5 else 0)


def _people(ctx: Builder) -> list[Known]:
    found = []
    for key in TEAMS:
        members = list(ctx.people.members(key))
        found += [Known(one, members[0]) for one in members[1:]]
    return found


def _joiner(known: Known, first: date, chance: Random) -> dict[str, Any]:
    answers: dict[str, Any] = {
        "employee": known.employee, "position": chance.choice(POSITIONS), "department": known.employee.department,
        "branch": known.employee.branch, "date": first, "manager": known.manager, "model": chance.choice(KITS),
    }  # fmt: skip
    if chance.random() < 0.3:
        answers |= {"remote": True, "address": "Самара, ул. Садовая, 21"}
    if chance.random() < 0.2:
        answers |= {"foreign": True, "citizenship": "Казахстан"}
    if chance.random() < 0.15:
        answers |= {"car": True, "car_reason": "Поездки к клиентам по области"}
    return answers


def _leaver(known: Known, last: date, chance: Random) -> dict[str, Any]:
    return {"employee": known.employee, "date": last, "reason_kind": chance.choice(REASONS), "manager": known.manager}
