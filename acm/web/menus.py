"""The menus of both shells, gathered from contributions when a template asks for them.

Points: ``menu.portal`` and ``menu.tabs_portal`` (entries), ``menu.side`` (sections ``{title, entries}``) and
``menu.tabs_work`` (entries). A value is ``fn(ui) -> list``; an entry is ``{key, href, label, icon, count?, current?}``.
A page that shows no menu, and every fragment, asks nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acm.web.templating import UI


class Menus:
    """What the templates read as ``menus.portal``, ``menus.side``, ``menus.tabs_portal`` and ``menus.tabs_work``."""

    def __init__(self, ui: UI) -> None:
        self._ui = ui
        self._made: dict[str, list[Any]] = {}

    @property
    def portal(self) -> list[Any]:
        return self._gather("portal")

    @property
    def side(self) -> list[Any]:
        return self._gather("side")

    @property
    def tabs_portal(self) -> list[Any]:
        return self._gather("tabs_portal")

    @property
    def tabs_work(self) -> list[Any]:
        return self._gather("tabs_work")

    def _gather(self, place: str) -> list[Any]:
        if place not in self._made:
            given = self._ui.snapshot.each(f"menu.{place}") if self._ui.viewer else ()
            self._made[place] = [entry for one in given for entry in one.value(self._ui)]
        return self._made[place]
