"""The frozen world: everything the core and the plugins contribute, at one moment.

Publishing is one assignment; a request reads the snapshot once and keeps it until its end. Values are opaque
here: each concept knows what stands under its own extension point. Callables of plugins come wrapped already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

CORE = "core"


@dataclass(frozen=True, slots=True)
class Contribution:
    """One thing given to one extension point. ``key`` is unique per point; ``plugin`` says who gives it."""

    point: str
    key: str
    value: Any
    plugin: str = CORE
    order: int = 100


@dataclass(frozen=True)
class Snapshot:
    """All contributions by extension point, in ``order``, then plugin, then key."""

    number: int = 0
    points: Mapping[str, Mapping[str, Contribution]] = field(default_factory=lambda: MappingProxyType({}))
    plugins: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def each(self, point: str) -> Iterator[Contribution]:
        """The contributions to a point, in order."""
        return iter(self.points.get(point, {}).values())

    def values(self, point: str) -> list[Any]:
        return [contribution.value for contribution in self.each(point)]

    def find(self, point: str, key: str) -> Any | None:
        """The value under a key, or None when nobody gives it (any more)."""
        contribution = self.points.get(point, {}).get(key)
        return None if contribution is None else contribution.value

    def filtered(self, point: str, value: Any, session: Any, **facts: Any) -> Any:
        """A value as the plugins that filter it leave it, one after the other; each is called ``fn(session, value,
        facts)`` and gives a value of the same type."""
        for given in self.each(f"filter:{point}"):
            value = given.value(session, value, facts)
        return value

    def giver(self, point: str, key: str) -> str | None:
        """The plugin that gives a key, ``core`` for the core's own, None for nobody."""
        contribution = self.points.get(point, {}).get(key)
        return None if contribution is None else contribution.plugin


class DuplicateContribution(ValueError):
    """Two givers claim one key of one extension point."""

    def __init__(self, point: str, key: str, first: str, second: str) -> None:
        super().__init__(f"{point} {key!r} is given by {first} and by {second}")
        self.point, self.key, self.first, self.second = point, key, first, second


def compose(number: int, contributions: Iterable[Contribution], plugins: Mapping[str, Any] | None = None) -> Snapshot:
    """Freeze contributions into a snapshot; raises :class:`DuplicateContribution`."""
    points: dict[str, dict[str, Contribution]] = {}
    for given in sorted(contributions, key=lambda c: (c.point, c.order, c.plugin != CORE, c.plugin)):
        there = points.setdefault(given.point, {})
        if given.key in there:
            raise DuplicateContribution(given.point, given.key, there[given.key].plugin, given.plugin)
        there[given.key] = given
    frozen = MappingProxyType({point: MappingProxyType(given) for point, given in points.items()})
    return Snapshot(number, frozen, MappingProxyType(dict(plugins or {})))
