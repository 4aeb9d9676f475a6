"""A case as it stood at a past moment, read from the journal alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.cases.models import MOVES, Case
from acm.journal import Event
from acm.pages.visibility import inside

KINDS = (*MOVES, "case.opened", "field.changed", "record.updated")


def as_of(session: Session, case: Case, moment: datetime) -> dict[str, Any] | None:
    """State, owner, group, priority, title and fields of a visible case at a moment; None before it was opened."""
    statement = (
        select(Event).where(Event.page_id == case.id, Event.at <= moment, Event.kind.in_(KINDS)).order_by(Event.seq)
    )
    stood: dict[str, Any] | None = None
    for event in session.scalars(inside(statement)):
        if event.kind == "case.opened":
            stood = {**event.data, "fields": {}}
        elif stood is None:
            continue
        elif event.kind == "field.changed":
            _set(stood, event.data["field"], event.data["to"])
        elif event.kind == "record.updated":
            stood["fields"].update({name: change[1] for name, change in event.data["changes"].items()})
        else:
            stood["state"] = event.data["to"]
    return stood


def _set(stood: dict[str, Any], name: str, value: Any) -> None:
    if name in Case.COLUMNS:
        stood[name] = value
    else:
        stood["fields"][name] = value
