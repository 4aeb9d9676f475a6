"""When who asks for what: the plan of eighteen months of cases, made by a seeded generator relative to one day."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import accumulate
from random import Random
from typing import Literal
from zoneinfo import ZoneInfo

from acm.demo.company_file import read
from acm.demo.people import Colleague
from acm.pages.types import Declaration
from acm.sla.calendars import OFFICE_HOURS


class Wave(Declaration):
    """Many report the same: from so many days ago until so many days ago."""

    service: str
    from_day: int
    until_day: int
    a_day: int
    slower: float


class Rhythm(Declaration):
    """The weights of rhythm.yaml."""

    version: Literal[1]
    months_back: int
    growth: float
    weekdays: tuple[float, ...]
    holiday: float
    months: dict[int, float]
    hours: dict[int, float]
    services: dict[str, float]
    seasons: dict[str, dict[int, float]]
    mondays: dict[str, float]
    askers: dict[str, tuple[str, ...]]
    waves: tuple[Wave, ...]


@cache
def rhythm() -> Rhythm:
    return Rhythm.model_validate(read("rhythm.yaml"))


@dataclass(frozen=True)
class Planned:
    """A case to come: its service, who asks, when; ``slower`` stretches the work of a wave."""

    service: str
    requester: str
    at: datetime
    slower: float = 1.0


def plan_cases(
    count: int, people: Sequence[Colleague], zones: Mapping[str, str], domains: Mapping[str, str], now: datetime, seed: int
) -> list[Planned]:  # fmt: skip
    """``count`` cases in order of time, none after ``now``.

    ``zones`` gives the time zone of a branch, ``domains`` the part of the catalogue of every service that can be
    ordered now; personas do not ask here.
    """
    random, found = Random(f"{seed}:plan"), rhythm()
    askers = _Askers([p for p in people if p.persona is None], zones, random)
    waves = [w for w in found.waves if w.service in domains]
    planned = [case for wave in waves for case in _wave(wave, askers, now, random)][: count // 4]
    days = _days(found, now)
    services = [key for key in found.services if key in domains]
    while len(planned) < count:
        day = days.pick(random)
        service = _service(found, services, day, random)
        case = _ask(service, askers.one(found.askers.get(domains[service], ()), random), day, askers, random)
        if case.at < now:
            planned.append(case)
    return sorted(planned, key=lambda p: (p.at, p.service, p.requester))


@dataclass(frozen=True)
class _Days:
    days: Sequence[date]
    sums: Sequence[float]

    def pick(self, random: Random) -> date:
        return self.days[bisect(self.sums, random.random() * self.sums[-1])]


def _days(found: Rhythm, now: datetime) -> _Days:
    today = now.date()
    first = today - timedelta(days=found.months_back * 365 // 12)
    days = [first + timedelta(days=n) for n in range((today - first).days + 1)]
    weights = []
    for number, day in enumerate(days):
        grown = 1 + (found.growth - 1) * number / len(days)
        off = 1.0 if OFFICE_HOURS.day(day).is_working or day.weekday() >= 5 else found.holiday
        weights.append(grown * found.weekdays[day.weekday()] * found.months[day.month] * off)
    return _Days(days, list(accumulate(weights)))


def _service(found: Rhythm, services: Sequence[str], day: date, random: Random) -> str:
    def weight(key: str) -> float:
        monday = found.mondays.get(key, 1.0) if day.weekday() == 0 else 1.0
        return found.services[key] * found.seasons.get(key, {}).get(day.month, 1.0) * monday

    return random.choices(services, [weight(key) for key in services])[0]


class _Askers:
    """Who asks: some people ask often, most do now and then."""

    def __init__(self, people: Sequence[Colleague], zones: Mapping[str, str], random: Random) -> None:
        self.people = people
        self.zones = {branch: ZoneInfo(zone) for branch, zone in zones.items()}
        self.sums = list(accumulate(random.lognormvariate(0, 0.6) for _ in people))

    def one(self, departments: Sequence[str], random: Random) -> Colleague:
        while True:
            person = self.people[bisect(self.sums, random.random() * self.sums[-1])]
            if not departments or person.department in departments:
                return person


def _ask(
    service: str, person: Colleague, day: date, askers: _Askers, random: Random, slower: float = 1.0
) -> Planned:  # fmt: skip
    hours = rhythm().hours
    hour = random.choices(list(hours), list(hours.values()))[0]
    local = datetime.combine(day, time(hour, random.randrange(60), random.randrange(60)), askers.zones[person.branch])
    return Planned(service, person.login, local.astimezone(UTC), slower)


def _wave(wave: Wave, askers: _Askers, now: datetime, random: Random) -> Iterator[Planned]:
    for ago in range(wave.from_day, wave.until_day - 1, -1):
        day = now.date() - timedelta(days=ago)
        often = wave.a_day if day.weekday() < 5 else wave.a_day // 5
        for _ in range(often):
            case = _ask(wave.service, askers.one((), random), day, askers, random, wave.slower)
            if case.at < now:
                yield case
