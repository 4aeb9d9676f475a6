"""The floor: the same rows by SQLAlchemy and Jinja2 in a bare FastAPI application, without rights, words or looks.

Each page reads, in the plainest statements, what the product's page shows: the rows themselves with the people, groups
and terms they name, and the figures of its menus. Its template (``floor_pages``) prints each of them once, in HTML of
the same kind: links, marks, times, bars. What is the same for everybody is left out, for it costs neither of them much.
"""

from __future__ import annotations

import collections
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader
from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.orm import Session, joinedload

from acm import clock
from acm.cases.listing import row_parts
from acm.cases.models import Approval, Case
from acm.catalog.models import Service
from acm.db import Database
from acm.journal import Event
from acm.kpi.models import Rollup
from acm.notify.models import Notification
from acm.pages.models import Announcement, Comment, Counter, Draft, Link, Page, PagePerson, PageTerm, SavedAnswer
from acm.pages.visibility import unrestricted
from acm.people.models import Branch, Department, Person
from acm.taxonomy.models import Term

PAGES = Path(__file__).parent / "floor_pages"
STAGES = ("new", "work", "check", "done")
DAILY = ("judged", "opened", "reopened", "resolved")
STAYS = ("stayed.active", "stayed.new", "stayed.resolved", "stayed.waiting")
TYPES = ("itsm.incident", "itsm.service_request")


def floor(db: Database) -> FastAPI:
    app = FastAPI()
    environment = Environment(autoescape=True, loader=FileSystemLoader(PAGES), auto_reload=False)

    def page(name: str, **values: Any) -> str:
        return environment.get_template(f"{name}.html").render(values, stages=STAGES)

    @app.get("/portal", response_class=HTMLResponse)
    def portal(person: int) -> str:
        with db.reading() as session:
            return page("portal", **_asked(session, person, 3, only_open=True), **_offered(session, person))

    @app.get("/requests", response_class=HTMLResponse)
    def requests(person: int) -> str:
        with db.reading() as session:
            return page("requests", **_asked(session, person, 25))

    @app.get("/queue", response_class=HTMLResponse)
    def queue(person: int, group: int) -> str:
        with db.reading() as session:
            return page("queue", **_queue(session, person, group), **_menu(session, person))

    @app.get("/case", response_class=HTMLResponse)
    def case(person: int, number: str) -> str:
        with db.reading() as session:
            return page("case", **_case(session, number), **_menu(session, person))

    @app.get("/panel", response_class=HTMLResponse)
    def panel(person: int, department: int, days: str) -> str:
        ends = [date.fromisoformat(day) for day in days.split(",")]
        with db.reading() as session:
            choices = {
                "departments": session.scalars(select(Department)).all(),
                "branches": session.execute(select(Branch.id, Branch.names)).all(),
            }
            figures = _figures(session, department, [(ends[0], ends[1]), (ends[2], ends[3])])
            return page("panel", **figures, **choices, **_menu(session, person))

    _take_writing(app, db)
    return app


def _figures(session: Session, department: int, periods: list[tuple[date, date]]) -> dict[str, Any]:
    """The sums that a panel reads, and of them what it shows: counts by day, by hour of the week, by service, and how
    long cases stayed."""
    points: collections.Counter[tuple[str, date]] = collections.Counter()
    hours: collections.Counter[tuple[int, int]] = collections.Counter()
    stays: collections.Counter[tuple[str, date]] = collections.Counter()
    services: collections.Counter[tuple[int, date]] = collections.Counter()
    for first, last in periods:
        among = (Rollup.department_id == department, Rollup.type.in_(TYPES), Rollup.day.between(first, last))
        for kind, day, bucket, count, _total in _sums(session, DAILY, "all", among, Rollup.day, Rollup.bucket):
            points[kind, day] += count
            if kind == "opened" and first == periods[0][0]:
                hours[day.weekday(), bucket] += count
        for kind, _bucket, count, _total in _sums(session, STAYS, "all", among, Rollup.bucket):
            stays[kind, first] += count
        for _kind, service, count, _total in _sums(session, ("judged",), "service", among, Rollup.part):
            services[service, first] += count
    return {"points": points, "hours": hours, "stays": stays, "services": services}


