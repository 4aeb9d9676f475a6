"""What the kernel itself gives to the core."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session, object_session

from acm.db import Base
from acm.errors import Problem
from acm.i18n import Message, _, words
from acm.kernel.guard import Failure, Pending, PluginFailed, begin
from acm.kernel.purging import forget_uploads
from acm.kernel.routes import menu
from acm.people.signin import Viewer
from acm.sdk.context import Context
from acm.snapshot import Contribution
from acm.web.templating import UI

AWAY = Markup('<p class="note warn" data-plugin="{}">{}</p>')
Drawn = Markup | Mapping[str, Any]
Part = Callable[[], Drawn | None]


def contributions() -> list[Contribution]:
    return [
        Contribution("menu", "plugins", menu, order=900),
        Contribution("layout", "slots", slots),
        Contribution("job", "core.uploads", forget_uploads),
    ]


def slots(ui: UI) -> dict[str, Any]:
    """``slot("case.aside", case=case)`` in a template: what the plugins put there, in order.

    Each plugin fills its place in its own threads, all at the same time; who takes too long is told so in its place.
    """

    def slot(place: str, **subject: Any) -> list[Drawn]:
        begun = [_begin(ui, given, subject) for given in ui.snapshot.each(f"slot:{place}")]
        return [part for one in begun if (part := one())]

    return {"slot": slot}


class Apart(UI):
    """The reader's UI with a session of its own: for what runs beside the request."""

    def __init__(self, ui: UI, db: Session, viewer: Viewer | None) -> None:
        super().__init__(ui.request, db)
        self._viewer = viewer

    @property
    def viewer(self) -> Any:
        return self._viewer


def _begin(ui: UI, given: Contribution, subject: dict[str, Any]) -> Part:
    """Start to fill a place; the answer waits for it."""
    session = ui.runtime.db.session(read_only=True, snapshot=ui.snapshot)
    session.info.update(settings=ui.settings, runtime=ui.runtime)
    viewer = replace(ui.viewer, person=_own(session, ui.viewer.person)) if ui.viewer else None
    context = Context(given.plugin, session, ui.snapshot, viewer, Apart(ui, session, viewer))
    place = given.point.partition(":")[2]
    own = {name: _own(session, value) for name, value in subject.items()}

    def fill() -> Drawn | None:
        with session:
            return _drawable(place, given.value(context, **own))

    try:
        return _shown(ui, given, begin(given.plugin, f"slot {place}", fill))
    except PluginFailed as problem:
        failure = problem.failure
        return lambda: _away(ui, failure)


def _drawable(place: str, part: Any) -> Drawn | None:
    """What a plugin gave as a template can draw it, whatever it is; an error is the plugin's."""
    if part is None or isinstance(part, Markup):
        return part
    if not isinstance(part, Mapping):
        return Markup("{}").format(part)
    if place == "queue.column":
        return {
            "title": str(part["title"]),
            "cells": {str(n): Markup("{}").format(c) for n, c in part["cells"].items()},
        }
    if place == "case.tabs":
        counted = {"count": int(part["count"])} if part.get("count") is not None else {}
        return {"label": str(part["label"]), "href": str(part["href"]), **counted}
    raise TypeError(f"{place} takes markup, not a mapping")


def _shown(ui: UI, given: Contribution, pending: Pending) -> Part:
    def part() -> Drawn | None:
        try:
            found: Drawn | None = pending.result()
        except PluginFailed as problem:
            return _away(ui, problem.failure)
        except Problem as problem:  # said on purpose: it stands in the place, not for the page
            said = Message(problem.detail, problem.params) if problem.detail else Message(problem.title)
            return AWAY.format(given.plugin, ui.say(said))
        return found

    return part


def _own(session: Session, value: Any) -> Any:
    """The same thing in another session, without asking the database again: what runs beside never holds ours."""
    if isinstance(value, (list, tuple)):
        return type(value)(_own(session, one) for one in value)
    if isinstance(value, Base) and object_session(value) is not None:
        return session.merge(value, load=False)
    return value


def _away(ui: UI, failure: Failure) -> Markup:
    serving = ui.snapshot.plugins.get(failure.plugin)
    name = words(serving.found.manifest.plugin.name, ui.lang) if serving else failure.plugin
    said = _("%(plugin)s is not available. Error number: %(number)s", plugin=name, number=failure.number)
    return AWAY.format(failure.plugin, ui.say(said))
