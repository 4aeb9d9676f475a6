"""What figures give to the core: the consumer that counts, and the measures, widgets and panels of every department."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from acm.kpi.core import CORE
from acm.kpi.keeping import NAME, counter
from acm.settings import Settings
from acm.snapshot import Contribution


def contributions(settings: Settings) -> list[Contribution]:
    return [Contribution("consumer", NAME, counter(ZoneInfo(settings.timezone))), *CORE]
