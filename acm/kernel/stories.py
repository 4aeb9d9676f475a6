"""Stories: how the cases and forms of a plugin go, told in ``tests/*.yaml`` and lived through before it is enabled.

They are read without running anything. They are lived through by two people, one who asks and one who works, in a
database that is made for them and thrown away: by the probe, with the plugin alone, and by ``acm plugin check``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm import clock, tables
from acm.cases.models import Case
from acm.cases.opening import Opening, open_case
from acm.catalog.checks import validated
from acm.catalog.located import FileProblem, read_yaml
from acm.catalog.steps import asked_of
from acm.db import Base, Database
from acm.errors import Invalid, Problem
from acm.i18n import Message
from acm.journal import Origin
from acm.kernel.failures import recent
from acm.kernel.loader import Generation
from acm.pages.answers import Asking, read_answers
from acm.pages.fields import stored, stored_values
from acm.pages.types import CaseType, Declaration
from acm.pages.visibility import unrestricted
from acm.people.models import Department, Person
from acm.people.rights import grants_of
from acm.settings import Settings
from acm.snapshot import Contribution, Snapshot, compose
from acm.web.runtime import Runtime
from acm.web.uploads import FileStore

UTC = ZoneInfo("UTC")
WORDS = "told"


class Story(Declaration):
    """One story: of a case that is opened and moved, or of a form that is answered."""

    story: str
    open: str = ""
    fields: Mapping[str, Any] = Field(default_factory=dict)
    moves: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    because: str = ""
    ends: str = ""
    has: Mapping[str, Any] = Field(default_factory=dict)
    form: str = ""
    answers: Mapping[str, Any] = Field(default_factory=dict)
    asks: tuple[str, ...] | None = None
    wrong: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _tells_one_thing(self) -> Self:
        if bool(self.open) == bool(self.form):
            raise ValueError("a story opens a case (open) or answers a form (form)")
        given = self.model_fields_set - {"story", "open", "form"}
        foreign = given & ({"answers", "asks", "wrong"} if self.open else set(Story.model_fields) - FORMS)
        if foreign:
            raise ValueError(f"{', '.join(sorted(foreign))} cannot stand beside {'open' if self.open else 'form'}")
        return self


FORMS = {"story", "form", "answers", "asks", "wrong"}


class Told(Declaration):
    """A file of stories."""

    stories: tuple[Story, ...]


@dataclass(frozen=True)
class Placed:
    """A story with the place it is told at."""

    place: str
    story: Story


@dataclass(frozen=True)
class House:
    """Where stories are lived through; ``session.info`` gets what is ``known``."""

    database: Database
    snapshot: Snapshot
    known: Mapping[str, Any]
    logins: tuple[str, str] = ("employee", "worker")

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self.database.writing(self.snapshot) as session:
            session.info.update(self.known)
            yield session


def read(folder: Path) -> tuple[list[Placed], list[FileProblem]]:
    """The stories of a plugin's folder, and what is wrong with their files."""
    found: list[Placed] = []
    faults: list[FileProblem] = []
    for file in sorted((folder / "tests").glob("*.yaml")):
        document = read_yaml(file, f"tests/{file.name}")
        faults += document.problems
        if (told := validated(document, Told, faults)) is not None:
            for number, story in enumerate(told.stories):
                line, _column = document.places.get(("stories", number), (1, 1))
                found.append(Placed(f"tests/{file.name}, line {line}, {story.story!r}", story))
    return found, faults


def lived(house: House, told: Sequence[Placed], slug: str) -> Iterator[str]:
    """Where each story goes another way than it is told, with what was expected and what came."""

    for one in told:
        before = len(recent.get(slug, ()))
        fault = _form(house, one.story) if one.story.form else _case(house, one.story, slug)
        raised = list(recent.get(slug, ()))[before:]
        if fault is None and raised:
            fault = f"{raised[-1].point} raises {raised[-1].line} ({raised[-1].place})"
        if fault is not None:
            yield f"{one.place}: {fault}"


def alone(generation: Generation, told: Sequence[Placed]) -> Iterator[str]:
    """The same in a house made for this one plugin; nothing of the installation is in reach."""
    tables.load()
    with tempfile.TemporaryDirectory(prefix="acm-stories-") as name:
        folder = Path(name)
        settings = Settings(data_dir=folder, secret_key="of a story")  # noqa: S106
        database = Database(f"sqlite:///{folder / 'stories.db'}", pool_size=2)
        runtime = Runtime(settings, database, FileStore(folder / "files"))
        core = Contribution("runtime", "core", runtime)
        snapshot = compose(1, [core, *generation.contributions], {generation.slug: generation})
        try:
            Base.metadata.create_all(database.write_engine)
            house = House(database, snapshot, {"settings": settings, "runtime": runtime})
            with house.writing() as session:
                _settle(session, house.logins)
            yield from lived(house, told, generation.slug)
        finally:
            database.dispose()


