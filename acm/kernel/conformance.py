"""``acm plugin check PATH``: does a plugin keep its part of the contract? Shown in a house made for it, then thrown
away.

Each of :data:`STEPS` gives what is wrong, a sentence each that says what to do, and, where it has looked at something
countable, how much that was. The first three need no house; after one that fails there the rest cannot be tried.
"""

from __future__ import annotations

import gc
import tempfile
import time
import types
from collections.abc import Iterator
from html import escape
from pathlib import Path

from sqlalchemy import inspect, select

from acm import clock
from acm.errors import Problem
from acm.journal import Origin
from acm.kernel import lifecycle, naming, probe, purging, stories, trial, wording
from acm.kernel.checking import Checking, Line, Step
from acm.kernel.discovery import examine
from acm.kernel.loader import Generation, LoadFailed, load, unload
from acm.kernel.looking import anonymous, drawn, raising, routes, through_the_door
from acm.kernel.models import DISABLED, ENABLED, Plugin
from acm.kernel.recording import watching
from acm.kernel.trial import TITLE, OpenApp, Trial
from acm.pages.models import Page
from acm.pages.visibility import unrestricted
from acm.taxonomy.models import Vocabulary

CASES, CYCLES, MOST = 300, 20, 30
WARM = 3


def check(path: Path, open_app: OpenApp, others: Path, *, cases: int = CASES, cycles: int = CYCLES) -> Iterator[Line]:
    """Check the plugin in a folder; ``others`` is where plugins lie that it may require. A line as each step ends."""
    run = Checking(examine(path.resolve()), cases, cycles)
    for subject, step in BEFORE:
        yield (line := _tried(run, subject, step))
        if not line.is_well and subject in NEEDED:
            return
    with (
        tempfile.TemporaryDirectory(prefix="acm-check-") as folder,
        watching() as run.doors,
        trial.opened(run.found.path, open_app, Path(folder), others) as run.house,
    ):
        for subject, step in INSIDE:
            yield (line := _tried(run, subject, step))
            if not line.is_well and subject in NEEDED:
                return


def _tried(run: Checking, subject: str, step: Step) -> Line:
    run.said, run.hints = "", []
    try:
        faults = list(dict.fromkeys(step(run)))
    except Problem as problem:
        faults = [str(problem)]
    if len(faults) > MOST:
        faults = [*faults[:MOST], f"and {len(faults) - MOST} more of the kind"]
    return Line(subject, run.said, tuple(faults), tuple(run.hints))


def _files(run: Checking) -> Iterator[str]:
    """The manifest and the code as text."""
    if run.found.is_valid and run.found.manifest:
        run.said = f"{run.slug} {run.found.manifest.plugin.version}"
        yield from run.found.warnings
    else:
        yield from run.found.fault.split("; ")


def _probed(run: Checking) -> Iterator[str]:
    """The code in a process apart, with its quick tests."""
    assert run.found.manifest is not None
    tests, told = run.found.path / "tests", len(stories.read(run.found.path)[0])
    quick = len(list(tests.glob("test_quick*.py"))) if run.found.manifest.plugin.python else 0
    run.said = f"{quick} files of quick tests, {told} stories"
    if run.found.manifest.plugin.python or told:
        try:
            probe.probe(run.found.path, run.slug, tests if tests.is_dir() else None)
        except probe.ProbeFailed as error:
            yield from str(error).splitlines()


def _twice(run: Checking) -> Iterator[str]:
    """Two generations side by side, as while a new version comes."""
    loaded: list[Generation] = []
    try:
        loaded += [load(run.found)]
        loaded += [load(run.found)]
        run.said = f"{len(loaded[0].contributions)} contributions"
        first, second = (sorted((c.point, c.key) for c in one.contributions) for one in loaded)
        if first != second:
            yield "the second load registers other things than the first: keep no state in modules"
        yield from _old_shapes(loaded[0])
    except LoadFailed as error:
        yield str(error)
    finally:
        for one in loaded:
            unload(one)


def _old_shapes(generation: Generation) -> Iterator[str]:
    """Each earlier shape of the stored data has its way to the present one."""
    assert generation.found.manifest is not None
    upgrades: dict[tuple[str, int], object] = next(
        (c.value.steps for c in generation.contributions if c.key == f"{generation.slug}.upgrade"), {}
    )
    for version in range(1, generation.found.manifest.plugin.data_version):
        if version not in {from_ for _type, from_ in upgrades}:
            yield f"data of version {version} is not brought up: add p.upgrade(from_={version}, fn=…)"


def _translatable(run: Checking) -> Iterator[str]:
    generation = load(run.found)
    yield from wording.untranslated(generation)
    unload(generation)


def _escaping(run: Checking) -> Iterator[str]:
    generation = load(run.found)
    yield from wording.unescaped(generation)
    unload(generation)


def _enabled(run: Checking) -> Iterator[str]:
    """Enabled as an administrator would, in a company that has what it names."""
    generation = load(run.found)
    trial.need(run.trial, generation)
    unload(generation)
    with run.trial.database.reading() as session:
        run.tables = set(inspect(session.connection()).get_table_names())
    began = time.perf_counter()
    run.trial.enable()
    run.said = f"in {time.perf_counter() - began:.1f} s"
    yield from (f"{fault} (it is left out)" for fault in run.trial.world.faults.values())
    run.given = run.trial.generation.contributions
    trial.settle(run.trial)
    run.trial.live(run.cases)


