"""What a notification says, in the reader's language; shared by the bell and the mail."""

from __future__ import annotations

from acm.i18n import Message, _
from acm.journal import Event
from acm.pages.models import Page
from acm.pages.types import CaseType


def sentence(event: Event, page: Page | None, actor: str) -> Message:
    """One sentence about one event."""
    if event.kind == "plugin.in_repair":
        return _(
            "The plugin %(plugin)s was sent for repair: %(reason)s",
            plugin=event.data["plugin"],
            reason=event.data["reason"],
        )
    if page is None:
        return Message(WITHOUT_PAGE[event.data["reason"]].id, {"name": event.data["name"]})
    number = page.number
    definition = page.definition
    target = str(event.data.get("to", ""))
    state = dict(definition.state(target).names) if isinstance(definition, CaseType) and target else {}
    match event.kind:
        case "case.opened":
            return _("Request %(number)s is filed", number=number)
        case "comment.added":
            return _("%(actor)s wrote in %(number)s", actor=actor, number=number)
        case "file.added":
            return _("%(actor)s added a file to %(number)s", actor=actor, number=number)
        case "approval.requested":
            return _("%(number)s waits for your decision", number=number)
        case "approval.decided":
            approved = event.data.get("decision") == "approved"
            text = "%(actor)s approved %(number)s" if approved else "%(actor)s refused %(number)s"
            return Message(text, {"actor": actor, "number": number})
        case "person.added":
            return _("%(actor)s mentioned you in %(number)s", actor=actor, number=number)
        case "field.changed":
            return _("%(actor)s handed %(number)s to you", actor=actor, number=number)
        case "person.told":
            return Message("%(said)s", {"said": event.data["said"]})
        case "case.resolved":
            return _("%(number)s is resolved. Say if it did not help", number=number)
        case "case.reopened":
            return _("%(number)s is open again", number=number)
    return _("%(number)s is now: %(state)s", number=number, state=state or target)


def address(event: Event, page: Page | None) -> str:
    """Where the thing is that an event is about."""
    if event.kind.startswith("plugin."):
        return f"/admin/plugins?plugin={event.data['plugin']}"
    return f"/pages/{page.number}" if page else f"/admin/webhooks/{event.data['webhook']}"


WITHOUT_PAGE = {
    "gone": _("The webhook %(name)s is off: its address answered that it is gone"),
    "failing": _("The webhook %(name)s is off: nobody answered it for days"),
}
MARKED = (_("%(actor)s approved %(number)s"), _("%(actor)s refused %(number)s"))
