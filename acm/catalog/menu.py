"""The portal's menu: home, services, my requests, approvals, knowledge."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from acm.cases.models import Approval
from acm.i18n import Message, _
from acm.pages.visibility import inside
from acm.snapshot import Contribution
from acm.web.templating import UI

ENTRIES: tuple[tuple[str, str, Message, Message, str], ...] = (
    ("home", "/", _("Home"), _("Home"), "home"),
    ("services", "/services", _("All services"), _("Services"), "grid"),
    ("requests", "/requests", _("My requests"), _("Requests"), "folder"),
    ("approvals", "/approvals", _("Approvals"), _("Decisions"), "check"),
    ("kb", "/kb", _("Knowledge"), _("Knowledge"), "book"),
)


def contributions() -> list[Contribution]:
    return [Contribution("menu.portal", "catalog", portal), Contribution("menu.tabs_portal", "catalog", tabs)]


def portal(ui: UI) -> list[dict[str, Any]]:
    """The menu of the top bar."""
    return [_entry(ui, key, href, label, icon) for key, href, label, _short, icon in ENTRIES]


def tabs(ui: UI) -> list[dict[str, Any]]:
    """The bar at the bottom of phones: the first four, knowledge hides under "More"."""
    return [_entry(ui, key, href, short, icon) for key, href, _label, short, icon in ENTRIES if key != "kb"]


def _entry(ui: UI, key: str, href: str, label: Message, icon: str) -> dict[str, Any]:
    path = ui.request.url.path
    current = path == href if href == "/" else path == href or path.startswith(f"{href}/")
    count = _waiting(ui) if key == "approvals" else 0
    return {"key": key, "href": href, "label": ui.say(label), "icon": icon, "current": current, "count": count}


def _waiting(ui: UI) -> int:
    """Decisions that wait for this person; counted once a request."""
    state = ui.request.state
    if not hasattr(state, "waiting_approvals"):
        statement = select(func.count(Approval.id)).where(
            Approval.approver_id == ui.viewer.id, Approval.state == "pending"
        )
        state.waiting_approvals = ui.db.scalar(inside(statement)) or 0
    return int(state.waiting_approvals)
