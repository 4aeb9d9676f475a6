"""What a plugin says in ``register(p)``: declarations only, collected as contributions under its own name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy.orm import Session

from acm.cases.queues import QueueDefinition
from acm.catalog.checks import validated
from acm.catalog.definitions import ServiceFileError, load_services
from acm.catalog.located import FileProblem, read_yaml
from acm.catalog.vocabularies import load_vocabularies
from acm.db import Database
from acm.jobs.consumers import consume
from acm.jobs.imports import Import, Importer, Report
from acm.journal import Event
from acm.kernel.guard import PluginFailed, guarded
from acm.kernel.manifest import Manifest
from acm.kpi.declarations import Measure, Panel, Widget
from acm.pages.types import CaseType, Declaration, PageType
from acm.sdk import registrar as contract
from acm.sdk.context import Context
from acm.sdk.registrar import Job, MenuEntry, Reactor, Slot
from acm.snapshot import Contribution, Snapshot
from acm.taxonomy.definitions import TermDefinition, VocabularyDefinition
from acm.web.templating import UI

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Mounted:
    """A plugin's router, and the permission that its visitors need besides being signed in."""

    router: APIRouter
    permission: str = ""


class _Queue(Declaration):
    """A queue as a file declares it."""

    slug: str
    names: dict[str, str]
    filters: dict[str, Any] = {}
    icon: str = "list"
    sort: str = "due"
    grouping: str = "due"
    columns: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    order: int = 100


class Registrar(contract.Registrar):
    """Collects contributions. Keys of types, vocabularies and measures must begin with ``<slug>.``."""

    def __init__(self, manifest: Manifest, folder: Path) -> None:
        self.manifest = manifest
        self.slug = manifest.slug
        self.folder = folder
        self.contributions: list[Contribution] = []
        self.reactors: dict[str, list[Reactor]] = {}

    def declared(self) -> None:
        """What lies beside the code: types, queues, services, groups, permissions and translations."""
        if (self.folder / "locale").is_dir():
            self._add("locale", self.slug, self.folder / "locale")
        for case_type in self._read("case_types", CaseType):
            self.case_type(case_type)
        for queue in self._read("queues", _Queue):
            self._add("queue", queue.slug, QueueDefinition(**dict(queue)))
        if (self.folder / "taxonomies").is_dir():
            for group in load_vocabularies(self.folder / "taxonomies").groups:
                self._add("group", group.id, group)
        if (self.folder / "catalog").is_dir():
            for service in load_services(self.folder / "catalog"):
                self._add("service", service.id.lower(), service)
        for key, permission in self.manifest.permissions.define.items():
            self._add("permission", f"{self.slug}.{key}", permission)

    def page_type(self, declared: PageType) -> None:
        self._add("page_type", self._own(declared.key), declared)

    def case_type(self, declared: CaseType) -> None:
        self.page_type(declared)

    def vocabulary(
        self, key: str, names: Mapping[str, str], terms: Sequence[tuple[str, Mapping[str, str]]], *, facet: bool = True
    ) -> None:
        named = tuple(TermDefinition(key=k, names=dict(n), order=i) for i, (k, n) in enumerate(terms))
        declared = VocabularyDefinition(key=self._own(key), names=dict(names), terms=named, facet=facet)
        self._add("vocabulary", key, declared)

    def queue(self, slug: str, names: Mapping[str, str], filters: Mapping[str, Any], **shown: Any) -> None:
        self._add("queue", slug, QueueDefinition(slug=slug, names=names, filters=filters, **shown))

    def measure(self, declared: Measure) -> None:
        self._add("measure", self._own(declared.key), declared)

    def widget(self, declared: Widget) -> None:
        self._add("widget", self._own(declared.key), declared)

    def panel(self, declared: Panel) -> None:
        self._add("panel", declared.key, declared)

    def importer(self, key: str, names: Mapping[str, str], run: Callable[[Import], Report]) -> None:
        self._add("importer", key, Importer(key, dict(names), guarded(self.slug, "importer", run)))

    def react(self, kind: str, reactor: Reactor) -> None:
        first = not self.reactors
        self.reactors.setdefault(kind, []).append(guarded(self.slug, f"react {kind}", reactor))
        if first:
            self._add("consumer", f"react:{self.slug}", self._react)

    def job(self, name: str, run: Job, *, every: int) -> None:
        call = guarded(self.slug, f"job {name}", run)

        def scheduled(session: Session) -> None:
            call(Context(self.slug, session, session.info["snapshot"]))

        self._add("schedule", f"{self.slug}.{name}", (every, scheduled))

    def router(self, router: APIRouter, *, at: Literal["pages", "api"] = "pages", permission: str = "") -> None:
        self._add("router", f"{self.slug}:{at}", Mounted(router, permission))

    def slot(self, place: str, render: Slot, *, order: int = 100) -> None:
        self._add(f"slot:{place}", self.slug, guarded(self.slug, f"slot {place}", render), order)

    def menu(self, entry: MenuEntry, *, order: int = 100) -> None:
        call = guarded(self.slug, "menu", entry)

        def shown(ui: UI) -> Any:
            try:
                return call(Context(self.slug, ui.db, ui.snapshot, ui.viewer, ui))
            except PluginFailed:
                return None  # noted; a menu without the entry is better than no page

        self._add("menu", self.slug, shown, order)

    def _read(self, folder: str, model: type[M]) -> list[M]:
        """Each file of a folder as one declaration; every fault with file, line and key."""
        faults: list[FileProblem] = []
        found = []
        for file in sorted((self.folder / folder).glob("*.yaml")):
            document = read_yaml(file, f"{folder}/{file.name}")
            faults += document.problems
            if (declared := validated(document, model, faults)) is not None:
                found.append(declared)
        if faults:
            raise ServiceFileError(faults)
        return found

    def _react(self, db: Database, snapshot: Snapshot) -> int:
        def handle(session: Session, events: Sequence[Event]) -> None:
            context = Context(self.slug, session, snapshot)
            for event in events:
                for reactor in self.reactors.get(event.kind, []):
                    reactor(context, event)

        return consume(db, snapshot, f"react:{self.slug}", handle, limit=100, kinds=tuple(self.reactors))

    def _own(self, key: str) -> str:
        if not key.startswith(f"{self.slug}."):
            raise ValueError(f"{key!r} must begin with {self.slug + '.'!r}: a plugin gives names of its own only")
        return key

    def _add(self, point: str, key: str, value: Any, order: int = 100) -> None:
        self.contributions.append(Contribution(point, key, value, self.slug, order))
