"""The component page: every part of the screens in all its states, and the list of keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from fastapi import Response

from acm import clock
from acm.i18n import _
from acm.web.routing import router as make_router
from acm.web.templating import Ui

router = make_router(include_in_schema=False)

KEYS = [
    (_("Everywhere"), [
        ("/", _("Search")), ("Ctrl K", _("Find or do")), ("?", _("This list")), ("G I", _("My work")),
        ("G Q", _("Queues")), ("G C", _("Cases")), ("G K", _("Figures")),
    ]),
    (_("In lists"), [
        ("J K", _("Down and up")), ("X", _("Choose")), ("↵", _("Open")), ("A", _("Assign")),
        ("S", _("Stage")), ("L", _("Tag")), ("C", _("New case or task")),
    ]),
    (_("On a case"), [
        ("R", _("Reply to the requester")), ("N", _("Note for own people")), ("T", _("Task")), ("E", _("Done")),
        ("M", _("Hand over")), ("Ctrl ↵", _("Send")),
    ]),
]  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """An invented person of the component page."""

    name: str
    initials: str
    hue: int
    login: str = "sample"


@router.get("/ui")
def components(ui: Ui) -> Response:
    """Show every component in all states, in the reader's language and theme."""
    names = (_("Maria Sokolova"), _("Oleg Kim"), _("Anna Levina"))
    people = [
        Sample(name := ui.say(text), "".join(word[0] for word in name.split()), hue)
        for text, hue in zip(names, (330, 150, 20), strict=True)
    ]
    now = clock.now()
    return ui.page("ui/index.html", people=people, earlier=now - timedelta(hours=3), later=now + timedelta(days=4))


@router.get("/ui/keys")
def keys(ui: Ui) -> Response:
    """List the shortcuts: a page, or the inside of the dialog."""
    groups = [
        {"title": ui.say(title), "keys": [{"key": key, "text": ui.say(text)} for key, text in entries]}
        for title, entries in KEYS
    ]
    return ui.page("ui/keys.html", fragment="keys", groups=groups)
