"""What waits for the personas: their history, their open work told step by step, a draft, a few live notifications."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from functools import cache
from random import Random
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from acm.cases.approving import OPEN, answered, decide
from acm.cases.models import Case
from acm.catalog.filing import Filing, file_request
from acm.catalog.forming import draft_key
from acm.demo.answers import answers
from acm.demo.company_file import company_file, read
from acm.demo.lives import Life
from acm.demo.rhythm import Planned
from acm.demo.stage import Stage
from acm.journal import Origin
from acm.pages.drafts import save_draft
from acm.pages.types import Declaration, StateCategory
from acm.people.models import Person
from acm.people.rights import Grants
from acm.sla.calendars import OFFICE_HOURS, Calendar
from acm.web.words import period

HOUR = timedelta(hours=1)


class Step(Declaration):
    """One thing that happens. ``worked`` and ``ago`` say how long before now."""

    do: Literal["approve", "take", "assign", "answer", "note", "comment", "ask", "reply", "resolve"]
    by: str = ""
    say: str = ""
    worked: float = 0
    ago: float = 0
    live: bool = False


class Story(Declaration):
    service: str
    by: str
    title: str = ""
    worked: float
    live: bool = False
    values: dict[str, Any]
    steps: tuple[Step, ...]


class Begun(Declaration):
    """A draft that was left."""

    by: str
    service: str
    ago: float
    typed: dict[str, str]


class StoryFile(Declaration):
    version: Literal[1]
    history: dict[str, tuple[tuple[str, int], ...]]
    stories: tuple[Story, ...]
    draft: Begun


@cache
def story_file() -> StoryFile:
    return StoryFile.model_validate(read("stories.yaml"))


def stories() -> int:
    """How many cases are told and not left to chance."""
    return len(story_file().stories)


def history(now: datetime, zone: ZoneInfo) -> list[Planned]:
    """What the personas asked for in the past, on working days in the hours of the office."""
    found = []
    for login, own in story_file().history.items():
        for service, days in own:
            day = now.astimezone(zone).date() - timedelta(days=days)
            while not OFFICE_HOURS.day(day).is_working:
                day -= timedelta(days=1)
            random = Random(f"{login}:{service}:{days}")
            local = datetime.combine(
                day, time(random.randrange(9, 17), random.randrange(60), random.randrange(60)), zone
            )
            found.append(Planned(service, login, local.astimezone(UTC)))
    return found


def play(session: Session, stage: Stage) -> None:
    """Let the stories happen, the oldest first; one whose service is away is left out."""
    file = story_file()
    with session.no_autoflush:
        told = [Telling(stage, story) for story in file.stories if _serves(stage, story.service)]
        for telling in sorted(told, key=lambda t: t.at):
            telling.live()
        _leave_draft(session, stage, file.draft)


class Telling(Life):
    """A story told step by step instead of by chance."""

    def __init__(self, stage: Stage, story: Story) -> None:
        self.story, self.is_live = story, story.live
        requester = somebody(stage, story.by)
        planned = Planned(story.service, str(requester.login), stage.now)
        super().__init__(stage, planned, Random(f"{stage.seed}:{story.service}:{story.by}:{story.title}"))
        self.lang = requester.language or "ru"
        self.at = self._before(story.worked)

    def live(self) -> Case:
        self.case = self._file()
        for step in self.story.steps:
            moment = self._before(step.worked) if step.worked else self.stage.now - step.ago * HOUR
            self.at = max(moment, self.at + timedelta(minutes=1))
            self.is_live = step.live
            self._do(step)
        self.stage.session.flush()
        return self.case

    def _file(self) -> Case:
        story, asker = self.story, self.stage.asker(self.requester)
        request = self.stage.phrases.request(story.service, self.random)
        told = request.said(self.lang) if request and not story.title else {"title": story.title, "details": ""}
        own = {key: self._value(value) for key, value in story.values.items()}
        values = {**answers(self.definition, told, asker, self.at, self.random), **own}
        ordered = {asked.key: values[asked.key] for asked in self.definition.form if asked.key in values}
        filing = Filing(
            self.service, ordered, self.requester, self.requester, self.lang,
            title="" if self.definition.confidential else self._told(story.title),
        )  # fmt: skip
        return file_request(self.stage.session, filing, self._by(self.requester), self.stage.snapshot, self.stage.zone)

    def _do(self, step: Step) -> None:
        by = somebody(self.stage, step.by) if step.by else self.requester
        match step.do:
            case "approve":
                self._approve()
            case "take":
                self.case.assign(self._by(by), owner=by)
                self._enter(StateCategory.ACTIVE, by)
            case "assign":
                self.case.assign(self._by(by), owner=by)
            case "answer":
                self._answer(by, step.say)
            case "note":
                self._comment(by, step.say, audience="internal")
            case "comment":
                self._comment(by, step.say)
            case "ask":
                self._answer(by, step.say)
                self._enter(StateCategory.WAITING, by)
            case "reply":
                self._comment(by, step.say)
                self._enter(StateCategory.ACTIVE, by)
            case "resolve":
                self._answer(by, step.say)
                self._enter(StateCategory.RESOLVED, by)

    def _approve(self) -> None:
        self.stage.session.flush()
        step = next((step for step in self.case.approvals() if step.state in OPEN), None)
        if step is None:
            return
        approver = self.stage.by_id[step.approver_id or 0]
        if step.state == "asked":
            answered(self.stage.session, self.case, self._by(self.requester))
        decide(self.stage.session, self.case, step, "approve", self._by(approver), grants=Grants(approver.id))

    def _by(self, person: Person | None) -> Origin:
        return Origin(person, self.at) if self.is_live else super()._by(person)

    def _before(self, hours: float) -> datetime:
        return worked_before(self.stage.now, hours, self.calendar, self)

    def _told(self, title: str) -> str:
        """The title with its day in words: ``{+30}`` is a day from today."""
        ahead = re.search(r"\{(\+\d+)\}", title)
        if ahead is None:
            return title
        today = self.stage.now.astimezone(self.place).date()
        day = today + timedelta(days=int(ahead[1]))
        return title.replace(ahead[0], period(day, day, self.lang, today))

    def _value(self, said: Any) -> Any:
        if isinstance(said, str) and said.startswith("+"):
            return _day(said, self.stage)
        return somebody(self.stage, said[1:]).id if isinstance(said, str) and said.startswith("@") else said


def worked_before(now: datetime, hours: float, calendar: Calendar, life: Life) -> datetime:
    """The moment since which so many hours of the calendar have passed at the requester's place."""
    at, step = now, HOUR / 6
    while calendar.between(at, now, life.place) < timedelta(hours=hours):
        at -= step
    return at


