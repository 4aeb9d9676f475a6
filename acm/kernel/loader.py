"""Loading one generation of a plugin under a package name of its own, beside those that still serve."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from dataclasses import dataclass
from types import ModuleType

from acm.kernel.discovery import Discovered
from acm.kernel.guard import note
from acm.kernel.registrar import Registrar
from acm.snapshot import Contribution

PACKAGE = "acm_plugins"
_numbers = itertools.count(1)


class LoadFailed(ValueError):
    """The plugin could not be loaded; the text is for the administrator."""


@dataclass(frozen=True)
class Generation:
    """One load of one version: what it contributes, and the package that holds its code."""

    found: Discovered
    package: str
    contributions: tuple[Contribution, ...]

    @property
    def slug(self) -> str:
        return self.found.slug


def load(found: Discovered) -> Generation:
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
    return Generation(found, package, tuple(registrar.contributions))


def forget(package: str) -> None:
    """Take the modules of a generation out of the interpreter's list; running calls keep their own."""
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]


def _import(package: str, found: Discovered) -> ModuleType:
    if PACKAGE not in sys.modules:
        parent = ModuleType(PACKAGE)
        parent.__path__ = []
        sys.modules[PACKAGE] = parent
    spec = importlib.util.spec_from_file_location(
        package, found.path / "__init__.py", submodule_search_locations=[str(found.path)]
    )
    if spec is None or spec.loader is None:
        raise LoadFailed("__init__.py cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[package] = module
    spec.loader.exec_module(module)
    return module


def _register(module: ModuleType, registrar: Registrar) -> None:
    register = getattr(module, "register", None)
    if not callable(register):
        raise LoadFailed("__init__.py has no register(p)")
    register(registrar)
