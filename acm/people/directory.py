"""Who is who: a colleague's page, and suggestions while a name is typed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, joinedload

from acm.errors import NotFound
from acm.people.models import Person
from acm.people.signin import Me
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import Ui

router = new_router()

SUGGESTED = 8


@router.get("/people/suggest")
def suggest(ui: Ui, db: Db, me: Me, q: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Answer a typed beginning of a name with up to eight colleagues, as options of a list."""
    people = db.scalars(beginning_with(q).limit(SUGGESTED)).unique().all() if q.strip() else []
    return ui.page("people/suggest.html", people=people)


@router.get("/people/{login}")
def show_person(ui: Ui, db: Db, me: Me, login: str) -> Response:
    """Show a colleague: where they work and how to reach them."""
    person = _colleague(db, login)
    manager = db.get(Person, person.manager_id) if person.manager_id else None
    return ui.page("people/show.html", person=person, manager=manager)


def beginning_with(text: str) -> Select[Person]:
    """Active people with a login whose family, given or Latin name or login begins so; each word may be any of them."""
    statement = select(Person).options(joinedload(Person.department)).where(Person.active, Person.login.is_not(None))
    for word in text.replace("\x00", "").strip().split()[:3]:
        variants = {word.lower(), word.capitalize()}
        columns = (Person.family, Person.given, Person.login)
        starts = [column.startswith(v, autoescape=True) for column in columns for v in variants]
        latin = [Person.latin.contains(v, autoescape=True) for v in variants]
        statement = statement.where(or_(*starts, *latin))
    return statement.order_by(Person.family, Person.given, Person.id)


def _colleague(db: Session, login: str) -> Person:
    person = db.scalars(
        select(Person)
        .options(joinedload(Person.department), joinedload(Person.branch))
        .where(Person.login == login.casefold())
    ).one_or_none()
    if person is None:
        raise NotFound
    return person
