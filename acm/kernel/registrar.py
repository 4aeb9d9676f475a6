"""What a plugin says in ``register(p)``: declarations only, collected as contributions under its own name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter
from sqlalchemy.orm import Session

from acm.cases.queues import QueueDefinition
from acm.catalog.definitions import load_services
from acm.catalog.vocabularies import load_vocabularies
from acm.db import Database
from acm.jobs.consumers import consume
from acm.jobs.imports import Import, Importer, Report
from acm.journal import Event
from acm.kernel.context import Context
from acm.kernel.guard import guarded
from acm.kernel.manifest import Manifest
from acm.kpi.declarations import Measure, Panel, Widget
from acm.pages.types import PageType
from acm.snapshot import Contribution, Snapshot
from acm.taxonomy.definitions import TermDefinition, VocabularyDefinition

Reactor = Callable[[Context, Event], None]
Job = Callable[[Context], None]


class Registrar:
    """Collects contributions. Keys of types, vocabularies and measures must begin with ``<slug>.``."""

    def __init__(self, manifest: Manifest, folder: Path) -> None:
        self.manifest = manifest
        self.slug = manifest.slug
        self.folder = folder
        self.contributions: list[Contribution] = []
        self.reactors: dict[str, list[Reactor]] = {}

    def declared(self) -> None:
        """What lies beside the code: services, groups and translations of the plugin."""
        if (self.folder / "locale").is_dir():
            self._add("locale", self.slug, self.folder / "locale")
        vocabularies = sorted((self.folder / "taxonomies").glob("*.yaml"))
        if vocabularies:
            known = load_vocabularies(*vocabularies)
            for group in known.groups:
                self._add("group", group.id, group)
        if (self.folder / "catalog").is_dir():
            for service in load_services(self.folder / "catalog"):
                self._add("service", service.id.lower(), service)
        for key, permission in self.manifest.permissions.define.items():
            self._add("permission", f"{self.slug}.{key}", permission)

    def page_type(self, declared: PageType) -> None:
        """A type of page or case."""
        self._add("page_type", self._own(declared.key), declared)

    case_type = page_type

    def vocabulary(self, key: str, names: Mapping[str, str], terms: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        """A flat vocabulary: keys and names of its terms, in order."""
        named = tuple(TermDefinition(key=k, names=dict(n), order=i) for i, (k, n) in enumerate(terms))
        self._add("vocabulary", self._own(key), VocabularyDefinition(key=key, names=dict(names), terms=named))

    def queue(self, slug: str, names: Mapping[str, str], filters: Mapping[str, Any], **shown: Any) -> None:
        """A queue for those who work cases: a saved filter in the words of the filter language."""
        self._add("queue", slug, QueueDefinition(slug=slug, names=names, filters=filters, **shown))

    def measure(self, declared: Measure) -> None:
        self._add("measure", self._own(declared.key), declared)

    def widget(self, declared: Widget) -> None:
        self._add("widget", self._own(declared.key), declared)

    def panel(self, declared: Panel) -> None:
        """A panel of widgets; the head of its department is led to it."""
        self._add("panel", declared.key, declared)

    def importer(self, key: str, names: Mapping[str, str], run: Callable[[Import], Report]) -> None:
        """A format of ``acm import <key> FILE``."""
        self._add("importer", key, Importer(key, dict(names), guarded(self.slug, "importer", run)))

    def react(self, kind: str, reactor: Reactor) -> None:
        """Follow a kind of event, after its commit, at least once, without a person."""
        first = not self.reactors
        self.reactors.setdefault(kind, []).append(guarded(self.slug, "react", reactor))
        if first:
            self._add("consumer", f"react:{self.slug}", self._react)

    def job(self, name: str, run: Job, *, every: int) -> None:
        """Run every so many seconds, in a transaction of its own."""
        call = guarded(self.slug, "job", run)

        def scheduled(session: Session) -> None:
            call(Context(self.slug, session, session.info["snapshot"]))

        self._add("schedule", f"{self.slug}.{name}", (every, scheduled))

    def router(self, router: APIRouter, *, at: Literal["pages", "api"] = "pages") -> None:
        """Screens under ``/p/<slug>/`` or JSON under ``/api/p/<slug>/``."""
        self._add("router", f"{self.slug}:{at}", router)

    def slot(self, place: str, render: Callable[..., str], *, order: int = 100) -> None:
        """A fragment in a named place: ``portal.home``, ``case.aside``, ``case.tabs``, ``panel.widget``."""
        self._add(f"slot:{place}", self.slug, guarded(self.slug, f"slot {place}", render), order)

    def menu(self, entry: Callable[..., Any], *, order: int = 100) -> None:
        """An entry of the side bar: ``fn(ui) -> {key, href, label, icon} | None``."""
        self._add("menu", self.slug, guarded(self.slug, "menu", entry), order)

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
