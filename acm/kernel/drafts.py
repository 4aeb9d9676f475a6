"""Drafts of plugins without Python: changed in the browser, checked, compared, and published as a new version.

``<data_dir>/drafts/<slug>/`` is a whole plugin. It begins with the first change as a copy of what is enabled, and ends
when it is published or discarded. Nothing is ever loaded from it.
"""

from __future__ import annotations

import fcntl
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import unified_diff
from hashlib import sha256
from itertools import groupby
from pathlib import Path

from babel.messages.pofile import PoFileError, read_po
from packaging.version import Version
from sqlalchemy import select
from sqlalchemy.orm import Session

from acm.catalog.definitions import ServiceFileError
from acm.errors import Conflict, Invalid, NotFound
from acm.i18n import Message, _
from acm.journal import Origin, record, system_stream
from acm.kernel import lifecycle, naming, probe, stories
from acm.kernel.discovery import Discovered, content_hash, examine, files, is_part
from acm.kernel.manifest import NAME, line_of
from acm.kernel.models import ENABLED, Plugin
from acm.kernel.registrar import Registrar
from acm.kernel.store import NotKept
from acm.kernel.world import World
from acm.pages.diff import Kind, Piece
from acm.people.models import Group
from acm.snapshot import compose
from acm.web.runtime import Runtime

SUFFIXES = (".toml", ".yaml", ".md", ".po")
PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
PLACE = re.compile(r"^(\d+):\d+: ")
DEEPEST = 6
KINDS: dict[str, Kind] = {"+": "added", "-": "removed"}


class DraftChanged(Conflict):
    """Somebody else changed the draft since it was seen; nothing was changed."""

    type = "/problems/draft-changed"
    title = "Somebody changed this draft before you"


class DraftRefused(Conflict):
    """The draft has faults and was not published; nothing was changed."""

    type = "/problems/draft-refused"
    title = "The draft has faults"

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__()
        self.faults = faults


@dataclass(frozen=True)
class Fault:
    """What stands against a draft, with line and key in its words; ``file`` is empty where no single file bears it."""

    text: str | Message
    file: str = ""


