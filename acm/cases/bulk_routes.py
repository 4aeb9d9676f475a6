"""Many cases at once: the form for the chosen ones, the change, and what could not be changed."""

from __future__ import annotations

from typing import Any

from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from acm.cases.changing import MOST_AT_ONCE, change_many
from acm.cases.models import Case
from acm.cases.property_routes import bulk_form_values
from acm.errors import Forbidden, Invalid
from acm.i18n import _, words
from acm.pages.visibility import visible
from acm.people.models import Group
from acm.people.rights import people_of
from acm.people.signin import Me, Viewer
from acm.taxonomy.models import Term, Vocabulary
from acm.web.forms import Form, Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui, safe_path

router = new_router()


@router.post("/cases/changes/form")
def choose_changes(ui: Ui, db: Db, me: Me, form: Submitted) -> Response:
    """What to change on the chosen cases. Changes nothing yet."""
    return _form(ui, db, me, form, {})


@router.post("/cases/changes")
def change_cases(ui: Ui, db: Db, me: Me, form: Submitted) -> Response:
    """Change the chosen cases. What fails is listed with its reasons, the rest is done."""
    if not me.grants.works_cases:
        raise Forbidden()
    changes = {"owner": "me"} if form.flag("take") else bulk_form_values(form)
    try:
        if not changes and not form.text("comment"):
            raise Invalid({"number": [_("Say what to change")]})
        audience = "internal" if form.text("to") == "team" else "all"
        outcome = change_many(
            db, form.texts("number"), changes, form.text("comment"), me.grants, me.origin(), audience=audience
        )
    except Invalid as problem:
        db.rollback()
        return _form(ui, db, me, form, problem.errors, status=422)
    back = safe_path(form.text("back") or "/cases")
    if not outcome.failed:
        return ui.redirect(back)
    return ui.page("cases/changed.html", outcome=outcome, back=back)


def _form(
    ui: UI, db: Session, me: Viewer, form: Form, errors: dict[str, list[object]], *, status: int = 200
) -> Response:
    numbers = list(dict.fromkeys(number.upper() for number in form.texts("number")))[: MOST_AT_ONCE + 1]
    statement = visible(me.grants, Case).options(joinedload(Case.type_version)).where(Case.number.in_(numbers))
    cases = list(db.scalars(statement.order_by(Case.id)))
    if not numbers:
        errors = {"number": [_("Choose at least one case")]}
    return ui.page(
        "cases/changes.html",
        status=422 if errors and status == 200 and not numbers else status,
        cases=cases,
        numbers=numbers,
        focus=form.text("focus"),
        back=safe_path(form.text("back") or "/cases"),
        errors=errors,
        typed={name: form.text(name) for name in form.names()},
        **_choices(db, cases, ui),
    )


def _choices(db: Session, cases: list[Case], ui: UI) -> dict[str, Any]:
    """What can be chosen: whatever is possible for one of the cases at least."""
    lang = ui.lang
    groups = sorted(db.scalars(select(Group)), key=lambda g: g.name(lang))
    members = people_of(db, {case.group_id for case in cases if case.group_id is not None})
    moves = {
        move.target: words(case.case_type.state(move.target).names, lang) for case in cases for move in case.moves()
    }
    kinds = {case.case_type.key: case.case_type for case in cases}.values()
    terms: dict[str, list[dict[str, str]]] = {}
    for term in db.scalars(
        select(Term).join(Vocabulary).options(joinedload(Term.vocabulary)).where(Term.merged_into_id.is_(None)).order_by(Vocabulary.id, Term.order)
    ):  # fmt: skip
        terms.setdefault(words(term.vocabulary.names, lang), []).append(
            {"value": str(term.id), "label": term.name(lang)}
        )
    return {
        "groups": [{"value": str(g.id), "label": g.name(lang)} for g in groups],
        "owners": [{"value": "me", "label": ui.say(_("Me"))}, {"value": "none", "label": ui.say(_("Nobody"))}]
        + [{"value": str(p.id), "label": p.name_in(lang)} for p in members],
        "states": [{"value": key, "label": label} for key, label in moves.items()],
        "priorities": _named({str(p.priority): p.names for kind in kinds for p in kind.priorities}, lang),
        "impacts": _named({o.id: o.label for kind in kinds for o in kind.impacts}, lang),
        "urgencies": _named({o.id: o.label for kind in kinds for o in kind.urgencies}, lang),
        "terms": terms,
    }


def _named(names: dict[str, dict[str, str]], lang: str) -> list[dict[str, str]]:
    return [{"value": key, "label": words(name, lang)} for key, name in names.items()]
