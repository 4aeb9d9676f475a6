"""The answers of a case, corrected on one page by those who work it."""

from __future__ import annotations

from functools import partial

from fastapi.responses import Response
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile

from acm import clock
from acm.cases.answering import Correcting
from acm.cases.case_routes import worked
from acm.cases.models import Case
from acm.i18n import Message
from acm.pages.files import attach, remove
from acm.pages.models import File
from acm.pages.questions import Drawing, summary
from acm.pages.typed import drop_file, redraws, sent_in, take_files, take_lines, takes_files
from acm.pages.visibility import visible_page
from acm.people.rights import require
from acm.people.signin import Me, Viewer
from acm.web.forms import Form, Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui

router = new_router()


@router.get("/cases/{number}/answers")
def edit_answers(ui: Ui, db: Db, me: Me, number: str) -> Response:
    """The questions of the case with the answers that stand there."""
    case = visible_page(db, me.grants, number, Case)
    require(me.grants, "page.work", case)
    correcting = _correcting(ui, db, me, case)
    return _page(ui, correcting) if correcting.form else ui.redirect(f"/cases/{case.number}")


@router.post("/cases/{number}/answers")
def save_answers(ui: Ui, db: Db, me: Me, number: str, sent: Submitted) -> Response:
    """Save the answers; whoever saves second is shown both and loses nothing. Files are kept whatever is wrong."""
    correcting = _correcting(ui, db, me, worked(db, me, number))
    correcting.take(sent_in(correcting.form, sent))
    faults = _files(ui, me, correcting, sent)
    take_lines(correcting.form, correcting.typed, sent)
    asked = set(sent.text("asked").split(","))
    answers = correcting.answers
    opened = answers.shown - asked if sent.has("asked") else frozenset()
    if redraws(sent) or (opened and not faults and not answers.errors.keys() - opened):
        return _page(ui, correcting, faults, seen=sent.text("seen"), status=422 if faults else 200)
    correcting.require_seen(sent.text("seen"))
    if errors := faults | answers.errors:
        return _page(ui, correcting, errors, seen=sent.text("seen"), status=422)
    correcting.save(me.origin())
    return ui.redirect(f"/cases/{correcting.case.number}")


def _correcting(ui: UI, db: Session, me: Viewer, case: Case) -> Correcting:
    case.require_served()
    return Correcting(db, case, me, ui.lang, clock.now())


def _files(ui: UI, me: Viewer, correcting: Correcting, sent: Form) -> dict[str, Message]:
    """Files come and go at once: they are the case's own from the first moment."""
    gone = next((file for file in correcting.files if str(file.id) == sent.text("remove")), None)
    if gone is not None:
        remove(correcting.session, correcting.case, gone, me.grants, me.origin())
        drop_file(correcting.typed, gone.id)
    keep = partial(_attach, correcting, me)
    faults = take_files(correcting.form, correcting.typed, sent, keep, most_mb=ui.settings.upload_limit_mb)
    correcting.forget_files()
    return faults


def _attach(correcting: Correcting, me: Viewer, question: str, upload: UploadFile) -> File:
    key = question.partition(".")[0]
    internal = any(asked.internal for asked in correcting.form if asked.key == key)
    audience = "internal" if internal else "all"
    (file,) = attach(correcting.session, correcting.case, [upload], me.origin(), field=question, audience=audience)
    return file


def _page(
    ui: UI, correcting: Correcting, errors: dict[str, Message] | None = None, *, seen: str = "", status: int = 200
) -> Response:
    errors, base = errors or {}, f"/cases/{correcting.case.number}"
    again = {
        "hx-post": f"{base}/answers", "hx-trigger": "change", "hx-vals": '{"refresh": "1"}', "hx-target": "#form",
        "hx-swap": "outerMorph",
    }  # fmt: skip
    shown = [asked for asked in correcting.form if asked.key in correcting.answers.shown]
    drawn = Drawing(ui, correcting.form, correcting.answers, errors, correcting.files, again).questions(shown)
    return ui.page(
        "cases/answers.html",
        fragment="form",
        status=status,
        case=correcting.case,
        base=base,
        questions=drawn,
        errors=summary(ui, correcting.form, errors),
        asked=",".join(asked.key for asked in shown),
        seen=seen or correcting.seen,
        has_files=takes_files(correcting.form),
        has_conditions=any(question["attrs"] for question in drawn),
    )
