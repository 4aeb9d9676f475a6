"""What was found, in the words and addresses of the results page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session

from acm.cases.models import Case
from acm.cases.track import Track, pending_approvers, track
from acm.catalog.models import Service
from acm.i18n import Message, _
from acm.pages.models import Page
from acm.pages.routes import address_of
from acm.pages.term_routes import address as term_address
from acm.pages.types import StateCategory
from acm.people.models import Person
from acm.people.rights import Grants
from acm.search.asking import Found
from acm.search.documents import MINE, Segments
from acm.taxonomy.models import Term
from acm.web.templating import UI
from acm.web.words import moment

TITLES: Mapping[str, Message] = {
    "service": _("Services"),
    MINE: _("My requests"),
    "case": _("Cases"),
    "article": _("Articles"),
    "announcement": _("Announcements"),
    "page": _("Pages"),
    "person": _("People"),
    "term": _("Terms"),
}

ICONS = {"case": "folder", MINE: "folder", "article": "book", "announcement": "speakerphone", "term": "tag"}
HUES = {"case": 264, MINE: 264, "article": 60, "announcement": 30, "term": 190}

PILLS = {
    StateCategory.NEW: "info",
    StateCategory.APPROVAL: "wait",
    StateCategory.ACTIVE: "info",
    StateCategory.WAITING: "warn",
    StateCategory.RESOLVED: "ok",
    StateCategory.CLOSED: "ok",
}


@dataclass(frozen=True)
class Line:
    """A result as ``components/result.html`` draws it."""

    title: Markup
    href: str
    icon: str = ""
    hue: int = 264
    person: Person | None = None
    extract: str = ""
    facts: Sequence[str] = ()
    state: str = ""
    state_kind: str = ""
    action: Mapping[str, str] | None = None
    stages: Sequence[Any] = ()
    aside: str = ""


def marked(segments: Segments) -> Markup:
    """Segments as safe markup, the asked words in ``<mark>``."""
    return Markup().join(Markup("<mark>{}</mark>").format(text) if is_match else text for text, is_match in segments)


def address(subject: Page | Person | Term, kind: str, grants: Grants) -> str:
    """Where a found thing is read: a case by its requester as a request, by who works it as a case."""
    if isinstance(subject, Person):
        return f"/people/{subject.login}"
    if isinstance(subject, Term):
        return term_address(subject)
    return f"/requests/{subject.number}" if kind == MINE else address_of(grants, subject)


class Showing:
    """Draws results for one reader; Tracks of cases are read in one statement beforehand."""

    def __init__(self, ui: UI, session: Session, grants: Grants, found: Sequence[Found], now: datetime) -> None:
        self.ui = ui
        self.grants = grants
        self.now = now
        cases = [one.subject for one in found if isinstance(one.subject, Case)]
        approvers = pending_approvers(session, cases) if cases else {}
        self._tracks: dict[int, Track] = {
            case.id: track(case, ui.lang, now, approver=approvers.get(case.id)) for case in cases
        }

    def line(self, found: Found) -> Line:
        subject = found.subject
        if isinstance(subject, Person):
            return self._person(found, subject)
        if isinstance(subject, Term):
            return self._plain(found, facts=[subject.vocabulary.names.get(self.ui.lang, "")])
        if isinstance(subject, Service):
            return self._service(found, subject)
        if isinstance(subject, Case):
            return self._case(found, subject)
        return self._page(found, subject)

    def _service(self, found: Found, service: Service) -> Line:
        href = address(service, found.kind, self.grants)
        action = {"href": f"{href}/new", "label": self.ui.say(_("Order"))} if service.is_for(self.grants) else None
        return self._plain(
            found,
            icon=str(service.fact("icon", "file")),
            hue=service.department.hue if service.department else 264,
            facts=[self._department(service), service.promise(self.ui.lang)],
            action=action,
        )

    def _case(self, found: Found, case: Case) -> Line:
        progress = self._tracks[case.id]
        ends = progress.promised if not case.is_done else case.closed_at or case.resolved_at
        facts = [case.number, progress.holder, moment(ends, self.ui.lang, self.ui.zone, self.now) if ends else ""]
        return self._plain(
            found,
            facts=facts,
            state=progress.state,
            state_kind=PILLS.get(case.current.category, ""),
            stages=progress.stages,
        )

    def _page(self, found: Found, page: Page) -> Line:
        at = moment(page.updated_at, self.ui.lang, self.ui.zone, self.now)
        changed = self.ui.say(_("changed %(when)s", when=at))
        return self._plain(found, facts=[self._department(page), changed])

    def _person(self, found: Found, person: Person) -> Line:
        lang = self.ui.lang
        place = ", ".join(part.name(lang) for part in (person.department, person.branch) if part)
        facts = [person.position.get(lang, ""), place]
        return Line(marked(found.hit.marked), address(person, "person", self.grants), person=person, facts=facts)

    def _plain(self, found: Found, **given: Any) -> Line:
        kind, hit = found.kind, found.hit
        looks = {"icon": ICONS.get(kind, "file"), "hue": HUES.get(kind, 264), **given}
        return Line(
            title=marked(hit.marked),
            href=address(found.subject, kind, self.grants),
            extract=marked(hit.extract),
            **looks,
        )

    def _department(self, page: Page) -> str:
        return page.department.name(self.ui.lang) if page.department else ""
