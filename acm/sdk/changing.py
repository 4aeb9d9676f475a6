"""What plugins do to pages and cases: the verbs of the core, with the rights of the person who acts.

A person needs ``page.work`` on what is changed. Without a person (jobs, reactors, :attr:`Context.itself`) the plugin
changes pages of its own types, and what hangs below them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from acm.cases.listing import row_parts
from acm.cases.models import Case
from acm.cases.opening import Opening, open_case
from acm.errors import Forbidden, NotFound, Stale
from acm.journal import Event
from acm.pages.comments import add_comment
from acm.pages.fields import stored, stored_values
from acm.pages.links import LINK_KINDS, link_pages, links_of, set_parent
from acm.pages.models import Comment, Link, Page
from acm.pages.people import leave, take_part
from acm.pages.terms import add_to_page, remove_from_page, terms_of_page
from acm.pages.types import CaseType
from acm.pages.visibility import inside, unrestricted, visible
from acm.pages.writing import Writing, create_page, edit_page, entrust
from acm.people.models import Group, Person
from acm.people.rights import require
from acm.sdk.finding import Finding, P
from acm.sla import clocks
from acm.taxonomy.models import Term
from acm.taxonomy.vocabularies import find_term

Q = TypeVar("Q", bound=Page)


@dataclass(frozen=True)
class Changing(Finding[P]):
    """The verbs of every page."""

    def comment(self, page: Page, body: str, *, audience: str = "all") -> Comment:
        """Say something on a page; ``internal`` is for those who work it."""
        if self.ctx.user is not None and audience == "internal":
            require(self.ctx.user.grants, "comment.internal", page)
        return add_comment(self.ctx.session, self._hold(page), body, self.ctx.origin(), audience=audience)

    def link(self, source: Page, target: Page, kind: str = "relates") -> None:
        """Link two pages: ``relates``, ``blocks``, ``duplicates``, ``causes``, ``explains``. Twice is once."""
        link_pages(self.ctx.session, self._working(source), self._hold(target), kind, self.ctx.origin())

    def linked(self, page: Page, *kinds: str) -> Sequence[Page]:
        """The other ends of a page's links; without a person those of the plugin's own types."""
        if self.ctx.user is not None:
            return [one.page for one in links_of(self.ctx.session, page, self.ctx.user.grants, *kinds)]
        ends = [(Link.source_id, Link.target_id), (Link.target_id, Link.source_id)]
        found = [select(there).where(here == page.id, Link.kind.in_(kinds or LINK_KINDS)) for here, there in ends]
        mine = self._all().where(or_(*(Page.id.in_(ids) for ids in found)))
        return list(self.ctx.session.scalars(mine.order_by(Page.id)))

    def hang(self, child: Page, parent: Page | None) -> None:
        """Hang a page below another, or free it."""
        set_parent(self.ctx.session, self._working(child), self._hold(parent) if parent else None, self.ctx.origin())

    def tag(self, page: Page, vocabulary: str, *keys: str) -> None:
        """Give a page the terms of these keys; those it bears already stay."""
        self._working(page)
        for key in keys:
            add_to_page(self.ctx.session, page, self._term(vocabulary, key), self.ctx.origin())

    def untag(self, page: Page, vocabulary: str, *keys: str) -> None:
        """Take terms off a page."""
        self._working(page)
        for key in keys:
            remove_from_page(self.ctx.session, page, self._term(vocabulary, key), self.ctx.origin())

    def terms(self, page: Page, vocabulary: str = "") -> Sequence[Term]:
        """The terms of a page, of one vocabulary or of all."""
        found = terms_of_page(self.ctx.session, page)
        return [term for term in found if not vocabulary or term.vocabulary.key == vocabulary]

    def admit(self, page: Page, *people: Person, role: str = "participant") -> None:
        """Let people take part: they see the page even when it is confidential."""
        self._working(page)
        for person in people:
            take_part(self.ctx.session, page, person, role, self.ctx.origin())

    def dismiss(self, page: Page, *people: Person, role: str = "participant") -> None:
        """Take their part away again."""
        self._working(page)
        for person in people:
            leave(self.ctx.session, page, person, role, self.ctx.origin())

    def _working(self, page: Q) -> Q:
        """The page, held for writing, if the one who acts may work it; else :class:`Forbidden`."""
        if self.ctx.user is not None:
            require(self.ctx.user.grants, "page.work", page)
        elif not self._is_own(page):
            raise Forbidden("Without a person a plugin changes pages of its own types alone")
        return self._hold(page)

    def _is_own(self, page: Page) -> bool:
        if page.type in self.ctx.own_types:
            return True
        if page.parent_id is None:
            return False
        above = select(Page.type).where(Page.id == page.parent_id)
        return self.ctx.session.scalar(unrestricted(above, self._reason)) in self.ctx.own_types

    def _hold(self, page: Q) -> Q:
        """Take the head of its journal for this transaction: two at once write one after the other."""
        session = self.ctx.session
        session.flush()
        held = select(Page.id).where(Page.id == page.id).with_for_update(of=Page)
        if session.get_bind().dialect.name == "postgresql" and session.scalar(inside(held)) is not None:
            session.refresh(page, attribute_names=["journal_seq", "journal_head", "version", "fields", "facts"])
        return page

    def _term(self, vocabulary: str, key: str) -> Term:
        return find_term(self.ctx.session, vocabulary, key)


@dataclass(frozen=True)
class Pages(Changing[Page]):
    """Pages of any kind."""

    def create(self, type_key: str, *, title: str, fields: Mapping[str, Any] | None = None, **known: Any) -> Page:
        """A new page of a type of the plugin. ``known`` are ``body``, ``number``, ``state``, ``public``,
        ``confidential``, ``owner``, ``department``, ``group``, ``parent``, ``slug``, ``facts`` and ``audience``
        (tokens ``d:4``, ``g:7``, ``r:head`` of those who may read it)."""
        definition = self.ctx.own_type(type_key)
        values = stored_values(definition.fields, fields or {})
        return create_page(
            self.ctx.session, Page, definition, Writing(title=title, fields=values, **known), self.ctx.origin()
        )

    def change(
        self, page: Page, *, version: int | None = None, fields: Mapping[str, Any] | None = None, **changes: Any
    ) -> Event | None:
        """Change ``title``, ``body``, ``texts`` or fields; None takes a field's value away. ``version`` is the one the
        editor saw: :class:`acm.sdk.Stale` holds both texts when somebody was faster."""
        known = {field.key: field for field in page.form}
        if fields is not None:
            if unknown := fields.keys() - known.keys():
                raise LookupError(f"no such field: {', '.join(sorted(unknown))}")
            changes["fields"] = {k: None if v is None else stored(known[k], v) for k, v in fields.items()}
        held = self._working(page)
        return edit_page(
            self.ctx.session, held, changes, held.version if version is None else version, self.ctx.origin()
        )

    def entrust(self, page: Page, *, confidential: bool, group: Group | None) -> None:
        """Say whether a page that is no case is for those alone who are named on it, its group among them, or also
        for its audience. A case has these as properties: :meth:`acm.sdk.Context.cases.change`."""
        entrust(self.ctx.session, self._working(page), confidential, group, self.ctx.origin())


@dataclass(frozen=True)
class Cases(Changing[Case]):
    """Cases that are worked."""

    def open(self, type_key: str, *, title: str, fields: Mapping[str, Any] | None = None, **known: Any) -> Case:
        """Open a case of a type of the plugin; ``known`` are what :class:`acm.sdk.Opening` takes."""
        definition = self.ctx.own_type(type_key)
        if not isinstance(definition, CaseType):
            raise LookupError(f"{type_key!r} is no case type of {self.ctx.plugin}")
        opening = Opening(title=title, fields=stored_values(definition.fields, fields or {}), **known)
        asker = opening.beneficiary or opening.requester
        zone = (
            self.ctx.user.zone
            if self.ctx.user
            else ZoneInfo(asker.branch.timezone if asker and asker.branch else "UTC")
        )
        return open_case(self.ctx.session, definition, opening, self.ctx.origin(), zone)

    def move(self, case: Case, target: str, *, comment: str = "", audience: str = "all") -> Event:
        """Take one of the type's transitions; without a person any declared one. Words become a comment."""
        by = "worker" if self.ctx.user else "system"
        event = self._working(case).move(
            target, self.ctx.origin(), by=by, comment=comment or ("–" if by == "system" else "")
        )
        if comment.strip():
            add_comment(self.ctx.session, case, comment, self.ctx.origin(), audience=audience)
        return event

    def change(
        self, case: Case, *, version: int | None = None, fields: Mapping[str, Any] | None = None, **properties: Any
    ) -> None:
        """Change fields and properties (``title``, ``priority``, ``impact``, ``urgency``, ``department``, ``branch``,
        ``beneficiary``, ``confidential``), each with its event; None empties a field. :class:`acm.sdk.Stale` when
        ``version`` is gone."""
        held = self._working(case)
        known = {field.key: field for field in held.form}
        if unknown := (fields or {}).keys() - known.keys():
            raise LookupError(f"no such field: {', '.join(sorted(unknown))}")
        if version is not None and version != held.version:
            raise Stale(theirs=dict(held.fields), yours=dict(fields or {}), version=held.version)
        for name, value in properties.items():
            if name not in Case.COLUMNS or name in ("owner", "group"):
                raise LookupError(f"a case has no property {name!r} to change here")
            held.change(name, getattr(value, "id", value), self.ctx.origin())
        for key, value in (fields or {}).items():
            held.answer(key, None if value is None else stored(known[key], value), self.ctx.origin())

    def assign(self, case: Case, *, owner: Person | None = None, group: Group | None = None) -> None:
        """Hand over to a person, a group, or both."""
        self._working(case).assign(self.ctx.origin(), owner=owner, group=group)

    def promise(self, case: Case, due: datetime | None) -> None:
        """Say by when it will be done, where no clock of a service or priority says it; None takes it back."""
        clocks.promise(self._working(case), due, self.ctx.origin())

    def children(self, case: Page) -> Sequence[Case]:
        """The cases below a page, of whatever type: all of them without a person, else those the person may see."""
        if self.ctx.user is not None:
            statement = visible(self.ctx.user.grants, Case)
        else:
            self._require_own(case)
            statement = unrestricted(select(Case), self._reason)
        statement = statement.where(Case.parent_id == case.id).options(*row_parts()).order_by(Case.id)
        return list(self.ctx.session.scalars(statement))

    def of(self, event: Event) -> Case | None:
        """The case an event is about, if it is of the plugin's types or hangs below one that is; else None."""
        if event.page_id is None:
            return None
        statement = unrestricted(select(Case).where(Case.id == event.page_id), self._reason)
        case = self.ctx.session.scalars(statement.options(*row_parts())).first()
        return case if case is not None and self._is_own(case) else None

    def own(self, *, category: str = "", resolved_before: datetime | None = None, limit: int = 200) -> Sequence[Case]:
        """Cases of all types of the plugin, oldest first; ``category`` is one of :class:`acm.sdk.StateCategory`."""
        statement = self._all().where(Case.type.in_(self.ctx.own_types))
        if category:
            statement = statement.where(Case.category == category)
        if resolved_before is not None:
            statement = statement.where(Case.resolved_at < resolved_before)
        return self.ctx.session.scalars(statement.order_by(Case.id).limit(limit)).all()

    def _require_own(self, page: Page) -> None:
        if page.type not in self.ctx.own_types:
            raise NotFound()
