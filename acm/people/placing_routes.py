"""Screens for departments and branches, for those who hold ``admin.people``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from acm.errors import Invalid, NotFound
from acm.i18n import LANGUAGES, _
from acm.people.listing import person_named
from acm.people.models import Branch, Department, Person
from acm.people.placing import HUES, Place, Told, add_place, change_place, settle
from acm.people.signin import Me, permitted
from acm.web.forms import Form, Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui

router = new_router(prefix="/admin", dependencies=[permitted("admin.people")])
ZONES = (
    "Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Krasnoyarsk",
    "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan", "Asia/Kamchatka", "Asia/Almaty",
    "Europe/Minsk", "Europe/London", "Europe/Berlin", "UTC",
)  # fmt: skip


@router.get("/departments")
def show_departments(ui: Ui, db: Db, me: Me, key: str = "") -> Response:
    """All of them, and the form of a new one; ``key`` fills in the key that services name."""
    return _page(ui, db, Department, key=key[:40])


@router.post("/departments")
def add_department(ui: Ui, db: Db, me: Me, form: Submitted) -> Response:
    return _add(ui, db, me, Department, form)


@router.get("/departments/{key}")
def show_department(ui: Ui, db: Db, me: Me, key: str) -> Response:
    return _page(ui, db, Department, _find(db, Department, key))


@router.post("/departments/{key}")
def change_department(ui: Ui, db: Db, me: Me, key: str, form: Submitted) -> Response:
    """Names, summary, head (login), parent, hue."""
    return _change(ui, db, me, _find(db, Department, key), form)


@router.get("/branches")
def show_branches(ui: Ui, db: Db, me: Me) -> Response:
    return _page(ui, db, Branch)


@router.post("/branches")
def add_branch(ui: Ui, db: Db, me: Me, form: Submitted) -> Response:
    return _add(ui, db, me, Branch, form)


@router.get("/branches/{key}")
def show_branch(ui: Ui, db: Db, me: Me, key: str) -> Response:
    return _page(ui, db, Branch, _find(db, Branch, key))


@router.post("/branches/{key}")
def change_branch(ui: Ui, db: Db, me: Me, key: str, form: Submitted) -> Response:
    """Names, time zone, head (login)."""
    return _change(ui, db, me, _find(db, Branch, key), form)


def _add(ui: UI, db: Session, me: Me, model: type[Place], form: Form) -> Response:
    try:
        place = add_place(db, me.grants, model, form.text("key"), _told(db, form), me.origin())
    except Invalid as problem:
        return _page(ui, db, model, form=form, errors=problem.errors)
    settle(db, ui.snapshot)
    return ui.redirect(_address(place))


def _change(ui: UI, db: Session, me: Me, place: Place, form: Form) -> Response:
    try:
        change_place(db, me.grants, place, _told(db, form), me.origin())
    except Invalid as problem:
        return _page(ui, db, type(place), place, form=form, errors=problem.errors)
    return ui.redirect(_address(place))


def _told(db: Session, form: Form) -> Told:
    parent = db.get(Department, form.number("parent") or 0)
    if form.text("parent") and parent is None:
        raise Invalid({"parent": [_("Choose one of the offered values")]})
    return Told(
        {lang: form.text(f"name_{lang}") for lang in LANGUAGES}, person_named(db, form.text("head"), "head"), form.text("timezone"),
        {lang: form.text(f"summary_{lang}") for lang in LANGUAGES}, parent, form.number("hue") or 0,
    )  # fmt: skip


def _find(db: Session, model: type[Any], key: str) -> Any:
    place = db.scalars(select(model).where(model.key == key)).first()
    if place is None:
        raise NotFound()
    return place


def _address(place: Place) -> str:
    return f"/admin/{'branches' if isinstance(place, Branch) else 'departments'}/{place.key}"


def _page(
    ui: UI, db: Session, model: type[Any], chosen: Any = None, *, form: Form | None = None, key: str = "",
    errors: dict[str, list[Any]] | None = None,
) -> Response:  # fmt: skip
    order = (Department.order, Department.id) if model is Department else (Branch.key,)
    places = list(db.scalars(select(model).order_by(*order)))
    column = Person.department_id if model is Department else Person.branch_id
    count = select(column, func.count()).where(Person.active, column.is_not(None)).group_by(column)
    heads = {p.id: p for p in db.scalars(select(Person).where(Person.id.in_([p.head_id for p in places])))}
    return ui.page(
        "admin/places.html", status=422 if errors else 200, kind="departments" if model is Department else "branches",
        places=_as_tree(places) if model is Department else [(place, 0) for place in places], chosen=chosen,
        counts={row[0]: row[1] for row in db.execute(count)}, heads=heads, errors=errors or {}, hues=HUES, zones=ZONES,
        wanted=_wanted(ui, db) if model is Department else {}, key=key,
        typed=(lambda name, stored="": form.text(name)) if form else (lambda name, stored="": stored),
    )  # fmt: skip


def _wanted(ui: UI, db: Session) -> dict[str, int]:
    """Keys of departments that somebody names and nobody has made."""
    return {key: count for one in ui.snapshot.each("places.wanted") for key, count in one.value(db).items()}


def _as_tree(places: Iterable[Department]) -> list[tuple[Department, int]]:
    """Departments with their depth, each below its parent."""
    below: dict[int | None, list[Department]] = {}
    known = {place.id for place in places}
    for place in places:
        below.setdefault(place.parent_id if place.parent_id in known else None, []).append(place)

    def walk(parent: int | None, depth: int) -> list[tuple[Department, int]]:
        return [row for place in below.get(parent, []) for row in [(place, depth), *walk(place.id, depth + 1)]]

    return walk(None, 0)
