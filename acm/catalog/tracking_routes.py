"""My requests: the list, one request with its Track and talk, and what its requester may do."""

from __future__ import annotations

from datetime import datetime

from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm import clock
from acm.cases.bundle_page import overview, place_of
from acm.cases.models import Case
from acm.cases.talk import talk_of
from acm.catalog import tracking
from acm.errors import Invalid
from acm.i18n import _
from acm.pages.files import attach
from acm.pages.models import File, Page
from acm.pages.showing import show_answers
from acm.pages.visibility import inside, visible, visible_page
from acm.people.rights import may
from acm.people.signin import Me, Viewer
from acm.web.forms import Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui

router = new_router()
PAGE_SIZE = 25
Errors = dict[str, list[object]]


@router.get("/requests")
def show_requests(ui: Ui, db: Db, me: Me, before: datetime | None = None) -> Response:
    """Everything I asked for: first what waits for me, then the latest."""
    if before is not None and before.tzinfo is None:
        raise Invalid({"before": [_("Enter a moment with its time zone")]})
    rows = tracking.my_requests(db, me.grants, ui.lang, clock.now(), limit=PAGE_SIZE + 1, before=before)
    mine, more = rows[:PAGE_SIZE], len(rows) > PAGE_SIZE
    return ui.page(
        "requests/index.html",
        waiting=[r for r in mine if r.needs_me],
        working=[r for r in mine if not r.needs_me and not r.case.is_done],
        done=[r for r in mine if r.case.is_done],
        next=mine[-1].case.opened_at.isoformat() if more else None,
        is_first=before is None,
    )


@router.get("/requests/{number}")
def show_request(ui: Ui, db: Db, me: Me, number: str) -> Response:
    request = tracking.request_of(db, me.grants, number)
    ui.viewed(request.id)
    return _page(ui, db, me, request)


@router.post("/requests/{number}/comments")
def write(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Write to those who work the request, with files; the text survives an error."""
    request = visible_page(db, me.grants, number, Case, lock=True)
    text, uploads = form.text("text"), form.files("file") + form.files("photo")
    try:
        if not text and not uploads:
            raise Invalid({"text": [_("Write something first")]})
        comment = tracking.answer(db, request, text or ui.say(_("See the file")), me.origin(), me.person)
        attach(db, request, uploads, me.origin(), comment=comment)
    except Invalid as problem:
        db.rollback()
        return _page(
            ui, db, me, visible_page(db, me.grants, number, Case), errors=problem.errors, text=text, status=422
        )
    return ui.redirect(f"/requests/{request.number}#talk")


@router.post("/requests/{number}/cancellation")
def cancel(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """Take the request back."""
    request = visible_page(db, me.grants, number, Case, lock=True)
    tracking.withdraw(db, request, me.origin(), me.grants, reason=form.text("reason"))
    return ui.redirect(f"/requests/{request.number}")


@router.post("/requests/{number}/reopening")
def reopen(ui: Ui, db: Db, me: Me, number: str, form: Submitted) -> Response:
    """It did not help: say what is wrong."""
    request = visible_page(db, me.grants, number, Case, lock=True)
    try:
        tracking.reopen(db, request, me.origin(), me.grants, reason=form.text("reason"), days=ui.settings.reopen_days)
    except Invalid as problem:
        return _page(ui, db, me, request, errors={"reason": next(iter(problem.errors.values()))}, status=422)
    return ui.redirect(f"/requests/{request.number}")


@router.post("/requests/{number}/closure")
def accept(ui: Ui, db: Db, me: Me, number: str) -> Response:
    """It helped."""
    request = visible_page(db, me.grants, number, Case, lock=True)
    tracking.accept(request, me.origin(), me.grants)
    return ui.redirect(f"/requests/{request.number}")


def _page(
    ui: UI, db: Session, me: Viewer, request: Case, *, errors: Errors | None = None, text: str = "", status: int = 200
) -> Response:
    now, near, files = clock.now(), _near(db, me, request), _files(db, request)
    return ui.page(
        "requests/show.html",
        status=status,
        case=request,
        service=near.get(request.service_id),
        track=tracking.full_track(db, request, ui.lang, now),
        bundle=overview(db, request, me.grants, ui.lang, now),
        place=place_of(request, ui.lang, now),
        order=near.get(request.parent_id),
        needs_me=tracking.needs_requester(request, me.grants),
        talk=talk_of(db, request, me.grants, ui.lang, files, internal=False),
        files=[file for file in files if file.comment_id is None and file.audience == "all"],
        answers=show_answers(db, request.form, request.fields, grants=me.grants, lang=ui.lang, zone=me.zone, now=now),
        may_cancel=may(me.grants, "request.cancel", request)
        and request.current.category in tracking.WITHDRAWABLE
        and request.is_served,
        may_reopen=request.is_served
        and may(me.grants, "request.reopen", request)
        and tracking.may_reopen(request, now, ui.settings.reopen_days),
        may_work=me.may("page.work", request),
        mine=me.id in (request.requester_id, request.beneficiary_id),
        errors=errors or {},
        text=text,
    )


def _near(db: Session, me: Viewer, request: Case) -> dict[int | None, Page]:
    """The service of a request and the order it is part of, by id, where this person may see them."""
    ids = {id_ for id_ in (request.service_id, request.parent_id) if id_ is not None}
    return {page.id: page for page in db.scalars(visible(me.grants, Page).where(Page.id.in_(ids)))} if ids else {}


def _files(db: Session, request: Case) -> list[File]:
    """The files of the request and of its talk."""
    statement = select(File).where(File.page_id == request.id, File.removed_at.is_(None))
    return list(db.scalars(inside(statement.order_by(File.at))))
