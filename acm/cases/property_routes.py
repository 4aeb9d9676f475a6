"""Properties of a case, each edited in its place: press, change, Enter. Without script the same form is a page."""

from __future__ import annotations

from typing import Any

from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.cases.case_page import Property, property_of, raw_value
from acm.cases.case_routes import talk_values, worked
from acm.cases.changing import PROPERTIES, set_property
from acm.cases.models import Case
from acm.cases.reading import case_of
from acm.errors import Invalid, NotFound, Stale
from acm.i18n import Message, _, words
from acm.pages.terms import terms_of_page
from acm.people.models import Group
from acm.people.rights import people_of, require
from acm.people.signin import Me, Viewer
from acm.taxonomy.models import Term, Vocabulary
from acm.web.forms import Form, Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui

router = new_router()
EDITED = ("owner", "group", "priority", "impact", "urgency", "confidential")


@router.get("/cases/{number}/properties/{name}")
def edit_property(ui: Ui, db: Db, me: Me, number: str, name: str, show: str = "") -> Response:
    """The form of one property; ``show=value`` gives the value again (cancel)."""
    case = _worked(db, me, number)
    if name == "terms":
        return _terms_form(ui, db, case)
    shown = property_of(case, name, ui.lang)
    if name not in EDITED:
        raise NotFound()
    if show == "value":
        return _value(ui, case, shown, saved=False)
    return _form(ui, db, case, shown, raw_value(case, name))


@router.post("/cases/{number}/properties")
def save_property(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Save one property. Somebody else's change since the form was opened is shown beside one's own."""
    name, value = form.text("name"), form.text("value")
    if name not in PROPERTIES or name == "state":
        raise NotFound()
    case = worked(db, me, number)
    try:
        if name == "term":
            for one in form.texts("value"):
                set_property(db, case, name, one, me.origin())
            return ui.redirect(f"/cases/{case.number}#props")
        if form.has("was") and form.number("version") != case.version and form.text("was") != raw_value(case, name):
            return _conflict(ui, db, me, number, name, value)
        set_property(db, case, name, value, me.origin())
    except Invalid as problem:
        db.rollback()
        return _form_again(ui, db, me, number, name, value, problem)
    if not ui.is_htmx:
        return ui.redirect(f"/cases/{case.number}#props")
    number = case.number
    db.commit()
    db.expunge_all()
    values = talk_values(ui, db, me, number)
    return ui.page(
        "cases/property.html", fragment="saved", property=property_of(values["case"], name, ui.lang), **values
    )


def _worked(db: Session, me: Viewer, number: str) -> Case:
    case = case_of(db, me.grants, number)
    if case is None:
        raise NotFound()
    require(me.grants, "page.work", case)
    return case


def _value(ui: UI, case: Case, shown: Property, *, saved: bool) -> Response:
    return ui.page("cases/property.html", fragment="value", case=case, property=shown, saved=saved)


def _form(
    ui: UI,
    db: Session,
    case: Case,
    shown: Property,
    value: str,
    *,
    error: str = "",
    theirs: str = "",
    status: int = 200,
) -> Response:
    return ui.page(
        "cases/property.html",
        fragment="form",
        status=status,
        case=case,
        property=shown,
        value=value,
        was=raw_value(case, shown.name),
        options=_options(db, case, shown.name, ui),
        error=error,
        theirs=theirs,
    )


def _form_again(ui: UI, db: Session, me: Viewer, number: str, name: str, value: str, problem: Invalid) -> Response:
    case = _worked(db, me, number)
    if name == "term" or name not in EDITED:
        raise problem
    error = next((ui.say(text) for texts in problem.errors.values() for text in texts), "")
    return _form(ui, db, case, property_of(case, name, ui.lang), value, error=error, status=422)


def _conflict(ui: UI, db: Session, me: Viewer, number: str, name: str, value: str) -> Response:
    """Somebody was faster: in place with both values, or the page with both."""
    db.rollback()
    case = _worked(db, me, number)
    shown = property_of(case, name, ui.lang) if name in EDITED else Property(name, _("Title"), case.title)
    options = {o["value"]: o["label"] for o in _options(db, case, name, ui)}
    if not ui.is_htmx or name not in EDITED:
        label = ui.say(shown.label)
        raise Stale(theirs={label: shown.value}, yours={label: options.get(value, value)}, version=case.version)
    theirs = ui.say(_("Somebody saved “%(value)s” here meanwhile", value=shown.value or "—"))
    return _form(ui, db, case, shown, value, error=theirs, status=422)


def _options(db: Session, case: Case, name: str, ui: UI) -> list[dict[str, Any]]:
    """What may be chosen for a property, in the reader's words."""
    lang, kind = ui.lang, case.case_type
    if name == "owner":
        members = people_of(db, [case.group_id]) if case.group_id is not None else []
        others = [case.owner] if case.owner and case.owner.id not in {m.id for m in members} else []
        nobody = [{"value": "none", "label": ui.say(_("Nobody"))}]
        return nobody + [{"value": str(p.id), "label": p.name_in(lang)} for p in (*others, *members)]
    if name == "group":
        groups = sorted(db.scalars(select(Group)), key=lambda g: g.name(lang))
        return [{"value": str(g.id), "label": g.name(lang)} for g in groups]
    if name == "priority":
        return [{"value": str(p.priority), "label": words(p.names, lang)} for p in kind.priorities]
    if name == "confidential":
        choices: list[tuple[str, Message]] = [("no", _("as usual")), ("yes", _("confidential"))]
        return [{"value": value, "label": ui.say(label)} for value, label in choices]
    options = {"impact": kind.impacts, "urgency": kind.urgencies}.get(name, ())
    return [{"value": o.id, "label": words(o.label, lang)} for o in options]


def _terms_form(ui: UI, db: Session, case: Case) -> Response:
    """Terms on the case, to take off, and those that can be added, by vocabulary."""
    present = terms_of_page(db, case)
    ids = {term.id for term in present}
    statement = select(Term).join(Vocabulary).where(Term.merged_into_id.is_(None)).order_by(Vocabulary.id, Term.order)
    offered: dict[str, list[dict[str, str]]] = {}
    for term in db.scalars(statement):
        if term.id not in ids:
            group = offered.setdefault(words(term.vocabulary.names, ui.lang), [])
            group.append({"value": str(term.id), "label": term.name(ui.lang)})
    return ui.page("cases/terms.html", case=case, present=present, offered=offered)


def bulk_form_values(form: Form) -> dict[str, str]:
    """The changes of a bulk form: only what was filled in."""
    names = (*EDITED, "state", "term")
    return {name: form.text(name) for name in names if form.text(name)}
