"""What the kernel itself gives to the core."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from acm.i18n import _, words
from acm.kernel.guard import Failure, PluginFailed
from acm.kernel.routes import menu
from acm.sdk.context import Context
from acm.snapshot import Contribution
from acm.web.templating import UI

AWAY = Markup('<p class="note warn" data-plugin="{}">{}</p>')


def contributions() -> list[Contribution]:
    return [Contribution("menu", "plugins", menu, order=900), Contribution("layout", "slots", slots)]


def slots(ui: UI) -> dict[str, Any]:
    """``slot("case.aside", case=case)`` in a template: what the plugins put there, in order."""

    def slot(place: str, **subject: Any) -> list[Markup]:
        found = []
        for given in ui.snapshot.each(f"slot:{place}"):
            try:
                part = given.value(Context(given.plugin, ui.db, ui.snapshot, ui.viewer, ui), **subject)
            except PluginFailed as problem:
                part = _away(ui, problem.failure)
            if part:
                found.append(part if isinstance(part, Markup) else Markup("{}").format(part))
        return found

    return {"slot": slot}


def _away(ui: UI, failure: Failure) -> Markup:
    serving = ui.snapshot.plugins.get(failure.plugin)
    name = words(serving.found.manifest.plugin.name, ui.lang) if serving else failure.plugin
    said = _("%(plugin)s is not available. Error number: %(number)s", plugin=name, number=failure.number)
    return AWAY.format(failure.plugin, ui.say(said))
