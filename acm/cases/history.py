"""The words of what happens to a case, for the history tab. In English the past, in Russian the present tense."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from acm.i18n import Message, _
from acm.journal import Event
from acm.pages.history import Names, Told, Words
from acm.pages.showing import show_value
from acm.pages.types import CaseType, Field, FieldKind
from acm.snapshot import Contribution
from acm.web import words as said

NAMED: dict[str, Message] = {
    "priority": _("priority"),
    "impact": _("impact"),
    "urgency": _("urgency"),
    "title": _("title"),
}


def contributions() -> list[Contribution]:
    return [Contribution("event_words", kind, words) for kind, words in WORDS.items()]


def opened(event: Event, names: Names) -> Told:
    group = event.data.get("group")
    if group is None:
        return Told(_("%(who)s opened the case"), "plus")
    return Told(_("%(who)s opened the case for %(group)s", group=names.group(group)), "plus")


def moved(event: Event, names: Names) -> Told:
    before, after = _state(names, event.data.get("from")), _state(names, event.data.get("to"))
    return Told(_("%(who)s moved the case from “%(before)s” to “%(after)s”", before=before, after=after), "swap")


def finished(text: Message, icon: str) -> Words:
    """Words of an end; whether the promise was kept is said with it."""

    def run(event: Event, names: Names) -> Told:
        kept = event.data.get("made_sla")
        if kept is None:
            return Told(text, icon)
        promise = _("in time") if kept else _("later than promised")
        return Told(Message(f"{text.id}, %(promise)s", {"promise": promise}), icon)

    return run


def reopened(event: Event, names: Names) -> Told:
    return Told(_("%(who)s opened the case again: “%(after)s”", after=_state(names, event.data.get("to"))), "undo")


def responded(event: Event, names: Names) -> Told:
    return Told(_("%(who)s gave the first answer"), "chat")


def promised(event: Event, names: Names) -> Told | None:
    due = event.data.get("due") or event.data.get("promised")
    if not due:
        return None
    from_priority = event.data.get("source") == "priority"
    text = _("Promised by priority: %(due)s") if from_priority else _("Promised by the service: %(due)s")
    moment = datetime.fromisoformat(str(due))
    day = said.full_day(moment.date(), names.lang, event.at.date())
    return Told(Message(text.id, {"due": day}), "clock")


def asked(event: Event, names: Names) -> Told:
    person = names.person(event.data.get("approver"))
    return Told(_("Step %(step)s of approval: %(person)s is asked", step=_step(event), person=person), "signature")


def questioned(event: Event, names: Names) -> Told:
    return Told(_("%(who)s asked before deciding"), "help")


def decided(event: Event, names: Names) -> Told:
    if event.data.get("decision") == "approved":
        return Told(_("%(who)s approved step %(step)s", step=_step(event)), "check")
    return Told(_("%(who)s refused step %(step)s", step=_step(event)), "x")


def changed(event: Event, names: Names) -> Told:
    name, before, after = event.data.get("field"), event.data.get("from"), event.data.get("to")
    if name in REFERENCES:
        return REFERENCES[str(name)](names, before, after)
    if name == "confidential":
        text = _("%(who)s made the case confidential") if after else _("%(who)s opened the case to the department")
        return Told(text, "lock")
    asked = _asked(names, str(name)) if name not in NAMED else None
    label = NAMED.get(str(name)) or (dict(asked.label) if asked else name)
    if asked and (asked.kind in LONG or isinstance(before, list) or isinstance(after, list)):
        return Told(_("%(who)s changed the answer “%(name)s”", name=label), "edit")
    values = [
        _answer(names, asked, value, event) if asked else _value(names, str(name), value) for value in (before, after)
    ]
    if asked and not values[1]:
        return Told(_("%(who)s took the answer “%(name)s” away: “%(before)s”", name=label, before=values[0]), "edit")
    if not values[0]:
        return Told(_("%(who)s set %(name)s: “%(after)s”", name=label, after=values[1]), "edit")
    return Told(
        _("%(who)s changed %(name)s from “%(before)s” to “%(after)s”", name=label, before=values[0], after=values[1]),
        "edit",
    )


def _owner(names: Names, before: Any, after: Any) -> Told:
    if after is None:
        return Told(_("%(who)s left the case without an owner"), "user")
    return Told(_("%(who)s gave the case to %(person)s", person=names.person(after)), "user")


def _group(names: Names, before: Any, after: Any) -> Told:
    return Told(_("%(who)s handed the case to %(group)s", group=names.group(after)), "swap")


def _department(names: Names, before: Any, after: Any) -> Told:
    return Told(_("%(who)s moved the case to %(department)s", department=names.department(after)), "swap")


def _branch(names: Names, before: Any, after: Any) -> Told:
    return Told(_("%(who)s set the branch: %(branch)s", branch=names.branch(after)), "building")


def _beneficiary(names: Names, before: Any, after: Any) -> Told:
    return Told(_("%(who)s said whom it is for: %(person)s", person=names.person(after)), "user")


REFERENCES: dict[str, Callable[[Names, Any, Any], Told]] = {
    "owner": _owner,
    "group": _group,
    "department": _department,
    "branch": _branch,
    "beneficiary": _beneficiary,
}

WORDS: dict[str, Words] = {
    "case.opened": opened,
    "case.moved": moved,
    "case.resolved": finished(_("%(who)s resolved the case"), "check"),
    "case.closed": finished(_("%(who)s closed the case"), "check"),
    "case.cancelled": finished(_("%(who)s cancelled the case"), "x"),
    "case.rejected": finished(_("%(who)s rejected the case"), "x"),
    "case.reopened": reopened,
    "case.responded": responded,
    "sla.set": promised,
    "approval.requested": asked,
    "approval.asked": questioned,
    "approval.decided": decided,
    "field.changed": changed,
}

LONG = frozenset({FieldKind.LONG_TEXT, FieldKind.GROUP, FieldKind.FILE})
NAMES: dict[FieldKind, Callable[[Names, int], object | None]] = {
    FieldKind.PERSON: Names.person,
    FieldKind.DEPARTMENT: Names.department,
    FieldKind.BRANCH: Names.branch,
    FieldKind.PAGE: Names.page,
}

PROMISES = (
    _("%(who)s resolved the case, %(promise)s"),
    _("%(who)s closed the case, %(promise)s"),
)


def _step(event: Event) -> int:
    return int(event.data.get("step") or 1)


def _kind(names: Names) -> CaseType | None:
    definition = names.subject.definition if names.subject is not None else None
    return definition if isinstance(definition, CaseType) else None


def _state(names: Names, key: Any) -> object:
    kind = _kind(names)
    return dict(kind.state(str(key)).names) if kind and key else str(key or "")


def _asked(names: Names, name: str) -> Field | None:
    """The question behind a changed answer."""
    key = name.removeprefix("fields.")
    return next((f for f in names.subject.form if f.key == key), None) if names.subject is not None else None


def _answer(names: Names, asked: Field, value: Any, event: Event) -> object:
    """An answer in words."""
    if value is None:
        return ""
    if isinstance(value, int) and (named := NAMES.get(asked.kind)):
        return named(names, value) or "…"
    return show_value(asked, value, names.lang, names.zone, event.at)


def _value(names: Names, name: str, value: Any) -> object:
    """A property in words: impact, urgency and priority by their names, the rest as it is."""
    if value in (None, "", [], {}):
        return ""
    kind = _kind(names)
    if kind and name == "priority":
        target = kind.target(value)
        return dict(target.names) if target else str(value)
    options = {"impact": kind.impacts, "urgency": kind.urgencies}.get(name, ()) if kind else ()
    found = next((option for option in options if option.id == value), None)
    if found:
        return dict(found.label)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value) if isinstance(value, (str, int, float)) else "…"
