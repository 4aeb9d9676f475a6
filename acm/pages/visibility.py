"""The one door: which pages a person may see.

Every read of pages and of what hangs on them starts here. :func:`visible` gives the statement for lists and
counts, :func:`visible_page` one page or 404, :func:`inside` reads what belongs to a page that passed. Work that
no person sees the result of (indexing, timers, imports) says so with :func:`unrestricted`. Statements carry a
mark; the tests fail on any query of a protected table without one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from acm.errors import NotFound
from acm.pages.models import Page, PageAudience, PageGroup, PagePerson
from acm.people.rights import Grants

PROTECTED = frozenset(
    {
        "page",
        "comment",
        "file",
        "event",
        "revision",
        "link",
        "page_person",
        "page_group",
        "page_audience",
        "page_term",
        "approval",
        "notification",
        "fact",
    }
)
MARK = "/*door:"
WORLD = "world"
"""The token of :class:`PageAudience` that opens a public page to those who have not signed in."""

P = TypeVar("P", bound=Page)
S = TypeVar("S", bound=Select[*tuple[Any, ...]])


def visible(grants: Grants, model: type[P] = Page) -> Select[P]:  # type: ignore[assignment]
    """The pages this person may see; add filters, order and limit to it."""
    return through(select(model), grants)


def through(statement: S, grants: Grants) -> S:
    """Pass a statement that selects from ``page`` through the door."""
    return statement.where(door(grants)).prefix_with("/*door:person*/")


def through_for_anybody(statement: S) -> S:
    """The same for somebody who has not signed in: public pages that were opened to the world, and nothing else."""
    opened = select(PageAudience.page_id).where(PageAudience.token == WORLD)
    condition = and_(Page.public.is_(True), Page.confidential.is_(False), Page.id.in_(opened))
    return statement.where(condition).prefix_with("/*door:anybody*/")


def door(grants: Grants) -> ColumnElement[bool]:
    """The condition on ``page``. Broad readers get a condition on columns, the others look-ups by index."""
    return _door(
        grants.person_id,
        tuple(sorted(grants.groups)),
        tuple(sorted(audience_tokens(grants))),
        "page.read" in grants.everywhere,
        tuple(sorted(grants.departments_with("page.read"))),
    )


@lru_cache(maxsize=2000)  # an expression that costs a millisecond, asked for by every statement of a page
def _door(
    me: int, groups: tuple[int, ...], tokens: tuple[str, ...], reads_all: bool, departments: tuple[int, ...]
) -> ColumnElement[bool]:
    named = [
        Page.requester_id == me,
        Page.beneficiary_id == me,
        Page.owner_id == me,
        Page.id.in_(select(PagePerson.page_id).where(PagePerson.person_id == me, opens(PagePerson.role))),
    ]
    if groups:
        named += [
            Page.group_id.in_(groups),
            Page.id.in_(select(PageGroup.page_id).where(PageGroup.group_id.in_(groups))),
        ]
    return or_(and_(Page.confidential.is_(False), _open_to(tokens, reads_all, departments)), *named)


def _open_to(tokens: tuple[str, ...], reads_all: bool, departments: tuple[int, ...]) -> ColumnElement[bool]:
    """First what an index of open cases holds: SQLite then reads none of their rows to count them."""
    audience = select(PageAudience.page_id).where(PageAudience.token.in_(tokens))
    ways: list[ColumnElement[bool]] = []
    if departments:
        ways.append(Page.department_id.in_(departments))
    if reads_all:
        ways.append(Page.kind == "case")
    return or_(*ways, Page.public.is_(True), and_(Page.kind != "case", Page.id.in_(audience)))


def opens(role: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """The parts in a page that let their holder through. Watching does not: whoever loses a right loses it."""
    return role != "watcher"


def visible_page(
    session: Session,
    grants: Grants,
    number: str,
    model: type[P] = Page,  # type: ignore[assignment]
    *,
    lock: bool = False,
) -> P:
    """The page of that number; :class:`NotFound` when it is missing or not for this person."""
    statement = visible(grants, model).where(Page.number == number.upper())
    if lock:
        statement = statement.with_for_update(of=Page).execution_options(populate_existing=True)
    page = session.scalars(statement).first()
    if page is None:
        raise NotFound()
    return page


def inside(statement: S) -> S:
    """Mark a read of what hangs on pages that passed the door already; filter by their ids yourself."""
    return statement.prefix_with("/*door:inside*/")


def unrestricted(statement: S, reason: str) -> S:
    """Mark a read whose result no person sees as such: ``indexer``, ``timer``, ``import``, ``audit``."""
    return statement.prefix_with(f"/*door:system:{reason}*/")


def audience_tokens(grants: Grants) -> set[str]:
    """What :class:`PageAudience` may name to reach this person."""
    tokens = (
        {f"d:{d}" for d in grants.department_path}
        | {f"g:{g}" for g in grants.groups}
        | {f"r:{r}" for r in grants.roles}
    )
    if grants.branch_id is not None:
        tokens.add(f"b:{grants.branch_id}")
    return tokens


def reader_tokens(grants: Grants) -> frozenset[str]:
    """The person's side of the door in a search index: a document is found if one of its tokens is among these."""
    tokens = (
        {"all", f"p:{grants.person_id}"}
        | {f"g:{g}" for g in grants.groups}
        | {f"a:{t}" for t in audience_tokens(grants)}
    )
    if "page.read" in grants.everywhere:
        tokens.add("cases")
    if "case.work" in grants.everywhere:
        tokens.add("work:all")
    tokens |= {f"read:{d}" for d in grants.departments_with("page.read")}
    tokens |= {f"work:{d}" for d in grants.departments_with("case.work")}
    return frozenset(tokens)


def page_tokens(page: Page, people: set[int], groups: set[int], audience: set[str]) -> frozenset[str]:
    """The page's side of the door in a search index; the same rule as :func:`door`."""
    persons = people | {i for i in (page.requester_id, page.beneficiary_id, page.owner_id) if i is not None}
    tokens = {f"p:{i}" for i in persons} | {f"g:{i}" for i in groups | ({page.group_id} if page.group_id else set())}
    if page.confidential:
        return frozenset(tokens)
    if page.public:
        tokens.add("all")
    if page.kind == "case":
        tokens.add("cases")
    else:
        tokens |= {f"a:{t}" for t in audience}
    if page.department_id is not None:
        tokens.add(f"read:{page.department_id}")
    return frozenset(tokens)


def internal_tokens(page: Page) -> frozenset[str]:
    """Who may find a page by its internal comments: the same as ``may(grants, "comment.internal", page)``."""
    tokens = {f"g:{page.group_id}"} if page.group_id is not None else set()
    if page.owner_id is not None:
        tokens.add(f"p:{page.owner_id}")
    if not page.confidential:
        tokens |= {"work:all"} | ({f"work:{page.department_id}"} if page.department_id is not None else set())
    return frozenset(tokens)
