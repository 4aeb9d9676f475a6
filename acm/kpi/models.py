"""What is counted: facts, one for each thing that happened to a case, and their sums by day.

A fact says when it happened (``day`` and hour in the installation's time zone) and bears the properties the case has
*now*: when a case gets another group, priority or service, its facts follow. So a figure by group asks "whose are
these cases", and its list, which shows the cases as they are, agrees with it.

Sums hold what is not confidential by day × kind × type × department: with classes for medians where all is shown,
and without for each group, branch, service and priority, to say what each adds (not of hours). A panel narrowed to
one service or branch reads its facts: they are few, and a sum for each class of each service would be no fewer
(measured: three sums to a fact). Both tables are made from the journal alone (``acm rebuild kpi``).
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Boolean, Date, Float, ForeignKey, Index, Integer, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from acm.db import Base

Big = BigInteger().with_variant(Integer, "sqlite")


class Fact(Base):
    """One counted occurrence. ``value`` is working hours, or 1 and 0 for a promise kept or not; 0 stands for "none"
    in a property."""

    __tablename__ = "fact"
    __table_args__ = (
        Index("ix_fact_page_id", "page_id"),
        Index("ix_fact_department_id_kind_day", "confidential", "department_id", "kind", "day"),
        Index("ix_fact_kind_at", "kind", "at", "id"),
        Index("ix_fact_service_id", "confidential", "service_id", "department_id", "kind", "day"),
        Index("ix_fact_branch_id", "confidential", "branch_id", "department_id", "kind", "day"),
    )

    id: Mapped[int] = mapped_column(Big, primary_key=True)
    page_id: Mapped[int] = mapped_column(ForeignKey("page.id", ondelete="CASCADE"))
    event_id: Mapped[int] = mapped_column(Big)
    nth: Mapped[int] = mapped_column(SmallInteger, default=0)
    kind: Mapped[str] = mapped_column(String(30))
    at: Mapped[datetime]
    day: Mapped[date] = mapped_column(Date)
    value: Mapped[float | None] = mapped_column(Float)
    bucket: Mapped[int] = mapped_column(SmallInteger, default=0)
    type: Mapped[str] = mapped_column(String(80))
    department_id: Mapped[int] = mapped_column(Integer, default=0)
    group_id: Mapped[int] = mapped_column(Integer, default=0)
    branch_id: Mapped[int] = mapped_column(Integer, default=0)
    service_id: Mapped[int] = mapped_column(Integer, default=0)
    priority: Mapped[int] = mapped_column(Integer, default=0)
    confidential: Mapped[bool] = mapped_column(Boolean, default=False)


class Rollup(Base):
    """How many facts, and the sum of their values. ``grain`` says what ``part`` is the id of; ``all`` has part 0.

    With ``all``, ``bucket`` is the hour of the day of what was opened, 0 or 1 of a promise, and the class of a number
    of hours (``acm/kpi/buckets.py``), so that medians can be computed for any choice of rows; it is 0 with the others.
    """

    __tablename__ = "rollup"

    department_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    grain: Mapped[str] = mapped_column(String(10), primary_key=True)
    kind: Mapped[str] = mapped_column(String(30), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    part: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(String(80), primary_key=True)
    bucket: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[float] = mapped_column(Float, default=0)


GRAINS = {
    "all": None,
    "group": Fact.group_id,
    "branch": Fact.branch_id,
    "service": Fact.service_id,
    "priority": Fact.priority,
}
