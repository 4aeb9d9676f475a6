"""The places of a company: departments with their heads, branches with their time zones. Each change is an event.

A head reads and works what belongs to the department and to those below it, so nobody makes themselves a head.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.errors import Forbidden, Invalid
from acm.i18n import LANGUAGES, Message, _
from acm.journal import Origin, record, system_stream
from acm.people.managing import MANAGE
from acm.people.models import Branch, Department, Person
from acm.people.rights import Grants
from acm.snapshot import Snapshot

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
LONGEST_NAME, LONGEST_SUMMARY = 200, 300
HUES = {
    264: _("blue"), 220: _("light blue"), 190: _("turquoise"), 155: _("green"), 60: _("yellow"), 30: _("orange"),
    20: _("red"), 330: _("pink"), 300: _("violet"),
}  # fmt: skip

Place = Department | Branch


@dataclass(frozen=True)
class Told:
    """What a form says of a place; a branch has a ``timezone``, a department the rest."""

    names: Mapping[str, str]
    head: Person | None = None
    timezone: str = ""
    summaries: Mapping[str, str] | None = None
    parent: Department | None = None
    hue: int = 264


def add_place(db: Session, grants: Grants, model: type[Place], key: str, told: Told, origin: Origin) -> Place:
    """Make a department or a branch; :class:`Invalid` names what is wrong."""
    errors: dict[str, list[Message]] = {}
    if not KEY.fullmatch(key):
        errors["key"] = [_("Use Latin letters, figures, hyphens; at most 40")]
    elif db.scalars(select(model.id).where(model.key == key)).first() is not None:
        errors["key"] = [_("This key is taken")]
    place = model(key=key, names={})
    _check(db, grants, place, told, errors)
    _write(place, told)
    db.add(place)
    db.flush()
    record(db, system_stream(db, "people"), f"{model.__tablename__}.added", origin, data={"key": key, **_facts(place)})
    return place


def settle(db: Session, snapshot: Snapshot) -> None:
    """Let those who name places by key find what has just been made."""
    db.flush()
    for one in snapshot.each("places"):
        one.value(db, snapshot)


def change_place(db: Session, grants: Grants, place: Place, told: Told, origin: Origin) -> None:
    """Name it anew, give it another head, parent or time zone; its key stays."""
    _check(db, grants, place, told, {})
    before = _facts(place)
    _write(place, told)
    db.flush()
    if changes := {name: [before[name], value] for name, value in _facts(place).items() if before[name] != value}:
        stream = system_stream(db, "people")
        record(db, stream, f"{place.__tablename__}.changed", origin, data={"key": place.key, "changes": changes})


def _check(db: Session, grants: Grants, place: Place, told: Told, errors: dict[str, list[Message]]) -> None:
    if MANAGE not in grants.everywhere:
        raise Forbidden()
    if not any(name.strip() for name in told.names.values()):
        errors["name_ru"] = [_("Enter a name")]
    if told.head is not None and told.head.id != place.head_id:
        if not told.head.active:
            errors["head"] = [_("This person has left: name somebody who works here")]
        elif told.head.id == grants.person_id:
            errors["head"] = [_("Nobody makes themselves a head: ask another administrator")]
    if isinstance(place, Branch):
        if told.timezone not in available_timezones():
            errors["timezone"] = [_("There is no such time zone; an example: Europe/Moscow")]
    elif told.parent is not None and _lies_within(db, told.parent, place):
        errors["parent"] = [_("A department cannot lie within itself")]
    if errors:
        raise Invalid(errors)


def _lies_within(db: Session, inner: Department, outer: Department) -> bool:
    seen: set[int] = set()
    at: Department | None = inner
    while at is not None and at.id not in seen:
        if at.id == outer.id:
            return True
        seen.add(at.id)
        at = db.get(Department, at.parent_id) if at.parent_id else None
    return False


def _write(place: Place, told: Told) -> None:
    place.names = {lang: told.names[lang].strip()[:LONGEST_NAME] for lang in LANGUAGES if told.names.get(lang)}
    place.head_id = told.head.id if told.head else None
    if isinstance(place, Branch):
        place.timezone = told.timezone
        return
    summaries = told.summaries or {}
    place.summaries = {lang: summaries[lang][:LONGEST_SUMMARY] for lang in LANGUAGES if summaries.get(lang)}
    place.parent_id = told.parent.id if told.parent else None
    place.hue = told.hue if told.hue in HUES else place.hue or 264


def _facts(place: Place) -> dict[str, object]:
    names = (
        ("names", "head_id", "timezone")
        if isinstance(place, Branch)
        else ("names", "summaries", "parent_id", "head_id", "hue")
    )
    return {name: getattr(place, name) for name in names}
