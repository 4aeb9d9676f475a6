"""Pages over JSON: types, pages of every kind, their comments, files, events and links. All through the door."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import File as Part
from fastapi import Query, Response, UploadFile
from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.orm import joinedload

from acm.errors import Forbidden
from acm.journal import Event, settled
from acm.pages.comments import add_comment, comments_of
from acm.pages.files import attach, require_attaching
from acm.pages.links import names_only_visible
from acm.pages.models import Comment, File, Page
from acm.pages.once import OnceKey, claim
from acm.pages.visibility import inside, visible, visible_page
from acm.people.rights import may, require
from acm.people.signin import Me
from acm.web.api import Model, Paged, View, after, after_id, api_router, page_of, tag_answer, write_cursor
from acm.web.runtime import Db, World

router = api_router("pages")
Attached = Annotated[list[UploadFile], Part(description="The files, one part each.", examples=[["log.txt"]])]
Number = Annotated[str, "number of the page, IT-42"]


class PageView(
    View,
    json_schema_extra={
        "example": {
            "id": 17,
            "number": "KB-3",
            "kind": "article",
            "type": "article",
            "title": "How to connect the VPN",
            "body": "1. Open the client.",
            "language": "en",
            "fields": {},
            "state": "published",
            "is_open": True,
            "confidential": False,
            "owner_id": 4,
            "requester_id": None,
            "department_id": 2,
            "branch_id": None,
            "group_id": None,
            "opened_at": "2026-11-20T08:00:00Z",
            "updated_at": "2026-11-20T08:00:00Z",
            "version": 3,
        }
    },
):
    """A page as everyone who may see it sees it."""

    id: int
    number: str
    kind: str
    type: str
    title: str
    body: str
    language: str
    fields: dict[str, Any]
    state: str
    is_open: bool
    confidential: bool
    owner_id: int | None
    requester_id: int | None
    department_id: int | None
    branch_id: int | None
    group_id: int | None
    opened_at: datetime
    updated_at: datetime
    version: int


class PagesView(View):
    items: list[PageView]
    next: str | None


class CommentView(
    View,
    json_schema_extra={
        "example": {
            "id": 5,
            "author_id": 4,
            "audience": "all",
            "body": "Which client version?",
            "at": "2026-11-20T08:00:00Z",
            "edited_at": None,
        }
    },
):
    id: int
    author_id: int | None
    audience: str
    body: str
    at: datetime
    edited_at: datetime | None


class CommentsView(View):
    items: list[CommentView]
    next: str | None


class NewComment(Model):
    """A comment to write; ``internal`` is for those who work the page."""

    body: str
    audience: str = "all"

    model_config = Model.model_config | {
        "json_schema_extra": {"examples": [{"body": "Which client version?", "audience": "all"}]}
    }


class FileView(
    View,
    json_schema_extra={
        "example": {
            "id": 9,
            "name": "log.txt",
            "media_type": "text/plain",
            "size": 2048,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "audience": "all",
            "at": "2026-11-20T08:00:00Z",
        }
    },
):
    id: int
    name: str
    media_type: str
    size: int
    sha256: str
    audience: str
    at: datetime


class EventView(
    View,
    json_schema_extra={
        "example": {
            "id": 311,
            "page_id": 42,
            "stream": "page:42",
            "seq": 3,
            "kind": "case.moved",
            "actor_id": 4,
            "at": "2026-11-20T08:00:00Z",
            "source": "live",
            "audience": "all",
            "data": {"from": "new", "to": "in_progress"},
        }
    },
):
    """One entry of the journal."""

    id: int
    page_id: int | None
    stream: str
    seq: int
    kind: str
    actor_id: int | None
    at: datetime
    source: str
    audience: str
    data: dict[str, Any]


class EventsView(View):
    items: list[EventView]
    next: str | None


class TypeView(
    View,
    json_schema_extra={
        "example": {
            "key": "request",
            "kind": "case",
            "names": {"ru": "Заявка", "en": "Request"},
            "definition": {"fields": [], "states": [{"key": "new"}]},
        }
    },
):
    key: str
    kind: str
    names: dict[str, str]
    definition: dict[str, Any]


@router.get("/types")
def list_types(me: Me, world: World) -> list[TypeView]:
    """Types that can be used now, with their fields, states and transitions."""
    return [
        TypeView(key=t.key, kind=t.kind, names=t.names, definition=t.definition()) for t in world.values("page_type")
    ]


@router.get("/pages", response_model=PagesView)
def list_pages(
    db: Db,
    me: Me,
    page: Paged,
    kind: Annotated[str, Query(max_length=20, description="case, service, article, …")] = "",
    type_: Annotated[str, Query(alias="type", max_length=80, description="Key of a type.")] = "",
) -> Any:
    """Pages the person may see, by id."""
    statement: Select[Page] = visible(me.grants).where(Page.id > after_id(page))
    statement = statement.options(joinedload(Page.type_version), joinedload(Page.form_version))
    if kind:
        statement = statement.where(Page.kind == kind.replace("\x00", ""))
    if type_:
        statement = statement.where(Page.type == type_.replace("\x00", ""))
    rows = db.scalars(statement.order_by(Page.id).limit(page.limit + 1)).all()
    return page_of(rows, page.limit, lambda p: view_of(p, me), lambda p: write_cursor(id=p.id))


@router.get("/pages/{number}")
def show_page(db: Db, me: Me, number: str, response: Response) -> PageView:
    found: Page = visible_page(db, me.grants, number)
    tag_answer(response, found.version)
    return view_of(found, me)


@router.get("/pages/{number}/comments", response_model=CommentsView)
@router.get("/cases/{number}/comments", response_model=CommentsView)
def list_comments(db: Db, me: Me, number: str, page: Paged) -> Any:
    """The comments this person may read, in order of time."""
    rows = [c for c in comments_of(db, visible_page(db, me.grants, number), me.grants) if c.id > after_id(page)]
    return page_of(rows, page.limit, CommentView.model_validate, lambda c: write_cursor(id=c.id))


@router.post("/pages/{number}/comments", status_code=201)
@router.post("/cases/{number}/comments", status_code=201)
def write_comment(db: Db, me: Me, number: str, new: NewComment, once: OnceKey) -> CommentView:
    """Write a comment."""
    found: Page = visible_page(db, me.grants, number, lock=True)
    if new.audience == "internal":
        require(me.grants, "comment.internal", found)
    elif new.audience != "all":
        raise Forbidden("The audience of a comment is `all` or `internal`")
    said = {"page": found.id, "comment": new.model_dump(mode="json")}
    claimed = claim(db, me.person, once, said, me.origin()) if once else None
    if claimed is not None and claimed.body:
        written = select(Comment).where(Comment.id == claimed.body["comment"], Comment.page_id == found.id)
        return CommentView.model_validate(db.scalars(inside(written)).one())
    comment = add_comment(db, found, new.body, me.origin(), audience=new.audience)
    if claimed is not None:
        claimed.status, claimed.body = 201, {"comment": comment.id}
    return CommentView.model_validate(comment)


@router.get("/pages/{number}/files")
@router.get("/cases/{number}/files")
def list_files(db: Db, me: Me, number: str) -> list[FileView]:
    """Files of a page; their bytes are at ``/files/{id}``."""
    found: Page = visible_page(db, me.grants, number)
    statement = select(File).where(File.page_id == found.id, File.removed_at.is_(None)).order_by(File.id)
    if not may(me.grants, "comment.internal", found):
        statement = statement.where(File.audience == "all")
    return [FileView.model_validate(file) for file in db.scalars(inside(statement))]


@router.post("/pages/{number}/files", status_code=201)
@router.post("/cases/{number}/files", status_code=201)
def add_files(db: Db, me: Me, number: str, file: Attached) -> list[FileView]:
    """Attach files (multipart, field `file`)."""
    found: Page = visible_page(db, me.grants, number, lock=True)
    require_attaching(me.grants, found)
    return [FileView.model_validate(one) for one in attach(db, found, file, me.origin())]


@router.get("/pages/{number}/events", response_model=EventsView)
@router.get("/cases/{number}/events", response_model=EventsView)
def list_page_events(db: Db, me: Me, number: str, page: Paged) -> Any:
    """The journal of one page, internal events only for those who work it."""
    found: Page = visible_page(db, me.grants, number)
    statement = select(Event).where(Event.page_id == found.id, Event.id > after_id(page)).order_by(Event.id)
    statement = statement.where(names_only_visible(me.grants))
    if not may(me.grants, "comment.internal", found):
        statement = statement.where(Event.audience == "all")
        hidden = [f.key for f in found.form if f.internal]
        if hidden:
            statement = statement.where(
                or_(Event.kind != "field.changed", Event.data["field"].as_string().not_in(hidden))
            )
    rows = db.scalars(inside(statement).limit(page.limit + 1)).all()
    return page_of(rows, page.limit, EventView.model_validate, lambda e: write_cursor(id=e.id))


@router.get("/events", response_model=EventsView)
def list_events(db: Db, me: Me, page: Paged) -> Any:
    """The journal of all pages the person may see, by cursor; for those with ``journal.read``."""
    require(me.grants, "journal.read")
    place = (after(page, "tx"), after_id(page))
    seen = visible(me.grants).with_only_columns(Page.id)
    statement = select(Event).where(
        tuple_(Event.tx, Event.id) > place, Event.page_id.in_(seen), Event.audience == "all",
        names_only_visible(me.grants),
    )  # fmt: skip
    rows = db.scalars(settled(inside(statement), db).order_by(Event.tx, Event.id).limit(page.limit + 1)).all()
    return page_of(rows, page.limit, EventView.model_validate, lambda e: write_cursor(tx=e.tx, id=e.id))


def view_of(page: Page, me: Me) -> PageView:
    """The page with the fields this reader may see: fields for agents only stay with them."""
    shown = PageView.model_validate(page)
    if not may(me.grants, "comment.internal", page):
        hidden = {f.key for f in page.form if f.internal}
        shown.fields = {k: v for k, v in shown.fields.items() if k not in hidden}
    return shown
