"""What a plugin says in ``register(p)``: declarations only, collected as contributions under its own name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from cronsim import CronSim
from fastapi import APIRouter
from pydantic import BaseModel

from acm import clock
from acm.cases.queues import QueueDefinition
from acm.catalog.checks import validated
from acm.catalog.definitions import ServiceFileError, load_services
from acm.catalog.located import FileProblem, read_yaml
from acm.catalog.vocabularies import load_vocabularies
from acm.errors import Problem
from acm.jobs.imports import Import, Importer, Report
from acm.kernel import calling
from acm.kernel.guard import guarded
from acm.kernel.living import Life
from acm.kernel.manifest import Manifest
from acm.kpi.declarations import Gauge, Measure, Panel, Widget
from acm.pages.types import CaseType, Declaration, PageType
from acm.sdk import registrar as contract
from acm.sdk.context import Context
from acm.sdk.points import SLOTS
from acm.sdk.registrar import Feed, Filter, Job, MenuEntry, Reactor, Seed, Slot, Start, Upgrade, Veto
from acm.snapshot import Contribution
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
        self.reactors = calling.Reactors(self.slug)
        self.upgrades = calling.Upgrades(self.slug)
        self.life = Life(self.slug)
        self._add("spawn", self.slug, self.life.spawn)

    def declared(self) -> None:
        """What lies beside the code: types, queues, services, groups, permissions and translations."""
        if (self.folder / "locale").is_dir():
            self._add("locale", self.slug, self.folder / "locale")
        for case_type in self._read("case_types", CaseType):
            self.case_type(case_type)
        for queue in self._read("queues", _Queue):
            self._add("queue", queue.slug, QueueDefinition(**dict(queue)))
        for measure in self._read("measures", Measure):
            self.measure(measure)
        for widget in self._read("widgets", Widget):
            self.widget(widget)
        for panel in self._read("panels", Panel):
            self.panel(panel)
        if (self.folder / "taxonomies").is_dir():
            for group in load_vocabularies(self.folder / "taxonomies").groups:
                self._add("group", group.id, group)
        if (self.folder / "catalog").is_dir():
            for service in load_services(self.folder / "catalog"):
                self._add("service", service.id.lower(), service)
        for key, permission in self.manifest.permissions.define.items():
            self._add("permission", f"{self.slug}.{key}", permission)

    def page_type(self, declared: PageType) -> None:
        shaped = _with(declared, data_version=self.manifest.plugin.data_version)
        self._add("page_type", self._own(declared.key), shaped)

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

    def measure(self, declared: Measure | Gauge) -> None:
        self._add("gauge" if isinstance(declared, Gauge) else "measure", self._own(declared.key), declared)

    def widget(self, declared: Widget) -> None:
        self._add("widget", self._own(declared.key), declared)

    def panel(self, declared: Panel) -> None:
        self._add("panel", declared.key, declared)

    def importer(self, key: str, names: Mapping[str, str], run: Callable[[Import], Report]) -> None:
        self._add("importer", key, Importer(key, dict(names), guarded(self.slug, "importer", run)))

    def veto(self, point: str, ask: Veto, *, types: Sequence[str] = ()) -> None:
        if point not in calling.VETOES:
            raise ValueError(f"{point!r} is nothing to refuse: {', '.join(calling.VETOES)}")
        if point not in self.manifest.permissions.uses.veto:
            raise ValueError(f"plugin.toml must list {point!r} in permissions.uses.veto")
        refuses = self.manifest.permissions.uses.on_failure == "refuse"
        given = calling.asked(self.slug, point, ask, tuple(types), refuses=refuses)
        self._add(f"veto:{point}", self._free(f"veto:{point}"), given)

    def filter(self, point: str, change: Filter) -> None:
        if point not in calling.FILTERS:
            raise ValueError(f"{point!r} is nothing to filter: {', '.join(calling.FILTERS)}")
        self._add(f"filter:{point}", self._free(f"filter:{point}"), calling.filtering(self.slug, point, change))

    def react(self, kind: str, reactor: Reactor) -> None:
        if not self.reactors.by_kind:
            self._add("consumer", f"react:{self.slug}", self.reactors.consume)
            self._add("job", self.reactors.job, self.reactors.again)
        self.reactors.add(kind, reactor)

    def job(
        self,
        name: str,
        run: Job,
        *,
        every: int = 0,
        schedule: str = "",
        payload: type[BaseModel] | None = None,
        payload_version: int = 1,
        older: Callable[[dict[str, Any], int], Mapping[str, Any]] | None = None,
    ) -> None:
        if schedule:
            CronSim(schedule, clock.now())  # raises what is wrong with the line
        if every or schedule:
            self._add("schedule", f"{self.slug}.{name}", (schedule or every, calling.scheduled(self.slug, name, run)))
            return
        given = calling.QueuedJob(self.slug, name, run, payload, payload_version, older)
        self._add("job", f"{self.slug}.{name}", given)

    def upgrade(self, *, from_: int, fn: Upgrade, type_key: str = "") -> None:
        if not 1 <= from_ < self.manifest.plugin.data_version:
            raise ValueError(f"upgrade from {from_}: plugin.toml says data_version {self.manifest.plugin.data_version}")
        if not self.upgrades.steps:
            self._add("schedule", f"{self.slug}.upgrade", (calling.UPGRADE_EVERY, self.upgrades))
        self.upgrades.steps[self._own(type_key) if type_key else "", from_] = fn

    def notification(self, kind: str, texts: Mapping[str, str]) -> None:
        self._add("notification", f"{self.slug}.{kind}", dict(texts))

    def search_field(self, type_key: str, field: str) -> None:
        for place, given in enumerate(self.contributions):
            if (given.point, given.key) == ("page_type", type_key) and given.value.field(field) is not None:
                fields = [f.model_copy(update={"searched": True}) if f.key == field else f for f in given.value.fields]
                self.contributions[place] = replace(given, value=_with(given.value, fields=tuple(fields)))
                return
        raise ValueError(f"{type_key!r} has no field {field!r}; declare the type first")

    def seed(self, plant: Seed) -> None:
        self._add("seed", self._free("seed"), calling.seeding(self.slug, plant))

    def on_start(self, start: Start) -> None:
        self.life.starts.append(start)

    def on_stop(self, stop: Start) -> None:
        self.life.stops.append(stop)

    def feed(self, name: str, render: Feed, *, media_type: str = "text/calendar; charset=utf-8") -> None:
        self._add("feed", f"{self.slug}:{name}", (guarded(self.slug, f"feed {name}", render), media_type))

    def role(self, key: str, names: Mapping[str, str], permissions: Sequence[str]) -> None:
        self._add("role", self._own(key), (dict(names), tuple(permissions)))

    def router(self, router: APIRouter, *, at: Literal["pages", "api"] = "pages", permission: str = "") -> None:
        self._add("router", f"{self.slug}:{at}", Mounted(router, permission))

    def slot(self, place: str, render: Slot, *, order: int = 100) -> None:
        if place not in SLOTS:
            raise ValueError(f"{place!r} is no place for slots: {', '.join(SLOTS)}")
        self._add(f"slot:{place}", self._free(f"slot:{place}"), guarded(self.slug, f"slot {place}", render), order)

    def menu(self, entry: MenuEntry, *, order: int = 100) -> None:
        def checked(context: Context) -> Mapping[str, Any] | None:
            made = entry(context)
            if made is not None and not all(isinstance(made[name], str) for name in ("key", "href", "label", "icon")):
                raise TypeError("an entry of a menu gives key, href, label and icon as texts")
            return made

        call = guarded(self.slug, "menu", checked)

        def shown(ui: UI) -> Any:
            try:
                return call(Context(self.slug, ui.db, ui.snapshot, ui.viewer, ui))
            except Problem:
                return None  # noted; a menu without the entry is better than no page

        self._add("menu", self._free("menu"), shown, order)

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

    def _free(self, point: str) -> str:
        """A key for one more contribution to a point that takes several of a plugin."""
        return f"{self.slug}:{sum(given.point == point for given in self.contributions)}"

    def _own(self, key: str) -> str:
        if not key.startswith(f"{self.slug}."):
            raise ValueError(f"{key!r} must begin with {self.slug + '.'!r}: a plugin gives names of its own only")
        return key

    def _add(self, point: str, key: str, value: Any, order: int = 100) -> None:
        self.contributions.append(Contribution(point, key, value, self.slug, order))


def _with(declared: PageType, **changes: Any) -> PageType:
    """The same type with some of its properties changed; its digest is that of the change."""
    changed = declared.model_copy(update=changes)
    changed.__dict__.pop("_digest", None)
    return changed
