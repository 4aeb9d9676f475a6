"""Lists of people by name, found by the beginning of a name, a login or an address."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, joinedload

from acm.errors import Invalid
from acm.i18n import _
from acm.people.models import Person

Place = tuple[str, str, int]


def named(text: str) -> list[ColumnElement[bool]]:
    """Conditions for what was typed: every word begins a name, a login or an address (any case, both databases)."""
    conditions: list[ColumnElement[bool]] = []
    for word in text.replace("\x00", "").split()[:4]:
        variants = {word, word.lower(), word.capitalize(), word.upper()}
        columns = (Person.family, Person.given, Person.login, Person.email, Person.latin)
        begins = [column.startswith(v, autoescape=True) for column in columns for v in variants]
        begins += [Person.latin.contains(f" {v}", autoescape=True) for v in variants]
        conditions.append(or_(*begins))
    return conditions


def person_named(db: Session, text: str, field: str) -> Person | None:
    """The colleague whom a field names by login, e-mail or surname; None for an empty one, :class:`Invalid` in doubt."""
    if not text:
        return None
    inner = re.search(r"[(<]([^()<>]+)[)>]\s*$", text)
    token = (inner[1] if inner else text).strip().lower()
    exact = select(Person).where(or_(Person.login == token, func.lower(Person.email) == token)).limit(2)
    found = list(db.scalars(exact)) or people(db, text[:200], limit=2)
    if not found:
        raise Invalid({field: [_("We know nobody of that name. Write the surname, the e-mail or the login")]})
    if len(found) > 1:
        raise Invalid({field: [_("Several people have this name. Write the e-mail or the login")]})
    return found[0]


def people(
    db: Session, text: str = "", *, active: bool = True, after: Place | None = None, limit: int = 50
) -> Sequence[Person]:
    """People by name; ``after`` is family, given name and id of the last one shown."""
    statement = select(Person).where(Person.active.is_(active), *named(text)).options(joinedload(Person.department))
    if after is not None:
        family, given, id_ = after
        same = (Person.family == family) & (Person.given == given)
        further = (Person.family == family) & (Person.given > given)
        statement = statement.where(or_(Person.family > family, further, same & (Person.id > id_)))
    return list(db.scalars(statement.order_by(Person.family, Person.given, Person.id).limit(limit)))
