"""What a row of a list says about a case: words, Track, time left, tags. No statement of its own but for the tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from acm.cases.filtering import Vantage
from acm.cases.listing import due_group_of
from acm.cases.models import Case
from acm.cases.track import TrackStage, track
from acm.i18n import Message, _, translator, words
from acm.pages.terms import terms_of_pages
from acm.people.models import Person
from acm.sla import clocks
from acm.web import words as said

WARM = 0.25
MOST_TAGS = 2
DAY = timedelta(days=1)
GROUP_TITLES: dict[str, Message] = {
    "overdue": _("Overdue"),
    "today": _("Today"),
    "week": _("This week"),
    "later": _("Later"),
    "none": _("No date"),
    "done": _("Finished"),
}


@dataclass(frozen=True)
class CaseRow:
    """A line of a list, in the reader's words."""

    number: str
    href: str
    title: str
    stage: str
    stages: Sequence[TrackStage]
    due: str
    due_kind: str
    owner: Person | None
    urgent: str = ""
    facts: Sequence[str] = ()
    tags: Sequence[str] = ()
    unread: bool = False


@dataclass
class RowGroup:
    """Rows under one heading; ``title`` is empty where nothing is grouped."""

    key: str
    title: str
    count: int | None
    late: bool = False
    rows: list[CaseRow] = field(default_factory=list)


def case_rows(session: Session, cases: Sequence[Case], vantage: Vantage) -> list[CaseRow]:
    """Rows for cases loaded with :func:`acm.cases.listing.row_parts`; one statement for the tags of all."""
    terms = terms_of_pages(session, [case.id for case in cases])
    return [
        row_of(case, vantage, [t.name(vantage.lang) for t in terms.get(case.id, ()) if t.vocabulary.facet])
        for case in cases
    ]


def row_of(case: Case, vantage: Vantage, tags: Sequence[str] = ()) -> CaseRow:
    lang = vantage.lang
    shown = track(case, lang, vantage.now)
    due, kind = time_left(case, vantage)
    asker = case.requester.name_in(lang) if case.requester else ""
    place = case.branch.name(lang) if case.branch else ""
    return CaseRow(
        number=case.number,
        href=f"/cases/{case.number}",
        title=case.title_in(lang),
        stage=shown.state,
        stages=shown.stages,
        due=due,
        due_kind=kind,
        owner=case.owner,
        urgent=priority_name(case, lang) if case.priority is not None and case.priority <= 2 else "",
        facts=[" · ".join(part for part in (asker, place) if part)],
        tags=tags[:MOST_TAGS],
    )


def time_left(case: Case, vantage: Vantage) -> tuple[str, str]:
    """Time left in a few words, and how bad that is: ``bad``, ``warn`` (less than a quarter left) or ``n``."""
    lang, now = vantage.lang, vantage.now
    if not case.is_open:
        ended = case.closed_at or case.resolved_at
        return (_day(ended, vantage) if ended else ""), "n"
    if case.due_at is None:
        return (translator(lang).gettext("clock stopped") if clocks.is_paused(case) else ""), "n"
    left = case.due_at - now
    if left < timedelta(0):
        return f"{said.MINUS}{said.duration(left, lang)}", "bad"
    kind = "warn" if left < WARM * (case.due_at - case.opened_at) else "n"
    return (said.duration(left, lang) if left < DAY else _day(case.due_at, vantage)), kind


def left_pill(case: Case, vantage: Vantage) -> tuple[str, str] | None:
    """ "осталось 6 ч 20 мин" with its kind, for the head of a case."""
    if not case.is_open or case.due_at is None:
        return None
    left = case.due_at - vantage.now
    if left >= DAY:
        local = case.due_at.astimezone(vantage.zone)
        day = said.full_day(local.date(), vantage.lang, vantage.now.astimezone(vantage.zone).date())
        words_left = translator(vantage.lang).gettext("until %(day)s") % {"day": day}
    else:
        words_left = said.time_left(left, vantage.lang)
    kind = "bad" if left < timedelta(0) else time_left(case, vantage)[1]
    return words_left, "" if kind == "n" else kind


def priority_name(case: Case, lang: str) -> str:
    """The name of the priority, as the type declares it."""
    if case.priority is None:
        return ""
    target = case.case_type.target(case.priority)
    return words(target.names, lang) if target else str(case.priority)


def grouped(
    cases: Sequence[Case],
    rows: Sequence[CaseRow],
    grouping: str,
    counts: Mapping[Any, int],
    vantage: Vantage,
    services: Mapping[int, str],
) -> list[RowGroup]:
    """Rows under the headings of a grouping, in the order of the list."""
    groups: list[RowGroup] = []
    for case, row in zip(cases, rows, strict=True):
        key, title = _group(case, grouping, vantage, services)
        if not groups or groups[-1].key != str(key):
            groups.append(RowGroup(str(key), title, counts.get(key), late=key == "overdue"))
        groups[-1].rows.append(row)
    return groups


def _group(case: Case, grouping: str, vantage: Vantage, services: Mapping[int, str]) -> tuple[Any, str]:
    say = translator(vantage.lang).say
    if grouping == "due":
        name = due_group_of(case, vantage)
        return name, say(GROUP_TITLES[name])
    if grouping == "state":
        return case.state, words(case.current.names, vantage.lang)
    if grouping == "owner":
        return case.owner_id, case.owner.name_in(vantage.lang) if case.owner else say(_("Nobody yet"))
    if grouping == "service":
        return case.service_id, services.get(case.service_id or 0) or say(_("Without a service"))
    return "", ""


def _day(moment: datetime, vantage: Vantage) -> str:
    local, today = moment.astimezone(vantage.zone).date(), vantage.now.astimezone(vantage.zone).date()
    short = said.short_day(local, vantage.lang, today)
    if 0 <= (local - today).days < 7:
        return f"{said.short_weekday(local, vantage.lang)}, {short}"
    return short
