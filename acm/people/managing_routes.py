"""Screens for managing people and groups, for those who hold ``admin.people``."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm import clock
from acm.errors import Invalid, NotFound
from acm.i18n import LANGUAGES, _
from acm.journal import record, system_stream
from acm.people import managing, setup
from acm.people.listing import people, person_named
from acm.people.managing import may_grant, members_of
from acm.people.models import Branch, Department, Group, GroupMember, Person, PersonRole, Role
from acm.people.placing import settle
from acm.people.rights import PERMISSIONS
from acm.people.signin import Me, Viewer, permitted
from acm.snapshot import Contribution
from acm.web.forms import Form, Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui

router = new_router(prefix="/admin", dependencies=[permitted("admin.people")])
STEP = 50
AREA = tuple(f"/admin/{name}" for name in ("people", "groups", "departments", "branches", "approvers"))
DESCRIBED = ("given", "family", "middle", "latin", "email", "phone")
ROLE_VERBS = {"grant": managing.grant_role, "take": managing.take_role}


def contributions() -> list[Contribution]:
    return [Contribution("menu", "people", menu, order=80)]


def menu(ui: UI) -> dict[str, Any] | None:
    """The entry of the side bar, for those who may."""
    if not ui.viewer or not ui.viewer.may("admin.people"):
        return None
    current = ui.request.url.path.startswith(AREA)
    return {"key": "people", "href": "/admin/people", "label": ui.say(_("People")), "icon": "users", "current": current}


@router.get("/people")
def show_people(
    ui: Ui, db: Db, me: Me, q: str = "", left: str = "", family: str = "", given: str = "", after: int = 0
) -> Response:
    """Everybody by name; ``left=yes`` those who have left."""
    place = (family, given, after) if after else None
    found = people(db, q[:100], active=left != "yes", after=place, limit=STEP + 1)
    more, found = len(found) > STEP, found[:STEP]
    last = found[-1] if more else None
    next_page = {"q": q, "left": left, "family": last.family, "given": last.given, "after": last.id} if last else {}
    return ui.page(
        "admin/people.html", people=found, q=q, left=left == "yes", roles=_roles_of(db, [p.id for p in found]),
        next_href=f"/admin/people?{urlencode({k: v for k, v in next_page.items() if v})}" if more else "",
    )  # fmt: skip


@router.get("/people/new")
def new_person(ui: Ui, db: Db, me: Me) -> Response:
    return _new(ui, db, {})


@router.post("/people")
def add_person(ui: Ui, db: Db, me: Me, form: Submitted) -> Response:
    """Add a person with a login; the first password is shown once."""
    given = {name: form.text(name) for name in ("login", "given", "family", "email")}
    try:
        person = setup.add_person(db, **given, now=clock.now(), by=me.person)
        _describe(db, person, form)
    except Invalid as problem:
        return _new(ui, db, _typed(form), problem.errors)
    password = managing.reset_password(db, me.grants, person, me.origin())
    return _card(ui, db, me, person, password=password)


@router.get("/people/{person_id}")
def show_account(ui: Ui, db: Db, me: Me, person_id: int) -> Response:
    return _card(ui, db, me, _person(db, person_id))


@router.post("/people/{person_id}")
def change_person(ui: Ui, db: Db, me: Me, person_id: int, form: Submitted) -> Response:
    """Names, address, place in the company, manager; never roles."""
    person = _person(db, person_id, lock=True)
    try:
        before = _facts(person)
        _describe(db, person, form)
        managing.check_place(me.grants, person, before)
    except Invalid as problem:
        db.rollback()
        return _card(ui, db, me, _person(db, person_id), form=form, errors=problem.errors)
    if _facts(person) != before:
        record(db, person, "person.changed", me.origin(), data={"from": before, "to": _facts(person)})
    return ui.redirect(f"/admin/people/{person.id}")


@router.post("/people/{person_id}/roles")
def change_role(ui: Ui, db: Db, me: Me, person_id: int, form: Submitted) -> Response:
    """Grant a role or take it: ``verb``, ``role`` (key), ``department`` (id, empty for everywhere)."""
    person = _person(db, person_id)
    role = db.scalars(select(Role).where(Role.key == form.text("role"))).first()
    verb = ROLE_VERBS.get(form.text("verb"))
    department = db.get(Department, form.number("department") or 0)
    if role is None or verb is None or (form.text("department") and department is None):
        return _card(ui, db, me, person, errors={"role": [_("Choose one of the offered values")]})
    verb(db, me.grants, person, role, department, me.origin())
    return ui.redirect(f"/admin/people/{person.id}#roles")


@router.post("/people/{person_id}/deactivation")
def deactivate_person(ui: Ui, db: Db, me: Me, person_id: int) -> Response:
    managing.deactivate(db, me.grants, _person(db, person_id), me.origin())
    return ui.redirect(f"/admin/people/{person_id}")


@router.post("/people/{person_id}/activation")
def activate_person(ui: Ui, db: Db, me: Me, person_id: int) -> Response:
    managing.activate(db, me.grants, _person(db, person_id), me.origin())
    return ui.redirect(f"/admin/people/{person_id}")


@router.post("/people/{person_id}/password")
def reset_password(ui: Ui, db: Db, me: Me, person_id: int) -> Response:
    """A new password, shown this once."""
    person = _person(db, person_id)
    return _card(ui, db, me, person, password=managing.reset_password(db, me.grants, person, me.origin()))


@router.get("/groups")
def show_groups(ui: Ui, db: Db, me: Me) -> Response:
    return _groups(ui, db)


@router.post("/groups")
def add_group(ui: Ui, db: Db, me: Me, form: Submitted) -> Response:
    names = {lang: form.text(f"name_{lang}") for lang in LANGUAGES}
    department = db.get(Department, form.number("department") or 0)
    try:
        group = managing.add_group(db, me.grants, form.text("key"), names, department, me.origin())
    except Invalid as problem:
        return _groups(ui, db, form=form, errors=problem.errors)
    settle(db, ui.snapshot)
    return ui.redirect(f"/admin/groups/{group.key}")


@router.get("/groups/{key}")
def show_group(ui: Ui, db: Db, me: Me, key: str) -> Response:
    return _groups(ui, db, _group(db, key))


@router.post("/groups/{key}")
def change_group(ui: Ui, db: Db, me: Me, key: str, form: Submitted) -> Response:
    """Names and the address of a group."""
    group = _group(db, key)
    names = {lang: form.text(f"name_{lang}") for lang in LANGUAGES if form.text(f"name_{lang}")}
    errors = setup.account_faults(email=form.text("email")) | ({} if names else {"name_ru": [_("Enter a name")]})
    if errors:
        return _groups(ui, db, group, form=form, errors=errors)
    department = db.get(Department, form.number("department") or 0)
    before = {"names": group.names, "email": group.email, "department": group.department_id}
    group.names, group.email = names, form.text("email")
    if form.has("department"):
        group.department_id = department.id if department else None
    record(db, system_stream(db, "people"), "group.changed", me.origin(), data={"group": group.id, "from": before})
    return ui.redirect(f"/admin/groups/{group.key}")


@router.post("/groups/{key}/members")
def change_members(ui: Ui, db: Db, me: Me, key: str, form: Submitted) -> Response:
    """Add a member (``login``) or remove one (``remove``: id)."""
    group = _group(db, key)
    if form.text("remove"):
        managing.leave_group(db, me.grants, group, _person(db, form.number("remove") or 0), me.origin())
    else:
        try:
            person = person_named(db, form.text("login"), "login")
        except Invalid as problem:
            return _groups(ui, db, group, form=form, errors=problem.errors)
        if person is None:
            return _groups(ui, db, group, form=form, errors={"login": [_("Name somebody")]})
        managing.join_group(db, me.grants, group, person, me.origin())
    return ui.redirect(f"/admin/groups/{group.key}")


def _person(db: Session, person_id: int, *, lock: bool = False) -> Person:
    person = db.get(Person, person_id, with_for_update={"of": Person} if lock else None)
    if person is None:
        raise NotFound()
    return person


def _group(db: Session, key: str) -> Group:
    group = db.scalars(select(Group).where(Group.key == key)).first()
    if group is None:
        raise NotFound()
    return group


def _facts(person: Person) -> dict[str, Any]:
    names = (
        "given",
        "family",
        "middle",
        "latin",
        "email",
        "phone",
        "position",
        "department_id",
        "branch_id",
        "manager_id",
    )
    return {name: getattr(person, name) for name in names}


def _describe(db: Session, person: Person, form: Form) -> None:
    """Write what the form says of a person; fields it does not have stay."""
    said = {name: form.text(name) for name in DESCRIBED if form.has(name)}
    if errors := setup.account_faults(**said):
        raise Invalid(errors)
    for name, text in said.items():
        setattr(person, name, text)
    if form.has("position_ru") or form.has("position_en"):
        said = {lang: form.text(f"position_{lang}")[:200] for lang in LANGUAGES}
        person.position = {lang: text for lang, text in said.items() if text}
    if form.has("department"):
        department = db.get(Department, form.number("department") or 0)
        person.department_id = department.id if department else None
    if form.has("branch"):
        branch = db.get(Branch, form.number("branch") or 0)
        person.branch_id = branch.id if branch else None
    if form.has("manager"):
        person.manager_id = _manager(db, person, form.text("manager"))


def _manager(db: Session, person: Person, said: str) -> int | None:
    manager = above = person_named(db, said, "manager")
    if manager is None:
        return None
    for _step in range(50):
        if above is None:
            break
        if above.id == person.id:
            raise Invalid({"manager": [_("Nobody is their own manager")]})
        above = db.get(Person, above.manager_id) if above.manager_id else None
    return manager.id


def _roles_of(db: Session, ids: list[int]) -> dict[int, list[tuple[Role, Department | None]]]:
    statement = (
        select(PersonRole.person_id, Role, Department)
        .join(Role, Role.id == PersonRole.role_id)
        .outerjoin(Department, Department.id == PersonRole.department_id)
        .where(PersonRole.person_id.in_(ids))
        .order_by(PersonRole.id)
    )
    found: dict[int, list[tuple[Role, Department | None]]] = {}
    for person_id, role, department in db.execute(statement):
        found.setdefault(person_id, []).append((role, department))
    return found


def _places(db: Session) -> dict[str, Any]:
    departments = db.scalars(select(Department).order_by(Department.order, Department.id)).all()
    return {"departments": departments, "branches": db.scalars(select(Branch).order_by(Branch.key)).all()}


def _new(ui: UI, db: Session, values: dict[str, Any], errors: dict[str, list[object]] | None = None) -> Response:
    return ui.page(
        "admin/person_new.html", status=422 if errors else 200, values=values, errors=errors or {}, **_places(db)
    )


def _card(
    ui: UI,
    db: Session,
    me: Viewer,
    person: Person,
    *,
    password: str = "",
    form: Form | None = None,
    errors: dict[str, list[object]] | None = None,
) -> Response:
    held = _roles_of(db, [person.id]).get(person.id, [])
    places = _places(db)
    offered = [
        (role, [d for d in places["departments"] if may_grant(me.grants, role, d.id)], may_grant(me.grants, role, None))
        for role in db.scalars(select(Role).order_by(Role.id))
    ]
    groups = select(Group).join(GroupMember, GroupMember.group_id == Group.id).where(GroupMember.person_id == person.id)
    return ui.page(
        "admin/person.html", status=422 if errors else 200, person=person, held=held, password=password, mine=person.id == me.id,
        offered=[one for one in offered if one[1] or one[2]], groups=db.scalars(groups.order_by(Group.key)).all(),
        manager=db.get(Person, person.manager_id) if person.manager_id else None, errors=errors or {},
        typed=_typed(form, person), permissions=PERMISSIONS, may_take=lambda role, d: may_grant(me.grants, role, d.id if d else None), **places,
    )  # fmt: skip


def _typed(form: Form | None, person: Person | None = None) -> dict[str, Any]:
    """The fields of a person as they were typed, else as they are."""
    stored = (
        {**_facts(person), **{f"position_{lang}": person.position.get(lang, "") for lang in LANGUAGES}}
        if person
        else {}
    )
    if form is None:
        return stored
    places = {f"{name}_id": form.text(name) for name in ("department", "branch")}
    return {**stored, **places, **{name: form.text(name) for name in form.names()}}


def _groups(
    ui: UI, db: Session, chosen: Group | None = None, *, form: Form | None = None,
    errors: dict[str, list[object]] | None = None,
) -> Response:  # fmt: skip
    groups = db.scalars(select(Group).order_by(Group.department_id, Group.key)).all()
    members: list[Person] = []
    if chosen is not None:
        statement = select(Person).join(GroupMember, GroupMember.person_id == Person.id)
        statement = statement.where(GroupMember.group_id == chosen.id, Person.active)
        members = list(db.scalars(statement.order_by(Person.family, Person.given)))
    return ui.page(
        "admin/groups.html", status=422 if errors else 200, groups=groups, counts=members_of(db, groups), chosen=chosen,
        members=members, errors=errors or {}, typed=(lambda name, stored="": form.text(name)) if form else (lambda name, stored="": stored),
        **_places(db),
    )  # fmt: skip
