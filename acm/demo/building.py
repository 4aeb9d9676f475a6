"""Building the demo company: phase by phase, each all or nothing, so that an interrupted run goes on where it stopped.

How far it came stands in the table of the installation: when it was made and from which seed, so that the plan of
cases can be made again, the phases that are done, and the number of cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from acm import clock
from acm.catalog.definitions import load_services
from acm.catalog.models import Service
from acm.catalog.publishing import publish_all
from acm.demo.batches import BATCH, live_through
from acm.demo.company import found_company
from acm.demo.company_file import DATA, company_file, taxonomies, vocabularies
from acm.demo.knowledge import write_knowledge
from acm.demo.marks import LIVED, MADE_AT, PHASES, REACHED, SEEDED, fact, note
from acm.demo.people import make_people
from acm.demo.personas import history, play, stories
from acm.demo.rhythm import Planned, plan_cases, rhythm
from acm.demo.stage import SOURCE, set_stage
from acm.errors import Problem
from acm.journal import Origin
from acm.kernel import lifecycle
from acm.pages.schema import store_definitions
from acm.people.models import Person
from acm.progress import Tell
from acm.web.runtime import Runtime

CASES = 8000
SEED = 20260101

WORDS = {
    "company": "People and departments",
    "plugins": "Plugins",
    "services": "Services",
    "knowledge": "Articles",
    "cases": "Eighteen months of cases",
    "personas": "What waits for you",
    "seeds": "What the departments bring",
}


class NotADemo(Problem):
    """The installation has people of its own; the demo company would be mixed with them."""

    status = 409
    type = "/problems/not-a-demo"
    title = "This installation is not a demo"


@dataclass
class Building:
    """One run. ``tell`` hears what is done, how much of it, and of how much."""

    runtime: Runtime
    tell: Tell
    count: int = CASES
    seed: int = SEED

    def build(self) -> bool:
        """Do what is not done yet; False when everything was there."""
        done = self._reached()
        left = PHASES[PHASES.index(done) + 1 :] if done else PHASES
        steps = (self._company, self._enable, self._services, self._knowledge, self._cases, self._personas, self._seeds)
        for phase, step in zip(PHASES, steps, strict=True):
            if phase in left:
                self.tell(WORDS[phase], 0, 1)
                step()
                if phase != "cases":
                    self.tell(WORDS[phase], 1, 1)
        if left:
            self.runtime.db.analyze()
        return bool(left)

    def _reached(self) -> str:
        with self.runtime.db.reading(self.runtime.snapshot) as session:
            reached = fact(session, REACHED)
            if not reached and session.scalar(select(func.count()).select_from(Person)):
                raise NotADemo("There are people here already; the demo company needs an empty database")
            if reached:
                self.seed = int(fact(session, SEEDED))
            return reached

    def _company(self) -> None:
        now = clock.now()
        with self._write("company") as session:
            note(session, MADE_AT, now.isoformat())
            note(session, SEEDED, str(self.seed))
            store_definitions(session, self.runtime.snapshot)
            found_company(session, self._plugins, self.seed, Origin(None, now, source=SOURCE))

    def _enable(self) -> None:
        """Switch on the plugins that bring parts of the catalogue."""
        with self._write("plugins") as session:
            brought = [] if self.runtime.settings.safe_mode else taxonomies(self._plugins)
            for folder in brought:
                lifecycle.enable(session, self.runtime, folder.parent.name, self._origin(session))
        lifecycle.publish(self.runtime)

    def _services(self) -> None:
        with self._write("services") as session:
            known = vocabularies(self._plugins).known()
            publish_all(session, load_services(DATA / "services", known), self._origin(session))

    def _knowledge(self) -> None:
        with self._write("knowledge") as session:
            write_knowledge(session, _made_at(session), self.seed)

    def _cases(self) -> None:
        """Batch by batch; each leaves a mark, the last one that of the phase."""
        with self.runtime.db.reading(self.runtime.snapshot) as session:
            plan, done = self._plan(session), int(fact(session, LIVED) or 0)
        while done < len(plan):
            batch = plan[done : done + BATCH]
            with self.runtime.db.writing(self.runtime.snapshot) as session:
                stage = set_stage(
                    session, self.runtime.snapshot, _made_at(session), self.seed, self.runtime.settings.timezone
                )
                live_through(session, stage, batch, done)
                done += len(batch)
                note(session, LIVED, str(done))
                if done == len(plan):
                    note(session, REACHED, "cases")
            self.tell(WORDS["cases"], done, len(plan))

    def _personas(self) -> None:
        with self._write("personas") as session:
            stage = set_stage(
                session, self.runtime.snapshot, _made_at(session), self.seed, self.runtime.settings.timezone
            )
            play(session, stage)

    def _seeds(self) -> None:
        """What plugins bring of their own, each in a transaction of its own; one that fails is left out and named."""
        snapshot = self.runtime.snapshot
        for given in snapshot.each("seed"):
            try:
                with self.runtime.db.writing(snapshot) as session:
                    given.value(session, _made_at(session), self.seed)
            except Problem as problem:
                self.tell(f"{given.plugin}: {problem}", 1, 1)
        with self._write("seeds"):
            pass

    def _plan(self, session: Session) -> list[Planned]:
        """The same plan each time: from the seed and the moment the demo was begun."""
        places = vocabularies(self._plugins)
        now = _made_at(session)
        stage = set_stage(session, self.runtime.snapshot, now, self.seed, self.runtime.settings.timezone)
        prefixes = {domain.prefix: domain.id for domain in places.domains}
        domains = {
            key: prefixes[key.partition("-")[0]]
            for key in rhythm().services
            if key in stage.services and self._can_happen(stage.services[key])
        }
        people = make_people(company_file(), places, self.seed)
        zones = {branch.id: branch.timezone for branch in places.branches}
        own = [case for case in history(now, ZoneInfo(self.runtime.settings.timezone)) if case.service in domains]
        by_chance = max(0, self.count - len(own) - stories())
        return sorted([*own, *plan_cases(by_chance, people, zones, domains, now, self.seed)], key=lambda case: case.at)

    def _can_happen(self, service: Service) -> bool:
        """Whether a case of it can be left to chance; orders of several parts are told by who brings them."""
        return service.case_type(self.runtime.snapshot) is not None and not service.offering.bundle

    @property
    def _plugins(self) -> Path:
        return self.runtime.settings.plugin_path

    def _origin(self, session: Session) -> Origin:
        return Origin(None, _made_at(session), source=SOURCE)

    @contextmanager
    def _write(self, phase: str) -> Iterator[Session]:
        """One phase: all of it with its mark, or nothing."""
        with self.runtime.db.writing(self.runtime.snapshot) as session:
            yield session
            note(session, REACHED, phase)


def _made_at(session: Session) -> datetime:
    return datetime.fromisoformat(fact(session, MADE_AT)).astimezone(UTC)
