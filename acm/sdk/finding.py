"""Lists, counts and sums of pages for plugins: through the door for a person, of the plugin's own types without one."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, func, literal, null, or_, select
from sqlalchemy.orm import joinedload

from acm.db import UTCDateTime, encode
from acm.errors import Invalid, NotFound
from acm.i18n import _
from acm.pages.fields import comparable, conditions, currency_of, named, value_of
from acm.pages.models import Page
from acm.pages.types import CaseType, FieldKind, PageType
from acm.pages.visibility import through, unrestricted, visible

if TYPE_CHECKING:
    from acm.sdk.context import Context

P = TypeVar("P", bound=Page)
Where = Mapping[str, Any]
NOTHING: Where = {}
MOST = 1000


@dataclass(frozen=True)
class Found(Generic[P]):
    """One page of a list; ``next`` is the cursor of the following one, or empty."""

    items: Sequence[P]
    next: str = ""


@dataclass(frozen=True)
class Tally:
    """How many pages share a value, and the sum of a field over them (money: of one currency)."""

    part: Any
    count: int
    total: Decimal = Decimal(0)
    currency: str = ""


@dataclass(frozen=True)
class Finding(Generic[P]):
    """What :attr:`Context.pages` and :attr:`Context.cases` have in common.

    ``where`` are conditions by name: ``{"state": "signed", "until <=": day, "client": page, "kind in": […]}``. A name
    is a column (state, category, is_open, owner, requester, beneficiary, department, branch, group, service, parent,
    priority, due, opened, resolved, closed, updated, number, title, external) or a field of the type; the signs are
    ``= != < <= > >= in has``; None is what is missing. ``terms`` are keys of terms by vocabulary.
    """

    ctx: Context
    model: type[P]

    def find(self, number: str, *, lock: bool = False) -> P:
        """The page of that number; :class:`acm.sdk.NotFound` when there is none to be seen. ``lock`` holds it."""
        return self._one(Page.number == number.upper(), lock=lock)

    def get(self, page_id: int, *, lock: bool = False) -> P:
        """The page of that id, as fields hold it; :class:`acm.sdk.NotFound` likewise."""
        return self._one(Page.id == page_id, lock=lock)

    def by_ids(self, ids: Iterable[int]) -> dict[int, P]:
        """Those of these pages that may be seen, by id, in one statement: for what many rows name."""
        wanted = sorted(set(ids))
        if not wanted:
            return {}
        return {page.id: page for page in self.ctx.session.scalars(self._all().where(Page.id.in_(wanted)))}

    def list(
        self,
        type_key: str,
        where: Where = NOTHING,
        *,
        terms: Mapping[str, Any] | None = None,
        order: str = "-id",
        limit: int = 50,
        cursor: str = "",
    ) -> Found[P]:
        """Pages of a type in the order of a column or field, descending with ``-``; missing values come last."""
        definition, descending = self.type(type_key), order.startswith("-")
        name = order.removeprefix("-")
        column, field = named(self.ctx.session, definition, name)
        statement = self._of().where(*conditions(self.ctx.session, definition, where, terms))
        if cursor:
            statement = statement.where(_behind(column, descending, *_read_cursor(cursor, column, self.ctx, field)))
        ordered = column.desc() if descending else column.asc()
        by_id = Page.id.desc() if descending else Page.id.asc()
        limit = max(1, min(limit, MOST))
        found = self.ctx.session.scalars(statement.order_by(ordered.nulls_last(), by_id).limit(limit + 1))
        pages = list(found.unique())
        more, pages = len(pages) > limit, pages[:limit]
        if not more:
            return Found(pages)
        value = pages[-1].fields.get(field.key) if field else getattr(pages[-1], column.key)
        return Found(pages, _cursor(comparable(self.ctx.session, field, value), pages[-1].id))

    def count(self, type_key: str, where: Where = NOTHING, *, terms: Mapping[str, Any] | None = None) -> int:
        """How many pages of a type there are, exactly."""
        return sum(one.count for one in self.tally(type_key, where=where, terms=terms))

    def total(
        self, type_key: str, field: str, where: Where = NOTHING, *, terms: Mapping[str, Any] | None = None
    ) -> dict[str, Decimal]:
        """The sum of a number or money field by currency; numbers stand under an empty one."""
        return {t.currency: t.total for t in self.tally(type_key, of=field, where=where, terms=terms) if t.count}

    def tally(
        self,
        type_key: str,
        *,
        by: str = "",
        of: str = "",
        where: Where = NOTHING,
        terms: Mapping[str, Any] | None = None,
    ) -> Sequence[Tally]:
        """How many pages by the value of a column or field, and the sum of the number or money field ``of``, in one
        statement; the greatest part first. Money gives a tally for each currency."""
        session, definition = self.ctx.session, self.type(type_key)
        part = named(session, definition, by)[0] if by else literal("")
        currency: Any = literal("")
        total: Any = null()
        summed = definition.field(of) if of else None
        if of and (summed is None or summed.kind not in (FieldKind.NUMBER, FieldKind.MONEY)):
            raise LookupError(f"{of!r} is no number or money field of {type_key}")
        if summed is not None:
            dialect = session.get_bind().dialect.name
            total = func.sum(value_of(summed, dialect))
            currency = currency_of(summed, dialect) if summed.kind is FieldKind.MONEY else currency
        columns = [part.label("part"), currency.label("currency"), func.count(Page.id), total.label("total")]
        statement: Any = self._counted(select(*columns).select_from(Page))
        statement = statement.where(*conditions(session, definition, where, terms))
        groups = [one for one, used in ((part, by), (currency, summed and summed.kind is FieldKind.MONEY)) if used]
        rows = session.execute(statement.group_by(*groups) if groups else statement)
        found = [Tally(row[0], row[2], _decimal(row[3]), row[1] or "") for row in rows]
        return sorted(found, key=lambda one: (-one.count, str(one.part)))

    def type(self, type_key: str) -> PageType:
        """The definition of a type that is served now."""
        definition: PageType | None = self.ctx.snapshot.find("page_type", type_key)
        if definition is None:
            raise LookupError(f"there is no type {type_key!r}")
        if (self.model is not Page) != isinstance(definition, CaseType):
            raise LookupError(f"{type_key!r} is for ctx.{'pages' if self.model is not Page else 'cases'}")
        if self.ctx.user is None and type_key not in self.ctx.own_types:
            raise LookupError(f"{type_key!r} is no type of {self.ctx.plugin}: without a person it sees its own alone")
        return definition

    def _one(self, condition: ColumnElement[bool], *, lock: bool = False) -> P:
        statement = self._all().where(condition)
        if lock:
            statement = statement.with_for_update(of=Page).execution_options(populate_existing=True)
        page = self.ctx.session.scalars(statement).first()
        if page is None:
            raise NotFound()
        return page

    def _all(self) -> Select[P]:
        if self.ctx.user is not None:
            statement = visible(self.ctx.user.grants, self.model)
        else:
            statement = unrestricted(select(self.model), self._reason)
            statement = statement.where(Page.type.in_(self.ctx.own_types))
        return statement.options(joinedload(self.model.type_version))

    def _of(self) -> Select[P]:
        """Pages of any type: the caller narrows to one. Not of the model's kind, which would hide the field's index."""
        statement: Any = visible(self.ctx.user.grants, Page) if self.ctx.user is not None else None
        if statement is None:
            statement = unrestricted(select(Page), self._reason)
        found: Select[P] = statement.options(joinedload(Page.type_version))
        return found

    def _counted(self, statement: Select[Any]) -> Select[Any]:
        if self.ctx.user is not None:
            return through(statement, self.ctx.user.grants)
        return unrestricted(statement, self._reason)

    @property
    def _reason(self) -> str:
        return f"plugin {self.ctx.plugin}"


def _behind(column: Any, descending: bool, value: Any, last_id: int) -> ColumnElement[bool]:
    further = Page.id < last_id if descending else Page.id > last_id
    if value is None:
        return and_(column.is_(None), further)
    beyond = column < value if descending else column > value
    return or_(beyond, and_(column == value, further), column.is_(None))


def _cursor(value: Any, last_id: int) -> str:
    marked = {"at": value} if isinstance(value, datetime) else {"n": str(value)} if _is_number(value) else value
    return urlsafe_b64encode(encode([marked, last_id]).encode()).decode().rstrip("=")


def _read_cursor(cursor: str, column: Any, ctx: Context, field: Any) -> tuple[Any, int]:
    try:
        value, last_id = json.loads(urlsafe_b64decode(cursor[:2000] + "=" * (-len(cursor) % 4)))
        if isinstance(value, dict) and "at" in value:
            value = datetime.fromisoformat(value["at"])
        elif isinstance(value, dict):
            value = Decimal(value["n"]) if ctx.session.get_bind().dialect.name == "postgresql" else float(value["n"])
        if isinstance(column.type, UTCDateTime) and value is not None and not isinstance(value, datetime):
            raise ValueError("no moment")
        return value, int(last_id)
    except (ValueError, TypeError, KeyError, ArithmeticError):
        raise Invalid({"cursor": [_("This place in the list is unknown")]}) from None


def _is_number(value: Any) -> bool:
    return isinstance(value, (float, Decimal))


def _decimal(value: Any) -> Decimal:
    """Sums of money are exact to the hundredth, whatever the database adds with."""
    if value is None:
        return Decimal(0)
    number = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    return round(number, 2) if number != number.to_integral_value() else Decimal(int(number))
