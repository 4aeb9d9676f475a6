"""People over JSON: who I am, and the directory."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from sqlalchemy import or_, select

from acm.people.models import Person
from acm.people.signin import Me
from acm.web.api import Paged, View, after_id, api_router, page_of, write_cursor
from acm.web.runtime import Db

router = api_router("people")


class PersonView(
    View,
    json_schema_extra={
        "example": {
            "id": 7,
            "login": "maria",
            "name": "Мария Соколова",
            "latin": "Maria Sokolova",
            "email": "maria@company.example",
            "department_id": 2,
            "branch_id": 1,
        }
    },
):
    id: int
    login: str | None
    name: str
    latin: str
    email: str
    department_id: int | None
    branch_id: int | None


class MeView(
    PersonView,
    json_schema_extra={
        "example": {
            "id": 7,
            "login": "maria",
            "name": "Мария Соколова",
            "latin": "Maria Sokolova",
            "email": "maria@company.example",
            "department_id": 2,
            "branch_id": 1,
            "language": "ru",
            "timezone": "Europe/Moscow",
            "permissions": ["case.work", "page.read"],
            "groups": [3],
            "scopes": ["read", "write"],
            "created_at": "2026-11-20T08:00:00Z",
        }
    },
):
    language: str
    timezone: str
    permissions: list[str]
    groups: list[int]
    scopes: list[str]
    created_at: datetime


class PeopleView(View):
    items: list[PersonView]
    next: str | None


@router.get("/me")
def show_me(me: Me) -> MeView:
    """The person behind the session or the token, with their permissions."""
    held = me.grants.everywhere.union(*me.grants.in_department.values())
    return MeView(
        **PersonView.model_validate(me.person).model_dump(),
        language=me.person.language,
        timezone=me.zone.key,
        permissions=sorted(held),
        groups=sorted(me.grants.groups),
        scopes=sorted(me.scopes),
        created_at=me.person.created_at,
    )


@router.get("/people", response_model=PeopleView)
def list_people(
    db: Db,
    me: Me,
    page: Paged,
    q: Annotated[str, Query(max_length=100, description="Beginning of a name or a login.", examples=["сокол"])] = "",
) -> Any:
    """Active colleagues."""
    statement = select(Person).where(Person.active, Person.login.is_not(None), Person.id > after_id(page))
    if text := q.replace("\x00", "").strip().lower():
        variants = {text, text.capitalize()}
        statement = statement.where(
            or_(
                *(
                    column.startswith(v, autoescape=True)
                    for column in (Person.family, Person.given, Person.login)
                    for v in variants
                )
            )
        )
    rows = db.scalars(statement.order_by(Person.id).limit(page.limit + 1)).all()
    return page_of(rows, page.limit, PersonView.model_validate, lambda p: write_cursor(id=p.id))
