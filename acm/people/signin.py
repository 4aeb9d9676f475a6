"""Signing in: sessions kept on the server, bearer tokens, growing delays, and :data:`Me` for every endpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from fastapi.params import Depends as DependsMarker
from sqlalchemy import Select, bindparam, delete, select, update
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.interfaces import ORMOption

from acm import clock
from acm.errors import Forbidden, NotFound, TooMany, Unauthenticated
from acm.journal import Origin, record
from acm.people.models import ApiToken, LoginThrottle, Person, SignIn
from acm.people.passwords import new_token, token_hash, verify_password
from acm.people.rights import Grants, grants_of, may
from acm.settings import Settings
from acm.web import csrf
from acm.web.runtime import SAFE_METHODS, Db, runtime_of

SEEN_EVERY = timedelta(minutes=5)
FREE_TRIES = 5
LONGEST_WAIT = 300


@dataclass
class Viewer:
    """Who makes this request, with what they may do."""

    person: Person
    grants: Grants
    zone: ZoneInfo
    sign_in: SignIn | None = None
    scopes: frozenset[str] = field(default_factory=frozenset)

    @property
    def id(self) -> int:
        return self.person.id

    def may(self, verb: str, subject: object = None) -> bool:
        return may(self.grants, verb, subject)  # type: ignore[arg-type]

    def origin(self, at: datetime | None = None) -> Origin:
        """This person acting now."""
        return Origin(by=self.person, at=at or clock.now())


def identify(request: Request, db: Db) -> Viewer | None:
    """Who makes this request: by bearer token, else by cookie, else nobody."""
    if hasattr(request.state, "viewer"):
        known: Viewer | None = request.state.viewer
        return known
    settings = runtime_of(request).settings
    header = request.headers.get("authorization", "")
    now = clock.now()
    viewer = _by_token(db, header[7:].strip(), request.method, now) if header.lower().startswith("bearer ") else None
    if viewer is None and not header.lower().startswith("bearer "):
        viewer = _by_cookie(request, db, request.cookies.get(csrf.cookie_name(settings.is_https), ""), now)
    if viewer:
        viewer.zone = viewer.person.zone(settings.timezone)
    request.state.viewer = viewer
    return viewer


async def require_viewer(viewer: Annotated[Viewer | None, Depends(identify)]) -> Viewer:
    if viewer is None:
        raise Unauthenticated()
    return viewer


Maybe = Annotated[Viewer | None, Depends(identify)]
Me = Annotated[Viewer, Depends(require_viewer)]


def permitted(verb: str) -> DependsMarker:
    """A dependency that lets only holders of an area's permission pass; for the others the area is no secret."""

    async def check(me: Me) -> Viewer:
        if not me.may(verb):
            raise Forbidden()
        return me

    marker: DependsMarker = Depends(check)
    return marker


def _by_token(db: Session, token: str, method: str, now: datetime) -> Viewer:
    found = db.scalars(select(ApiToken).where(ApiToken.token_hash == token_hash(token))).first()
    if found is None or found.revoked_at or (found.expires_at and found.expires_at <= now):
        raise Unauthenticated("The token is unknown or has ended")
    if method not in SAFE_METHODS and "write" not in found.scopes:
        raise Forbidden("The token has no scope to write")
    person = db.scalars(select(Person).options(*_parts()).where(Person.id == found.person_id)).first()
    return _viewer(db, person, None, frozenset(found.scopes))


def _by_cookie(request: Request, db: Session, token: str, now: datetime) -> Viewer | None:
    if not token:
        return None
    settings = runtime_of(request).settings
    row = db.execute(_signed_in(), {"token": token_hash(token)}).first()
    found, person = row if row else (None, None)
    idle = timedelta(hours=settings.session_idle_hours)
    if found is None or found.ended_at or found.expires_at <= now or found.seen_at + idle <= now:
        return None
    if now - found.seen_at > SEEN_EVERY:
        request.state.touch_sign_in = found.id
    try:
        return _viewer(db, person, found, frozenset({"read", "write"}))
    except Unauthenticated:
        return None


@cache
def _signed_in() -> Select[SignIn, Person]:
    """The session of a ``token`` with its person."""
    statement = select(SignIn, Person).join(Person, Person.id == SignIn.person_id).options(*_parts())
    return statement.where(SignIn.token_hash == bindparam("token"))


def _parts() -> tuple[ORMOption, ...]:
    return joinedload(Person.branch), joinedload(Person.department)


