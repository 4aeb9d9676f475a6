"""How the core's calls reach what a plugin gave: with a context, guarded, and with what happens when it fails."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm import clock
from acm.cases.vetoes import VERBS
from acm.db import Database
from acm.errors import Problem
from acm.i18n import _
from acm.jobs.consumers import consume
from acm.jobs.queue import PAUSES, enqueue
from acm.journal import Event, Origin
from acm.kernel.guard import PluginFailed, apart, guarded
from acm.pages.models import Page, TypeVersion
from acm.pages.schema import stored_version
from acm.pages.visibility import unrestricted
from acm.sdk.building import Builder
from acm.sdk.context import Context
from acm.snapshot import Snapshot

VETOES = tuple(f"case.before_{verb}" for verb in VERBS)
FILTERS: dict[str, type] = {"mail.render_body": str}
"""What may be filtered, with the type that goes in and comes out."""
AT_ONCE = 20
UPGRADED = 200
UPGRADE_EVERY = 60
WITHOUT_RULE = _("The rule that decides this does not work at the moment. Try again later, or tell the administrators")

Upgrade = Callable[[dict[str, Any]], Mapping[str, Any]]


def fewer(call: Callable[..., Any], first: int, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Those facts that a callable takes after its ``first`` parameters: it may take fewer than it is offered."""
    parameters = list(inspect.signature(call).parameters.values())
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        return dict(facts)
    names = {one.name for one in parameters[first:]}
    return {name: value for name, value in facts.items() if name in names}


def asked(slug: str, point: str, ask: Callable[..., Any], types: Sequence[str], *, refuses: bool) -> Callable[..., Any]:
    """A veto as the core calls it; ``refuses`` says what holds while it fails."""
    call = guarded(slug, f"veto {point}", ask)

    def veto(session: Session, subject: Any, facts: Mapping[str, Any]) -> Any:
        context = Context(slug, session, session.info["snapshot"])
        of = subject.type if isinstance(subject, Page) else subject.key
        if types != ("*",) and of not in (types or context.own_types):
            return None
        try:
            return call(context, subject, **fewer(ask, 2, facts))
        except PluginFailed:
            return WITHOUT_RULE if refuses else None

    return veto


def filtering(slug: str, point: str, change: Callable[..., Any]) -> Callable[..., Any]:
    """A filter as the core calls it: one that fails, or gives another type, leaves the value as it was."""
    kind = FILTERS[point]

    def checked(context: Context, value: Any, **facts: Any) -> Any:
        result = change(context, value, **fewer(change, 2, facts))
        if not isinstance(result, kind):
            raise TypeError(f"the filter {point} gives {kind.__name__}, not {type(result).__name__}")
        return result

    call = guarded(slug, f"filter {point}", checked)

    def run(session: Session, value: Any, facts: Mapping[str, Any]) -> Any:
        try:
            return call(Context(slug, session, session.info["snapshot"]), value, **facts)
        except PluginFailed:
            return value

    return run


@dataclass
class Reactors:
    """The reactors of one plugin, fed from the journal.

    Each runs in a savepoint of the consumer's transaction, so what it writes comes with the cursor, once. One that
    raises holds nobody up: a job calls it again after the pauses of jobs, five times, and then stays in sight.
    """

    slug: str
    by_kind: dict[str, dict[str, Callable[..., None]]] = field(default_factory=dict)

    @property
    def job(self) -> str:
        return f"{self.slug}.react"

    def add(self, kind: str, reactor: Callable[..., None]) -> None:
        there = self.by_kind.setdefault(kind, {})
        name = f"{kind}:{getattr(reactor, '__name__', 'reactor')}"
        there[name if name not in there else f"{name}:{len(there)}"] = guarded(self.slug, f"react {kind}", reactor)

    def consume(self, db: Database, snapshot: Snapshot) -> int:
        """One batch of the consumer ``react:<slug>``."""
        kinds = () if "*" in self.by_kind else tuple(self.by_kind)
        return consume(db, snapshot, f"react:{self.slug}", self._handle, limit=AT_ONCE, kinds=kinds)

    def again(self, session: Session, args: Mapping[str, Any]) -> None:
        """Job ``<slug>.react``: one reactor and one event once more."""
        event = session.scalars(unrestricted(select(Event).where(Event.id == args["event"]), "reactor")).one()
        found = {name: call for there in self.by_kind.values() for name, call in there.items()}
        if args["reactor"] not in found:
            raise LookupError(f"{self.slug} has no reactor {args['reactor']} any more")
        self._call(session, event, args["reactor"], found[args["reactor"]])

    def _handle(self, session: Session, events: Sequence[Event]) -> None:
        for event in events:
            if not event.is_live:
                continue
            for name, call in {**self.by_kind.get(event.kind, {}), **self.by_kind.get("*", {})}.items():
                try:
                    with session.begin_nested():
                        self._call(session, event, name, call)
                except Problem:  # among them PluginFailed; nobody is here to be told
                    args = {"event": event.id, "reactor": name}
                    key = f"react:{self.slug}:{event.id}:{name}"[:160]
                    enqueue(session, self.job, args, run_at=clock.now() + PAUSES[0], key=key)

    def _call(self, session: Session, event: Event, name: str, call: Callable[..., None]) -> None:
        context = Context(self.slug, session, session.info["snapshot"], key=f"{self.slug}:{name}:{event.id}")
        call(context, event)
        session.flush()


