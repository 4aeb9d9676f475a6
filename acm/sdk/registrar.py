"""What a plugin may give: one method an extension point. ``register(p)`` calls them and does nothing else.

Printed as ``docs/reference/extension-points.md``; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from fastapi import APIRouter
from pydantic import BaseModel

from acm.jobs.imports import Import, Report
from acm.journal import Event
from acm.kpi.declarations import Gauge, Measure, Panel, Widget
from acm.pages.types import CaseType, PageType
from acm.sdk.building import Builder
from acm.sdk.context import Context

Reactor = Callable[[Context, Event], None]
Job = Callable[..., None]
Veto = Callable[..., object]
Filter = Callable[..., Any]
Upgrade = Callable[[dict[str, Any]], Mapping[str, Any]]
Slot = Callable[..., str | None]
Seed = Callable[[Builder], None]
Feed = Callable[[Context], str | bytes]
Start = Callable[[Context], Awaitable[None] | None]
MenuEntry = Callable[[Context], Mapping[str, Any] | None]


class Registrar(Protocol):
    """Given to ``register(p)``. Declarations only: no clock, no thread, no query; at most a second."""

    def case_type(self, declared: CaseType) -> None:
        """A type of case, with its states, transitions, stages, fields and priorities. Key: ``<slug>.<name>``."""

    def page_type(self, declared: PageType) -> None:
        """A type of page that is not worked as a case. Key: ``<slug>.<name>``."""

    def vocabulary(
        self, key: str, names: Mapping[str, str], terms: Sequence[tuple[str, Mapping[str, str]]], *, facet: bool = True
    ) -> None:
        """A flat vocabulary: keys and names of its terms, in order. What people add or rename stays. Key:
        ``<slug>.<name>``; ``facet`` offers it as a filter."""

    def queue(self, slug: str, names: Mapping[str, str], filters: Mapping[str, Any], **shown: Any) -> None:
        """A queue for those who work cases: a saved filter in the words of the filter language; ``shown`` are
        ``icon``, ``sort``, ``grouping``, ``columns``, ``audience`` (``d:it``, ``g:it-net``, ``r:head``) and ``order``."""

    def measure(self, declared: Measure | Gauge) -> None:
        """A number: of what happened to cases (``Measure``: how many, what share, what median), or about pages of a
        type by their own fields (``Gauge``: how many, what sum, what share). Key: ``<slug>.<name>``."""

    def widget(self, declared: Widget) -> None:
        """A place on a panel that shows a measure. Key: ``<slug>.<name>``."""

    def panel(self, declared: Panel) -> None:
        """A panel of widgets at ``/kpi/<key>``; the head of its department is led to it."""

    def importer(self, key: str, names: Mapping[str, str], run: Callable[[Import], Report]) -> None:
        """A format of ``acm import <key> FILE``. It checks the whole file first, writes in batches, and does each
        thing once however often it runs."""

    def veto(self, point: str, ask: Veto, *, types: Sequence[str] = ()) -> None:
        """May refuse what is about to happen to a case of the plugin's types, or of ``types`` (``("*",)`` is every
        one). ``point`` is ``case.before_<verb>``: ``open``, ``move``, ``resolve``, ``close``, ``cancel``, ``reject``,
        ``reopen``, ``assign`` or ``change``; the manifest lists it under ``permissions.uses.veto``."""

    def filter(self, point: str, change: Filter) -> None:
        """Changes a value on its way; ``point`` is ``mail.render_body``, the text of a mail."""

    def react(self, kind: str, reactor: Reactor) -> None:
        """Follows a kind of event in the journal (``*``: every kind), of whatever page: see ``ctx.cases.of``."""

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
        """Work beside the requests: ``every`` so many seconds, by a line of cron in the zone of the installation
        (``schedule="17 3 * * *"``), or, with neither, when ``ctx.enqueue(name, payload)`` asks for it. A payload of an
        earlier ``payload_version`` is brought up by ``older(payload, version)``."""

    def upgrade(self, *, from_: int, fn: Upgrade, type_key: str = "") -> None:
        """Brings stored fields from one ``data_version`` of the manifest to the next, of one type or of all the
        plugin's. Fields it does not name should be kept."""

    def notification(self, kind: str, texts: Mapping[str, str]) -> None:
        """A sentence for ``ctx.notify(person, kind, page, **values)``, by language; ``%(number)s`` is the page's, other
        names are the values. Key: ``<slug>.<kind>``."""

    def search_field(self, type_key: str, field: str) -> None:
        """A field whose value finds its page as a number does; ``Field(searched=True)`` says the same."""

    def seed(self, plant: Seed) -> None:
        """What the plugin brings into the demo company, after people and services are there. It gets a
        :class:`acm.sdk.Builder`: ``ctx.at(moment, by=person)`` acts in the past."""

    def on_start(self, start: Start) -> None:
        """Called once for each load of the plugin in each process that answers requests, before the first of them:
        for a connection, a warm cache, a first ``ctx.spawn``. It may be ``async``; it has ``request_ms``. Not in
        ``acm worker``: jobs open what they need."""

    def on_stop(self, stop: Start) -> None:
        """Called once for each load that was started, or tried to: after its last request has ended, or after 30 s.
        It may be ``async``; it has ``request_ms``. Tasks of ``ctx.spawn`` are cancelled after it."""

    def feed(self, name: str, render: Feed, *, media_type: str = "text/calendar; charset=utf-8") -> None:
        """A document that a person's calendar or reader fetches without signing in, at ``ctx.feed_url(name)``."""

    def role(self, key: str, names: Mapping[str, str], permissions: Sequence[str]) -> None:
        """A role that is made where it is missing; administrators decide who bears it. Key: ``<slug>.<name>``."""

    def router(self, router: APIRouter, *, at: Literal["pages", "api"] = "pages", permission: str = "") -> None:
        """Screens under ``/p/<slug>/`` or JSON under ``/api/p/<slug>/``. Session, CSRF and errors are the core's;
        everybody who is signed in may come, or only holders of ``permission``."""

    def slot(self, place: str, render: Slot, *, order: int = 100) -> None:
        """A fragment in a named place of the core's screens: ``fn(ctx, **subject)`` gives markup, or None for
        nothing. When it raises, its place says that the plugin is not available, with the number of the error."""

    def menu(self, entry: MenuEntry, *, order: int = 100) -> None:
        """An entry of the side bar: ``fn(ctx)`` gives ``{key, href, label, icon}``, or None for this person."""
