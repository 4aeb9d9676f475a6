"""Lists of cases: queues, all cases, the look at one beside the list, saved views, taking the next."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from acm import clock
from acm.cases.changing import take_next
from acm.cases.filtering import CaseFilter, Vantage
from acm.cases.listing import GROUPINGS, SORTS, Listing, find, make_cursor, order_of
from acm.cases.models import Case
from acm.cases.queue_page import Opened, opened_page, peek_of
from acm.cases.queues import OpenQueue, open_counts, queue_of, queues_for, remove_queue, save_queue
from acm.errors import Forbidden, NotFound
from acm.people.signin import Me, Viewer
from acm.web.forms import Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui

router = new_router()


def vantage_of(ui: UI, me: Viewer) -> Vantage:
    return Vantage(me.grants, clock.now(), me.zone, ui.lang)


@router.get("/queues")
def show_queues(ui: Ui, db: Db, me: Me) -> Response:
    """Every queue this person may open, with its open cases."""
    queues = queues_for(db, ui.snapshot, me.grants)
    counts = open_counts(db, [q.filter for q in queues], vantage_of(ui, me))
    return ui.page("queues/index.html", queues=list(zip(queues, counts, strict=True)))


@router.get("/queues/{slug}")
def show_queue(request: Request, ui: Ui, db: Db, me: Me, slug: str) -> Response:
    queue = queue_of(db, ui.snapshot, me.grants, slug)
    return _list(request, ui, db, me, queue)


@router.get("/cases")
def show_cases(request: Request, ui: Ui, db: Db, me: Me) -> Response:
    """All visible cases under the conditions of the address; the open ones where it names none."""
    return _list(request, ui, db, me, None)


@router.get("/queues/{slug}/view")
def new_view(request: Request, ui: Ui, db: Db, me: Me, slug: str) -> Response:
    """The form that keeps a queue with further conditions under a name of its own."""
    queue = queue_of(db, ui.snapshot, me.grants, slug)
    return _view_form(request, ui, me, queue)


@router.get("/views/new")
def new_view_of_all(request: Request, ui: Ui, db: Db, me: Me) -> Response:
    return _view_form(request, ui, me, None)


@router.post("/queues")
def save_view(ui: Ui, db: Db, me: Me, form: Submitted) -> Response:
    """Keep a filter with its order and grouping, for oneself or shared."""
    filters = CaseFilter.read([(name, value) for name in form.names() for value in form.texts(name)])
    queue = save_queue(
        db,
        me.grants,
        name=form.text("name"),
        filters=filters,
        sort=form.text("sort"),
        grouping=form.text("grouping"),
        shared=form.text("shared") == "yes",
    )
    return ui.redirect(f"/queues/{queue.slug}")


@router.post("/queues/{slug}/removal")
def remove_view(ui: Ui, db: Db, me: Me, slug: str) -> Response:
    """Take a saved view away; the cases stay."""
    remove_queue(db, me.grants, queue_of(db, ui.snapshot, me.grants, slug))
    return ui.redirect("/queues")


@router.post("/queues/{slug}/next")
def take_next_of(ui: Ui, db: Db, me: Me, slug: str) -> Response:
    """Take the first case that nobody has and open it."""
    queue = queue_of(db, ui.snapshot, me.grants, slug)
    if not me.grants.works_cases:
        raise Forbidden()
    case = take_next(db, [queue.filter], queue.sort, vantage_of(ui, me), me.person, me.origin())
    return ui.redirect(f"/cases/{case.number}" if case else f"/queues/{queue.slug}?owner=none&empty=1")


@router.get("/cases/{number}/peek")
def show_peek(ui: Ui, db: Db, me: Me, number: str, queue: str = "") -> Response:
    """The look at one case beside the list; without script, the case itself."""
    if not ui.is_htmx:
        return ui.redirect(f"/cases/{number.upper()}")
    look = peek_of(db, ui, me, number, vantage_of(ui, me), queue)
    if look is None:
        raise NotFound()
    return ui.page("queues/peek.html", fragment="peek", **look)


def after_in_queue(ui: UI, db: Db, me: Viewer, queue: OpenQueue, case: Case) -> Case | None:
    """The case that follows one in a queue, or None at its end."""
    keys = order_of(queue.sort, "" if queue.grouping == "due" else queue.grouping, open_only=queue.filter.is_open_only)
    grouping = "" if queue.grouping == "due" else queue.grouping
    listing = Listing([queue.filter], queue.sort, grouping, limit=1, cursor=make_cursor(case, keys))
    found = find(db, listing, vantage_of(ui, me)).cases
    return found[0] if found else None


def _list(request: Request, ui: UI, db: Db, me: Viewer, queue: OpenQueue | None) -> Response:
    query = request.query_params
    given = CaseFilter.read(query.multi_items())
    if queue is None and not given and not query.get("q"):
        given = CaseFilter.read({"category": "open"})
    sort = query.get("sort") or (queue.sort if queue else "due")
    grouping = query.get("grouping", queue.grouping if queue else "due")
    opened = Opened(
        queue=queue,
        given=given,
        sort=sort if sort in SORTS else "due",
        grouping=grouping if grouping in (*GROUPINGS, "due") else "",
        cursor=query.get("cursor", ""),
        exact=query.get("exact") == "1",
        peek=query.get("peek", ""),
        nothing=query.get("empty") == "1",
    )
    values = opened_page(db, ui, me, opened, vantage_of(ui, me))
    fragment = "more" if opened.cursor else "rows"
    return ui.page("queues/show.html", fragment=fragment, **values)


def _view_form(request: Request, ui: UI, me: Viewer, queue: OpenQueue | None) -> Response:
    query = request.query_params
    given = CaseFilter.read(query.multi_items())
    values: dict[str, tuple[str, ...]] = dict(queue.filter.values) if queue else {}
    for name, more in given.values.items():
        values[name] = tuple(dict.fromkeys((*values.get(name, ()), *more))) if name == "q" else more
    return ui.page(
        "queues/view.html",
        queue=queue,
        filter=CaseFilter(values),
        sort=query.get("sort") or (queue.sort if queue else "due"),
        grouping=query.get("grouping", queue.grouping if queue else "due"),
        may_share=me.may("queue.share"),
    )
