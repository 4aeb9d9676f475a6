"""People and the company they work in: departments, branches, groups, roles."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from acm.db import Base, Json
from acm.i18n import words
from acm.journal import Journaled


class Branch(Base):
    """An office of the company, with its time zone."""

    __tablename__ = "branch"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    names: Mapped[dict[str, str]] = mapped_column(Json)
    timezone: Mapped[str] = mapped_column(String(60))
    head_id: Mapped[int | None] = mapped_column(Integer)

    def name(self, lang: str) -> str:
        return words(self.names, lang)


class Department(Base):
    """A department; a tree. Its head sees what belongs to it and to those below."""

    __tablename__ = "department"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    names: Mapped[dict[str, str]] = mapped_column(Json)
    summaries: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    head_id: Mapped[int | None] = mapped_column(Integer)
    hue: Mapped[int] = mapped_column(Integer, default=264)
    icon: Mapped[str] = mapped_column(String(40), default="building")
    order: Mapped[int] = mapped_column("sort", Integer, default=100)

    def name(self, lang: str) -> str:
        return words(self.names, lang)


class Person(Journaled, Base):
    """Somebody of the company. Without a login a person can be named but cannot sign in."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    login: Mapped[str | None] = mapped_column(String(80), unique=True)
    email: Mapped[str] = mapped_column(String(200), default="")
    family: Mapped[str] = mapped_column(String(100), default="")
    given: Mapped[str] = mapped_column(String(100), default="")
    middle: Mapped[str] = mapped_column(String(100), default="")
    latin: Mapped[str] = mapped_column(String(200), default="")
    position: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    phone: Mapped[str] = mapped_column(String(40), default="")
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"), index=True)
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"), index=True)
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    language: Mapped[str] = mapped_column(String(5), default="")
    theme: Mapped[str] = mapped_column(String(10), default="")
    timezone: Mapped[str] = mapped_column(String(60), default="")
    settings: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    password_hash: Mapped[str] = mapped_column(String(200), default="")
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    external: Mapped[str | None] = mapped_column(String(120), unique=True)
    created_at: Mapped[datetime]

    department: Mapped[Department | None] = relationship(foreign_keys=[department_id])
    branch: Mapped[Branch | None] = relationship(foreign_keys=[branch_id])

    @property
    def stream(self) -> str:
        return f"person:{self.id}"

    @property
    def name(self) -> str:
        """Given and family name, as written in the reader's interface."""
        return " ".join(part for part in (self.given, self.family) if part) or self.latin or self.login or f"#{self.id}"

    def name_in(self, lang: str) -> str:
        """The name in the script of the language, where both are known."""
        return self.latin if lang == "en" and self.latin else self.name

    @property
    def initials(self) -> str:
        return "".join(part[0] for part in (self.given, self.family) if part).upper() or self.name[:2].upper()

    @property
    def hue(self) -> int:
        """Colour of the avatar: from the id, so that it never changes."""
        return int(sha256(str(self.id).encode()).hexdigest()[:4], 16) % 360

    def zone(self, default: str) -> ZoneInfo:
        return ZoneInfo(self.timezone or (self.branch.timezone if self.branch else "") or default)


class Group(Base):
    """People who work a queue together; it owns cases."""

    __tablename__ = "work_group"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    names: Mapped[dict[str, str]] = mapped_column(Json)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    lead_id: Mapped[int | None] = mapped_column(Integer)
    email: Mapped[str] = mapped_column(String(200), default="")

    def name(self, lang: str) -> str:
        return words(self.names, lang)


class GroupMember(Base):
    __tablename__ = "group_member"
    __table_args__ = (Index("ix_group_member_person_id", "person_id"),)

    group_id: Mapped[int] = mapped_column(ForeignKey("work_group.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)


class Role(Base):
    """A named set of permissions."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    names: Mapped[dict[str, str]] = mapped_column(Json)
    permissions: Mapped[list[str]] = mapped_column(Json, default=list)


class PersonRole(Base):
    """A role of a person, in one department (and those below it) or, without one, everywhere."""

    __tablename__ = "person_role"
    __table_args__ = (UniqueConstraint("person_id", "role_id", "department_id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    role_id: Mapped[int] = mapped_column(ForeignKey("role.id", ondelete="CASCADE"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))


class BusinessOwner(Base):
    """Who stands behind an approver's role: a person, or a field of the form, or a relation to the requester."""

    __tablename__ = "business_owner"

    role: Mapped[str] = mapped_column(String(60), primary_key=True)
    names: Mapped[dict[str, str]] = mapped_column(Json)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    field: Mapped[str] = mapped_column(String(60), default="")
    relation: Mapped[str] = mapped_column(String(40), default="")


class SignIn(Base):
    """A session: kept here, so that it can be ended here. Only the hash of its token is known."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    network: Mapped[str] = mapped_column(String(60), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")


class ApiToken(Base):
    """A bearer token of a person: hashed, with scopes and a term."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100), default="")
    scopes: Mapped[list[str]] = mapped_column(Json, default=list)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class LoginThrottle(Base):
    """Failed tries per account and per network; the delay grows, nothing is locked for ever."""

    __tablename__ = "login_throttle"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    last_at: Mapped[datetime]
    until: Mapped[datetime | None]


class Installation(Base):
    """Facts of this installation: ``set_up`` closes the first-admin page for ever, ``demo`` offers the logins."""

    __tablename__ = "installation"

    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[str] = mapped_column(Text, default="")