def _viewer(db: Session, person: Person | None, sign_in: SignIn | None, scopes: frozenset[str]) -> Viewer:
    if person is None or not person.active:
        raise Unauthenticated()
    return Viewer(person, grants_of(db, person), ZoneInfo("UTC"), sign_in, scopes)


def touch(db: Session, sign_in_id: int, now: datetime) -> None:
    """Note that a session is in use; called apart from the request, at most each five minutes."""
    db.execute(update(SignIn).where(SignIn.id == sign_in_id).values(seen_at=now))


def sign_in(
    db: Session, settings: Settings, login: str, password: str, *, network: str, agent: str, now: datetime
) -> str:
    """Check a password and open a session; returns its token. Wrong ones wait longer and longer."""
    keys = [f"login:{login.lower()[:80]}", f"network:{network}"]
    _refuse_impatient(db, keys, now)
    person = db.scalars(select(Person).where(Person.login == login.strip().lower())).first()
    right = verify_password(password, person.password_hash if person and person.active else "")
    if person is None or not right:
        for key in keys:
            _count_failure(db, key, now)
        db.commit()
        raise Unauthenticated("The login or the password is wrong")
    db.execute(delete(LoginThrottle).where(LoginThrottle.key == keys[0]))
    return open_session(db, settings, person, network=network, agent=agent, now=now)


def open_session(db: Session, settings: Settings, person: Person, *, network: str, agent: str, now: datetime) -> str:
    """A new session for a person who has proved who they are."""
    lock_person(db, person)
    token = new_token()
    row = SignIn(
        token_hash=token_hash(token),
        person_id=person.id,
        created_at=now,
        seen_at=now,
        expires_at=now + timedelta(days=settings.session_days),
        network=network[:60],
        agent=agent[:200],
    )
    db.add(row)
    record(db, person, "person.signed_in", Origin(person, now), data={"network": network[:60]})
    return token


def prove(db: Session, person: Person, password: str, now: datetime) -> None:
    """Check a person's own password once more; wrong ones wait as at sign-in."""
    key = f"login:{(person.login or '')[:80]}"
    _refuse_impatient(db, [key], now)
    if not verify_password(password, person.password_hash):
        _count_failure(db, key, now)
        db.commit()
        raise Unauthenticated("The password is wrong")


def lock_person(db: Session, person: Person) -> None:
    """Take the head of a person's journal for this transaction: two at once write one after the other."""
    db.flush()
    db.refresh(person, attribute_names=["journal_seq", "journal_head"], with_for_update={"key_share": True})


def end_sessions(db: Session, person: Person, now: datetime, *, except_id: int | None = None) -> None:
    """End all sessions of a person, as at a change of password or of rights."""
    statement = update(SignIn).where(SignIn.person_id == person.id, SignIn.ended_at.is_(None))
    if except_id is not None:
        statement = statement.where(SignIn.id != except_id)
    db.execute(statement.values(ended_at=now))


def issue_token(db: Session, person: Person, *, name: str, scopes: list[str], days: int | None, now: datetime) -> str:
    """A bearer token; shown once, stored as its hash."""
    lock_person(db, person)
    token = new_token("acm_")
    expires = now + timedelta(days=days) if days else None
    db.add(
        ApiToken(
            token_hash=token_hash(token),
            person_id=person.id,
            name=name,
            scopes=scopes,
            created_at=now,
            expires_at=expires,
        )
    )
    record(db, person, "person.token_issued", Origin(person, now), data={"name": name, "scopes": scopes})
    return token


def find_person(db: Session, login: str) -> Person:
    """The person of that login; :class:`NotFound` otherwise."""
    person = db.scalars(select(Person).where(Person.login == login.lower())).first()
    if person is None:
        raise NotFound()
    return person


def _refuse_impatient(db: Session, keys: list[str], now: datetime) -> None:
    until = [row.until for row in db.scalars(select(LoginThrottle).where(LoginThrottle.key.in_(keys))) if row.until]
    wait = max(((moment - now).total_seconds() for moment in until), default=0)
    if wait > 0:
        raise TooMany(int(wait) + 1, "Too many tries. Try again in %(seconds)s s")


def _count_failure(db: Session, key: str, now: datetime) -> None:
    row = db.get(LoginThrottle, key, with_for_update=True)
    if row is None:
        row = LoginThrottle(key=key, failures=0, last_at=now)
        db.add(row)
    if now - row.last_at > timedelta(hours=1):
        row.failures = 0
    row.failures, row.last_at = row.failures + 1, now
    free = FREE_TRIES if key.startswith("login:") else FREE_TRIES * 10
    if row.failures > free:
        row.until = now + timedelta(seconds=min(2 ** (row.failures - free), LONGEST_WAIT))
