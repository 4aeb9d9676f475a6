"""The way to the figures in the workplace's menus, for those who may see some."""

from __future__ import annotations

from typing import Any

from acm.i18n import _
from acm.kpi.panels import PERMISSION
from acm.web.templating import UI


def entry(ui: UI) -> dict[str, Any] | None:
    """The entry of the overview."""
    if not ui.viewer.may(PERMISSION):
        return None
    path = ui.request.url.path
    current = path == "/kpi" or path.startswith("/kpi/")
    return {"key": "kpi", "href": "/kpi", "label": ui.say(_("Figures")), "icon": "chart", "current": current}


def tabs(ui: UI) -> list[dict[str, Any]]:
    """The entry of the tab bar on phones."""
    found = entry(ui)
    return [found] if found else []
