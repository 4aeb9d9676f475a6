"""The results page, and the quick hits while one types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm import clock
from acm.i18n import _
from acm.people.models import Department
from acm.people.signin import Me
from acm.search.asking import CHOICES, FACETS, UPDATED, Results, Wish, ask
from acm.search.asking import suggest as quick
from acm.search.showing import ICONS, TITLES, Showing, address, marked
from acm.search.synonyms import search_of
from acm.web.routing import router as new_router
from acm.web.runtime import Db, World
from acm.web.templating import UI, Ui

router = new_router()

PAGE = 25
PER_GROUP = 5
MOST_VALUES = 12
UPDATED_WORDS = {"month": _("This month"), "year": _("This year")}


@dataclass(frozen=True)
class Choice:
    """One value of a facet, as a link that chooses it or, when it is chosen, takes it back."""

    label: str
    href: str
    count: int | None = None
    current: bool = False


@router.get("/search")
def show_results(
    request: Request, ui: Ui, db: Db, me: Me, world: World,
    q: str = "", kind: str = "", updated: str = "", exact: str = "", offset: str = "",
) -> Response:  # fmt: skip
    """Everything found, in groups; of one kind, in pages. A correction is applied and said."""
    facets = {name: request.query_params.getlist(name)[:20] for name in FACETS if request.query_params.getlist(name)}
    kind = kind if kind in CHOICES else ""
    wish = Wish(q.strip(), kind, facets, updated, bool(exact), PAGE if kind else 0, _number(offset))
    here = _Address(wish)
    if not wish.text and not facets and not kind:
        return ui.page("search/index.html", q="", results=None)
    now = clock.now()
    query = wish.query(me.grants, ui.lang, now, per_group=PER_GROUP)
    backend = search_of(ui.runtime, world)
    results = ask(db, backend, me.grants, query)
    shown = results.hits if kind else [found for _group, some in results.groups for found in some]
    showing = Showing(ui, db, me.grants, shown, now)
    after = query.offset + PAGE
    return ui.page(
        "search/index.html",
        fragment="results",
        q=wish.text,
        kind=kind,
        results=results,
        is_building=not results.answer.kinds and not backend.status().is_current,
        groups=[
            (
                group.kind,
                TITLES[group.kind],
                group.total,
                [showing.line(found) for found in some],
                here(kind=group.kind),
            )
            for group, some in results.groups
        ],
        lines=[showing.line(found) for found in results.hits] if kind else [],
        title=TITLES[kind] if kind else None,
        kinds=_kinds(ui, results, wish, here),
        departments=_departments(ui, db, results, wish, here),
        times=_times(ui, results, wish, here),
        exact_href=here(exact="1"),
        next=here(kind=kind, offset=str(after)) if kind and results.total > after else "",
        shown_to=query.offset + len(results.hits),
    )


@router.get("/search/suggest")
def suggest(ui: Ui, db: Db, me: Me, world: World, q: str = "") -> Response:
    """Five of each kind for what was typed so far; a fragment for the search fields."""
    text = q.strip()
    groups = quick(db, search_of(ui.runtime, world), me.grants, text, ui.lang, limit=PER_GROUP) if text else ()
    sections = [
        {
            "title": ui.say(TITLES[group.kind]),
            "items": [
                {
                    "label": marked(found.hit.marked),
                    "href": address(found.subject, found.kind, me.grants),
                    "note": found.hit.number if group.kind != "service" else "",
                    "icon": ICONS.get(group.kind, {"service": "grid", "person": "user"}.get(group.kind, "file")),
                }
                for found in some
            ],
        }
        for group, some in groups
    ]
    return ui.page("search/suggest.html", groups=sections, q=text, all_href=f"/search?{urlencode({'q': text})}")


class _Address:
    """Addresses of this search with something changed; a place in the list is forgotten unless named."""

    def __init__(self, wish: Wish) -> None:
        self._pairs: dict[str, Sequence[str]] = {
            "q": [wish.text],
            "kind": [wish.kind],
            "updated": [wish.updated],
            "exact": ["1" if wish.exact else ""],
            **wish.facets,
        }

    def __call__(self, **changes: str) -> str:
        pairs: Mapping[str, Sequence[str]] = {**self._pairs, **{name: [value] for name, value in changes.items()}}
        return "/search?" + urlencode(
            {name: kept for name, values in pairs.items() if (kept := [*filter(None, values)])}, True
        )


def _kinds(ui: UI, results: Results, wish: Wish, here: _Address) -> list[Choice]:
    counts = results.answer.kinds
    everywhere = Choice(ui.say(_("Everywhere")), here(kind=""), sum(counts.values()), not wish.kind)
    found = [
        Choice(ui.say(title), here(kind=kind), counts.get(kind, 0), kind == wish.kind)
        for kind, title in TITLES.items()
        if counts.get(kind) or kind == wish.kind
    ]
    return [everywhere, *found]


def _departments(ui: UI, db: Session, results: Results, wish: Wish, here: _Address) -> list[Choice]:
    counts = results.answer.facets.get("department", ())[:MOST_VALUES]
    chosen = wish.facets.get("department", ())
    ids = {int(value) for value in (*(value for value, _count in counts), *chosen) if value.isdigit()}
    names = (
        {str(d.id): d.name(ui.lang) for d in db.scalars(select(Department).where(Department.id.in_(ids)))}
        if ids
        else {}
    )
    return [
        Choice(names[value], here(department="" if value in chosen else value), count, value in chosen)
        for value, count in counts
        if value in names
    ]


def _times(ui: UI, results: Results, wish: Wish, here: _Address) -> list[Choice]:
    return [
        Choice(
            ui.say(UPDATED_WORDS[name]), here(updated="" if name == wish.updated else name), count, name == wish.updated
        )
        for name, count in zip(UPDATED, results.answer.recent, strict=False)
        if count or name == wish.updated
    ]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
