"""Who works with clients: the departments of sales and of client care. Others see what they take part in, and no more."""

from __future__ import annotations

from typing import Any, NamedTuple

from acm.sdk import Context, Department, Forbidden, Group, Page

SALES, CARE = "sales", "care"
GROUPS = {SALES: "sales", CARE: "client-care"}


class Place(NamedTuple):
    """Ids of a department and of its group, 0 where there is none."""

    department: int
    group: int


def places(ctx: Context) -> dict[str, Place]:
    """Sales and care by their keys."""
    return ctx.cache.get("places", lambda: _places(ctx), seconds=60)


def _places(ctx: Context) -> dict[str, Place]:
    found = {}
    for key, group_key in GROUPS.items():
        department, group = ctx.people.department(key), ctx.people.group(group_key)
        found[key] = Place(department.id if department else 0, group.id if group else 0)
    return found


def works_here(ctx: Context, *keys: str) -> bool:
    """Whether the person works with clients, in any of these departments or groups (none named: in either)."""
    if ctx.user is None:
        return False
    grants, known = ctx.user.grants, places(ctx)
    asked = [known[key] for key in keys or GROUPS]
    return "case.work" in grants.everywhere or any(
        place.department in grants.departments_with("case.work") or place.group in grants.groups for place in asked
    )


def require_desk(ctx: Context, *keys: str) -> None:
    """Raise :class:`Forbidden` for those who do not work with clients."""
    if not works_here(ctx, *keys):
        raise Forbidden()


def place_of(ctx: Context, key: str) -> tuple[Department | None, Group | None]:
    """The department and its group."""
    return ctx.people.department(key), ctx.people.group(GROUPS[key])


def shared(ctx: Context) -> dict[str, Any]:
    """How a page of clients is kept: it belongs to sales, sales and care read it, whoever made it owns it."""
    department, group = place_of(ctx, SALES)
    known = places(ctx)
    tokens = [f"d:{place.department}" for place in known.values() if place.department]
    tokens += [f"g:{place.group}" for place in known.values() if place.group]
    owner = ctx.user.person if ctx.user else None
    return {"department": department, "group": group, "owner": owner, "audience": tokens}


def works(ctx: Context, page: Page) -> bool:
    """Whether the person may change a page."""
    return ctx.can("page.work", page)