def _known(run: Checking) -> Iterator[str]:
    """What its parts call by name is there; a group may be the company's own."""
    snapshot = run.trial.runtime.snapshot
    lacking = naming.unknown(run.given, snapshot, {c.key for c in snapshot.each("group")})
    yield from (one.placed(run.found.path) for one in lacking if one.sort != naming.GROUP)
    first = {one.name: one for one in reversed(lacking) if one.sort == naming.GROUP}
    for name, one in sorted(first.items()):
        near = f" (did you mean {one.near!r}?)" if one.near else ""
        said = f"the company must have the group {name!r}{near}, or bring it in taxonomies/groups.yaml"
        run.hints.append(one.placed(run.found.path, said))


def _stories(run: Checking) -> Iterator[str]:
    """``tests/*.yaml``: cases and forms go as the file tells, in a house with all that the plugin needs."""
    told, faults = stories.read(run.found.path)
    run.said = f"{len(told)} told" if told else "none: tell how a case goes in tests/stories.yaml"
    house = stories.House(
        run.trial.database,
        run.trial.runtime.snapshot,
        {"settings": run.trial.runtime.settings, "runtime": run.trial.runtime},
    )
    yield from [str(fault) for fault in faults] or stories.lived(house, told, run.slug)
    run.trial.follow()


def _cycles(run: Checking) -> Iterator[str]:
    """Disabled and enabled again and again; functions of old generations must go."""
    for _time in range(WARM):
        _turn(run.trial)
    before = _alive(run.slug)
    for _time in range(run.cycles):
        _turn(run.trial)
    after = _alive(run.slug)
    run.said = f"{run.cycles} times, {after} functions alive"
    if after > before:
        yield f"{after - before} functions of earlier loads stay alive: nothing outside may hold them (caches, listeners, threads)"


def _turn(house: Trial) -> None:
    """Off and on again as a process follows it: a new load each time, without the probe."""
    for state in (DISABLED, ENABLED):
        with house.writing() as session:
            row = lifecycle.claim(session, house.slug, None)
            row.state = state
            lifecycle.changed(session, row, f"plugin.{state}", Origin(None, clock.now()), {"plugin": house.slug})
        lifecycle.publish(house.runtime)
        house.rest()
    house.get("/", "worker")
    for method, path in routes(house.generation):
        if method == "GET":
            house.get(path, "worker")
            break


def _alive(slug: str) -> int:
    gc.collect()
    prefix = f"acm_plugins.{slug}_g"
    return sum(
        isinstance(one, types.FunctionType) and str(one.__module__).startswith(prefix) for one in gc.get_objects()
    )


def _readable(run: Checking) -> Iterator[str]:
    """What people wrote is there while the plugin is off."""
    run.trial.disable()
    run.said = f"{len(run.trial.pages)} types"
    for key, number in run.trial.pages.items():
        path = f"/pages/{number}" if number.startswith("TRIAL-") else f"/cases/{number}"
        answer = run.trial.get(path, "worker")
        if answer.status_code != 200 or escape(TITLE) not in answer.text:
            yield f"{key}: {path} answers {answer.status_code} while the plugin is off"
    for method, path in _routes_of(run):
        if method == "GET" and run.trial.get(path, "worker").status_code != 404:
            yield f"{path} still answers while the plugin is off"


def _routes_of(run: Checking) -> Iterator[tuple[str, str]]:
    generation = load(run.found)
    yield from routes(generation)
    unload(generation)


def _uninstalled(run: Checking) -> Iterator[str]:
    """Removed for good; what stays was asked for: the export, the journal, numbers without words, groups, sums."""
    house = run.trial
    with house.writing() as session:
        purging.purge(session, house.runtime, run.slug, Origin(None, clock.now()), confirmed=run.slug)
    lifecycle.publish(house.runtime)
    purging.forget_files(house.runtime, run.slug)
    run.said = "the export and the journal stay"
    with house.database.reading() as session:
        left = set(inspect(session.connection()).get_table_names()) - run.tables
        yield from (f"the table {name} stays: name it pl_{run.slug}_…" for name in sorted(left))
        pages = select(Page.number).where(Page.type.startswith(f"{run.slug}."), Page.title != purging.REMOVED)
        for number in session.scalars(unrestricted(pages, "check of a plugin")):
            yield f"the words of {number} stay"
        kinds = select(Vocabulary.key).where(Vocabulary.plugin == run.slug)
        yield from (f"the vocabulary {key} stays" for key in session.scalars(kinds))
        if session.get(Plugin, run.slug) is not None:
            yield "its row stays"
    for service in (c.key for c in run.given if c.point == "service"):
        if house.get(f"/services/{service}", "employee").status_code != 404:
            yield f"the service {service} stays in the catalogue"


BEFORE: tuple[tuple[str, Step], ...] = (
    ("files", _files), ("probe", _probed), ("twice", _twice), ("texts", _translatable), ("escaping", _escaping),
)  # fmt: skip
INSIDE: tuple[tuple[str, Step], ...] = (
    ("enable", _enabled), ("names", _known), ("stories", _stories), ("anonymous", anonymous), ("drawn", drawn),
    ("door", through_the_door), ("raising", raising), ("cycles", _cycles), ("readable", _readable),
    ("removal", _uninstalled),
)  # fmt: skip
NEEDED = frozenset({"files", "probe", "twice", "enable"})
