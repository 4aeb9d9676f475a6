"""What figures give to the core: the consumer that counts, the measures and widgets of every department, the menus."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from acm.kpi import menus
from acm.kpi.core import CORE
from acm.kpi.keeping import NAME, counter
from acm.settings import Settings
from acm.snapshot import Contribution


def contributions(settings: Settings) -> list[Contribution]:
    return [
        Contribution("consumer", NAME, counter(ZoneInfo(settings.timezone))),
        Contribution("menu", "kpi", menus.entry, order=20),
        Contribution("menu.tabs_work", "kpi", menus.tabs, order=40),
        *CORE,
    ]
