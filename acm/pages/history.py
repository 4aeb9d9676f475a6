"""A page's history as sentences in the reader's language.

Words for a kind of event are contributions to ``event_words``: ``fn(event, names) -> Told | None``; None tells
nothing. A function is called twice: first to learn which names are needed (they are read in one statement per sort
for the whole history), then for the words. Events for own people are told only to those who work the page, and
events that name a page which the reader may not see are not told at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup
from sqlalchemy import Select, String, cast, literal, null, select, union_all
from sqlalchemy.orm import Session

from acm.db import Json
from acm.i18n import Message, Translator, _
from acm.i18n import words as words_in
from acm.journal import Event
from acm.pages.models import Page
from acm.pages.visibility import inside, through
from acm.people.models import Branch, Department, Group, Person
from acm.people.rights import Grants, may
from acm.taxonomy.models import Term
from acm.web.templating import UI

RUN = timedelta(minutes=10)
MOST = 500
UNKNOWN = Markup("…")
NAMED: dict[str, Any] = {"group": Group, "department": Department, "branch": Branch, "term": Term}
NOTHING: Any = null()
NO_JSON: Any = cast(NOTHING, Json)


@dataclass(frozen=True)
class Told:
    """What an event says. ``%(who)s`` in the text is the actor; other params may be names from :class:`Names`."""

    text: Message
    icon: str = "swap"


@dataclass(frozen=True)
class Sentence:
    """One line of a history, ready to show."""

    id: int
    at: datetime
    kind: str
    actor: Person | None
    text: Markup
    icon: str
    internal: bool


@dataclass
class Names:
    """Names by id, in the reader's language. Unknown ids are noted and read together."""

    lang: str
    sees_internal: bool
    zone: ZoneInfo
    subject: Page | None = None
    ready: bool = False
    wanted: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    found: dict[str, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    people: dict[int, Person] = field(default_factory=dict)

    def person(self, id_: int | None) -> object:
        return self._named("person", id_) if id_ is not None else _("nobody")

    def group(self, id_: int | None) -> object:
        return self._named("group", id_) if id_ is not None else _("no group")

    def department(self, id_: int | None) -> object:
        return self._named("department", id_) if id_ is not None else _("no department")

    def branch(self, id_: int | None) -> object:
        return self._named("branch", id_) if id_ is not None else _("no branch")

    def term(self, id_: int | None) -> object:
        return self._named("term", id_) if id_ is not None else _("nothing")

    def page(self, id_: int | None) -> object | None:
        """Number and title of a page (a case, a service), or None: this reader may not know of it."""
        if id_ is None:
            return None
        self.wanted["page"].add(id_)
        if not self.ready:
            return UNKNOWN
        name = self.found["page"].get(id_)
        return None if name is None else _bold(name)

    def load(self, session: Session, grants: Grants) -> None:
        """Read everything that was asked for: the people in one statement, all other names in another."""
        self.people = {p.id: p for p in _rows(session, Person, self.wanted["person"])}
        self.found["person"] = {p.id: p.name_in(self.lang) for p in self.people.values()}
        if asked := [*self._named_rows(), *self._seen_pages(grants)]:
            for sort, id_, names, number, title, texts in session.execute(union_all(*asked)):
                shown = ((texts or {}).get(self.lang) or {}).get("title") or title
                self.found[sort][id_] = f"{number} {shown}" if sort == "page" else words_in(names, self.lang)
        self.ready = True

    def _named_rows(self) -> Iterator[Select[Any]]:
        for sort, model in NAMED.items():
            if ids := self.wanted[sort]:
                columns = (
                    literal(sort, String),
                    model.id,
                    model.names,
                    literal("", String),
                    literal("", String),
                    NO_JSON,
                )
                yield select(*columns).where(model.id.in_(ids))

    def _seen_pages(self, grants: Grants) -> Iterator[Select[Any]]:
        if ids := self.wanted["page"]:
            columns: Any = (literal("page", String), Page.id, NO_JSON, Page.number, Page.title, Page.texts)
            yield through(select(*columns).where(Page.id.in_(ids)), grants)

    def _named(self, sort: str, id_: int) -> Markup:
        self.wanted[sort].add(id_)
        return _bold(self.found[sort][id_]) if id_ in self.found[sort] else UNKNOWN


Words = Callable[[Event, Names], Told | None]


def sentences(
    session: Session,
    page: Page,
    grants: Grants,
    ui: UI,
    *,
    skip: Collection[str] = (),
    since: int = 0,
    limit: int = MOST,
) -> list[Sentence]:
    """The newest ``limit`` events of a page that passed the door, in order of time, as this reader may know them."""
    statement = select(Event).where(Event.page_id == page.id, Event.id > since)
    works = may(grants, "comment.internal", page)
    if not works:
        statement = statement.where(Event.audience == "all")
    if skip:
        statement = statement.where(Event.kind.not_in(skip))
    events = list(session.scalars(inside(statement.order_by(Event.id.desc()).limit(limit))))[::-1]
    return told(session, events, grants, ui, works=works, subject=page)


def told(
    session: Session, events: Sequence[Event], grants: Grants, ui: UI, *, works: bool, subject: Page | None = None
) -> list[Sentence]:
    """Events of pages that passed the door as sentences; ``subject`` is the page when all are of one."""
    names = Names(ui.lang, works, ui.zone, subject)
    words: dict[str, Words] = {c.key: c.value for c in ui.snapshot.each("event_words")}
    known = [event for event in events if event.kind in words]
    for event in known:
        names.wanted["person"].update(i for i in (event.actor_id, event.for_id) if i is not None)
        words[event.kind](event, names)
    names.load(session, grants)
    lines = []
    for event in known:
        said = words[event.kind](event, names)
        if said is not None:
            actor = names.people.get(event.actor_id) if event.actor_id is not None else None
            text = _sentence(ui.translator, said.text, _who(event, names, ui.translator))
            lines.append(Sentence(event.id, event.at, event.kind, actor, text, said.icon, event.is_internal))
    return lines


def runs(lines: Iterable[Sentence]) -> list[list[Sentence]]:
    """Neighbours of one actor within ten minutes together; the component folds three and more."""
    grouped: list[list[Sentence]] = []
    for line in lines:
        last = grouped[-1][-1] if grouped else None
        same = last is not None and last.internal == line.internal and _actor(last) == _actor(line)
        if last is not None and same and line.at - last.at <= RUN:
            grouped[-1].append(line)
        else:
            grouped.append([line])
    return grouped


def _actor(line: Sentence) -> int | None:
    return line.actor.id if line.actor else None


def _who(event: Event, names: Names, texts: Translator) -> Markup:
    if event.actor_id is None:
        return _bold(texts.gettext("The system"))
    actor = names.person(event.actor_id)
    if event.for_id is None:
        return Markup("{}").format(actor)
    return _sentence(texts, _("%(who)s instead of %(person)s", person=names.person(event.for_id)), actor)


def _sentence(texts: Translator, message: Message, who: object) -> Markup:
    """The text with its params filled in and escaped; names are bold already."""
    params: dict[str, Any] = {"who": who}
    for name, value in message.params.items():
        params[name] = value if isinstance(value, (Markup, int)) else texts.say(value)
    template = texts.ngettext(message.id, message.plural, int(str(message.params["num"]))) if message.plural else (
        texts.gettext(message.id)
    )  # fmt: skip
    return Markup(template) % params  # noqa: S704 - the template is ours; what fills it is escaped


def _bold(name: str) -> Markup:
    return Markup("<b>{}</b>").format(name)


def _rows(session: Session, model: Any, ids: set[int]) -> list[Any]:
    return list(session.scalars(select(model).where(model.id.in_(ids)))) if ids else []
