"""The life of one case of the demo company, from the filing to the closing, as far as it has come by now.

The verbs are those of the product with the moment they happened at, so clocks, facts and journal are what they would
have been. Whatever would lie in the future has not happened: :class:`NotYet` ends the story there.
"""

from __future__ import annotations

from datetime import timedelta
from math import log
from random import Random
from zoneinfo import ZoneInfo

from acm.cases.approving import OPEN, answered, decide
from acm.cases.models import Case
from acm.catalog.filing import Filing, file_request
from acm.catalog.models import Service
from acm.demo.answers import answers
from acm.demo.rhythm import Planned
from acm.demo.stage import Stage
from acm.journal import Origin
from acm.pages.comments import add_comment
from acm.pages.types import DONE, CaseType, StateCategory
from acm.people.models import Group, Person
from acm.people.rights import Grants
from acm.sla.calendars import OFFICE_HOURS, Calendar
from acm.sla.clocks import CALENDARS

TALKATIVE = timedelta(days=60)
UNDECIDED = timedelta(days=6)
LINGERING = ((1, 0.85), (2, 0.22), (4, 0.07), (9, 0.025))
"""How likely a case is still open when so many times its target have passed."""
USUAL = "in_progress"
"""The state of work that is taken where a type has several."""

AUTOMATIC_CLOSING = 24.0
"""Working hours after which the system closes what the requester did not."""


class NotYet(Exception):
    """What comes next lies in the future."""


