"""Ordering a service: question pages, files and drafts, check your answers, send once."""

from __future__ import annotations

from functools import partial
from secrets import token_urlsafe
from typing import Any

from fastapi.responses import PlainTextResponse, Response
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile

from acm import clock
from acm.cases.models import Case
from acm.catalog.approvers import NobodyApproves
from acm.catalog.filing import Filing, file_request, find_service
from acm.catalog.forming import WHO, Filling, again, filling
from acm.catalog.models import OTHER
from acm.catalog.offering import chain_of, lacking_of, promise_of, steps_for
from acm.catalog.questions import questions, who_question
from acm.catalog.showcase import entry_of
from acm.catalog.steps import Step
from acm.errors import NotFound, PluginAway
from acm.i18n import Message, _
from acm.pages.drafts import attach, detach, drop_draft, files_of
from acm.pages.models import File, SavedAnswer
from acm.pages.questions import file_row, summary
from acm.pages.showing import show_answers
from acm.pages.typed import drop_file, file_question, redraws, take_files, take_lines, takes_files
from acm.pages.visibility import visible_page
from acm.people.signin import Me, Viewer
from acm.web.forms import Form, Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui
from acm.web.words import moment as said_moment

router = new_router()


@router.get("/services/{slug}/new")
def show_form(ui: Ui, db: Db, me: Me, slug: str, step: int = 1, like: str = "", about: str = "") -> Response:
    """A question page, with what is known and what was typed before; ``about`` is an address to ask access to."""
    form = _filling(ui, db, me, slug)
    if slug == OTHER and about.startswith("/") and form.draft is None:
        form.typed["subject"] = ui.say(_("Access to %(address)s", address=about[:80]))
    if like:
        _repeat(form, like)
    return _form_page(ui, form, _step(form, step), like=like)


@router.post("/services/{slug}/new")
def take_page(ui: Ui, db: Db, me: Me, slug: str, sent: Submitted) -> Response:
    """Take a question page: keep it, then go on, draw it anew, or say what to correct."""
    form = _filling(ui, db, me, slug, lock=True)
    step = _step(form, sent.number("step") or 1)
    if sent.text("like"):
        _repeat(form, sent.text("like"))
    form.take(sent, step)
    faults = _uploads(ui, form, sent, step)
    take_lines(step.fields, form.typed, sent)
    form.keep()
    if sent.has("drop") and form.draft is not None:
        drop_draft(db, form.draft)
        return ui.redirect(f"/services/{slug}")
    if sent.has("save"):
        return ui.redirect("/")
    opened = _new(form, step, sent)
    if redraws(sent) or (opened and not form.errors(step).keys() - opened):
        return _form_page(ui, form, step, faults, status=422 if faults else 200, tab=sent.text("tab"))
    if errors := faults | form.errors(step):
        return _form_page(ui, form, step, errors, status=422, tab=sent.text("tab"))
    following = "check" if step.number == len(form.steps) else f"?step={step.number + 1}"
    return ui.redirect(f"/services/{slug}/new{'/' if following == 'check' else ''}{following}")


@router.post("/services/{slug}/draft")
def keep_draft(ui: Ui, db: Db, me: Me, slug: str, sent: Submitted) -> Response:
    """Keep what is typed, on every pause; answers with the words for the form's last line."""
    form = _filling(ui, db, me, slug, lock=True)
    form.take(sent, _step(form, sent.number("step") or 1))
    form.keep()
    return PlainTextResponse(_saved(ui, form))


@router.post("/services/{slug}/files")
def upload(ui: Ui, db: Db, me: Me, slug: str, sent: Submitted, field: str) -> Response:
    """Keep one file of a question; answers with its row."""
    form = _filling(ui, db, me, slug, lock=True)
    question = file_question(form.definition.form, field)
    if not question or not sent.files("file"):
        raise NotFound()
    file = _attach(ui, form, question, sent.files("file")[0])
    return ui.page("services/file.html", file=file_row(file, field if "." in field else ""))


@router.get("/services/{slug}/new/check")
def show_check(ui: Ui, db: Db, me: Me, slug: str) -> Response:
    """All answers once more, each with the way back to it."""
    form = _filling(ui, db, me, slug)
    if form.draft is None:
        return ui.redirect(f"/services/{slug}/new")
    if (step := form.first_fault()) is not None:
        return _form_page(ui, form, step, form.errors(step), status=422)
    return _check_page(ui, form)


@router.post("/services/{slug}/requests")
def send(ui: Ui, db: Db, me: Me, slug: str, sent: Submitted) -> Response:
    """Send: one case, however often it is pressed."""
    form = _filling(ui, db, me, slug, lock=True)
    if form.draft is None:
        saved = db.get(SavedAnswer, (me.id, sent.text("key")[:120]))
        number = saved.body.get("number") if saved else None
        return ui.redirect(f"/services/{slug}/sent/{number}" if number else f"/services/{slug}/new")
    if (step := form.first_fault()) is not None:
        return _form_page(ui, form, step, form.errors(step), status=422)
    filing = Filing(
        form.service, form.answers.values, me.person, form.beneficiary, ui.lang, key=str(form.data.get("key", "")),
        draft=form.draft, watch=sent.flag("watch"),
    )  # fmt: skip
    try:
        case = file_request(db, filing, me.origin(form.now), ui.snapshot, ui.settings.timezone)
    except (PluginAway, NobodyApproves) as problem:
        db.rollback()
        away = isinstance(problem, PluginAway)
        return _check_page(ui, _filling(ui, db, me, slug), away=away, status=problem.status)
    return ui.redirect(f"/services/{slug}/sent/{case.number}")


