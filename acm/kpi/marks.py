"""What may explain a change: news of the departments that a panel counts, on the first of their days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from acm.kpi.periods import Period
from acm.kpi.scope import Scope
from acm.pages.models import Announcement
from acm.pages.visibility import through
from acm.web import charts, words

MOST = 3


@dataclass(frozen=True)
class Mark:
    """Something that began on a day."""

    on: date
    text: str


def marks_of(session: Session, scope: Scope, period: Period, lang: str) -> tuple[Mark, ...]:
    """The news of a period that this viewer may read, the latest first."""
    began = func.coalesce(Announcement.fields["from_day"].as_string(), "")
    statement = select(Announcement).where(
        func.coalesce(Announcement.department_id, 0).in_(sorted(scope.departments)),  # not by the index of departments
        began.between(period.first.isoformat(), period.last.isoformat()),
    )
    news = session.scalars(through(statement.order_by(began.desc(), Announcement.id).limit(10 * MOST), scope.grants))
    return tuple(Mark(one.told_on, one.title_in(lang)) for one in news)


def events_on(
    marks: Sequence[Mark], parts: Sequence[Period], known: Sequence[bool], lang: str, today: date
) -> list[charts.Event]:
    """The latest marks as places of a line, apart from each other; a day without a value stands at the next with one."""
    found: list[charts.Event] = []
    apart = max(1, len(parts) // 4)
    for mark in marks:
        place = next((n for n, part in enumerate(parts) if mark.on <= part.last and known[n]), None)
        if place is None or len(found) == MOST or any(abs(place - other.index) < apart for other in found):
            continue
        found.append(charts.Event(place, words.short_day(mark.on, lang, today), mark.text))
    return found
