"""What a plugin may give: one method an extension point. ``register(p)`` calls them and does nothing else.

Printed as ``docs/reference/extension-points.md``; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from fastapi import APIRouter

from acm.jobs.imports import Import, Report
from acm.journal import Event
from acm.kpi.declarations import Measure, Panel, Widget
from acm.pages.types import CaseType, PageType
from acm.sdk.context import Context

Reactor = Callable[[Context, Event], None]
Job = Callable[[Context], None]
Slot = Callable[..., str | None]
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

    def measure(self, declared: Measure) -> None:
        """A number about cases: how many, what share, what median. Key: ``<slug>.<name>``."""

    def widget(self, declared: Widget) -> None:
        """A place on a panel that shows a measure. Key: ``<slug>.<name>``."""

    def panel(self, declared: Panel) -> None:
        """A panel of widgets at ``/kpi/<key>``; the head of its department is led to it."""

    def importer(self, key: str, names: Mapping[str, str], run: Callable[[Import], Report]) -> None:
        """A format of ``acm import <key> FILE``. It checks the whole file first, writes in batches, and does each
        thing once however often it runs."""

    def react(self, kind: str, reactor: Reactor) -> None:
        """Follow a kind of event: called after its commit, from the journal, at least once, without a person. A
        reactor that raises is called again with the same event."""

    def job(self, name: str, run: Job, *, every: int) -> None:
        """Run every so many seconds, in a transaction of its own, in one process at a time or more: idempotent."""

    def router(self, router: APIRouter, *, at: Literal["pages", "api"] = "pages", permission: str = "") -> None:
        """Screens under ``/p/<slug>/`` or JSON under ``/api/p/<slug>/``. Session, CSRF and errors are the core's;
        everybody who is signed in may come, or only holders of ``permission``."""

    def slot(self, place: str, render: Slot, *, order: int = 100) -> None:
        """A fragment in a named place of the core's screens: ``fn(ctx, **subject)`` gives markup, or None for
        nothing. When it raises, its place says that the plugin is not available, with the number of the error."""

    def menu(self, entry: MenuEntry, *, order: int = 100) -> None:
        """An entry of the side bar: ``fn(ctx)`` gives ``{key, href, label, icon}``, or None for this person."""
