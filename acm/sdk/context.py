"""What a plugin's code is handed: everything it may reach, filtered by what the person, or the plugin, may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import structlog
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm import clock
from acm.cases.models import Case
from acm.journal import Origin
from acm.pages.models import Page
from acm.pages.numbering import next_count
from acm.pages.types import PageType
from acm.people.models import Department, Group, Person
from acm.people.rights import people_of
from acm.people.signin import Me, Viewer
from acm.sdk.changing import Cases, Pages
from acm.sdk.ordering import Catalog
from acm.sdk.owning import Tables
from acm.sdk.services import Services
from acm.snapshot import Snapshot
from acm.web.runtime import Db, snapshot_of
from acm.web.templating import UI, Ui


@dataclass
class Context(Services):
    """One call into a plugin. ``user`` is None in jobs, reactors and vetoes: there it sees pages of its own types alone.

    ``key`` is the same whenever the same event or job comes again: for what is done outside the database.
    """

    plugin: str
    session: Session
    snapshot: Snapshot
    user: Viewer | None = None
    ui: UI | None = None
    actor: Viewer | None = None
    key: str = ""
    log: Any = field(init=False)

    def __post_init__(self) -> None:
        self.log = structlog.get_logger("acm.plugins").bind(plugin=self.plugin)

    @cached_property
    def pages(self) -> Pages:
        """Pages of any kind."""
        return Pages(self, Page)

    @cached_property
    def cases(self) -> Cases:
        """Cases."""
        return Cases(self, Case)

    @cached_property
    def catalog(self) -> Catalog:
        """Orders for services."""
        return Catalog(self)

    @cached_property
    def db(self) -> Tables:
        """The plugin's own tables."""
        return Tables(self)

    @cached_property
    def people(self) -> People:
        """The company."""
        return People(self)

    @property
    def itself(self) -> Context:
        """The plugin on its own account: pages of its own types without regard to the person, who stays the one who
        acts. For what a person sets going and may not see; what comes of it must not be shown to them."""
        return Context(self.plugin, self.session, self.snapshot, None, self.ui, self.user or self.actor, self.key)

    @cached_property
    def own_types(self) -> tuple[str, ...]:
        """Keys of the types that this plugin gives."""
        return tuple(given.key for given in self.snapshot.each("page_type") if given.plugin == self.plugin)

    def own_type(self, type_key: str) -> PageType:
        """The definition of a type of this plugin."""
        if type_key not in self.own_types:
            raise LookupError(f"{type_key!r} is no type of {self.plugin}")
        definition: PageType = self.snapshot.points["page_type"][type_key].value
        return definition

    @property
    def settings(self) -> Mapping[str, Any]:
        """The plugin's settings as the administrator left them, with the defaults of its schema."""
        serving = self.snapshot.plugins.get(self.plugin)
        found: Mapping[str, Any] = serving.settings if serving else {}
        return found

    def now(self) -> datetime:
        """The moment it is, in UTC."""
        return clock.now()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the person, else that of the installation."""
        return self.user.zone if self.user else ZoneInfo(self.runtime.settings.timezone)

    def today(self) -> date:
        """The day it is there."""
        return self.now().astimezone(self.zone).date()

    def number(self, series: str) -> int:
        """The next number of a gap-free series, ``legal.contract`` or ``legal.contract.2026``: given again if this
        transaction fails. It holds the series until the transaction ends: ask last."""
        if not series.startswith(f"{self.plugin}."):
            raise LookupError(f"{series!r} must begin with {self.plugin + '.'!r}")
        return next_count(self.session, series)

    def origin(self) -> Origin:
        """Who acts: the person, or in a job nobody."""
        acts = self.user or self.actor
        return acts.origin() if acts else Origin(None, clock.now())

    def can(self, permission: str, subject: object = None) -> bool:
        """Whether the person holds a permission, of the core or ``<slug>.<name>``; in a job always."""
        return self.user is None or self.user.may(permission, subject)

    def _(self, message: object) -> str:
        """A message in the reader's language; outside a request as it stands."""
        return self.ui.translator_of(self.plugin).say(message) if self.ui else str(message)

    def page(self, template: str, **values: Any) -> HTMLResponse:
        """A screen of the plugin: a template of its own folder ``templates/``, in the core's layout."""
        ui = self._reader()
        ui.env, ui.plugin = self._templates(), self.plugin
        return ui.page(f"plugin:{self.plugin}/{template}", **values)

    def fragment(self, template: str, **values: Any) -> Markup:
        """A piece for a slot, from a template of the plugin's own."""
        ui = self._reader()
        texts = ui.translator_of(self.plugin)
        known = {"_": texts.gettext, "gettext": texts.gettext, "ngettext": texts.ngettext, "say": texts.say,
                 "lang": ui.lang, "zone": ui.zone, "now": clock.now(), "viewer": ui.viewer}  # fmt: skip
        html = self._templates().get_template(f"plugin:{self.plugin}/{template}").render(**known, **values)
        return Markup(html)  # noqa: S704 - a template's own output, autoescaped

    def _reader(self) -> UI:
        if self.ui is None:
            raise LookupError("nobody reads outside a request")
        return self.ui

    def _templates(self) -> Environment:
        environment: Environment = self.snapshot.plugins[self.plugin].templates
        return environment


@dataclass(frozen=True)
class People:
    """The company: people, groups and departments by their keys."""

    ctx: Context

    def find(self, login: str) -> Person | None:
        """The person of that login."""
        return self.ctx.session.scalars(select(Person).where(Person.login == login.lower())).first()

    def by_ids(self, ids: Iterable[int]) -> dict[int, Person]:
        """Those people by id, in one statement: as fields hold them."""
        wanted = sorted(set(ids))
        found = self.ctx.session.scalars(select(Person).where(Person.id.in_(wanted))) if wanted else ()
        return {person.id: person for person in found}

    def group(self, key: str) -> Group | None:
        """The group of that key."""
        return self.ctx.session.scalars(select(Group).where(Group.key == key)).first()

    def members(self, key: str) -> Sequence[Person]:
        """The active members of a group, by name."""
        group = self.group(key)
        return people_of(self.ctx.session, [group.id]) if group else []

    def department(self, key: str) -> Department | None:
        """The department of that key."""
        return self.ctx.session.scalars(select(Department).where(Department.key == key)).first()


async def context_of(request: Request, db: Db, ui: Ui, me: Me) -> Context:
    """The context of a request to a plugin's own address."""
    return Context(request.app.state.plugin, db, snapshot_of(request), me, ui)


Ctx = Annotated[Context, Depends(context_of)]
"""The context as a parameter of an endpoint: ``def show(ctx: Ctx) -> Response``."""