def _filling(ui: UI, db: Session, me: Viewer, slug: str, *, lock: bool = False) -> Filling:
    return filling(db, find_service(db, me.grants, slug), me, ui.lang, clock.now(), lock=lock)


def _step(form: Filling, number: int) -> Step:
    return form.steps[min(max(number, 1), len(form.steps)) - 1]


def _repeat(form: Filling, number: str) -> None:
    """Begin with the answers of an earlier request of one's own for this service."""
    case = visible_page(form.session, form.viewer.grants, number, Case)
    if case.service_id != form.service.id or case.requester_id != form.viewer.id:
        raise NotFound()
    for key, value in again(case.fields, form.definition).items():
        form.typed.setdefault(key, value)


def _new(form: Filling, step: Step, sent: Form) -> set[str]:
    """Questions that an answer opened: they were not on the page, so their silence is no fault yet."""
    asked = set(sent.text("asked").split(","))
    opened = {f.key for f in form.shown(step) if f.key not in asked} if sent.has("asked") else set()
    return opened | ({WHO.key} if form.for_other and not sent.has(WHO.key) else set())


def _uploads(ui: UI, form: Filling, sent: Form, step: Step) -> dict[str, Message]:
    """Keep the files of a page, whatever else is wrong with it; faults by input."""
    if (gone := sent.text("remove")).isdecimal() and form.draft is not None:
        detach(form.session, form.draft, int(gone), form.now)
        drop_file(form.typed, int(gone))
    keep = partial(_attach, ui, form)
    faults = take_files(step.fields, form.typed, sent, keep, most_mb=ui.settings.upload_limit_mb)
    form.files = files_of(form.session, form.draft) if takes_files(step.fields) else form.files
    form.__dict__.pop("answers", None)
    return faults


def _attach(ui: UI, form: Filling, question: str, upload: UploadFile) -> File:
    limit = ui.settings.upload_limit_mb << 20
    return attach(form.session, form.keep(), question, upload, ui.runtime.files, limit=limit, now=form.now)


def _saved(ui: UI, form: Filling) -> str:
    """ "Answers saved at 14:32"."""
    if form.draft is None:
        return ""
    when = said_moment(form.draft.saved_at, ui.lang, ui.zone, form.now)
    return ui.say(_("Saved: %(when)s", when=when))


def _aside(ui: UI, form: Filling, *, answered: bool) -> dict[str, Any]:
    """Who takes the request and until when: with all answers the very people, before them all who may."""
    beneficiary = form.beneficiary
    steps = steps_for(form.session, form.service, form.person, beneficiary, form.answers.values if answered else None)
    return {
        "chain": chain_of(ui, form.service, steps),
        "promise": promise_of(ui, form.service, steps, form.now),
        "lacking": lacking_of(ui, steps, answered=answered),
    }


def _form_page(
    ui: UI,
    form: Filling,
    step: Step,
    errors: dict[str, Message] | None = None,
    *,
    status: int = 200,
    like: str = "",
    tab: str = "",
) -> Response:
    errors = errors or {}
    drawn = questions(ui, form, step, errors)
    return ui.page(
        "services/new.html",
        fragment="form",
        status=status,
        service=form.service,
        entry=entry_of(form.service, ui.lang),
        step=step,
        steps=len(form.steps) + 1,
        back_step=step.number - 1,
        questions=drawn,
        who=who_question(ui, form, errors) if form.asks_who and step.number == 1 else None,
        asked=",".join(asked.key for asked in form.shown(step)),
        errors=summary(ui, (*form.definition.form, WHO), errors),
        has_files=takes_files(step.fields),
        has_conditions=any(question["attrs"] for question in drawn),
        saved=_saved(ui, form),
        continued=form.draft is not None,
        like=like,
        tab=tab or token_urlsafe(6),
        had=",".join(sorted(key for key, value in form.typed.items() if value)),
        available=form.service.case_type(ui.snapshot) is not None,
        **_aside(ui, form, answered=False),
    )


def _check_page(ui: UI, form: Filling, *, away: bool = False, status: int = 200) -> Response:
    shown = {
        one.key: one
        for one in show_answers(
            form.session, form.definition.form, form.answers.values, grants=form.viewer.grants, lang=ui.lang,
            zone=form.zone, now=form.now, empty=True,
        )
    }  # fmt: skip
    parts = [
        {
            "title": ui.say(step.title) if step.title else "",
            "step": step.number,
            "answers": [shown[f.key] for f in form.shown(step)],
        }
        for step in form.steps
    ]
    return ui.page(
        "services/check.html",
        status=status,
        service=form.service,
        entry=entry_of(form.service, ui.lang),
        parts=[part for part in parts if part["answers"]],
        beneficiary=form.beneficiary,
        for_other=form.beneficiary.id != form.viewer.id,
        asks_who=form.asks_who,
        steps=len(form.steps) + 1,
        key=form.data.get("key", ""),
        away=away,
        available=form.service.case_type(ui.snapshot) is not None,
        **_aside(ui, form, answered=True),
    )
