"""Lists of people by name, found by the beginning of a name, a login or an address."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, joinedload

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