@dataclass(frozen=True)
class Draft:
    """The draft of one plugin. ``base`` is what it is compared with: what was enabled last, else the plugin's folder."""

    folder: Path
    base: Discovered

    @property
    def slug(self) -> str:
        return self.base.slug

    @property
    def is_begun(self) -> bool:
        return self.folder.is_dir()

    @property
    def source(self) -> Path:
        """Where its files lie: those of the base until something is changed."""
        return self.folder if self.is_begun else self.base.path

    @property
    def hash(self) -> str:
        """Of all its files: what an administrator has seen of it."""
        return content_hash(self.source)

    def names(self) -> list[str]:
        """The files that may be edited, the manifest first."""
        return _names(self.source)

    def read(self, name: str) -> str:
        """The text of a file; raises NotFound."""
        if name not in self.names():
            raise NotFound()
        return _text(self.source / name)

    def seen(self, name: str) -> str:
        """What a change of this file must name to show that it was seen; empty for a file that is not there."""
        return sha256((self.source / name).read_bytes()).hexdigest() if name in self.names() else ""

    def save(self, name: str, text: str, seen: str) -> None:
        """Keep a file as it was typed; :class:`DraftChanged` when it is no more what was ``seen``."""
        text = text if not text or text.endswith("\n") else f"{text}\n"
        with self.alone():
            if name in self.names() and _text(self.source / name) == text:
                return
            self._expect(self.seen(name) == seen)
            self._write(name, text)

    def add(self, name: str) -> None:
        """An empty file; raises Invalid for a name that may not be."""
        with self.alone():
            self._write(name, "", new=True)

    def remove(self, name: str, seen: str) -> None:
        """Take a file out; the manifest stays. Raises :class:`DraftChanged` as :meth:`save` does."""
        if name == NAME:
            raise Conflict("A plugin cannot be without its plugin.toml")
        with self.alone():
            self.read(name)
            self._expect(self.seen(name) == seen)
            self._begin()
            (self.folder / name).unlink()

    def discard(self, seen: str) -> None:
        """Forget the draft, unless it is no more what was ``seen``, its :attr:`hash`."""
        with self.alone():
            self.expect(seen)
            shutil.rmtree(self.folder, ignore_errors=True)

    def expect(self, seen: str) -> None:
        """Raise :class:`DraftChanged` unless the whole draft is what was ``seen``, its :attr:`hash`."""
        self._expect(self.hash == seen)

    def differences(self) -> list[tuple[str, list[Piece]]]:
        """Each file that differs from the base, as a unified difference; runs of lines are one piece."""
        found = []
        old, new = _names(self.base.path), self.names()
        for name in sorted({*old, *new}):
            before = _text(self.base.path / name) if name in old else ""
            after = _text(self.source / name) if name in new else ""
            lines = list(unified_diff(before.splitlines(), after.splitlines(), lineterm=""))[2:]
            if lines or (name in old) != (name in new):
                runs = groupby(lines, _kind)
                found.append((name, [Piece(kind, "".join(f"{line}\n" for line in run)) for kind, run in runs]))
        return found

    def _write(self, name: str, text: str, *, new: bool = False) -> None:
        self._begin()
        place = self._place(name)
        if new and place.exists():
            raise Invalid({"name": [_("There is a file of this name already")]})
        half = self.folder.parent / f".{self.slug}.file"
        half.write_text(text, encoding="utf-8", newline="\n")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            half.replace(place)
        except OSError as error:  # a file stands where a folder is named, or the other way round
            raise Invalid({"name": [_("A file cannot lie there")]}) from error

    def _place(self, name: str) -> Path:
        """Where a file of this name lies in the draft, never outside it and never through a link."""
        parts = name.split("/")
        if not name.endswith(SUFFIXES) or len(parts) > DEEPEST or not all(map(PART.fullmatch, parts)):
            raise Invalid({"name": [_("Give a path below the plugin that ends in .toml, .yaml, .md or .po")]})
        ways = [self.folder.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)]
        if not is_part(Path(name)) or any(way.is_symlink() for way in ways):
            raise Invalid({"name": [_("A file cannot lie there")]})
        return ways[-1]

    def _begin(self) -> None:
        if self.is_begun:
            return
        half = self.folder.parent / f".{self.slug}.half"
        shutil.rmtree(half, ignore_errors=True)
        for file in files(self.base.path):
            if not file.is_symlink():
                place = half / file.relative_to(self.base.path)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place)
        half.rename(self.folder)

    def _expect(self, is_as_seen: bool) -> None:
        if not is_as_seen:
            raise DraftChanged()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other process changes the draft meanwhile."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with (self.folder.parent / f".{self.slug}.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def draft_of(runtime: Runtime, base: Discovered) -> Draft:
    """The draft of a plugin, begun or not."""
    return Draft(drafts(runtime) / base.slug, base)


def drafts(runtime: Runtime) -> Path:
    """The folder of all drafts."""
    return runtime.settings.data_dir / "drafts"


def check(session: Session, runtime: Runtime, draft: Draft) -> list[Fault]:
    """Everything that stands against publishing, as the kernel's own discovery, registrar and composition find it."""
    found = examine(draft.source, draft.slug)
    names = draft.names()
    faults = list(_of_translations(draft.source, names))
    if found.manifest is not None:
        faults += _of_manifest(session, found)
    if found.fault:
        return faults + [_fault(text, names) for text in found.fault.split("; ")]
    groups = set(session.scalars(select(Group.key)))
    session.commit()  # nothing is written yet: who writes need not wait while its stories are lived through
    said = _of_declarations(runtime.parts["world"], found, groups) or _of_stories(found)
    return faults + [_fault(text, names) for text in said]


