"""The floor: the same rows by SQLAlchemy and Jinja2 in a bare FastAPI application, without rights, words or looks."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, joinedload

from acm import clock
from acm.cases.listing import row_parts
from acm.cases.models import Case
from acm.catalog.models import Service
from acm.db import Database
from acm.journal import Event
from acm.kpi.models import Rollup
from acm.pages.models import Comment, Page
from acm.pages.visibility import unrestricted

LIST = """<!doctype html><title>{{ title }}</title><table>{% for c in cases %}<tr><td>{{ c.number }}<td>{{ c.title }}
<td>{{ c.state }}<td>{{ c.priority }}<td>{{ c.due_at }}<td>{{ c.owner.name if c.owner }}<td>{{ c.requester.name if c.requester }}
<td>{{ c.group.names.ru if c.group }}<td>{{ c.branch.names.ru if c.branch }}</tr>{% endfor %}</table>
{% for s in services %}<a href="/services/{{ s.slug }}">{{ s.title }}<small>{{ s.body }}</small></a>{% endfor %}"""
CASE = """<!doctype html><h1>{{ case.number }} {{ case.title }}</h1><p>{{ case.owner.name if case.owner }} {{ case.state }}</p>
{% for k, v in case.fields.items() %}<dt>{{ k }}<dd>{{ v }}{% endfor %}
{% for c in comments %}<article>{{ c.author.name if c.author }} {{ c.at }}<p>{{ c.body }}</article>{% endfor %}
{% for e in events %}<li>{{ e.kind }} {{ e.at }}{% endfor %}"""
PANEL = (
    "<!doctype html><table>{% for row in rows %}<tr>{% for v in row %}<td>{{ v }}{% endfor %}</tr>{% endfor %}</table>"
)


def floor(db: Database) -> FastAPI:
    app = FastAPI()
    environment = Environment(autoescape=True)
    pages = {name: environment.from_string(text) for name, text in (("list", LIST), ("case", CASE), ("panel", PANEL))}

    def listed(session: Session, *conditions: Any, order: Any, limit: int) -> list[Case]:
        statement = select(Case).where(Case.kind == "case", *conditions).options(*row_parts()).order_by(order)
        return list(session.scalars(unrestricted(statement.limit(limit), "floor")))

    @app.get("/queue", response_class=HTMLResponse)
    def queue(group: int) -> str:
        wanted = (Case.group_id == group, Case.is_open.is_(True), Case.priority.in_([2, 3, 4]))
        with db.reading() as session:
            cases = listed(session, *wanted, order=Case.due_at, limit=50)
            total = session.scalar(unrestricted(select(func.count()).select_from(Case).where(*wanted), "floor"))
            return pages["list"].render(title=total, cases=cases)

    @app.get("/requests", response_class=HTMLResponse)
    def requests(person: int, limit: int = 25, services: int = 0) -> str:
        with db.reading() as session:
            cases = listed(session, Case.requester_id == person, order=Case.opened_at.desc(), limit=limit)
            offered = session.scalars(unrestricted(select(Service).limit(services), "floor")).all() if services else []
            return pages["list"].render(title="requests", cases=cases, services=offered)

    @app.get("/case", response_class=HTMLResponse)
    def case(number: str) -> str:
        with db.reading() as session:
            found = session.scalars(
                unrestricted(select(Case).options(*row_parts()).where(Case.number == number), "floor")
            ).one()
            said = select(Comment).options(joinedload(Comment.author)).where(Comment.page_id == found.id)
            events = session.scalars(unrestricted(select(Event).where(Event.page_id == found.id), "floor")).all()
            comments = session.scalars(unrestricted(said, "floor")).all()
            return pages["case"].render(case=found, comments=comments, events=events)

    @app.get("/panel", response_class=HTMLResponse)
    def panel(department: int, first: str) -> str:
        sums = (func.sum(Rollup.count), func.sum(Rollup.total))
        keys = (Rollup.kind, Rollup.day, Rollup.bucket)
        wanted = (Rollup.department_id == department, Rollup.grain == "all", Rollup.day >= func.date(first))
        with db.reading() as session:
            rows = session.execute(select(*keys, *sums).where(*wanted).group_by(*keys)).all()
            return pages["panel"].render(rows=rows)

    _take_writing(app, db)
    return app


def _take_writing(app: FastAPI, db: Database) -> None:
    """A further page like another, in one transaction."""

    @app.post("/file", response_class=HTMLResponse)
    def file(number: str, like: int) -> str:
        table: Any = Page.__table__
        with db.writing() as session:
            row = session.execute(unrestricted(select(table).where(table.c.id == like), "floor")).mappings().one()
            now = clock.now()
            new = {k: v for k, v in row.items() if k != "id"} | {"number": number, "external": None, "opened_at": now}
            session.execute(insert(table).values(**new))
        return number
