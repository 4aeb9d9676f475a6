"""What the parts of a plugin call by name: a widget its measure, a panel its widgets, a service its groups.

A name that nothing answers to stops nobody: the tile says so, the request comes into no group's hands. So
``acm plugin check`` and the editor name it with its place, and the plugin's page says it while the plugin serves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from acm.catalog.located import Trail, read_yaml
from acm.i18n import Message, _
from acm.snapshot import Contribution, Snapshot

MEASURE, WIDGET, GROUP = "measure", "widget", "group"
_SAID = {
    MEASURE: _("there is no measure %(name)s%(near)s: declare it in measures/, or require the plugin that gives it"),
    WIDGET: _("there is no widget %(name)s%(near)s: declare it in widgets/, or require the plugin that gives it"),
    GROUP: _("there is no group %(name)s%(near)s: bring it in taxonomies/groups.yaml, or make it under Groups"),
}
_FOLDERS = {"widget": "widgets", "panel": "panels", "service": "catalog"}


@dataclass(frozen=True)
class Unknown:
    """A name that nothing answers to. ``by`` is who calls it, at ``trail`` below its own key."""

    sort: str
    name: str
    by: Contribution
    trail: Trail
    near: str = ""

    @property
    def said(self) -> Message:
        """The reason and the way out."""
        near = _(" (did you mean %(name)s?)", name=repr(self.near)) if self.near else ""
        return Message(_SAID[self.sort].id, {"name": repr(self.name), "near": near})

    def placed(self, folder: Path, said: str = "") -> str:
        """The same, or what else is ``said``, with file, line and key, as it stands in the plugin's folder."""
        said = said or str(self.said)
        for file in sorted((folder / _FOLDERS[self.by.point]).rglob("*.yaml")):
            document = read_yaml(file, file.relative_to(folder).as_posix())
            if (at := self._at(document.value)) is not None:
                return str(document.problem((*at, *self.trail), said))
        return f"{self._in_code(folder)}{self.by.key}: {'.'.join(map(str, self.trail))}: {said}"

    def _at(self, value: object) -> Trail | None:
        """Where the one who calls it stands in a file; None when it is another file."""
        if not isinstance(value, Mapping):
            return None
        if value.get("key") == self.by.key:
            return ()
        listed = enumerate(value.get("services") or ())
        return next((("services", n) for n, one in listed if str(one.get("id")).lower() == self.by.key), None)

    def _in_code(self, folder: Path) -> str:
        for file in sorted(folder.rglob("*.py")):
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                if f'"{self.name}"' in line or f"'{self.name}'" in line:
                    return f"{file.relative_to(folder).as_posix()}:{number}: "
        return ""


def unknown(given: Iterable[Contribution], snapshot: Snapshot, groups: Collection[str]) -> list[Unknown]:
    """Every name in what a plugin gives that neither the world nor the ``groups`` know."""
    known: dict[str, Collection[str]] = {
        MEASURE: {c.key for point in ("measure", "gauge") for c in snapshot.each(point)},
        WIDGET: {c.key for c in snapshot.each("widget")},
        GROUP: groups,
    }
    return [
        Unknown(sort, name, one, trail, next(iter(get_close_matches(name, sorted(known[sort]), n=1, cutoff=0.7)), ""))
        for one in given
        for sort, name, trail in _named(one)
        if name and name not in known[sort]
    ]


def _named(one: Contribution) -> Iterator[tuple[str, str, Trail]]:
    """The names that a contribution calls: their sort, the name, and where it stands."""
    if one.point == "widget":
        yield MEASURE, one.value.measure, ("measure",)
    elif one.point == "panel":
        yield MEASURE, one.value.headline, ("headline",)
        yield from ((WIDGET, name, ("widgets", n)) for n, name in enumerate(one.value.widgets))
    elif one.point == "service":
        yield GROUP, one.value.owner_group, ("owner_group",)
        yield from ((GROUP, task.group, ("tasks", n, "group")) for n, task in enumerate(one.value.tasks))