@dataclass(frozen=True)
class QueuedJob:
    """A job with a payload, as the queue calls it. The payload bears its version; ``older`` brings an old one up."""

    slug: str
    name: str
    run: Callable[..., None]
    payload: type[BaseModel] | None
    version: int
    older: Callable[[dict[str, Any], int], Mapping[str, Any]] | None

    def __call__(self, session: Session, args: Mapping[str, Any]) -> None:
        given, version = dict(args.get("payload", {})), int(args.get("version", 1))
        if version != self.version and self.older is not None:
            given = dict(self.older(given, version))
        apart(self.slug, f"job {self.name}", session, lambda own: self._run(own, given))

    def _run(self, session: Session, given: dict[str, Any]) -> None:
        context = Context(
            self.slug, session, session.info["snapshot"], key=f"{self.slug}:job:{session.info.get('job')}"
        )
        if len(inspect.signature(self.run).parameters) == 1:
            guarded(self.slug, f"job {self.name}", self.run)(context)
            return
        payload = self.payload.model_validate(given) if self.payload else given
        guarded(self.slug, f"job {self.name}", self.run)(context, payload)


@dataclass(frozen=True)
class Upgrades:
    """Steps from one shape of the stored fields to the next, done in bulk in the background, never on reading."""

    slug: str
    steps: dict[tuple[str, int], Upgrade] = field(default_factory=dict)

    def __call__(self, session: Session) -> None:
        """The schedule ``<slug>.upgrade``: the next pages whose fields are of an earlier version."""
        snapshot = session.info["snapshot"]
        for given in snapshot.each("page_type"):
            if given.plugin == self.slug:
                self._upgrade(session, given.value)

    def _upgrade(self, session: Session, definition: Any) -> None:
        versions = session.scalars(select(TypeVersion).where(TypeVersion.key == definition.key))
        earlier = {v.id: int(v.definition.get("data_version", 1)) for v in versions}
        earlier = {id_: version for id_, version in earlier.items() if version < definition.data_version}
        if not earlier:
            return
        statement = select(Page).where(Page.type_version_id.in_(earlier)).order_by(Page.id).limit(UPGRADED)
        pages = session.scalars(unrestricted(statement.with_for_update(of=Page), "upgrade")).all()
        now = stored_version(session, definition)
        for page in pages:
            before = earlier[page.type_version_id]
            fields = dict(page.fields)
            for version in range(before, definition.data_version):
                step = self.steps.get((definition.key, version)) or self.steps.get(("", version))
                if step is not None:
                    fields = dict(guarded(self.slug, "upgrade", step)(dict(fields)))
            page.fields, page.type_version_id = fields, now.id
            page.record("page.upgraded", Origin(None, clock.now()), {"from": before, "to": definition.data_version})


def seeding(slug: str, plant: Callable[..., None]) -> Callable[[Session, datetime, int], None]:
    """A seed, as the demo calls it: with the moment its company was made at, and the seed of all chance."""
    call = guarded(slug, "seed", plant)

    def run(session: Session, made_at: datetime, seed: int) -> None:
        call(Builder(slug, session, session.info["snapshot"], moment=made_at, seed=seed))

    return run


def scheduled(slug: str, name: str, run: Callable[..., None]) -> Callable[[Session], None]:
    """A job with a schedule, as the worker calls it."""
    call = guarded(slug, f"job {name}", run)

    def due(session: Session) -> None:
        key = f"{slug}:{name}:{clock.now().isoformat()}"
        apart(slug, f"job {name}", session, lambda own: call(Context(slug, own, own.info["snapshot"], key=key)))

    return due
