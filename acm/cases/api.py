"""Cases over JSON: lists with the filters of queues, one case, its changes by version, its plan and links."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm import clock
from acm.cases.answering import Correcting
from acm.cases.bundle import parts_of
from acm.cases.changing import set_property
from acm.cases.filtering import NAMES, CaseFilter, Vantage
from acm.cases.listing import SORTS, Listing, count, find
from acm.cases.models import Case
from acm.cases.opening import Opening, open_case
from acm.cases.track import stages_entered
from acm.errors import Forbidden, Invalid, NotFound
from acm.i18n import _
from acm.pages.api import PageView
from acm.pages.links import link_pages, links_of, unlink_pages
from acm.pages.models import Link, Page
from acm.pages.once import OnceKey, claim
from acm.pages.types import CaseType
from acm.pages.visibility import inside, visible_page
from acm.people.models import Group, Person
from acm.people.rights import may, require
from acm.people.signin import Me, Viewer
from acm.web.api import LARGEST, IfMatch, Model, View, api_router, require_version, tag_answer
from acm.web.runtime import Db, World
from acm.web.templating import Ui

router = api_router("cases")
CHANGEABLE = ("title", "owner", "group", "priority", "impact", "urgency", "state", "confidential")


class PartView(View):
    """One part of an order. ``state`` is waiting, away (nobody serves it now), open, done or dropped."""

    key: str
    title: dict[str, str]
    service: str
    after: list[str]
    state: str
    due: datetime | None
    ended: datetime | None


class CaseView(
    PageView,
    json_schema_extra={
        "example": {
            "id": 42,
            "number": "IT-42",
            "kind": "case",
            "type": "request",
            "title": "VPN: code 809",
            "body": "",
            "language": "en",
            "fields": {"error_text": "code 809"},
            "state": "in_progress",
            "is_open": True,
            "confidential": False,
            "owner_id": 4,
            "requester_id": 7,
            "department_id": 2,
            "branch_id": 1,
            "group_id": 3,
            "opened_at": "2026-11-20T08:00:00Z",
            "updated_at": "2026-11-20T08:00:00Z",
            "version": 5,
            "category": "active",
            "stage": "work",
            "beneficiary_id": 7,
            "service_id": 12,
            "service_version": 2,
            "parent_id": None,
            "impact": "medium",
            "urgency": "medium",
            "priority": 3,
            "response_due_at": None,
            "due_at": "2026-11-20T15:00:00Z",
            "promised_at": "2026-11-20T15:00:00Z",
            "first_response_at": "2026-11-20T08:20:00Z",
            "resolved_at": None,
            "closed_at": None,
            "reopened": 0,
            "reassigned": 1,
            "made_sla": None,
            "parts": [],
        }
    },
):
    """A case; due moments are empty while the clock stands."""

    category: str
    stage: str
    beneficiary_id: int | None
    service_id: int | None
    service_version: int | None
    parent_id: int | None
    impact: str
    urgency: str
    priority: int | None
    response_due_at: datetime | None
    due_at: datetime | None
    promised_at: datetime | None
    first_response_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    reopened: int
    reassigned: int
    made_sla: bool | None
    parts: list[PartView] = Field([], description="The parts of an order, in order.")


class CasesView(View):
    items: list[CaseView]
    next: str | None
    total: int = Field(examples=[1], description="How many there are, at most 10,000 unless `exact`.")


class NewCase(
    Model,
    json_schema_extra={
        "example": {
            "type": "request",
            "title": "The printer on the third floor",
            "group": "it-desk",
            "requester": "maria",
            "priority": 3,
        }
    },
):
    """A case opened by those who work its group, without a service."""

    type: str = Field(max_length=80, description="Key of a case type.", examples=["request"])
    title: str = Field(min_length=1, max_length=300, examples=["The printer on the third floor"])
    body: str = Field("", max_length=50_000)
    group: str = Field("", max_length=80, description="Key of the owning group.", examples=["it-desk"])
    requester: str = Field("", max_length=80, description="Login; empty is yourself.")
    impact: str = Field("", max_length=20)
    urgency: str = Field("", max_length=20)
    priority: int | None = Field(None, ge=1, le=5)
    confidential: bool = False


class CaseChange(Model, json_schema_extra={"example": {"state": "in_progress", "owner": "oleg"}}):
    """Properties to change. A move to another state may need a comment."""

    title: str | None = Field(None, max_length=300)
    owner: str | None = Field(None, max_length=80, description="Login, `none` for nobody.")
    group: str | None = Field(None, max_length=80)
    priority: int | None = Field(None, ge=1, le=5)
    impact: str | None = Field(None, max_length=20)
    urgency: str | None = Field(None, max_length=20)
    state: str | None = Field(None, max_length=40, examples=["in_progress"])
    confidential: bool | None = None
    fields: dict[str, Any] | None = Field(None, description="Answers by key, null takes one away.")
    comment: str = Field("", max_length=50_000)


class StageView(View):
    key: str
    names: dict[str, str]
    state: str
    entered_at: datetime | None


class PlanView(
    View,
    json_schema_extra={
        "example": {
            "state": "in_progress",
            "stage": "work",
            "stages": [
                {
                    "key": "sent",
                    "names": {"ru": "Отправлена", "en": "Sent"},
                    "state": "done",
                    "entered_at": "2026-11-20T08:00:00Z",
                },
                {
                    "key": "work",
                    "names": {"ru": "Работа", "en": "Work"},
                    "state": "now",
                    "entered_at": "2026-11-20T08:00:00Z",
                },
            ],
            "moves": [{"to": "resolved"}],
        }
    },
):
    """Stages by state; the plan engine will replace them."""

    state: str
    stage: str
    stages: list[StageView]
    moves: list[dict[str, Any]]


class LinkView(
    View,
    json_schema_extra={
        "example": {
            "id": 8,
            "kind": "relates",
            "words": "relates to",
            "number": "IT-40",
            "title": "VPN after the update",
        }
    },
):
    id: int
    kind: str
    words: str
    number: str
    title: str


class NewLink(Model, json_schema_extra={"example": {"kind": "relates", "number": "IT-40"}}):
    kind: str = Field(max_length=20, examples=["relates"])
    number: str = Field(max_length=40, examples=["IT-42"])


@router.get("/cases")
def list_cases(
    request: Request,
    db: Db,
    me: Me,
    ui: Ui,
    sort: Annotated[str, Query(max_length=20, description="due, opened, updated, priority or number")] = "due",
    limit: Annotated[int, Query(ge=1, le=LARGEST)] = 50,
    cursor: Annotated[str, Query(max_length=500)] = "",
    exact: Annotated[bool, Query(description="Count to the last one.")] = False,
) -> CasesView:
    """Cases the person may see, by the filters of queues: `group`, `owner`, `state`, `due`, `opened`, `q` and others."""
    if sort not in SORTS:
        raise Invalid({"sort": [_("Choose one of the offered values")]})
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name in NAMES]
    vantage = Vantage(me.grants, clock.now(), me.zone, ui.lang)
    listing = Listing([CaseFilter.read(pairs)], sort=sort, limit=limit, cursor=cursor, exact=exact)
    found = find(db, listing, vantage)
    number = count(db, listing, vantage).number
    return CasesView(items=[view_of(case, me) for case in found.cases], next=found.next or None, total=number)


@router.post("/cases", status_code=201)
def create_case(db: Db, me: Me, world: World, ui: Ui, new: NewCase, response: Response, once: OnceKey) -> CaseView:
    """Open a case. For requests to a service use `/services/{slug}/requests`."""
    claimed = claim(db, me.person, once, {"case": new.model_dump(mode="json")}, me.origin()) if once else None
    if claimed is not None and claimed.body:
        return show_case(db, me, str(claimed.body["number"]), response)
    definition = world.find("page_type", new.type)
    if not isinstance(definition, CaseType):
        raise Invalid({"type": [_("There is no such type")]})
    group = _found(db, Group, Group.key, new.group, "group") if new.group else None
    allowed = (
        group.id in me.grants.groups or me.grants.holds("case.work", group.department_id)
        if group
        else me.may("case.work")
    )
    if not allowed:
        raise Forbidden()
    requester = _found(db, Person, Person.login, new.requester.lower(), "requester") if new.requester else me.person
    opening = Opening(
        title=new.title, body=new.body, requester=requester, group=group, priority=new.priority, impact=new.impact,
        urgency=new.urgency, confidential=new.confidential, language=ui.lang, owner=None if group else me.person,
    )  # fmt: skip
    case = open_case(db, definition, opening, me.origin(), requester.zone(ui.settings.timezone))
    if group is not None:
        case.department_id = group.department_id
    if claimed is not None:
        claimed.status, claimed.body = 201, {"number": case.number}
    db.flush()
    tag_answer(response, case.version)
    response.headers["Location"] = f"/api/v1/cases/{case.number}"
    return view_of(case, me)


@router.get("/cases/{number}")
def show_case(db: Db, me: Me, number: str, response: Response) -> CaseView:
    case = visible_page(db, me.grants, number, Case)
    tag_answer(response, case.version)
    return view_of(case, me)


@router.patch("/cases/{number}")
def change_case(
    db: Db, me: Me, ui: Ui, number: str, change: CaseChange, response: Response, if_match: IfMatch = None
) -> CaseView:
    """Change properties; all of them or none."""
    case = visible_page(db, me.grants, number, Case, lock=True)
    require(me.grants, "page.work", case)
    given = change.model_dump(exclude_unset=True, exclude={"comment"})
    require_version(if_match, case.version, theirs=view_of(case, me).model_dump(mode="json"), yours=given)
    if fields := given.pop("fields", None):
        _answer(db, me, ui.lang, case, fields)
    for name, value in given.items():
        text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        set_property(db, case, name, text, me.origin(), comment=change.comment)
    db.flush()
    tag_answer(response, case.version)
    return view_of(case, me)


@router.get("/cases/{number}/plan")
def show_plan(db: Db, me: Me, number: str) -> PlanView:
    """The stages with the moment each was entered, and the moves offered now."""
    case = visible_page(db, me.grants, number, Case)
    entered = stages_entered(db, [case])[case.id]
    keys = [stage.key for stage in case.case_type.stages]
    at = keys.index(case.stage) if case.stage in keys else 0
    stages = [
        StageView(
            key=s.key,
            names=s.names,
            state="done" if i < at else "active" if i == at else "available",
            entered_at=entered.get(s.key),
        )
        for i, s in enumerate(case.case_type.stages)
    ]
    moves = [m.model_dump(mode="json") for m in case.moves()] if may(me.grants, "page.work", case) else []
    return PlanView(state=case.state, stage=case.stage, stages=stages, moves=moves)


@router.get("/cases/{number}/links")
def list_links(db: Db, me: Me, ui: Ui, number: str) -> list[LinkView]:
    """Links to pages the person may see."""
    case: Page = visible_page(db, me.grants, number)
    return [
        LinkView(
            id=one.id, kind=one.kind, words=ui.say(one.words), number=one.page.number, title=one.page.title_in(ui.lang)
        )
        for one in links_of(db, case, me.grants)
    ]


@router.post("/cases/{number}/links", status_code=201)
def add_link(db: Db, me: Me, ui: Ui, number: str, new: NewLink) -> list[LinkView]:
    """Link the case to another visible page."""
    case: Page = visible_page(db, me.grants, number, lock=True)
    require(me.grants, "page.work", case)
    try:
        other: Page = visible_page(db, me.grants, new.number.strip())
    except NotFound as missing:
        raise Invalid({"number": [_("There is no such page")]}) from missing
    link_pages(db, case, other, new.kind, me.origin())
    return list_links(db, me, ui, number)


@router.delete("/cases/{number}/links/{link_id}", status_code=204)
def remove_link(db: Db, me: Me, number: str, link_id: int) -> None:
    """Take a link away."""
    case: Page = visible_page(db, me.grants, number, lock=True)
    require(me.grants, "page.work", case)
    link = next((one for one in links_of(db, case, me.grants) if one.id == link_id), None)
    row = db.scalars(inside(select(Link).where(Link.id == link_id))).first() if link else None
    if link is None or row is None:
        raise NotFound()
    source = case if row.source_id == case.id else link.page
    unlink_pages(db, row, source, link.page if source is case else case, me.origin())


def view_of(case: Case, me: Viewer) -> CaseView:
    """The case without the fields that are for agents, unless the reader is one."""
    shown = CaseView.model_validate(case)
    shown.parts = [PartView.model_validate(part) for part in parts_of(case.facts)]
    if not may(me.grants, "comment.internal", case):
        hidden = {f.key for f in case.form if f.internal}
        shown.fields = {k: v for k, v in shown.fields.items() if k not in hidden}
    return shown


def _answer(db: Session, me: Viewer, lang: str, case: Case, fields: dict[str, Any]) -> None:
    """Correct answers by the rules of the form."""
    correcting = Correcting(db, case, me, lang, clock.now())
    if unknown := fields.keys() - {asked.key for asked in correcting.form}:
        raise Invalid({name: [_("There is no such question")] for name in sorted(unknown)})
    correcting.take(fields)
    correcting.save(me.origin())


def _found(db: Session, model: Any, column: Any, value: str, field: str) -> Any:
    row = db.query(model).filter(column == value.replace("\x00", "")).first()
    if row is None:
        raise Invalid({field: [_("There is no such entry")]})
    return row
