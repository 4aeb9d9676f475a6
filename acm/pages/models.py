"""A page and what hangs on it. One table for every kind; ``kind`` is the only discriminator of the ORM."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, ColumnElement, ForeignKey, Index, Integer, String, Text, UniqueConstraint, and_, or_
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from acm.db import Base, Json
from acm.journal import Event, Journaled, Origin, record
from acm.pages.types import Field, PageType, read_definition
from acm.people.models import Branch, Department, Group, Person


class TypeVersion(Base):
    """One immutable version of a type's definition, found by its content hash."""

    __tablename__ = "type_version"
    __table_args__ = (UniqueConstraint("key", "version"), UniqueConstraint("key", "hash"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[str] = mapped_column(String(80))
    version: Mapped[int] = mapped_column(Integer)
    hash: Mapped[str] = mapped_column(String(64))
    definition: Mapped[dict[str, Any]] = mapped_column(Json, deferred=True)
    created_at: Mapped[datetime]


class Counter(Base):
    """Last number given in a series; locked last in its transaction."""

    __tablename__ = "counter"

    series: Mapped[str] = mapped_column(String(80), primary_key=True)
    last: Mapped[int] = mapped_column(Integer, default=0)


class Page(Journaled, Base):
    """Everything is a page: a request, an incident, a service, an article."""

    __tablename__ = "page"
    __table_args__ = (
        Index("ix_page_requester_id_opened_at", "requester_id", "opened_at", "category"),
        Index("ix_page_beneficiary_id_opened_at", "beneficiary_id", "opened_at", "category"),
        Index("ix_page_owner_id_is_open", "owner_id", "is_open", "department_id", "kind", "confidential"),
        Index("ix_page_group_id_is_open_due_at", "group_id", "is_open", "due_at"),
        Index(
            "ix_page_department_id_is_open_due_at",
            *("department_id", "is_open", "due_at", "category", "kind", "confidential"),
        ),
        Index("ix_page_kind_is_open_due_at", "kind", "is_open", "due_at", "id"),
        Index("ix_page_type_is_open_due_at", "type", "is_open", "due_at"),
        Index("ix_page_service_id_opened_at", "service_id", "opened_at"),
        Index("ix_page_parent_id", "parent_id"),
        Index("ix_page_kind_slug", "kind", "slug", unique=True),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    type: Mapped[str] = mapped_column(String(80))
    type_version_id: Mapped[int] = mapped_column(ForeignKey("type_version.id"))
    slug: Mapped[str | None] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(String(300))
    body: Mapped[str] = mapped_column(Text, default="")
    language: Mapped[str] = mapped_column(String(5), default="ru")
    texts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    fields: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    facts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)

    state: Mapped[str] = mapped_column(String(40), default="")
    stage: Mapped[str] = mapped_column(String(40), default="")
    category: Mapped[str] = mapped_column(String(12), default="")
    is_open: Mapped[bool] = mapped_column(Boolean, default=True)
    public: Mapped[bool] = mapped_column(Boolean, default=False)
    confidential: Mapped[bool] = mapped_column(Boolean, default=False)

    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    requester_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    beneficiary_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("work_group.id"))
    service_id: Mapped[int | None] = mapped_column(ForeignKey("page.id"))
    service_version: Mapped[int | None] = mapped_column(Integer)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("page.id"))

    impact: Mapped[str] = mapped_column(String(20), default="")
    urgency: Mapped[str] = mapped_column(String(20), default="")
    priority: Mapped[int | None] = mapped_column(Integer)
    response_due_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    promised_at: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    first_response_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    reopened: Mapped[int] = mapped_column(Integer, default=0)
    reassigned: Mapped[int] = mapped_column(Integer, default=0)
    made_sla: Mapped[bool | None] = mapped_column(Boolean)
    form_version_id: Mapped[int | None] = mapped_column(ForeignKey("type_version.id"))
    external: Mapped[str | None] = mapped_column(String(120), unique=True)
    version: Mapped[int] = mapped_column(Integer, default=1)

    owner: Mapped[Person | None] = relationship(foreign_keys=[owner_id])
    requester: Mapped[Person | None] = relationship(foreign_keys=[requester_id])
    beneficiary: Mapped[Person | None] = relationship(foreign_keys=[beneficiary_id])
    department: Mapped[Department | None] = relationship(foreign_keys=[department_id])
    branch: Mapped[Branch | None] = relationship(foreign_keys=[branch_id])
    group: Mapped[Group | None] = relationship(foreign_keys=[group_id])
    type_version: Mapped[TypeVersion] = relationship(foreign_keys=[type_version_id])
    form_version: Mapped[TypeVersion | None] = relationship(foreign_keys=[form_version_id])

    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "page"}

    @property
    def stream(self) -> str:
        return f"page:{self.id}"

    @property
    def definition(self) -> PageType:
        """The type as it was when this page was written."""
        return definition_of(self.type_version)

    @property
    def form(self) -> tuple[Field, ...]:
        """The questions behind this page's fields: the type's own and those of the service's form of that time, which
        stand in the place of the type's where both have a key."""
        asked = {f.key: f for f in definition_of(self.form_version).fields} if self.form_version else {}
        return (*[asked.pop(f.key, f) for f in self.definition.fields], *asked.values())

    def title_in(self, lang: str) -> str:
        """The title in the reader's language, where the type is translated."""
        text = self.texts.get(lang)
        return str(text["title"]) if text and text.get("title") else self.title

    def body_in(self, lang: str) -> str:
        text = self.texts.get(lang)
        return str(text["body"]) if text and text.get("body") else self.body

    def record(
        self, kind: str, origin: Origin, data: Mapping[str, Any] | None = None, *, audience: str = "all"
    ) -> Event:
        """Append an event to this page's stream and mark the page as changed."""
        session = session_of(self)
        self.updated_at = max(origin.at, self.updated_at) if self.updated_at else origin.at
        return record(session, self, kind, origin, data=data, page_id=self.id, audience=audience)


