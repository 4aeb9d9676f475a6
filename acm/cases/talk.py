"""The talk of a case as one line of time: comments with their files, and what happened in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.cases.models import MOVES, Case
from acm.i18n import Message, _
from acm.journal import Event
from acm.pages.comments import comments_of
from acm.pages.models import Comment, File
from acm.pages.visibility import inside
from acm.people.models import Person
from acm.people.rights import Grants

TOLD = (*sorted(MOVES), "approval.decided")


@dataclass(frozen=True)
class Said:
    """A comment with its files, or (``text``) something that happened."""

    at: datetime
    comment: Comment | None = None
    files: Sequence[File] = ()
    text: Message | None = None
    icon: str = "swap"
    id: str = ""


def talk_of(
    session: Session, case: Case, grants: Grants, lang: str, attached: Sequence[File], *, internal: bool
) -> list[Said]:
    """Comments this person may read and the moves of the case, in order of time. ``attached`` are its files.

    ``internal=False`` leaves internal comments out even for those who may read them: the requester's view.
    """
    comments = [c for c in comments_of(session, case, grants) if internal or not c.is_internal]
    files: dict[int, list[File]] = {}
    for file in attached:
        files.setdefault(file.comment_id or 0, []).append(file)
    said = [Said(c.at, comment=c, files=files.get(c.id, ()), id=f"c{c.id}") for c in comments]
    return sorted([*said, *_events(session, case, lang)], key=lambda s: s.at)


def _events(session: Session, case: Case, lang: str) -> list[Said]:
    statement = (
        select(Event, Person)
        .outerjoin(Person, Person.id == Event.actor_id)
        .where(Event.page_id == case.id, Event.kind.in_(TOLD), Event.audience == "all")
        .order_by(Event.id)
    )
    lines = []
    for event, actor in session.execute(inside(statement)):
        lines.append(
            Said(
                event.at,
                text=_sentence(case, event, actor.name_in(lang) if actor else ""),
                icon=_icon(event),
                id=f"e{event.id}",
            )
        )
    return lines


def _sentence(case: Case, event: Event, actor: str) -> Message:
    if event.kind == "approval.decided":
        if event.data.get("decision") == "approved":
            return _("%(actor)s approved", actor=actor)
        return _("%(actor)s refused", actor=actor)
    state = case.case_type.state(str(event.data.get("to", ""))).names
    if actor:
        return _("%(actor)s: now “%(state)s”", actor=actor, state=dict(state))
    return _("Now “%(state)s”", state=dict(state))


def _icon(event: Event) -> str:
    return {
        "approval.decided": "check",
        "case.resolved": "check",
        "case.closed": "check",
        "case.rejected": "x",
        "case.cancelled": "x",
    }.get(event.kind, "swap")
