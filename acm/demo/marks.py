"""How far the demo company has come: facts of the installation, read without loading anything of the demo."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from acm.db import Database
from acm.people.models import Installation
from acm.settings import Settings

DEMO, MADE_AT, SEEDED, REACHED, LIVED = "demo", "demo_made_at", "demo_seed", "demo_reached", "demo_cases"
PHASES = ("company", "plugins", "services", "knowledge", "cases", "personas", "seeds")


def is_built(settings: Settings) -> bool:
    """Whether the demo company stands already, whole."""
    try:
        with Database(settings.url).reading() as session:
            return fact(session, REACHED) == PHASES[-1]
    except SQLAlchemyError:
        return False


def fact(session: Session, key: str) -> str:
    """A mark; empty where it was not set."""
    row = session.get(Installation, key)
    return row.value if row else ""


def note(session: Session, key: str, value: str) -> None:
    session.merge(Installation(key=key, value=value))
