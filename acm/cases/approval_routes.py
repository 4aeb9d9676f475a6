"""The approver's page: the whole request, and three buttons."""

from __future__ import annotations

from datetime import datetime

from fastapi.responses import Response

from acm import clock
from acm.cases.approving import VIEWS, Asked, approval_for, approvals_of, counts_of, decide
from acm.cases.track import track
from acm.errors import Invalid
from acm.i18n import _
from acm.pages.showing import show_answers
from acm.people.signin import Me
from acm.web.forms import Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import Ui

router = new_router()
PATH = "/approvals"


@router.get(PATH)
def show_approvals(ui: Ui, db: Db, me: Me, view: str = "waiting", step: int = 0) -> Response:
    """My steps in a view; ``step`` opens one, else the first on wide screens."""
    view = view if view in VIEWS else "waiting"
    asked = approvals_of(db, me.grants, view)
    chosen = next((a for a in asked if a.approval.id == step), None)
    if step and chosen is None:
        chosen = approval_for(db, me.grants, step)
    return _page(ui, db, me, view=view, asked=asked, chosen=chosen or (asked[0] if asked else None), opened=bool(step))


@router.post(PATH + "/{step}")
def decide_step(ui: Ui, db: Db, me: Me, step: int, form: Submitted) -> Response:
    """Approve, reject or ask; a missing comment shows the page again with everything kept."""
    chosen = approval_for(db, me.grants, step, lock=True)
    try:
        decide(
            db,
            chosen.case,
            chosen.approval,
            form.text("decision"),
            me.origin(clock.now()),
            grants=me.grants,
            comment=form.text("comment"),
        )
    except Invalid as problem:
        asked = approvals_of(db, me.grants)
        return _page(
            ui,
            db,
            me,
            view="waiting",
            asked=asked,
            chosen=chosen,
            opened=True,
            errors=problem.errors,
            comment=form.text("comment"),
        )
    return ui.redirect(PATH)


def _page(
    ui: Ui, db: Db, me: Me, *, view: str, asked: list[Asked], chosen: Asked | None, opened: bool,
    errors: dict[str, list[object]] | None = None, comment: str = "",
) -> Response:  # fmt: skip
    now = clock.now()
    counts = counts_of(db, me.grants)
    labels = (("waiting", _("Waiting")), ("asked", _("Asked")), ("decided", _("Decided")))
    tabs = [
        {"label": ui.say(label), "href": f"{PATH}?view={key}", "count": counts[key], "current": key == view}
        for key, label in labels
    ]
    places = [a.approval.id for a in asked]
    place = places.index(chosen.approval.id) if chosen and chosen.approval.id in places else -1
    following = asked[place + 1].approval.id if 0 <= place < len(asked) - 1 else None
    return ui.page(
        "cases/approvals.html",
        status=422 if errors else 200,
        tabs=tabs,
        counts=counts,
        view=view,
        asked=asked,
        chosen=chosen,
        opened=opened,
        place=place,
        following=following,
        steps=chosen.case.approvals() if chosen else [],
        answers=_answers(ui, db, me, chosen, now) if chosen else [],
        track=track(chosen.case, ui.lang, now) if chosen else None,
        errors=errors or {},
        comment=comment,
    )


def _answers(ui: Ui, db: Db, me: Me, asked: Asked, now: datetime) -> list[dict[str, str]]:
    page = asked.case
    shown = show_answers(db, page.form, page.fields, grants=me.grants, lang=ui.lang, zone=me.zone, now=now)
    return [{"question": one.label, "answer": one.text or ", ".join(f.name for f in one.files)} for one in shown]
