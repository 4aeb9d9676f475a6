"""No page asks once for each row: the statements of a page are few, and the same for 10 rows and for 100."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from acm import clock
from acm.cases.models import Case
from acm.catalog.filing import Filing, file_request
from acm.catalog.models import Service
from acm.catalog.publishing import publish
from acm.db import Database
from acm.journal import Origin
from acm.kpi.keeping import refresh
from acm.pages.comments import add_comment
from acm.pages.kinds import ARTICLE
from acm.pages.links import link_pages
from acm.pages.models import Article, Favourite
from acm.pages.writing import Writing, create_page
from acm.people.models import Person
from acm.search.feed import Indexer
from acm.web.runtime import Runtime
from tests.catalog.conftest import define, question
from tests.statements import listening

MOST = 12
AFTERWARDS = "inside*/ notification.id"  # asked after the answer has left: what was seen is read
FEW, MANY = 10, 100
APPROVED = [{"step": 1, "role": "line_manager"}]
PAGES = {
    "the portal": ("maria", "/"),
    "the services": ("maria", "/services"),
    "a form": ("maria", "/services/it-001/new"),
    "my requests": ("maria", "/requests"),
    "a request": ("maria", "/requests/{case}"),
    "approvals": ("anna", "/approvals"),
    "favourites": ("maria", "/favourites"),
    "the knowledge base": ("maria", "/kb"),
    "search": ("maria", "/search?q=vpn"),
    "my work": ("oleg", "/my"),
    "a queue": ("oleg", "/queues/it-net"),
    "a queue with a look at a case": ("oleg", "/queues/it-net?peek={case}"),
    "a list with three conditions": ("oleg", "/cases?group=it-net&category=open&priority=3,4"),
    "a case": ("oleg", "/cases/{case}"),
    "the history of a case": ("oleg", "/cases/{case}/history"),
    "the links of a case": ("oleg", "/cases/{case}/links"),
    "a panel": ("irina", "/kpi/it?period=30d"),
    "a list behind a figure": ("irina", "/kpi/cases?panel=it&measure=opened&from={since}"),
    "people": ("ada", "/admin/people"),
    "API: cases": ("oleg", "/api/v1/cases?limit=100"),
    "API: a case": ("oleg", "/api/v1/cases/{case}"),
    "API: comments": ("oleg", "/api/v1/cases/{case}/comments?limit=100"),
    "API: events": ("oleg", "/api/v1/cases/{case}/events?limit=100"),
    "API: pages": ("maria", "/api/v1/pages?limit=100"),
    "API: services": ("maria", "/api/v1/services"),
    "API: search": ("maria", "/api/v1/search?q=vpn"),
    "API: people": ("maria", "/api/v1/people?limit=100"),
}


@dataclass
class Desk:
    """Grows the world by rows of every kind; each further case, comment, article and service is like the last."""

    session: Session
    runtime: Runtime
    person: Callable[[str], Person]
    indexer: Indexer
    first: Case | None = None
    size: int = 0

    def grow(self, size: int) -> None:
        for number in range(self.size + 1, size + 1):
            self._add(number)
        self.size = size
        self.session.commit()
        self.indexer.reindex(self.runtime.db)

    def _add(self, number: int) -> None:
        at = clock.now() - timedelta(days=number % 20, hours=1)
        maria, oleg = self.person("maria"), self.person("oleg")
        asked = Origin(maria, at)
        plain = publish(self.session, define(f"IT-{number:03}", form=[question("reason")]), asked)
        approved = publish(self.session, define(f"IT-{number + 500}", approvals=APPROVED), asked)
        self._file(approved, maria, asked)
        case = self._file(plain, maria, asked)
        case.owner_id, case.priority = oleg.id, 3
        self.first = self.first or case
        author = (oleg, maria, self.person("vera"), self.person("pavel"))[number % 4]
        add_comment(self.session, self.first, f"Word {number}", Origin(author, at))
        if case is not self.first:
            link_pages(self.session, self.first, case, "relates", Origin(oleg, at))
        writing = Writing(texts={"en": {"title": f"VPN {number}", "body": "How to."}}, owner=author, public=True)
        article = create_page(self.session, Article, ARTICLE, writing, asked)
        self.session.add(Favourite(person_id=maria.id, page_id=article.id, at=at))
        self.session.add(
            Person(login=f"p{number}", given=f"Given {number}", department_id=oleg.department_id, created_at=at)
        )
        if number % 2:
            case.enter(case.case_type.state("in_progress"), Origin(oleg, at))
            case.enter(case.case_type.state("resolved"), Origin(oleg, at + timedelta(minutes=30)))
        self.session.flush()
        refresh(self.session, [case.id], ZoneInfo("Europe/Moscow"))

    def _file(self, service: Service, maria: Person, asked: Origin) -> Case:
        return file_request(
            self.session, Filing(service, {"reason": "home"}, maria, maria, "en"), asked, self.runtime.snapshot, "UTC"
        )


@pytest.fixture
def desk(session: Session, runtime: Runtime, person: Callable[[str], Person]) -> Desk:
    return Desk(session, runtime, person, Indexer(runtime.parts["search"]))


@pytest.fixture
def ageless(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process keeps for half a minute does not age: whichever page came then would ask once more."""
    for kept in ("acm.cases.queues.SAVED_SECONDS", "acm.cases.labels.FRESH_SECONDS", "acm.people.layout.FRESH_SECONDS"):
        monkeypatch.setattr(kept, inf)
    monkeypatch.setattr("acm.catalog.showcase.FRESH", timedelta.max)


@pytest.mark.usefixtures("ageless")
def test_a_page_needs_the_same_few_statements_for_10_and_100_rows(desk: Desk, browse: Any, database: Database) -> None:
    sent: dict[str, list[list[str]]] = {name: [] for name in PAGES}
    since = (clock.now() - timedelta(days=29)).date()
    for size in (FEW, MANY):
        desk.grow(size)
        assert desk.first is not None
        for name, (login, path) in PAGES.items():
            browser, address = browse(login), path.format(case=desk.first.number, since=since)
            browser.get(address)
            with listening(database.read_engine) as heard:
                assert browser.get(address).status_code == 200, name
            sent[name].append([one for one in heard if AFTERWARDS not in one])
    counts = {name: [len(heard) for heard in both] for name, both in sent.items()}
    growing = {name: _more(*sent[name]) for name, (few, many) in counts.items() if few != many}
    assert not growing
    assert not {name: sent[name][1] for name, (_few, many) in counts.items() if many > MOST}


def _more(few: list[str], many: list[str]) -> list[str]:
    """The statements that came more often than before."""
    return sorted({one for one in many + few if many.count(one) != few.count(one)})