def publish(session: Session, runtime: Runtime, draft: Draft, origin: Origin, *, generation: int) -> Plugin:
    """Keep the draft in the store and enable that version in the caller's transaction, which must be rolled back when
    this raises; :class:`DraftRefused` holds the faults. :func:`lifecycle.publish` and :meth:`Draft.discard` follow the
    commit.
    """
    world: World = runtime.parts["world"]
    row = session.get(Plugin, draft.slug)
    before = row.hash if row else ""
    with draft.alone():
        if faults := check(session, runtime, draft):
            raise DraftRefused(faults)
        try:
            kept = world.store.keep(examine(draft.source, draft.slug))
        except NotKept as error:
            raise lifecycle.PluginRefused(str(error)) from error
    row = lifecycle.enable(session, runtime, draft.slug, origin, generation=generation, version=kept.hash)
    data = {"plugin": draft.slug, "version": row.version, "from": before, "to": row.hash}
    record(session, system_stream(session, f"plugin:{draft.slug}"), "plugin.published", origin, data=data)
    return row


def _of_manifest(session: Session, found: Discovered) -> Iterator[Fault]:
    assert found.manifest is not None
    text, plugin = _text(found.path / NAME), found.manifest.plugin
    if plugin.python:
        place = {"line": line_of(text, ["plugin", "python"]), "key": "plugin.python"}
        said = _("line %(line)s, key %(key)s: only plugins without Python are edited here", **place)
        yield Fault(said, NAME)
    row = session.get(Plugin, found.slug)
    if row is not None and row.version and Version(plugin.version) <= Version(row.version):
        line = line_of(text, ["plugin", "version"])
        place = {"line": line, "key": "plugin.version", "version": row.version}
        yield Fault(_("line %(line)s, key %(key)s: raise it above %(version)s", **place), NAME)
    enabled = session.scalars(select(Plugin).where(Plugin.state == ENABLED))
    if lack := found.manifest.missing({one.slug: one.version for one in enabled}):
        yield Fault(lack, NAME)


def _of_translations(source: Path, names: list[str]) -> Iterator[Fault]:
    for name in names:
        if name.endswith(".po"):
            try:
                with (source / name).open("rb") as file:
                    read_po(file, abort_invalid=True)
            except PoFileError as error:
                yield Fault(f"line {error.lineno + 1}: {error}", name)
            except Exception as error:  # what would break every page once it is enabled
                yield Fault(f"{type(error).__name__}: {error}", name)


def _of_declarations(world: World, found: Discovered, there: Collection[str]) -> list[str]:
    """Faults of what its files declare, in this house; ``there`` are its groups."""
    assert found.manifest is not None
    registrar = Registrar(found.manifest, found.path)
    others = [c for g in world.loaded.values() if g.slug != found.slug for c in g.contributions]
    try:
        registrar.declared()
        snapshot = compose(world.runtime.snapshot.number + 1, [*world.core, *others, *registrar.contributions])
    except ServiceFileError as error:
        return [str(problem) for problem in error.problems]
    except Exception as error:  # what loading would be refused for
        return [str(error)]
    groups = {*there, *(c.key for c in registrar.contributions if c.point == "group")}
    return [one.placed(found.path) for one in naming.unknown(registrar.contributions, snapshot, groups)]


def _of_stories(found: Discovered) -> list[str]:
    """Faults of its stories, which are lived through as before it is enabled."""
    told, faults = stories.read(found.path)
    if told and not faults:
        try:
            probe.probe(found.path.resolve(), found.slug)
        except probe.ProbeFailed as error:
            return str(error).splitlines()
    return [str(fault) for fault in faults]


def _fault(text: str, names: list[str]) -> Fault:
    """A fault with the file that its first word names, which is not said again in its text."""
    file = text.partition(":")[0].partition(",")[0]
    found = next((name for name in names if name == file or name.endswith(f"/{file}")), "")
    return Fault(PLACE.sub(r"line \1, ", text[len(file) :].lstrip(":, ")) if found else text, found)


def _names(source: Path) -> list[str]:
    found = [f.relative_to(source).as_posix() for f in files(source) if f.suffix in SUFFIXES and not f.is_symlink()]
    return sorted(found, key=lambda name: (name != NAME, name))


def _kind(line: str) -> Kind:
    return KINDS.get(line[:1], "same")


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")