class Life:
    """One case and what happens to it. ``at`` is the moment of the last thing that happened."""

    def __init__(self, stage: Stage, planned: Planned, random: Random, number: str = "") -> None:
        self.stage = stage
        self.random = random
        self.planned = planned
        self.number = number
        self.at = planned.at
        self.requester = stage.people[planned.requester]
        self.service: Service = stage.services[planned.service]
        self.definition = self.service.offering
        self.place: ZoneInfo = stage.zone_of(self.requester)
        self.calendar = CALENDARS.get(self.definition.sla.calendar, OFFICE_HOURS)
        self.lang = "en" if self.requester.language == "en" or random.random() < 0.05 else "ru"
        self.lingers = False
        self.talks = stage.now - planned.at < TALKATIVE

    def live(self) -> Case:
        """Let it happen, until its end or until now."""
        self.case = self._file()
        try:
            self._approvals()
            if self.definition.fulfilment == "automatic":
                self._later(0.05)
                self._enter(StateCategory.RESOLVED, None)
            else:
                self._work()
            self._check()
        except NotYet:
            pass
        return self.case

    def _file(self) -> Case:
        request = self.stage.phrases.request(self.planned.service, self.random)
        said = request.said(self.lang) if request else None
        values = answers(self.definition, said, self.stage.asker(self.requester), self.at, self.random)
        filing = Filing(
            self.service, values, self.requester, self.requester, self.lang, number=self.number,
            title=self._title(said["title"], values.get("room")) if said and not self.definition.confidential else "",
        )  # fmt: skip
        return file_request(
            self.stage.session, filing, self._by(self.requester), self.stage.snapshot, self.stage.zone
        )  # fmt: skip

    def _title(self, title: str, room: object) -> str:
        """The phrase, told apart from its likes by a place."""
        lot = self.random.random()
        if lot < 0.3 and self.requester.branch:
            return f"{title}, {self.requester.branch.name(self.lang)}"
        return f"{title}, {'кабинет' if self.lang == 'ru' else 'room'} {room}" if lot < 0.6 and room else title

    def _approvals(self) -> None:
        while self.case.current.category is StateCategory.APPROVAL:
            self.stage.session.flush()
            step = next(step for step in self.case.approvals() if step.state in OPEN)
            approver = self.stage.by_id[step.approver_id or 0]
            if self.stage.now - self.at < UNDECIDED and self.random.random() < 0.3:
                raise NotYet
            forgotten = 12.0 if self.random.random() < 0.03 else 1.0
            self._later(self._about(2.2, 0.9) * forgotten, OFFICE_HOURS, self.stage.zone_of(approver))
            lot = self.random.random()
            decision, words = "approve", self._say("approvals") if lot > 0.6 else ""
            if lot < 0.03:
                decision, words = "reject", self._say("refusals")
            elif lot < 0.06 and step.state == "pending" and self.talks:
                decision, words = "ask", self._say("approver_questions")
            grants = Grants(approver.id)
            decide(self.stage.session, self.case, step, decision, self._by(approver), grants=grants, comment=words)
            if decision == "ask":
                self._later(self._about(2, 0.6))
                self._comment(self.requester, self._say("approver_answers"))
                answered(self.stage.session, self.case, self._by(self.requester))

    def _work(self) -> None:
        if self.case.current.category is StateCategory.REJECTED:
            raise NotYet
        whole = self._hours()
        if self.random.random() < 0.02:
            self._later(whole * 0.3)
            self._withdraw()
        group = self._group()
        owner = self._somebody(group)
        whole *= self.stage.speed(owner)
        first = min(self._about(self.definition.sla.response_hours * 0.45, 0.7), whole * 0.5)
        if self.lingers and self.random.random() < 0.3:
            first = whole * 0.8
        self._later(first)
        if self.random.random() < 0.04:
            group, owner = self._hand_over(group)
            self._later(whole * 0.1)
        self._take(owner, whole - first)
        if self.random.random() < 0.015:
            self._comment(owner, self._say("refusals"))
            self._enter(StateCategory.REJECTED, owner)
            raise NotYet
        self._resolve(owner)

    def _hours(self) -> float:
        """Working hours that the work takes: mostly well below the target, some above; some of late are not done yet."""
        target = self.definition.sla.resolve_hours
        usual = self._about(target * 0.4, 0.62) * self.planned.slower
        passed = self.calendar.between(self.at, self.stage.now, self.place) / timedelta(hours=target)
        self.lingers = self.random.random() < next((p for share, p in LINGERING if passed < share), 0.0)
        return max(usual, target * passed * 1.7) if self.lingers else usual

    def _take(self, owner: Person, left: float) -> None:
        """Somebody takes it into work, or does it at a stroke; may talk, may have to ask."""
        self.case.assign(self._by(owner), owner=owner)
        asks = self.random.random() < (0.16 if self.lingers else 0.06)
        if asks or self.random.random() < (0.85 if self.talks else 0.26):
            self._enter(StateCategory.ACTIVE, owner)
        if self.random.random() < (0.42 if self.talks else 0.08):
            self._answer(owner, self._say("taken"))
        if self.talks and self.random.random() < 0.18:
            note = self.stage.phrases.note(self.planned.service, self.random, "ru")
            self._comment(owner, note, audience="internal")
        if asks:
            self._later(left * 0.3)
            self._ask(owner)
            left *= 0.7
        elif self.talks and self.random.random() < 0.12:
            self._later(left * 0.5)
            self._comment(self.requester, self._say("nudges"))
            left *= 0.5
        self._later(left)

    def _ask(self, owner: Person) -> None:
        question, answer = self.stage.phrases.question(self.planned.service, self.random, self.lang)
        self._answer(owner, question)
        self._enter(StateCategory.WAITING, owner)
        if self.lingers:
            raise NotYet
        self._later(self._about(3.5, 0.9), OFFICE_HOURS)
        self._comment(self.requester, answer)
        self._enter(StateCategory.ACTIVE, self.requester)

    def _resolve(self, owner: Person) -> None:
        if self.random.random() < (0.6 if self.talks else 0.12):
            words = self.stage.phrases.resolution(self.planned.service, self.random, self.lang)
            self._answer(owner, words)
        self._enter(StateCategory.RESOLVED, owner)

    def _check(self) -> None:
        """The requester looks, and closes it, or it comes back, or the system closes it after some days."""
        owner = self.case.owner
        if owner is not None and self.random.random() < 0.025:
            self._later(self._about(4, 0.7), OFFICE_HOURS)
            self._comment(self.requester, self._say("reopened"))
            self._enter(StateCategory.ACTIVE, self.requester)
            self._later(self._about(self.definition.sla.resolve_hours * 0.25, 0.5))
            self._resolve(owner)
        if self.random.random() < 0.58:
            self._later(self._about(4, 0.8), OFFICE_HOURS)
            if self.random.random() < (0.3 if self.talks else 0.08):
                self._comment(self.requester, self._say("thanks"))
            self._enter(StateCategory.CLOSED, self.requester)
        else:
            self._later(AUTOMATIC_CLOSING, OFFICE_HOURS)
            self._enter(StateCategory.CLOSED, None)

    def _withdraw(self) -> None:
        if self.talks:
            self._comment(self.requester, self._say("withdrawals"))
        self._enter(StateCategory.CANCELLED, self.requester)
        raise NotYet

    def _hand_over(self, group: Group) -> tuple[Group, Person]:
        """The first group was the wrong one."""
        near = [g for g in self.stage.groups.values() if g.department_id == group.department_id and g.id != group.id]
        if not near:
            return group, self._somebody(group)
        other = self.random.choice(sorted(near, key=lambda g: g.id))
        self.case.assign(self._by(self._somebody(group)), owner=None, group=other)
        return other, self._somebody(other)

    def _group(self) -> Group:
        return self.stage.groups[self.case.group_id or 0]

    def _somebody(self, group: Group) -> Person:
        """Who of a group does it: not the requester; some do more than others."""
        among = [p for p in self.stage.members[group.id] if p.id != self.requester.id]
        return self.random.choices(among, [1 / self.stage.speed(p) for p in among])[0]

    def _answer(self, owner: Person, words: str) -> None:
        """Say something to the requester: the first time it is the response."""
        self.case.respond(self._by(owner))
        self._comment(owner, words)

    def _comment(self, by: Person, words: str, *, audience: str = "all") -> None:
        add_comment(self.stage.session, self.case, words, self._by(by), audience=audience)

    def _enter(self, category: StateCategory, by: Person | None) -> None:
        """Move by the shortest way of declared transitions; :class:`NotYet` where the type has none."""
        for state in way(self.case.case_type, self.case.state, category):
            self.case.move(state, self._by(by), by="system", comment="…")

    def _later(self, hours: float, calendar: Calendar | None = None, zone: ZoneInfo | None = None) -> None:
        """Go on by so many working hours; :class:`NotYet` when that is after now."""
        at = (calendar or self.calendar).add(self.at, timedelta(hours=max(hours, 0.02)), zone or self.place).at
        at += timedelta(seconds=self.random.randrange(1, 120))
        if at >= self.stage.now:
            raise NotYet
        self.at = at

    def _by(self, person: Person | None) -> Origin:
        return self.stage.origin(person, self.at)

    def _say(self, occasion: str) -> str:
        return self.stage.phrases.say(occasion, self.random, self.lang)

    def _about(self, median: float, spread: float) -> float:
        return self.random.lognormvariate(log(median), spread)


def way(case_type: CaseType, begin: str, category: StateCategory) -> list[str]:
    """The states from ``begin`` to the nearest of a category, over states that are not done, the usual one first.

    :class:`NotYet` where the type has no such way.
    """
    ways: dict[str, list[str]] = {begin: []}
    for source in (ahead := [begin]):
        here = case_type.state(source).category
        if here is category:
            return ways[source]
        if here in DONE and source != begin:
            continue
        targets = dict.fromkeys(t.target for t in case_type.moves_from(source) if t.target not in ways)
        for target in sorted(targets, key=lambda key: key != USUAL):
            ways[target] = [*ways[source], target]
            ahead.append(target)
    raise NotYet
