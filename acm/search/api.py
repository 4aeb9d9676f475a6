"""``GET /api/v1/search``: the same question and the same rights as the results page."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from fastapi import Query as Param
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from acm import clock
from acm.people.signin import Me
from acm.search.asking import FACETS, LARGEST_PAGE, LAST_OFFSET, Found, Wish, ask
from acm.search.documents import Segments
from acm.search.question import LONGEST_QUESTION
from acm.search.showing import address
from acm.search.synonyms import search_of
from acm.web.api import api_router
from acm.web.runtime import Db, World
from acm.web.templating import Ui

router = api_router("search")

Kind = Literal["service", "mine", "case", "article", "announcement", "page", "person", "term"]
Language = Literal["ru", "en"]


class Piece(BaseModel):
    """A piece of a text and whether it is what was asked for."""

    text: str
    match: bool


class SearchHit(BaseModel):
    """One thing found. ``key`` is ``page:17``, ``person:4`` or ``term:9``."""

    key: str
    kind: Kind
    number: str = Field(description="Number of a page; empty for people and terms.")
    title: str
    marked: list[Piece] = Field(description="The title in pieces.")
    extract: list[Piece] = Field(description="The telling piece of the text.")
    href: str = Field(description="Where it is read.")
    changed_at: AwareDatetime
    score: float


class FacetValue(BaseModel):
    value: str
    count: int


class SearchAnswer(BaseModel):
    """Hits in the order of their weight, counted over what the asker may see."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "key": "page:4",
                        "kind": "service",
                        "number": "SV-4",
                        "title": "Доступ к VPN",
                        "marked": [{"text": "Доступ к ", "match": False}, {"text": "VPN", "match": True}],
                        "extract": [{"text": "Работа из дома.", "match": False}],
                        "href": "/services/it-004",
                        "changed_at": "2026-11-20T08:00:00Z",
                        "score": 12.5,
                    }
                ],
                "next": None,
                "total": 1,
                "kinds": {"service": 1},
                "facets": {"department": [{"value": "4", "count": 1}]},
                "corrected": "vpn",
                "partial": False,
            }
        }
    )

    items: list[SearchHit]
    next: str | None = Field(description="The ``cursor`` of the next page.")
    total: int
    kinds: dict[str, int] = Field(description="How much there is of each kind, before `kind` is chosen.")
    facets: dict[str, list[FacetValue]]
    corrected: str | None = Field(description="What was searched instead, when the words as typed find nothing.")
    partial: bool = Field(description="Nothing holds all words: these hold some.")


class SearchParams(BaseModel):
    """What is asked. Values of one facet are alternatives, different facets narrow."""

    q: str = Field("", max_length=LONGEST_QUESTION, description='Words, "a phrase", -not.')
    kind: Kind | None = None
    department: list[str] = Field([], max_length=20)
    type: list[str] = Field([], max_length=20)
    state: list[str] = Field([], max_length=20)
    service: list[str] = Field([], max_length=20)
    term: list[str] = Field([], max_length=20)
    updated: Literal["month", "year"] | None = None
    exact: bool = Field(False, description="No corrections.")
    lang: Language | None = Field(None, description="Language of titles; the asker's own if not given.")
    limit: int = Field(50, ge=1, le=LARGEST_PAGE)
    cursor: str = Field("", pattern=r"^[0-9]{0,5}$", description="`next` of the page before.")

    def wish(self) -> Wish:
        facets = {name: getattr(self, name) for name in FACETS}
        offset = min(int(self.cursor or 0), LAST_OFFSET)
        return Wish(self.q.strip(), self.kind or "", facets, self.updated or "", self.exact, self.limit, offset)


@router.get("/search", summary="Find services, cases, articles, people and terms")
def search(db: Db, me: Me, ui: Ui, world: World, asked: Annotated[SearchParams, Param()]) -> SearchAnswer:
    """Ask the search index. Nothing is found, counted or corrected to that the asker may not see."""
    query = asked.wish().query(me.grants, asked.lang or ui.lang, clock.now(), per_group=0)
    results = ask(db, search_of(ui.runtime, world), me.grants, query)
    further = query.offset + query.limit
    return SearchAnswer(
        items=[_hit(found, me) for found in results.hits],
        next=str(further) if results.answer.total > further and further <= LAST_OFFSET else None,
        total=results.total,
        kinds=dict(results.answer.kinds),
        facets={
            name: [FacetValue(value=value, count=count) for value, count in values]
            for name, values in results.answer.facets.items()
        },
        corrected=results.answer.corrected,
        partial=results.answer.partial,
    )


def _hit(found: Found, me: Me) -> SearchHit:
    hit = found.hit
    return SearchHit(
        key=hit.key,
        kind=cast(Kind, found.kind),
        number=hit.number,
        title=hit.title,
        marked=_pieces(hit.marked),
        extract=_pieces(hit.extract),
        href=address(found.subject, found.kind, me.grants),
        changed_at=hit.at,
        score=round(hit.score, 6),
    )


def _pieces(segments: Segments) -> list[Piece]:
    return [Piece(text=text, match=is_match) for text, is_match in segments]
