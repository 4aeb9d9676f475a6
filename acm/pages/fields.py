"""Fields of pages in queries: their values as SQL, the conditions on them, and the indexes that serve both.

One function, :func:`value_of`, builds the expression for the index and for the query; its names are written out,
since neither database matches an index with a bound name. Dates and moments are compared as text, numbers, money,
people and pages as numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Float, Numeric, String, and_, false, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from acm.db import Base, moment
from acm.pages.models import Page, PageTerm
from acm.pages.types import Field, FieldKind, PageType
from acm.taxonomy.models import Term, Vocabulary

COLUMNS: dict[str, Any] = {
    "id": Page.id, "number": Page.number, "title": Page.title, "state": Page.state, "category": Page.category,
    "is_open": Page.is_open, "confidential": Page.confidential, "owner": Page.owner_id,
    "requester": Page.requester_id, "beneficiary": Page.beneficiary_id, "department": Page.department_id,
    "branch": Page.branch_id, "group": Page.group_id, "service": Page.service_id, "parent": Page.parent_id,
    "priority": Page.priority, "due": Page.due_at, "opened": Page.opened_at, "resolved": Page.resolved_at,
    "closed": Page.closed_at, "updated": Page.updated_at, "external": Page.external, "made_sla": Page.made_sla,
}  # fmt: skip
NUMERIC = frozenset(
    {FieldKind.NUMBER, FieldKind.MONEY, FieldKind.PERSON, FieldKind.DEPARTMENT, FieldKind.BRANCH, FieldKind.PAGE,
     FieldKind.FILE, FieldKind.YES_NO}
)  # fmt: skip
KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
ASKED = re.compile(r"([\w.]+)\s*(=|!=|<=|>=|<|>|in|has)?")
PREFIX = "ix_field_"


def stored(field: Field, value: Any) -> Any:
    """A Python value as a page keeps it: days and moments as text, money with its currency, rows by their ids."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return [stored(field, one) for one in value]
    if isinstance(value, Base):
        return value.id  # type: ignore[attr-defined]
    if field.kind is FieldKind.MONEY and isinstance(value, (int, float, Decimal)):
        return {"amount": str(value), "currency": field.currency or "RUB"}
    if field.kind is FieldKind.MONEY and isinstance(value, Mapping):
        return {"amount": str(value["amount"]), "currency": str(value["currency"])}
    if field.kind is FieldKind.GROUP and isinstance(value, Mapping):
        return stored_values(field.fields, value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def stored_values(fields: Sequence[Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """All values of a page as it keeps them; :class:`LookupError` names a key that is no field of its type."""
    known = {field.key: field for field in fields}
    if unknown := values.keys() - known.keys():
        raise LookupError(f"no such field: {', '.join(sorted(unknown))}")
    return {key: stored(known[key], value) for key, value in values.items() if value is not None}


def value_of(field: Field, dialect: str) -> ColumnElement[Any]:
    """A field's value as SQL, typed for comparing, sorting and adding; without a name of its own in the statement."""
    key = _key(field.key)
    if dialect == "postgresql":
        return _postgresql(field, key)
    path = f"$.{key}.amount" if field.kind is FieldKind.MONEY else f"$.{key}"
    found = f"json_extract(page.fields, '{path}')"
    if field.kind in NUMERIC:
        return literal_column(f"CAST({found} AS REAL)", Float())
    return literal_column(found, String())


def currency_of(field: Field, dialect: str) -> ColumnElement[str]:
    """The currency of a money field."""
    key = _key(field.key)
    if dialect == "postgresql":
        return literal_column(f"(page.fields #>> '{{{key},currency}}')", String())
    return literal_column(f"json_extract(page.fields, '$.{key}.currency')", String())


def of_type(definition: PageType, *, indexed: bool = False, dialect: str = "") -> ColumnElement[bool]:
    """The condition on the type, written out so that the indexes of its fields serve it.

    With ``indexed`` SQLite, which knows nothing of how values are spread, is kept from taking the index of types.
    """
    column = "+page.type" if indexed and dialect == "sqlite" else "page.type"
    return literal_column(column, String()) == literal_column(f"'{_type(definition)}'", String())


def conditions(
    session: Session, definition: PageType, where: Mapping[str, Any], terms: Mapping[str, Any] | None = None
) -> Iterator[ColumnElement[bool]]:
    """``{"state": "open", "until <=": day, "kind in": […], "title has": "rent"}`` as conditions on pages of a type.

    A name is a column of :data:`COLUMNS` or else a field of the type (``field.<key>`` where both bear the name);
    None asks for what is missing. ``terms`` are keys of terms by vocabulary. :class:`LookupError` for other names.
    """
    by_field = False
    for asked, value in where.items():
        parts = ASKED.fullmatch(asked.strip())
        if parts is None:
            raise LookupError(f"{asked!r} is no condition")
        name, sign = parts[1], parts[2] or "="
        yield _condition(session, definition, name, sign, value)
        field = None if name in COLUMNS else definition.field(name.removeprefix("field."))
        by_field = by_field or bool(field and field.indexed and sign not in ("has", "!="))
    yield of_type(definition, indexed=by_field, dialect=_dialect(session))
    for vocabulary, keys in (terms or {}).items():
        wanted = [keys] if isinstance(keys, str) else list(keys)
        tagged = select(PageTerm.page_id).join(Term, Term.id == PageTerm.term_id)
        tagged = tagged.join(Vocabulary, Vocabulary.id == Term.vocabulary_id)
        yield Page.id.in_(tagged.where(Vocabulary.key == vocabulary, Term.key.in_(wanted)))


def named(session: Session, definition: PageType, name: str) -> tuple[Any, Field | None]:
    """The column or the field of that name as SQL, and the field."""
    if name in COLUMNS:
        return COLUMNS[name], None
    field = definition.field(name.removeprefix("field."))
    if field is None:
        raise LookupError(f"{definition.key} has no field {name!r}")
    return value_of(field, _dialect(session)), field


def comparable(session: Session, field: Field | None, value: Any) -> Any:
    """A value as the database compares it with a column or a field."""
    if isinstance(value, Base):
        value = value.id  # type: ignore[attr-defined]
    if field is None or value is None:
        return value
    if field.kind in NUMERIC:
        value = value["amount"] if isinstance(value, Mapping) else value
        number = Decimal(str(int(value) if isinstance(value, bool) else value))
        return number if _dialect(session) == "postgresql" else float(number)
    return stored(field, value)


def index_fields(session: Session, definition: PageType) -> None:
    """Make the indexes of a type's fields marked ``indexed``, and drop those that are marked no longer.

    Each is ``(field, state, due)`` over the pages of the type alone, so that a field asked for by itself, with a
    state, or in the order of what is due, finds it.
    """
    dialect = _dialect(session)
    family = PREFIX + _digest(_type(definition))[:10]
    wanted = {}
    for field in definition.fields:
        if field.indexed and not field.multiple:
            expression = value_of(field, dialect).compile(dialect=session.get_bind().dialect)
            wanted[f"{family}_{_digest(str(expression))[:10]}"] = str(expression)
    connection, there = session.connection(), _indexes(session, family)
    for name in sorted(there - wanted.keys()):
        connection.exec_driver_sql(f"DROP INDEX {name}")
    for name in sorted(wanted.keys() - there):
        columns = f"({wanted[name]}), state, due_at".replace("page.fields", "fields")
        plus = "+" if dialect == "sqlite" else ""  # as :func:`of_type` says it
        connection.exec_driver_sql(f"CREATE INDEX {name} ON page ({columns}) WHERE {plus}type = '{_type(definition)}'")


def drop_indexes(session: Session, type_key: str) -> None:
    """Drop the indexes of a type that nobody serves any more."""
    for name in _indexes(session, PREFIX + _digest(type_key)[:10]):
        session.connection().exec_driver_sql(f"DROP INDEX {name}")


def _indexes(session: Session, family: str) -> set[str]:
    catalogue = (
        "SELECT indexname FROM pg_indexes WHERE tablename = 'page' AND schemaname = current_schema()"
        if _dialect(session) == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'page'"
    )
    found = session.connection().exec_driver_sql(catalogue)
    return {name for (name,) in found if name.startswith(family)}


def _postgresql(field: Field, key: str) -> ColumnElement[Any]:
    """Text that is no number is no value: a field of the same key may hold text in another type."""
    way = f"{key},amount" if field.kind is FieldKind.MONEY else key
    found = f"(page.fields #>> '{{{way}}}')"
    if field.kind is FieldKind.YES_NO:
        return literal_column(f"(CASE {found} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END)::numeric", Numeric())
    if field.kind in NUMERIC:
        return literal_column(f"(CASE WHEN {found} ~ '^-?[0-9]+([.][0-9]+)?$' THEN {found}::numeric END)", Numeric())
    return literal_column(f'({found} COLLATE "C")', String())


def _condition(session: Session, definition: PageType, name: str, sign: str, value: Any) -> ColumnElement[bool]:
    column, field = named(session, definition, name)
    if sign == "has" and field is not None and (field.multiple or field.kind is FieldKind.MULTI_CHOICE):
        return _holds(field, value, _dialect(session))
    if sign == "has":
        words = dict.fromkeys((str(value), str(value).lower(), str(value).capitalize(), str(value).upper()))
        return or_(*(column.icontains(one, autoescape=True) for one in words))
    if sign == "in":
        found: ColumnElement[bool] = column.in_([comparable(session, field, one) for one in value])
        return found
    wanted = comparable(session, field, value)
    if wanted is None:
        return and_(column.is_(None)) if sign == "=" else and_(column.is_not(None)) if sign == "!=" else false()
    if isinstance(wanted, bool):
        return and_(column.is_(wanted) if sign == "=" else column.is_not(wanted))
    compared: dict[str, Any] = {
        "=": column == wanted, "!=": or_(column != wanted, column.is_(None)), "<": column < wanted,
        "<=": column <= wanted, ">": column > wanted, ">=": column >= wanted,
    }  # fmt: skip
    return and_(compared[sign])


def _holds(field: Field, value: Any, dialect: str) -> ColumnElement[bool]:
    """Whether a field of several values holds one."""
    key, wanted = _key(field.key), stored(field, value)
    if dialect == "postgresql":
        held = literal_column(f"(page.fields -> '{key}')", JSONB())
        return and_(held.contains([wanted]))
    each = func.json_each(literal_column("page.fields"), literal_column(f"'$.{key}'")).table_valued("value")
    return select(literal_column("1")).select_from(each).where(each.c.value == wanted).exists()


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name


def _key(key: str) -> str:
    if not KEY.fullmatch(key):
        raise LookupError(f"{key!r} cannot be the key of a field that is asked for")
    return key


def _type(definition: PageType) -> str:
    if not re.fullmatch(r"[a-z0-9_.-]+", definition.key):
        raise LookupError(f"{definition.key!r} cannot be the key of a type")
    return definition.key


def _digest(value: str) -> str:
    return sha256(value.encode()).hexdigest()
