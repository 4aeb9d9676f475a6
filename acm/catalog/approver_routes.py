"""Who approves: the page on which an administrator says who stands behind each role that services ask."""

from __future__ import annotations

from fastapi.responses import Response
from sqlalchemy.orm import Session

from acm.catalog.approver_roles import ApproverRole, approver_roles, gaps_of
from acm.errors import Invalid, NotFound
from acm.i18n import LANGUAGES, _
from acm.people.listing import person_named
from acm.people.signin import Me, permitted
from acm.people.standing import RELATIONS, stand_behind
from acm.web.forms import Form, Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui

router = new_router(prefix="/admin/approvers", dependencies=[permitted("admin.people")])


@router.get("")
def show_roles(ui: Ui, db: Db, me: Me) -> Response:
    """All roles, those that nobody holds first."""
    return _page(ui, db)


@router.post("")
def add_role(ui: Ui, db: Db, me: Me, form: Submitted) -> Response:
    """A role that services of a file may ask."""
    roles = {role.key for role in approver_roles(db)}
    errors: dict[str, list[object]] = {}
    if form.text("role") in roles:
        errors = {"role": [_("There is such a role already")]}
    return _page(ui, db, form=form, errors=errors) if errors else _save(ui, db, me, form.text("role"), form, None)


@router.get("/{role}")
def show_role(ui: Ui, db: Db, me: Me, role: str) -> Response:
    return _page(ui, db, role)


@router.post("/{role}")
def name_approver(ui: Ui, db: Db, me: Me, role: str, form: Submitted) -> Response:
    """Say who the role is: names, ``person`` (login), ``relation``, ``field``."""
    if role not in {one.key for one in approver_roles(db)}:
        raise NotFound()
    return _save(ui, db, me, role, form, role)


def _save(ui: UI, db: Session, me: Me, role: str, form: Form, chosen: str | None) -> Response:
    names = {lang: form.text(f"name_{lang}") for lang in LANGUAGES}
    try:
        person = person_named(db, form.text("person"), "person")
        stand_behind(
            db, me.grants, role, names, me.origin(), person=person, relation=form.text("relation"),
            field=form.text("field"),
        )  # fmt: skip
    except Invalid as problem:
        return _page(ui, db, chosen, form=form, errors=problem.errors)
    return ui.redirect(f"/admin/approvers/{role}")


def _page(
    ui: UI, db: Session, key: str | None = None, *, form: Form | None = None,
    errors: dict[str, list[object]] | None = None,
) -> Response:  # fmt: skip
    roles = approver_roles(db)
    chosen: ApproverRole | None = next((role for role in roles if role.key == key), None)
    if key is not None and chosen is None:
        raise NotFound()
    owner = chosen.owner if chosen else None
    return ui.page(
        "admin/approvers.html", status=422 if errors else 200, roles=roles, chosen=chosen, owner=owner,
        errors=errors or {}, relations=RELATIONS, gaps=gaps_of(db, owner.relation) if owner else [],
        typed=(lambda name, stored="": form.text(name)) if form else (lambda name, stored="": stored),
        unheld=sum(bool(role.services) and not role.is_held for role in roles),
    )  # fmt: skip
