"""What the kernel itself gives to the core."""

from __future__ import annotations

from acm.kernel.routes import menu
from acm.snapshot import Contribution


def contributions() -> list[Contribution]:
    return [Contribution("menu", "plugins", menu, order=900)]
