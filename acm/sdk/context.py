"""What a plugin's code is handed: everything it may reach, filtered by what the person, or the plugin, may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import structlog
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from acm import clock
from acm.cases.models import Case
from acm.cases.opening import Opening, open_case
from acm.errors import NotFound
from acm.journal import Origin
from acm.pages.models import Page
from acm.pages.types import CaseType
from acm.pages.visibility import unrestricted, visible, visible_page
from acm.people.models import Department, Group, Person
from acm.people.signin import Me, Viewer
from acm.snapshot import Snapshot
from acm.web.runtime import Db, snapshot_of
from acm.web.templating import UI, Ui


@dataclass
class Context:
    """One call into a plugin. ``user`` is None in jobs and reactors: there it sees the cases of its own types alone."""

    plugin: str
    session: Session
    snapshot: Snapshot
    user: Viewer | None = None
    ui: UI | None = None
    log: Any = field(init=False)

    def __post_init__(self) -> None:
        self.log = structlog.get_logger("acm.plugins").bind(plugin=self.plugin)

    @cached_property
    def pages(self) -> Pages:
        return Pages(self)

    @cached_property
    def cases(self) -> Cases:
        return Cases(self)

    @cached_property
    def people(self) -> People:
        return People(self)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The plugin's settings as the administrator left them, with the defaults of its schema."""
        serving = self.snapshot.plugins.get(self.plugin)
        found: Mapping[str, Any] = serving.settings if serving else {}
        return found

    def now(self) -> datetime:
        return clock.now()

    def origin(self) -> Origin:
        """Who acts: the person, or in a job nobody."""
        return self.user.origin() if self.user else Origin(None, clock.now())

    def can(self, permission: str, subject: object = None) -> bool:
        """Whether the person holds a permission, of the core or ``<slug>.<name>``; in a job always."""
        return self.user is None or self.user.may(permission, subject)

    def _(self, message: object) -> str:
        """A message in the reader's language; outside a request as it stands."""
        return self.ui.say(message) if self.ui else str(message)

    def page(self, template: str, **values: Any) -> HTMLResponse:
        """A screen of the plugin: a template of its own folder ``templates/``, in the core's layout."""
        ui = self._reader()
        ui.env = self._templates()
        return ui.page(f"plugin:{self.plugin}/{template}", **values)

    def fragment(self, template: str, **values: Any) -> Markup:
        """A piece for a slot, from a template of the plugin's own."""
        ui = self._reader()
        known = {"_": ui.translator.gettext, "gettext": ui.translator.gettext, "ngettext": ui.translator.ngettext,
                 "say": ui.say, "lang": ui.lang, "zone": ui.zone, "now": clock.now(), "viewer": ui.viewer}  # fmt: skip
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
class Pages:
    """Pages of any kind that the person may see."""

    ctx: Context

    def find(self, number: str) -> Page:
        """The page of that number; :class:`acm.sdk.NotFound` when there is none for this person."""
        if self.ctx.user is None:
            raise LookupError("outside a request a plugin sees its own cases alone")
        return visible_page(self.ctx.session, self.ctx.user.grants, number, Page)


@dataclass(frozen=True)
class Cases:
    """Cases that the person may see; in jobs and reactors all cases of the plugin's own types."""

    ctx: Context

    def find(self, number: str) -> Case:
        """The case of that number; :class:`acm.sdk.NotFound` when there is none to be seen."""
        if self.ctx.user is not None:
            return visible_page(self.ctx.session, self.ctx.user.grants, number, Case)
        found = next(iter(self._own(number=number.upper())), None)
        if found is None:
            raise NotFound()
        return found

    def own(self, *, category: str = "", resolved_before: datetime | None = None, limit: int = 200) -> Sequence[Case]:
        """Cases of the plugin's types, oldest first; ``category`` is one of :class:`acm.sdk.StateCategory`."""
        found: list[Any] = [Case.category == category] if category else []
        if resolved_before is not None:
            found.append(Case.resolved_at < resolved_before)
        return self._own(*found, limit=limit)

    def open(self, type_key: str, *, title: str, **known: Any) -> Case:
        """Open a case of a type of the plugin; ``known`` are what :class:`acm.sdk.Opening` takes."""
        definition = self.ctx.snapshot.find("page_type", type_key)
        if not isinstance(definition, CaseType) or self.ctx.snapshot.giver("page_type", type_key) != self.ctx.plugin:
            raise LookupError(f"{type_key!r} is no case type of {self.ctx.plugin}")
        zone = self.ctx.user.zone if self.ctx.user else ZoneInfo("UTC")
        return open_case(self.ctx.session, definition, Opening(title=title, **known), self.ctx.origin(), zone)

    def _own(self, *conditions: Any, number: str = "", limit: int = 200) -> Sequence[Case]:
        ctx = self.ctx
        types = [c.key for c in ctx.snapshot.each("page_type") if c.plugin == ctx.plugin]
        statement = visible(ctx.user.grants, Case) if ctx.user else unrestricted(select(Case), f"plugin {ctx.plugin}")
        statement = statement.where(Case.type.in_(types), *conditions).options(joinedload(Case.type_version))
        if number:
            statement = statement.where(Case.number == number)
        return ctx.session.scalars(statement.order_by(Case.id).limit(limit)).all()


@dataclass(frozen=True)
class People:
    """The company: people, groups and departments by their keys."""

    ctx: Context

    def find(self, login: str) -> Person | None:
        return self.ctx.session.scalars(select(Person).where(Person.login == login.lower())).first()

    def group(self, key: str) -> Group | None:
        return self.ctx.session.scalars(select(Group).where(Group.key == key)).first()

    def department(self, key: str) -> Department | None:
        return self.ctx.session.scalars(select(Department).where(Department.key == key)).first()


def context_of(request: Request, db: Db, ui: Ui, me: Me) -> Context:
    """The context of a request to a plugin's own address."""
    return Context(request.app.state.plugin, db, snapshot_of(request), me, ui)


Ctx = Annotated[Context, Depends(context_of)]
"""The context as a parameter of an endpoint: ``def show(ctx: Ctx) -> Response``."""