_definitions: dict[str, PageType] = {}


def definition_of(version: TypeVersion) -> PageType:
    """The declaration of a stored version; read once in a process and kept by its hash, since versions never change."""
    if version.hash not in _definitions:
        _definitions[version.hash] = read_definition(version.definition)
    return _definitions[version.hash]


def session_of(row: Base) -> Session:
    """The session a row belongs to; a row outside any session cannot act."""
    session = object_session(row)
    if session is None:
        raise LookupError(f"{type(row).__name__} belongs to no session")
    return session


class Article(Page):
    """A page of the knowledge base."""

    __mapper_args__ = {"polymorphic_identity": "article"}


class Announcement(Page):
    """News for everyone, shown between two days; without a first day from when it was written, without a last for ever."""

    __mapper_args__ = {"polymorphic_identity": "announcement"}

    @property
    def from_day(self) -> date | None:
        return _day(self.fields.get("from_day"))

    @property
    def until_day(self) -> date | None:
        return _day(self.fields.get("until_day"))

    @property
    def told_on(self) -> date:
        """The day by which news are in order."""
        return self.from_day or self.opened_at.date()

    def is_shown(self, today: date) -> bool:
        return (self.from_day is None or self.from_day <= today) and (self.until_day is None or today <= self.until_day)

    @staticmethod
    def shown_on(today: date) -> ColumnElement[bool]:
        """The same as a condition."""
        first, last = (Page.fields[name].as_string() for name in ("from_day", "until_day"))
        day = today.isoformat()
        return and_(Page.kind == "announcement", or_(first.is_(None), first <= day), or_(last.is_(None), last >= day))


