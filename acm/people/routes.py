"""Sign in, sign out, first set-up, preferences."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import Response
from sqlalchemy import select

from acm import clock
from acm.errors import Invalid, NotFound, Problem, TooMany
from acm.i18n import _
from acm.journal import record
from acm.people import setup
from acm.people.models import Installation, Person
from acm.people.placing import settle
from acm.people.signin import Maybe, Me, lock_person, open_session, sign_in
from acm.web import csrf
from acm.web.forms import Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui, safe_path

router = new_router()

DEMO_ROLES = {
    "employee": _("employee: order and follow requests"),
    "approver": _("manager: decide on requests"),
    "agent": _("agent: queue, cases, plan of work"),
    "head": _("head of department: figures and reasons"),
    "hr": _("HR: requests of people"),
    "lawyer": _("lawyer: confidential cases"),
    "sales": _("head of sales: clients, deals, figures"),
    "admin": _("administrator: people, services, plugins"),
    "developer": _("developer: plugins and the state of the system"),
}


@router.get("/login")
def show_login(ui: Ui, db: Db, me: Maybe, next_: Annotated[str, Query(alias="next")] = "/") -> Response:
    if setup.is_open(db):
        return ui.redirect("/setup")
    if me:
        return ui.redirect(safe_path(next_))
    return _login_page(ui, db, safe_path(next_))


@router.post("/login")
def log_in(request: Request, ui: Ui, db: Db, form: Submitted) -> Response:
    login, password, next_ = form.text("login"), form.secret("password"), form.text("next") or "/"
    now = clock.now()
    try:
        demo = form.text("demo")
        if demo and demo in demo_logins(db):
            login, password = demo, "demo"
        network = request.client.host if request.client else ""
        token = sign_in(
            db, ui.settings, login, password, network=network, agent=request.headers.get("user-agent", ""), now=now
        )
    except Problem as problem:
        if problem.status not in (401, 429):
            raise
        return _login_page(
            ui,
            db,
            safe_path(next_),
            login=login,
            error=problem,
            status=problem.status if problem.status == 429 else 422,
        )
    return keep_signed_in(ui, token, next_)


@router.post("/logout")
def log_out(ui: Ui, db: Db, me: Me) -> Response:
    if me.sign_in:
        db.merge(me.sign_in).ended_at = clock.now()
        lock_person(db, me.person)
        record(db, me.person, "person.signed_out", me.origin())
    response = ui.redirect("/login")
    response.delete_cookie(csrf.cookie_name(ui.settings.is_https), path="/", secure=ui.settings.is_https)
    return response


@router.post("/me/preferences")
def save_preferences(ui: Ui, db: Db, me: Maybe, form: Submitted) -> Response:
    """Theme and language: on the person when signed in, in a cookie before."""
    chosen = {k: form.text(k) for k in ("theme", "language") if form.has(k)}
    if chosen.get("theme", "") not in ("", "light", "dark") or chosen.get("language", "ru") not in ("ru", "en"):
        raise Invalid({"theme": [_("Choose one of the offered values")]})
    if me:
        for name, value in chosen.items():
            setattr(me.person, name, value)
    response = ui.redirect(form.text("next") or "/")
    for name, value in chosen.items():
        response.set_cookie(
            f"acm_{name}", value, max_age=31_536_000, samesite="lax", httponly=True, secure=ui.settings.is_https
        )
    return response


@router.get("/setup")
def show_setup(ui: Ui, db: Db) -> Response:
    if not setup.is_open(db):
        raise NotFound()
    return ui.page("people/setup.html", values={}, errors={})


@router.post("/setup")
def set_up(request: Request, ui: Ui, db: Db, form: Submitted) -> Response:
    """Make the first administrator; open once in the life of an installation."""
    if not setup.is_open(db):
        raise NotFound()
    given = {name: form.text(name) for name in ("login", "email", "given", "family")}
    try:
        person = setup.first_admin(db, password=form.secret("password"), now=clock.now(), **given)
    except Invalid as problem:
        return ui.page("people/setup.html", values=given, errors=problem.errors, status=422)
    settle(db, ui.snapshot)
    network = request.client.host if request.client else ""
    token = open_session(db, ui.settings, person, network=network, agent="", now=clock.now())
    return keep_signed_in(ui, token, "/")


def demo_logins(db: Db) -> list[str]:
    """The logins offered as one-press buttons; none outside the demo company."""
    row = db.get(Installation, "demo")
    return row.value.split() if row else []


def _login_page(
    ui: Ui, db: Db, next_: str, *, login: str = "", error: Problem | None = None, status: int = 200
) -> Response:
    logins = demo_logins(db)
    people = {p.login: p for p in db.scalars(select(Person).where(Person.login.in_(logins)))} if logins else {}
    cast = [_demo_person(people[login_], ui) for login_ in logins if login_ in people]
    headers = {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after)
    here = "/login" if next_ == "/" else f"/login?{urlencode({'next': next_})}"
    return ui.page(
        "people/login.html", status=status, headers=headers, next=next_, here=here, login=login, error=error,
        cast=cast, idle_hours=ui.settings.session_idle_hours,
    )  # fmt: skip


def _demo_person(person: Person, ui: UI) -> dict[str, object]:
    words = {"ru": person.position.get("ru", ""), "en": person.position.get("en", "")}
    role = DEMO_ROLES.get(person.login or "", words)
    return {
        "login": person.login, "name": person.name_in(ui.lang), "initials": person.initials, "hue": person.hue,
        "role": ui.say(role),
    }  # fmt: skip


def keep_signed_in(ui: UI, token: str, next_: str) -> Response:
    """Give the browser its session and send it on."""
    response = ui.redirect(next_)
    response.set_cookie(
        csrf.cookie_name(ui.settings.is_https),
        token,
        httponly=True,
        samesite="lax",
        secure=ui.settings.is_https,
        path="/",
    )
    response.delete_cookie(csrf.ANONYMOUS_COOKIE)
    return response
