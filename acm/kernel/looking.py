"""The parts of ``acm plugin check`` that look at screens: without signing in, with cases, and while everything fails."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NoReturn

from fastapi import APIRouter

from acm.kernel import calling, lifecycle
from acm.kernel.checking import Checking
from acm.kernel.guard import guarded, recent
from acm.kernel.isolation import here
from acm.kernel.loader import Generation
from acm.kernel.registrar import Mounted
from acm.kernel.trial import RAW, Trial
from acm.snapshot import Contribution


def anonymous(run: Checking) -> Iterator[str]:
    """What somebody gets who has not signed in."""
    asked = list(routes(run.trial.generation))
    run.said = f"{len(asked)} addresses"
    for method, path in asked:
        answer = run.trial.get(path, method=method)
        if answer.status_code in (401, 403, 404):
            continue
        if answer.status_code not in (302, 303) or "/login" not in answer.headers.get("location", ""):
            yield f"{method} {path} answers {answer.status_code} to somebody who has not signed in"


def routes(generation: Generation) -> Iterator[tuple[str, str]]:
    """Every address of a plugin, parameters filled with 1."""
    for given in generation.contributions:
        if given.point == "router":
            prefix = ("/api/p/" if given.key.endswith(":api") else "/p/") + generation.slug
            for full, methods in _flat(given.value.router.routes):
                path = "/".join("1" if part.startswith("{") else part for part in full.split("/"))
                for method in sorted(methods - {"HEAD", "OPTIONS"}):
                    yield method, prefix + path
        elif given.point == "feed":
            yield "GET", f"/feeds/{generation.slug}/{given.key.partition(':')[2]}/nobody"


def _flat(listed: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, set[str]]]:
    """Path and methods of every route of a router, and of the routers it includes."""
    for route in listed:
        if (included := getattr(route, "original_router", None)) is not None:
            yield from _flat(included.routes, prefix + route.include_context.prefix)
        elif getattr(route, "methods", None):
            yield prefix + route.path, set(route.methods)


def _screens(run: Checking) -> dict[str, str]:
    """Core screens on which something of the plugin stands, by the place."""
    points = {c.point for c in run.trial.generation.contributions}
    cases = [n for key, n in run.trial.pages.items() if not n.startswith("TRIAL-")]
    others = [n for n in run.trial.pages.values() if n.startswith("TRIAL-")]
    panels = [c.key for c in run.trial.generation.contributions if c.point == "panel"]
    at = {"portal.home": "/", "queue.column": "/cases", "person.aside": "/people/employee", "menu": "/cases"}
    if panels:
        at["panel.widget"] = f"/kpi/{panels[0]}"
    if cases:
        at["case.aside"] = at["case.tabs"] = f"/cases/{cases[0]}"
    if others:
        at["page.aside"] = f"/pages/{others[0]}"
    return {place: path for place, path in at.items() if {place, f"slot:{place}"} & points}


def drawn(run: Checking) -> Iterator[str]:
    """Every place, panel, queue and screen without parameters, over the cases of the trial."""
    house, given = run.trial, run.trial.generation.contributions
    panels = {c.key: c.value for c in given if c.point == "panel"}
    paths = [*_screens(run).values(), *(f"/queues/{c.key}" for c in given if c.point == "queue")]
    paths += [f"/kpi/{key}" for key in panels]
    paths += [f"/cases/{n}" if not n.startswith("TRIAL-") else f"/pages/{n}" for n in house.pages.values()]
    paths += [
        path for method, path in routes(run.trial.generation) if method == "GET" and not path.startswith("/feeds")
    ]
    for path in dict.fromkeys(paths):
        answer = house.get(path, "worker")
        if answer.status_code >= 500 or (not path.startswith(("/p/", "/api/")) and answer.status_code != 200):
            yield f"{path} answers {answer.status_code}"
        if RAW in answer.text and "html" in answer.headers.get("content-type", ""):
            yield f"{path} shows a title unescaped"
    yield from (f"{failure.point}: {failure.line} ({failure.place})" for failure in recent.get(run.slug, ()))
    shown = 0
    for key, panel in panels.items():
        shown += len(panel.widgets)
        yield from _in_time(run, key, panel)
    run.said = f"{len(set(paths))} screens, {shown} widgets, {house.cases} cases"


def _in_time(run: Checking, key: str, panel: Any) -> Iterator[str]:
    """A panel's widgets come out of one question to the database: together they have the budget of each."""
    assert run.found.manifest is not None
    budget, best = run.found.manifest.budgets.widget_ms * len(panel.widgets) / 1000, float("inf")
    for _time in range(3):
        began = time.perf_counter()
        run.trial.get(f"/kpi/{key}", "worker")
        best = min(best, time.perf_counter() - began)
    if best > budget:
        yield f"/kpi/{key} takes {best * 1000:.0f} ms over {run.trial.cases} cases, its widgets have {budget * 1000:.0f}"