def _sums(session: Session, kinds: Sequence[str], grain: str, among: Any, *by: Any) -> Sequence[Any]:
    keys = (Rollup.kind, *by)
    wanted = select(*keys, func.sum(Rollup.count), func.sum(Rollup.total)).where(*among, Rollup.grain == grain)
    return session.execute(wanted.where(Rollup.kind.in_(kinds)).group_by(*keys)).all()


def _all(session: Session, statement: Any) -> list[Any]:
    return list(session.scalars(unrestricted(statement, "floor")))


def _count(session: Session, model: Any, *wanted: Any) -> int:
    return session.scalar(unrestricted(select(func.count()).select_from(model).where(*wanted), "floor")) or 0


def _unread(session: Session, person: int) -> int:
    return _count(session, Notification, Notification.person_id == person, Notification.read_at.is_(None))


def _asked(session: Session, person: int, limit: int, *, only_open: bool = False) -> dict[str, Any]:
    """The latest requests of a person with those who approve them, and the figures of the portal's menu."""
    wanted = [Case.requester_id == person, Case.kind == "case"] + ([Case.is_open.is_(True)] if only_open else [])
    cases = _all(
        session, select(Case).where(*wanted).options(*row_parts()).order_by(Case.opened_at.desc()).limit(limit)
    )
    asked = select(Approval.page_id, Person).join(Person, Person.id == Approval.approver_id)
    pending = asked.where(Approval.page_id.in_([case.id for case in cases]), Approval.state == "pending")
    approvers = {row[0]: row[1] for row in session.execute(unrestricted(pending, "floor"))}
    waiting = _count(session, Approval, Approval.approver_id == person, Approval.state == "pending")
    return {"cases": cases, "approvers": approvers, "waiting": waiting, "unread": _unread(session, person)}


def _offered(session: Session, person: int) -> dict[str, Any]:
    """Services by department, drafts and news."""
    columns = (Page.id, Page.slug, Page.title, Page.texts, Page.facts, Page.department_id)
    offered = select(*columns).where(Page.kind == "service", Page.is_open.is_(True))
    services = session.execute(unrestricted(offered, "floor")).all()
    titles = defaultdict(list)
    for service in services:
        titles[service.department_id].append(service.texts.get("ru", {}).get("title") or service.title)
    tree = session.scalars(select(Department).order_by(Department.order)).all()
    news = select(Announcement.number, Announcement.title, Announcement.opened_at).order_by(
        Announcement.opened_at.desc()
    )
    return {
        "services": sorted(services, key=lambda one: one.title),
        "offering": [(one, titles[one.id]) for one in tree if one.id in titles],
        "drafts": session.scalars(select(Draft).where(Draft.person_id == person).limit(1)).all(),
        "news": session.execute(unrestricted(news.where(Announcement.kind == "announcement").limit(3), "floor")).all(),
    }


def _menu(session: Session, person: int) -> dict[str, Any]:
    """The figures of the side bar: open cases of the busiest groups, one's own, and unread notices."""
    held = select(Case.group_id, func.count()).where(Case.owner_id == person, Case.is_open.is_(True))
    queues = session.execute(unrestricted(held.group_by(Case.group_id), "floor")).all()
    return {"queues": queues, "unread": _unread(session, person)}