def _settle(session: Session, logins: Sequence[str]) -> None:
    department = Department(key="it", names={"en": "IT", "ru": "ИТ"})
    session.add(department)
    session.flush()
    people = [
        Person(
            login=login, given=login.capitalize(), family="Trial", created_at=clock.now(), department_id=department.id
        )
        for login in logins
    ]
    session.add_all(people)
    session.flush()
    department.head_id = people[0].manager_id = people[1].id


def _people(session: Session, house: House) -> list[Person]:
    return [session.scalars(select(Person).where(Person.login == login)).one() for login in house.logins]


def _case(house: House, story: Story, slug: str) -> str | None:
    """The story of a case: opened, moved, followed by the plugin's reactors, and looked at."""
    declared = house.snapshot.find("page_type", story.open)
    if not isinstance(declared, CaseType):
        return f"{story.open!r} is no case type of it"
    try:
        with house.writing() as session:
            asker, worker = _people(session, house)
            values = stored_values(declared.fields, story.fields)
            opening = Opening(title=story.story, requester=asker, department=worker.department, fields=values)
            case = open_case(session, declared, opening, Origin(asker, clock.now()), UTC)
            for target in story.moves:
                if said := _refusal(case, target, worker):
                    return f"expected the move to {target!r}, got a refusal: {said}"
            number = case.id
    except (Problem, LookupError, ValueError) as problem:
        return f"expected a case of {story.open}, got: {_words(problem)}"
    _follow(house, slug)
    with house.writing() as session:
        case = session.scalars(unrestricted(select(Case).where(Case.id == number), "story")).one()
        return _refusals(session, house, case, story) or _end(case, story)


def _refusals(session: Session, house: House, case: Case, story: Story) -> str | None:
    worker = _people(session, house)[1]
    for target in story.refused:
        with session.begin_nested() as tried:
            said = _refusal(case, target, worker)
            tried.rollback()
        session.refresh(case)
        if not said:
            return f"expected the move to {target!r} to be refused, got the state {target!r}"
        if story.because not in said:
            return f"expected the move to {target!r} to be refused because {story.because!r}, got {said!r}"
    return None


def _refusal(case: Case, target: str, worker: Person) -> str:
    """Why a case is not moved; empty when it was."""
    try:
        case.move(target, Origin(worker, clock.now()), comment=WORDS)
    except Problem as problem:
        return _words(problem)
    except (KeyError, LookupError):
        return f"there is no state {target!r}"
    return ""


def _end(case: Case, story: Story) -> str | None:
    if story.ends and case.state != story.ends:
        return f"expected the state {story.ends!r}, got {case.state!r}"
    known = {field.key: field for field in case.form}
    for key, value in story.has.items():
        if key not in known:
            return f"expected the field {key!r}, got a type without it"
        wanted, there = None if value is None else stored(known[key], value), case.fields.get(key)
        if wanted != there:
            return f"expected {key} to be {wanted!r}, got {there!r}"
    return None


def _follow(house: House, slug: str) -> None:
    """Let the plugin's reactors come to the end of what happened."""
    for given in house.snapshot.each("consumer"):
        if given.plugin == slug:
            while given.value(house.database, house.snapshot):
                pass


def _form(house: House, story: Story) -> str | None:
    """The story of a form: what is asked, and which answers are wrong."""
    definition = house.snapshot.find("service", story.form.lower())
    if definition is None:
        return f"{story.form!r} is no service of it"
    with house.writing() as session:
        asker = _people(session, house)[0]
        known = {field.key for field in definition.form}
        if unknown := sorted({*story.answers, *(story.asks or ()), *story.wrong} - known):
            return f"expected the question {unknown[0]!r}, got a form without it"
        asking = Asking(session, grants_of(session, asker), "en", UTC, clock.now(), requester=asker, beneficiary=asker)
        read = read_answers(asked_of(definition), {k: _typed(v) for k, v in story.answers.items()}, asking)
        if story.asks is not None and set(story.asks) != set(read.shown):
            return f"expected the questions {sorted(story.asks)}, got {sorted(read.shown)}"
        wrong = {name.partition("[")[0]: str(message) for name, message in read.errors.items()}
        if set(story.wrong) != set(wrong):
            return f"expected wrong answers to {sorted(story.wrong)}, got {wrong or 'none'}"
    return None


def _typed(value: Any) -> Any:
    """An answer as a browser would send it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, (list, dict)) else str(value)


def _words(problem: Exception) -> str:
    if isinstance(problem, Problem) and problem.detail:
        return str(Message(problem.detail, problem.params))
    if isinstance(problem, Invalid):
        return "; ".join(f"{name}: {', '.join(map(str, texts))}" for name, texts in problem.errors.items())
    return str(problem)