class PagePerson(Base):
    """Somebody's part in a page: participant, approver, mentioned, watcher.

    Every part but the watcher's lets its holder through the door.
    """

    __tablename__ = "page_person"
    __table_args__ = (Index("ix_page_person_person_id_role", "person_id", "role", "page_id"),)

    page_id: Mapped[int] = mapped_column(ForeignKey("page.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(20), primary_key=True)


class PageGroup(Base):
    """A further group that works on a page."""

    __tablename__ = "page_group"
    __table_args__ = (Index("ix_page_group_group_id", "group_id", "page_id"),)

    page_id: Mapped[int] = mapped_column(ForeignKey("page.id", ondelete="CASCADE"), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("work_group.id"), primary_key=True)


class PageAudience(Base):
    """Who may see a page that is for some: tokens ``d:4`` department, ``b:2`` branch, ``g:7`` group, ``r:head`` role."""

    __tablename__ = "page_audience"
    __table_args__ = (Index("ix_page_audience_token", "token", "page_id"),)

    page_id: Mapped[int] = mapped_column(ForeignKey("page.id", ondelete="CASCADE"), primary_key=True)
    token: Mapped[str] = mapped_column(String(60), primary_key=True)


class PageTerm(Base):
    __tablename__ = "page_term"
    __table_args__ = (Index("ix_page_term_term_id", "term_id", "page_id"),)

    page_id: Mapped[int] = mapped_column(ForeignKey("page.id", ondelete="CASCADE"), primary_key=True)
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id"), primary_key=True)


class Revision(Base):
    """Title, text and fields of a page as they were saved once."""

    __tablename__ = "revision"
    __table_args__ = (UniqueConstraint("page_id", "version"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id", ondelete="CASCADE"))
    version: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(String(300))
    body: Mapped[str] = mapped_column(Text)
    texts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    fields: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class Comment(Base):
    """What somebody said on a page. ``audience`` is ``all``, or ``internal``: for those who work it only."""

    __tablename__ = "comment"
    __table_args__ = (Index("ix_comment_page_id_at", "page_id", "at"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id", ondelete="CASCADE"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    audience: Mapped[str] = mapped_column(String(10), default="all")
    body: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    earlier: Mapped[list[Any]] = mapped_column(Json, default=list)

    author: Mapped[Person | None] = relationship(foreign_keys=[author_id])

    @property
    def is_internal(self) -> bool:
        return self.audience == "internal"


class File(Base):
    """A file attached to a page, a comment or an answer; its bytes lie in the content-hash store."""

    __tablename__ = "file"
    __table_args__ = (Index("ix_file_page_id", "page_id"), Index("ix_file_draft_id", "draft_id"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    page_id: Mapped[int | None] = mapped_column(ForeignKey("page.id", ondelete="CASCADE"))
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("draft.id", ondelete="SET NULL"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comment.id"))
    field: Mapped[str] = mapped_column(String(60), default="")
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(120))
    size: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    audience: Mapped[str] = mapped_column(String(10), default="all")
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class Link(Base):
    """A typed, two-sided link: ``relates``, ``blocks``, ``duplicates``, ``causes``, ``explains``."""

    __tablename__ = "link"
    __table_args__ = (UniqueConstraint("source_id", "target_id", "kind"), Index("ix_link_target_id", "target_id"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("page.id", ondelete="CASCADE"))
    target_id: Mapped[int] = mapped_column(ForeignKey("page.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]


class Favourite(Base):
    __tablename__ = "favourite"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime]


class Draft(Base):
    """Answers not sent yet, kept on the server; only its person sees it. ``key`` names what it is for."""

    __tablename__ = "draft"
    __table_args__ = (UniqueConstraint("person_id", "key"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(String(300), default="")
    data: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    saved_at: Mapped[datetime]


class SavedAnswer(Base):
    """The answer already given under an idempotency key, so that a second press makes nothing."""

    __tablename__ = "saved_answer"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer, default=0)
    location: Mapped[str] = mapped_column(String(300), default="")
    body: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    at: Mapped[datetime]


def _day(stored: object) -> date | None:
    return date.fromisoformat(str(stored)) if stored else None