def through_the_door(run: Checking) -> Iterator[str]:
    """Every statement since the beginning was watched."""
    for door in run.doors:
        place = re.sub(rf"^.*/{run.slug}/[0-9a-f]{{64}}/", f"{run.slug}/", door.place)
        yield f"{place}: read pages by ctx.pages and ctx.cases, not past them"


def raising(run: Checking) -> Iterator[str]:
    """The same plugin, each of whose callables raises."""
    house, generation = run.trial, run.trial.generation
    twin = replace(generation, contributions=tuple(_broken(c, generation) for c in generation.contributions), apps={})
    others = [g for g in house.world.loaded.values() if g.slug != run.slug]
    broken = house.world.compose([*others, twin], house.world.rows.values())
    house.runtime.snapshot = broken
    try:
        tried = 0
        for place, path in _screens(run).items():
            if place == "menu":
                continue
            answer, tried = house.get(path, "worker"), tried + 1
            if answer.status_code != 200 or f'data-plugin="{run.slug}"' not in answer.text:
                yield f"{place}: the failure is not shown in its place on {path} ({answer.status_code})"
        for method, path in routes(twin):
            if method == "GET" and not path.startswith("/feeds"):
                answer, tried = house.get(path, "worker"), tried + 1
                if answer.status_code not in (403, 502):
                    yield f"{path}: a failure answers {answer.status_code}"
        for given in twin.contributions:
            if given.point.startswith(("veto:", "filter:")):
                tried += 1
                yield from _unharmed(house, given)
        run.said = f"{tried} places"
    finally:
        lifecycle.publish(house.runtime)
        here().begin(run.slug)


def _fail(*_args: Any, **_options: Any) -> NoReturn:
    raise RuntimeError("the check lets everything raise")


def _broken(given: Contribution, generation: Generation) -> Contribution:
    """The same contribution, which raises when it is called."""
    slug = generation.slug
    kind, _colon, place = given.point.partition(":")
    assert generation.found.manifest is not None
    if kind == "slot":
        return replace(given, value=guarded(slug, f"slot {place}", _fail))
    if kind == "router":
        router = APIRouter()
        for path, methods in _flat(given.value.router.routes):
            router.add_api_route(path, _refuse, methods=sorted(methods))
        return replace(given, value=Mounted(router, given.value.permission))
    if kind == "veto":
        refuses = generation.found.manifest.permissions.uses.on_failure == "refuse"
        return replace(given, value=calling.asked(slug, place, _fail, ("*",), refuses=refuses))
    return replace(given, value=calling.filtering(slug, place, _fail)) if kind == "filter" else given


def _refuse() -> None:
    _fail()


def _unharmed(house: Trial, given: Contribution) -> Iterator[str]:
    """A failing veto says what the manifest promises, a failing filter leaves the value."""
    with house.writing() as session:
        declared = next((c.value for c in house.runtime.snapshot.each("page_type") if c.plugin == house.slug), None)
        if given.point.startswith("filter:"):
            if given.value(session, "as it was", {}) != "as it was":
                yield f"{given.point}: the value is lost when it fails"
        elif declared is not None:
            given.value(session, declared, {})
