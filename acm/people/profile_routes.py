"""One's own profile: language, theme, time zone, keys, sessions, tokens, password."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm import clock
from acm.errors import Forbidden, Invalid, NotFound, Problem
from acm.i18n import _
from acm.journal import record
from acm.people.managing import set_password
from acm.people.models import ApiToken, Group, GroupMember, Person, SignIn
from acm.people.routes import keep_signed_in
from acm.people.signin import Me, Viewer, issue_token, lock_person, open_session, prove
from acm.web.forms import Form, Submitted
from acm.web.routing import router as new_router
from acm.web.runtime import Db
from acm.web.templating import UI, Ui

router = new_router()
TERMS = (7, 30, 90, 365)
MOST_TOKENS = 20


@router.get("/me")
def show_me(ui: Ui, db: Db, me: Me) -> Response:
    return _profile(ui, db, me)


@router.post("/me")
def save_me(ui: Ui, db: Db, me: Me, form: Submitted) -> Response:
    """Language, theme, time zone, keys: what a person may set about themselves, and nothing else."""
    language, theme, zone = form.text("language"), form.text("theme"), form.text("timezone")
    errors: dict[str, list[object]] = {}
    if language not in ("", "ru", "en"):
        errors["language"] = [_("Choose one of the offered values")]
    if theme not in ("", "light", "dark"):
        errors["theme"] = [_("Choose one of the offered values")]
    if zone and zone not in available_timezones():
        errors["timezone"] = [_("There is no such time zone")]
    if errors:
        return _profile(ui, db, me, form=form, problem=Invalid(errors))
    person = me.person
    person.language, person.theme, person.timezone = language, theme, zone
    person.settings = {**person.settings, "keys": "on" if form.flag("keys") else "off"}
    return ui.redirect("/me")


@router.post("/me/password")
def change_password(request: Request, ui: Ui, db: Db, me: Me, form: Submitted) -> Response:
    """A new password: all sessions end, this browser gets a new one."""
    _by_hand(me)
    now = clock.now()
    try:
        prove(db, me.person, form.secret("current"), now)
        if form.secret("password") != form.secret("again"):
            raise Invalid({"again": [_("The two passwords differ")]})
        set_password(db, me.person, form.secret("password"), now)
    except Problem as problem:
        if problem.status not in (401, 422, 429):
            raise
        return _profile(ui, db, me, form=form, problem=problem)
    network = request.client.host if request.client else ""
    token = open_session(
        db, ui.settings, me.person, network=network, agent=request.headers.get("user-agent", ""), now=now
    )
    return keep_signed_in(ui, token, "/me")


@router.post("/me/sessions/{session_id}/end")
def end_session(ui: Ui, db: Db, me: Me, session_id: int) -> Response:
    """Sign out somewhere else."""
    row = db.get(SignIn, session_id)
    if row is None or row.person_id != me.id:
        raise NotFound()
    if row.ended_at is None:
        row.ended_at = clock.now()
        lock_person(db, me.person)
        record(db, me.person, "person.signed_out", me.origin(), data={"session": row.id})
    return ui.redirect("/me#sessions")


@router.post("/me/tokens")
def make_token(ui: Ui, db: Db, me: Me, form: Submitted) -> Response:
    """A token for the API, shown this once."""
    _by_hand(me)
    days, name = form.number("days") or 0, form.text("name")
    errors: dict[str, list[object]] = {}
    if not name or len(name) > 100:
        errors["name"] = [_("Say what it is for")]
    if days not in TERMS:
        errors["days"] = [_("Choose one of the offered values")]
    if len(_tokens(db, me)) >= MOST_TOKENS:
        errors["name"] = [_("Revoke a token first")]
    if errors:
        return _profile(ui, db, me, form=form, problem=Invalid(errors))
    scopes = ["read", "write"] if form.flag("write") else ["read"]
    token = issue_token(db, me.person, name=name, scopes=scopes, days=days, now=clock.now())
    return _profile(ui, db, me, token=token)


@router.post("/me/tokens/{token_id}/revocation")
def revoke_token(ui: Ui, db: Db, me: Me, token_id: int) -> Response:
    row = db.get(ApiToken, token_id)
    if row is None or row.person_id != me.id:
        raise NotFound()
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        lock_person(db, me.person)
        record(db, me.person, "person.token_revoked", me.origin(), data={"token": row.id, "name": row.name})
    return ui.redirect("/me#tokens")


def _by_hand(me: Viewer) -> None:
    """A token must not make tokens or change the password: only somebody who signed in may."""
    if me.sign_in is None:
        raise Forbidden()


def _profile(
    ui: UI, db: Session, me: Viewer, *, form: Form | None = None, problem: Problem | None = None, token: str = ""
) -> Response:
    person = me.person
    stored = {"language": person.language, "theme": person.theme, "timezone": person.timezone}
    return ui.page(
        "people/profile.html", status=problem.status if problem and problem.status != 401 else 422 if problem else 200,
        person=person, groups=_groups(db, person), sessions=_sessions(db, me, clock.now()), tokens=_tokens(db, me),
        own=me.sign_in.id if me.sign_in else None, token=token, terms=TERMS, default_zone=ui.settings.timezone,
        values={**stored, **{n: form.text(n) for n in ("language", "theme", "timezone", "name") if form and form.has(n)}},
        keys=person.settings.get("keys") != "off", zones=_zones(clock.now(), person.timezone), problem=problem,
        errors=problem.errors if isinstance(problem, Invalid) else {},
        manager=db.get(Person, person.manager_id) if person.manager_id else None,
    )  # fmt: skip


def _sessions(db: Session, me: Viewer, now: datetime) -> Sequence[SignIn]:
    idle = timedelta(hours=db.info["settings"].session_idle_hours)
    statement = select(SignIn).where(
        SignIn.person_id == me.id, SignIn.ended_at.is_(None), SignIn.expires_at > now, SignIn.seen_at > now - idle
    )
    return list(db.scalars(statement.order_by(SignIn.seen_at.desc(), SignIn.id.desc()).limit(50)))


def _tokens(db: Session, me: Viewer) -> Sequence[ApiToken]:
    statement = select(ApiToken).where(ApiToken.person_id == me.id, ApiToken.revoked_at.is_(None))
    return [t for t in db.scalars(statement.order_by(ApiToken.id)) if not t.expires_at or t.expires_at > clock.now()]


def _groups(db: Session, person: Person) -> Sequence[Group]:
    statement = select(Group).join(GroupMember, GroupMember.group_id == Group.id)
    return list(db.scalars(statement.where(GroupMember.person_id == person.id).order_by(Group.key)))


def _zones(now: datetime, chosen: str) -> list[dict[str, str]]:
    """The zones of the country and its neighbours by their offset, and the one that is chosen."""
    found = sorted((NEAR | ({chosen} if chosen else set())) & available_timezones())
    found.sort(key=lambda zone: now.astimezone(ZoneInfo(zone)).utcoffset() or timedelta())
    return [{"value": z, "label": f"{z.split('/')[-1]} (UTC{now.astimezone(ZoneInfo(z)):%z})"} for z in found]


NEAR = frozenset(
    f"{part}/{city}"
    for part, cities in {
        "Europe": "Kaliningrad Moscow Samara Volgograd Saratov London Berlin Belgrade Istanbul Minsk",
        "Asia": "Yekaterinburg Omsk Novosibirsk Krasnoyarsk Irkutsk Yakutsk Vladivostok Magadan Kamchatka Almaty "
        "Tashkent Yerevan Tbilisi Dubai Shanghai Bishkek",
    }.items()
    for city in cities.split()
)
