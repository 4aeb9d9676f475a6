"""The side bar of the workplace: my lists, queues with how many open cases each holds, and the overview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from acm import clock
from acm.cases.filtering import CaseFilter, Vantage
from acm.cases.queues import MENU_CAP, OpenQueue, open_counts, queues_for
from acm.i18n import Message, _
from acm.snapshot import Contribution
from acm.web.templating import UI

MOST_QUEUES = 12
MINE = CaseFilter.read({"owner": "me", "category": "open"})
WAITING = CaseFilter.read({"owner": "me", "category": "waiting"})


@dataclass(frozen=True)
class Counted:
    """An entry of the side bar that leads to a list."""

    key: str
    href: str
    label: Message | str
    icon: str
    filter: CaseFilter


def contributions() -> list[Contribution]:
    return [Contribution("menu.side", "cases", side, order=10), Contribution("menu.tabs_work", "cases", tabs, order=10)]


def side(ui: UI) -> list[dict[str, Any]]:
    """My lists, the queues, the overview; two statements."""
    viewer = ui.viewer
    mine = [Counted("mine", f"/cases?{MINE.query()}", _("My cases"), "inbox", MINE),
            Counted("waiting", f"/cases?{WAITING.query()}", _("I wait for others"), "clock", WAITING)]  # fmt: skip
    queues = queues_for(ui.db, ui.snapshot, viewer.grants) if viewer.grants.works_cases else []
    shown = [_queue(q, ui.lang) for q in queues[:MOST_QUEUES]]
    vantage = Vantage(viewer.grants, clock.now(), viewer.zone, ui.lang)
    counts = open_counts(ui.db, [one.filter for one in (*mine, *shown)], vantage)
    entries = [_entry(ui, one, number) for one, number in zip((*mine, *shown), counts, strict=True)]
    work = {
        "key": "my",
        "href": "/my",
        "label": ui.say(_("My work")),
        "icon": "bolt",
        "current": ui.request.url.path == "/my",
    }
    sections = [{"title": "", "entries": [work, *entries[: len(mine)]]}]
    if shown:
        everything = _plain(ui, "queues", "/queues", _("All queues"), "list")
        sections.append({"title": ui.say(_("Queues")), "entries": [*entries[len(mine) :], everything]})
    overview = [_plain(ui, "cases", "/cases", _("All cases"), "folder")]
    overview += [entry for c in ui.snapshot.each("menu") if (entry := c.value(ui)) is not None]
    sections.append({"title": ui.say(_("Overview")), "entries": overview})
    return sections


def tabs(ui: UI) -> list[dict[str, Any]]:
    """The tab bar of the workplace on phones."""
    path = ui.request.url.path
    entries = [
        ("my", "/my", _("Mine"), "bolt", path == "/my"),
        ("queues", "/queues", _("Queues"), "list", path.startswith("/queues")),
        ("cases", "/cases", _("Cases"), "folder", path.startswith("/cases")),
    ]
    return [{"key": key, "href": href, "label": ui.say(label), "icon": icon, "current": current}
            for key, href, label, icon, current in entries]  # fmt: skip


def _queue(queue: OpenQueue, lang: str) -> Counted:
    return Counted(queue.slug, f"/queues/{queue.slug}", queue.name(lang), queue.icon, queue.filter)


def _entry(ui: UI, one: Counted, number: int) -> dict[str, Any]:
    path, query = ui.request.url.path, str(ui.request.url.query)
    href, _mark, wanted = one.href.partition("?")
    return {
        "key": one.key,
        "href": one.href,
        "label": ui.say(one.label),
        "icon": one.icon,
        "count": f"{MENU_CAP}+" if number > MENU_CAP else number,
        "current": path == href and (not wanted or query == wanted),
    }


def _plain(ui: UI, key: str, href: str, label: Message, icon: str) -> dict[str, Any]:
    url = ui.request.url
    return {
        "key": key,
        "href": href,
        "label": ui.say(label),
        "icon": icon,
        "current": url.path == href and not url.query,
    }