def _queue(session: Session, person: int, group: int) -> dict[str, Any]:
    """Fifty open cases of a group with their terms, how many there are, and the figures of the tabs."""
    wanted = (Case.kind == "case", Case.group_id == group, Case.is_open.is_(True))
    chosen = (*wanted, Case.priority.in_([2, 3, 4]))
    cases = _all(session, select(Case).where(*chosen).options(*row_parts()).order_by(Case.due_at).limit(50))
    tabs = ((), (Case.owner_id == person,), (Case.owner_id.is_(None),), (Case.category == "waiting",))
    said = select(PageTerm.page_id, Term).join(Term, Term.id == PageTerm.term_id)
    terms = defaultdict(list)
    ids = [case.id for case in cases]
    for id_, term in session.execute(unrestricted(said.where(PageTerm.page_id.in_(ids)), "floor")):
        terms[id_].append(term)
    return {
        "cases": cases,
        "total": _count(session, Case, *chosen),
        "tabs": [_count(session, Case, *wanted, *more) for more in tabs],
        "terms": terms,
    }


def _case(session: Session, number: str) -> dict[str, Any]:
    """A case, who has a part in it, its talk, its journal, what belongs to it."""
    whole = select(Case).options(*row_parts(), joinedload(Case.beneficiary), joinedload(Case.department))
    case: Case = _all(session, whole.where(Case.number == number))[0]
    said = select(Comment).options(joinedload(Comment.author)).where(Comment.page_id == case.id)
    happened = select(Event, Person).outerjoin(Person, Person.id == Event.actor_id).where(Event.page_id == case.id)
    asked = select(Approval, Person).join(Person, Person.id == Approval.approver_id).where(Approval.page_id == case.id)
    linked = select(Link.target_id).where(Link.source_id == case.id)
    near = or_(Page.id.in_([case.service_id, case.parent_id]), Page.id.in_(linked))
    parts = select(Person).join(PagePerson, PagePerson.person_id == Person.id).where(PagePerson.page_id == case.id)
    return {
        "case": case,
        "comments": _all(session, said),
        "events": session.execute(unrestricted(happened, "floor")).all(),
        "steps": session.execute(unrestricted(asked, "floor")).all(),
        "near": session.execute(unrestricted(select(Page.number, Page.title).where(near), "floor")).all(),
        "people": _all(session, parts),
        "terms": _all(
            session, select(Term).join(PageTerm, PageTerm.term_id == Term.id).where(PageTerm.page_id == case.id)
        ),
    }


def _take_writing(app: FastAPI, db: Database) -> None:
    """A further page like another, with its number, two events, its terms, and what keeps a second press harmless."""

    @app.post("/file", response_class=HTMLResponse)
    def file(person: int, number: str, like: int) -> str:
        page, event, term, answer = Page.__table__, Event.__table__, PageTerm.__table__, SavedAnswer.__table__
        with db.writing() as session:
            old = _row(session, page, page.c.id == like)
            session.execute(unrestricted(select(Service).where(Service.id == old["service_id"]), "floor")).first()
            session.execute(select(Draft).where(Draft.person_id == person)).first()
            session.execute(update(Counter).where(Counter.series == "IT").values(last=Counter.last + 1))
            new = {**old, "number": number, "external": None, "opened_at": clock.now()}
            id_ = session.execute(insert(page).values(**new)).inserted_primary_key[0]  # type: ignore[index]
            happened = _row(session, event, event.c.page_id == like)
            for seq in (1, 2):
                told = {**happened, "page_id": id_, "stream": f"floor:{number}", "seq": seq}
                session.execute(insert(event).values(**told))
            for row in session.execute(unrestricted(select(term.c.term_id).where(term.c.page_id == like), "floor")):
                session.execute(insert(term).values(page_id=id_, term_id=row.term_id))
            said = {"person_id": person, "key": number, "fingerprint": "", "status": 303, "location": "/", "body": ""}
            session.execute(insert(answer).values(**said, at=clock.now()))
        return number


def _row(session: Session, table: Any, *wanted: Any) -> dict[str, Any]:
    row = session.execute(unrestricted(select(table).where(*wanted).limit(1), "floor")).mappings().one()
    return {key: value for key, value in row.items() if key != "id"}
