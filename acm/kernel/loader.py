"""Loading one generation of a plugin under a package name of its own, beside those that still serve."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import logging
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import jinja2
from fastapi import FastAPI, routing
from fastapi.dependencies import models as dependencies

from acm.i18n import translator
from acm.kernel.choices import defaults
from acm.kernel.discovery import Discovered
from acm.kernel.guard import note
from acm.kernel.living import Life
from acm.kernel.registrar import Registrar
from acm.snapshot import Contribution
from acm.web.templating import TEMPLATES
from acm.web.templating import environment as core_templates

PACKAGE = "acm_plugins"
_numbers = itertools.count(1)


class LoadFailed(ValueError):
    """The plugin could not be loaded; the text is for the administrator."""


class _Uncached(SourceFileLoader):
    """Reads sources only: bytecode is kept by seconds and size, and would run the version before an edit."""

    def path_stats(self, path: str) -> Mapping[str, Any]:
        raise OSError("no bytecode of a plugin is kept")


class _Finder:
    """Finds ``acm_plugins.<slug>_g<n>`` and its modules in the folder of that generation."""

    def __init__(self) -> None:
        self.folders: dict[str, Path] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package = ".".join(name.split(".")[:2])
        if package not in self.folders:
            return None
        place = self.folders[package].joinpath(*name.split(".")[2:])
        if (place / "__init__.py").is_file():
            file, inside = place / "__init__.py", [str(place)]
        elif (file := place.with_name(place.name + ".py")).is_file() and name != package:
            inside = None
        else:
            return None
        loader = _Uncached(name, str(file))
        return importlib.util.spec_from_file_location(name, file, loader=loader, submodule_search_locations=inside)


_finder = _Finder()


@dataclass(frozen=True)
class Generation:
    """One load of one version: what it contributes, and the package that holds its code."""

    found: Discovered
    package: str
    contributions: tuple[Contribution, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    apps: dict[str, FastAPI] = field(default_factory=dict)
    life: Life = field(default_factory=lambda: Life(""))

    @property
    def slug(self) -> str:
        return self.found.slug

    @property
    def is_hot(self) -> bool:
        """Whether another version may take its place while the process runs."""
        return self.found.manifest is None or self.found.manifest.plugin.hot

    @property
    def version(self) -> str:
        return self.found.manifest.plugin.version if self.found.manifest else ""

    @cached_property
    def templates(self) -> jinja2.Environment:
        """The core's templates and, under ``plugin:<slug>/``, the generation's own; its cache goes with it. There
        ``plugin_file("loans.css")`` is the address of a file in ``static/``."""
        core = core_templates()
        own = jinja2.FileSystemLoader(self.found.path / "templates")
        made = core.overlay(
            loader=jinja2.ChoiceLoader([jinja2.PrefixLoader({f"plugin:{self.slug}": own}), OfCore(TEMPLATES)])
        )
        files = f"/p/{self.slug}/static/{self.found.hash}/"
        made.globals = {**core.globals, "plugin_file": lambda name: files + name}
        return made


class OfCore(jinja2.FileSystemLoader):
    """The core's templates as they are compiled already: not once more in each generation."""

    def load(
        self,
        environment: jinja2.Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002, as Jinja names it
    ) -> jinja2.Template:
        return core_templates().get_template(name)


def load(found: Discovered, settings: Mapping[str, Any] | None = None) -> Generation:
    """Import a plugin's package and let it register; raises :class:`LoadFailed` and leaves nothing behind."""
    if found.manifest is None or not found.is_valid:
        raise LoadFailed(found.fault)
    package = f"{PACKAGE}.{found.slug}_g{next(_numbers)}"
    registrar = Registrar(found.manifest, found.path)
    try:
        registrar.declared()
        if found.manifest.plugin.python:
            _register(_import(package, found), registrar)
    except (Exception, SystemExit) as error:  # whatever a stranger's module raises at import
        forget(package)
        note(found.slug, "register", error)
        raise LoadFailed(f"{type(error).__name__}: {error}") from error
    known = MappingProxyType({**defaults(found.schema), **(settings or {})})
    return Generation(found, package, tuple(registrar.contributions), known, life=registrar.life)


def forget(package: str) -> None:
    """Take the modules of a generation out of the interpreter's list; running calls keep their own."""
    _finder.folders.pop(package, None)
    for name in [name for name in list(sys.modules) if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]
    with suppress(AttributeError, KeyError):  # it was never imported
        delattr(sys.modules[PACKAGE], package.rpartition(".")[2])


def unload(generation: Generation) -> None:
    """Let go of a generation for good: its modules, its applications, and what libraries keep of its functions."""
    forget(generation.package)
    _take_handlers(generation.package)
    generation.apps.clear()
    if any(given.point == "locale" for given in generation.contributions):
        translator.cache_clear()
    _clear_caches()


def _take_handlers(package: str) -> None:
    """Take off what a plugin's code has hung on loggers: it would hold the code, and be called, for ever."""
    for logger in [logging.root, *list(logging.root.manager.loggerDict.values())]:
        for handler in list(getattr(logger, "handlers", ())):
            parts = [handler, handler.formatter, *handler.filters]
            if any(_module(one).startswith(package) for one in parts if one is not None):
                logger.removeHandler(handler)  # type: ignore[union-attr]
                with suppress(Exception):  # a stranger's close()
                    handler.close()
        for one in list(getattr(logger, "filters", ())):
            if _module(one).startswith(package):
                logger.removeFilter(one)  # type: ignore[union-attr]


def _module(value: Any) -> str:
    return getattr(value, "__module__", None) or type(value).__module__


def _clear_caches() -> None:
    """FastAPI's caches hold every endpoint they ever saw, and through it the module it stands in."""
    for kept in vars(dependencies).values():
        if callable(clear := getattr(kept, "cache_clear", None)):
            clear()
    with suppress(AttributeError):  # a private name: a test measures whether it still suffices
        routing._endpoint_context_cache.clear()


def _import(package: str, found: Discovered) -> ModuleType:
    if PACKAGE not in sys.modules:
        parent = ModuleType(PACKAGE)
        parent.__path__ = []
        sys.modules[PACKAGE] = parent
    if _finder not in sys.meta_path:
        sys.meta_path.append(_finder)
    _finder.folders[package] = found.path
    return importlib.import_module(package)


def _register(module: ModuleType, registrar: Registrar) -> None:
    register = getattr(module, "register", None)
    if not callable(register):
        raise LoadFailed("__init__.py has no register(p)")
    register(registrar)
