"""Plugins that were asked to may refuse what is about to happen to a case: the first refusal wins.

Points are ``veto:case.before_<verb>``; their callables are ``fn(session, subject, facts) -> words or None``, guarded.
What is imported is asked of nobody: it happened already.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from acm.errors import Conflict
from acm.i18n import Message
from acm.journal import Origin

VERBS = ("open", "move", "resolve", "close", "cancel", "reject", "reopen", "assign", "change")


class Refused(Conflict):
    """A rule of a department stands against it; the text is that of the plugin that gives the rule."""

    type = "/problems/refused"
    title = "A rule of the department does not allow this"

    def __init__(self, said: object, plugin: str) -> None:
        message = said if isinstance(said, Message) else Message("%(said)s", {"said": said})
        super().__init__(message.id, params=message.params, plugin=plugin)


def ask(session: Session, verb: str, subject: Any, origin: Origin, **facts: Any) -> None:
    """Raise :class:`Refused` with the first refusal."""
    snapshot = session.info.get("snapshot")
    if snapshot is None or origin.source != "live":
        return
    for given in snapshot.each(f"veto:case.before_{verb}"):
        if said := given.value(session, subject, {**facts, "by": origin.by}):
            raise Refused(said, given.plugin)
