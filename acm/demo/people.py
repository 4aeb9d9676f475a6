"""The people of the demo company: a thousand invented ones, made by a seeded generator."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

from acm.catalog.vocabularies import Vocabularies
from acm.demo.company_file import CompanyFile, Persona, Position, Staff, Words
from acm.people.people_file import Row

CENTRAL = frozenset({"ceo", "it", "hr", "learning", "legal", "fin", "proc", "travel", "mkt", "sec", "rnd", "pmo"})
"""Departments that sit in the head office for the most part."""


@dataclass
class Colleague:
    """Somebody as planned: everything but the row."""

    login: str
    family: Words
    given: Words
    middle: Words
    department: str
    branch: str
    position: Position
    phone: str
    manager: str = ""
    groups: tuple[str, ...] = ()
    persona: Persona | None = None

    def row(self, line: int, domain: str) -> Row:
        """As a line of a file of people, so that one function writes both."""
        values = {
            "family": self.family["ru"], "given": self.given["ru"], "middle": self.middle["ru"],
            "latin": f"{self.given['en']} {self.family['en']}", "email": f"{self.login}@{domain}",
            "department": self.department, "branch": self.branch, "manager": self.manager, "phone": self.phone,
            "position_ru": self.position.name["ru"], "position_en": self.position.name["en"],
        }  # fmt: skip
        return Row(line, self.login, values, self.groups)


def make_people(file: CompanyFile, places: Vocabularies, seed: int) -> list[Colleague]:
    """Everybody: personas first, then department by department in the order of the file."""
    random = Random(f"{seed}:people")
    free = _desks(file, places)
    people = [_persona(persona, file) for persona in file.personas]
    names = _names(file, random, {(p.family["ru"], p.given["ru"]) for p in people})
    logins = Counter(p.login for p in people)
    phones = _phones(random, {p.phone for p in people})
    central_first = sorted(file.positions, key=lambda staff: staff.department not in CENTRAL)
    for staff in central_first:
        size = next(d.employees for d in places.departments if d.id == staff.department)
        taken = Counter(p.position.id for p in people if p.department == staff.department)
        for position, branch in _posts(staff, size, taken, [b.id for b in places.branches]):
            family, given, middle = next(names)
            colleague = Colleague(
                login=_login(given["en"], family["en"], logins), family=family, given=given, middle=middle,
                department=staff.department, branch=_sit(branch, staff.department, free, random),
                position=position, phone=next(phones),
            )  # fmt: skip
            people.append(colleague)
    _join_groups(people, file)
    _find_managers(people, file, places)
    return people


def _persona(persona: Persona, file: CompanyFile) -> Colleague:
    return Colleague(
        login=persona.login, family=persona.family, given=persona.given, middle=persona.middle,
        department=persona.department, branch=persona.branch, position=file.position(persona.position),
        phone=persona.phone, manager=persona.manager, groups=persona.groups, persona=persona,
    )  # fmt: skip


def _desks(file: CompanyFile, places: Vocabularies) -> Counter[str]:
    """Free desks of each branch: its size without the personas and its director."""
    free = Counter({branch.id: branch.employees for branch in places.branches})
    free.subtract(persona.branch for persona in file.personas)
    free.subtract(branch.id for branch in places.branches)
    return free


def _posts(staff: Staff, size: int, taken: Counter[str], branches: list[str]) -> Iterator[tuple[Position, str]]:
    """The posts of a department that are still free, with the branch where the post has one."""
    left = size - sum(taken.values())
    for position in staff.positions:
        if position.per:
            yield from ((position, branch) for branch in branches)
            left -= len(branches)
        elif not position.weight and not taken[position.id]:
            yield position, ""
            left -= 1
    many = [p for p in staff.positions if p.weight]
    whole = left + sum(taken[p.id] for p in many)
    due = {p.id: whole * p.weight / sum(m.weight for m in many) - taken[p.id] for p in many}
    if whole >= sum(p.weight for p in many):  # a group is as large as the file says, the rest is shared out
        given = Counter({p.id: max(0, p.weight - taken[p.id]) for p in many})
    else:
        given = Counter({p.id: max(0, int(due[p.id])) for p in many})
    while given.total() < left:
        given[max(many, key=lambda p: due[p.id] - given[p.id]).id] += 1
    for position in many:
        yield from ((position, "") for _ in range(given[position.id]))


def _sit(branch: str, department: str, free: Counter[str], random: Random) -> str:
    """The branch of a post, else one with a free desk; central departments like the head office."""
    if branch:
        return branch
    liked = {"MOW": 6.0, "SPB": 2.0, "NSK": 1.5} if department in CENTRAL else {}
    among = [key for key, desks in free.items() if desks > 0]
    chosen = random.choices(among, [free[key] * liked.get(key, 1.0) for key in among])[0]
    free[chosen] -= 1
    return chosen


def _names(file: CompanyFile, random: Random, taken: set[tuple[str, str]]) -> Iterator[tuple[Words, Words, Words]]:
    """Names that nobody bears yet: family, given, middle."""
    while True:
        female = random.random() < 0.48
        given = random.choice(file.names.given_female if female else file.names.given_male)
        family, middle = random.choice(file.names.family), random.choice(file.names.middle)
        family_said, middle_said = (n.female if female else n.male for n in (family, middle))
        if (family_said["ru"], given["ru"]) not in taken:
            taken.add((family_said["ru"], given["ru"]))
            yield family_said, given, middle_said


def _login(given: str, family: str, taken: Counter[str]) -> str:
    """`a.orlova`, `a.orlova2` …"""
    login = f"{given[0]}.{family}".lower()
    taken[login] += 1
    return login if taken[login] == 1 else f"{login}{taken[login]}"


def _phones(random: Random, taken: set[str]) -> Iterator[str]:
    numbers = random.sample(range(1000, 9999), 2000)
    for number in numbers:
        phone = f"+7 900 001-{number // 100:02}-{number % 100:02}"
        if phone not in taken:
            yield phone


def _join_groups(people: list[Colleague], file: CompanyFile) -> None:
    """Fill the groups from those who hold their positions: the lead first, then in order."""
    for team in file.groups:
        inside = sum(team.id in p.groups for p in people)
        holders = [p for p in people if p.position.group == team.id and p.persona is None]
        for person in sorted(holders, key=lambda p: p.position.id != team.lead)[: team.members - inside]:
            person.groups = (*person.groups, team.id)


def _find_managers(people: list[Colleague], file: CompanyFile, places: Vocabularies) -> None:
    """People report like a persona who does the same work, to the director of their branch, to the lead of their
    group, to the first of their branch, or to the head of the department."""
    heads = {s.department: _holder(people, s.head).login for s in file.positions}
    parents = {d.id: d.parent or "ceo" for d in places.departments}
    leads = {t.id: lead_of(people, t.id, t.lead).login for t in file.groups}
    chiefs = _chiefs(people, file)
    peers = {p.position.id: p.manager for p in people if p.persona and p.manager and not p.position.group}
    directors = {(p.department, p.branch): p.login for p in people if p.position.per}
    for person in people:
        head = heads[person.department]
        if person.login == head:
            above = heads[parents[person.department]]
            person.manager = person.manager or (above if above != person.login else "")
        elif not person.manager:
            place = (person.department, person.branch)
            steps = (
                peers.get(person.position.id, ""),
                "" if person.position.per else directors.get(place, ""),
                leads.get(person.position.group, ""),
                chiefs.get(place, ""),
                head,
            )
            person.manager = next(login for login in steps if login and login != person.login)


def _chiefs(people: list[Colleague], file: CompanyFile) -> dict[tuple[str, str], str]:
    """Who leads those of a department who sit in a branch and are in no group: the first of them."""
    grouped = {position.id for staff in file.positions for position in staff.positions if position.group}
    chiefs: dict[tuple[str, str], str] = {}
    in_branch = defaultdict(list)
    for person in people:
        if person.position.id not in grouped and person.position.weight and person.persona is None:
            in_branch[person.department, person.branch].append(person.login)
    for place, logins in in_branch.items():
        if len(logins) > 3:
            chiefs.setdefault(place, logins[0])
    return chiefs


def lead_of(people: Iterable[Colleague], group: str, position: str) -> Colleague:
    """The lead of a group: its member, else anybody, who holds the lead's position."""
    holders = [p for p in people if p.position.id == position]
    return next((p for p in holders if group in p.groups and p.persona is None), holders[0])


def _holder(people: Iterable[Colleague], position: str) -> Colleague:
    return next(p for p in people if p.position.id == position)
