"""What cases give to the core's extension points."""

from __future__ import annotations

from acm.cases import history, menus
from acm.snapshot import Contribution


def contributions() -> list[Contribution]:
    return [*menus.contributions(), *history.contributions()]