def somebody(stage: Stage, said: str) -> Person:
    """A person by login, ``#group/n`` or ``^login/n``; personas are left out of groups and reports."""
    name, _slash, place = said[1:].partition("/")
    personas = {persona.login for persona in company_file().personas}
    if said.startswith("#"):
        group = next(g for g in stage.groups.values() if g.key == name)
        among = [p for p in stage.members[group.id] if p.login not in personas]
    elif said.startswith("^"):
        above = stage.people[name].id
        among = [p for p in stage.people.values() if p.manager_id == above and p.login not in personas]
    else:
        return stage.people[said]
    return among[int(place) % len(among)]


def _serves(stage: Stage, service: str) -> bool:
    found = stage.services.get(service)
    return found is not None and found.case_type(stage.snapshot) is not None


def _leave_draft(session: Session, stage: Stage, begun: Begun) -> None:
    person, service = stage.people[begun.by], stage.services[begun.service]
    typed = {key: _day(said, stage) if said.startswith("+") else said for key, said in begun.typed.items()}
    data = {"typed": typed, "step": 1}
    title = service.title_in(person.language or "ru")
    save_draft(session, person, draft_key(service), data, stage.now - begun.ago * HOUR, title)


def _day(ahead: str, stage: Stage) -> str:
    return (stage.now + timedelta(days=int(ahead))).date().isoformat()
