"""The probe: a plugin's code runs in a process of its own first, before anything changes.

It is imported and registers; its routers, their description and its templates are built; its quick tests run. The
process has 1 GiB, 10 s of processor, 15 s of the clock (3 s for the import) and no network, and what happens to it
happens to nobody else. ``python -m acm.kernel.probe`` is a host that has the product imported already and forks for
each plugin, so that a probe takes a fraction of a second; it ends by itself after a minute without work.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

MEMORY, PROCESSOR, CLOCK, IMPORT = 1 << 30, 10, 15.0, 3.0
IDLE = 60.0
STARTING = 60.0
BLOCKED = ("socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec",
           "os.posix_spawn", "os.fork")  # fmt: skip
DIED = {
    signal.SIGALRM: "its import took longer than 3 s",
    signal.SIGXCPU: "it used more than 10 s of the processor",
    signal.SIGKILL: "it took longer than 15 s or more memory than there is",
    signal.SIGSEGV: "it crashed the interpreter",
}


class ProbeFailed(ValueError):
    """The plugin did not pass; the text is for the administrator."""


class Host:
    """The process that probes, started at need. One for a process of the product."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def probe(self, folder: Path, slug: str, tests: Path | None = None) -> None:
        """Probe the files in a folder, with the quick tests in another; raises :class:`ProbeFailed`."""
        asked = json.dumps({"folder": str(folder), "slug": slug, "tests": str(tests or "")})
        with self._lock:
            fault = self._ask(asked) if self._process and self._process.poll() is None else None
            if fault is None:
                self._start()
                fault = self._ask(asked)
        if fault is None:
            raise ProbeFailed("the process that probes plugins does not start")
        if fault:
            raise ProbeFailed(fault)

    def warm(self) -> None:
        """Start the host in good time, as when an administrator looks at the plugins."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "acm.kernel.probe"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip

    def _ask(self, asked: str) -> str | None:
        """The fault that the host found, empty for none; None when the host has gone."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(asked + "\n")
            self._process.stdin.flush()
        except OSError:
            return None
        if not select.select([self._process.stdout], [], [], STARTING + CLOCK)[0]:
            self._process.kill()
            return None
        line = self._process.stdout.readline()
        return str(json.loads(line)["fault"]) if line else None


host = Host()


def main() -> None:
    """The host: a request a line on stdin, an answer a line on stdout."""
    from acm.kernel import loader, world  # noqa: F401 - what a plugin will need is imported once

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a plugin prints goes where errors go
    while select.select([sys.stdin], [], [], IDLE)[0] and (line := sys.stdin.readline()):
        asked = json.loads(line)
        fault = forked(lambda asked=asked: examine(Path(asked["folder"]), asked["slug"], asked["tests"]))  # type: ignore[misc]
        answers.write(json.dumps({"fault": fault}) + "\n")
        answers.flush()


def forked(work: Callable[[], str]) -> str:
    """What ``work`` returns, called in a child within the limits; or how the child came to its end."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _confine()
        try:
            said = work()
        except BaseException as error:  # whatever a stranger raises
            said = f"{type(error).__name__}: {error}"
        os.write(writing, b"\0" + said.encode()[:4000])
        os._exit(0)
    os.close(writing)
    told, until = b"", time.monotonic() + CLOCK
    while select.select([reading], [], [], max(0.0, until - time.monotonic()))[0] and (part := os.read(reading, 4096)):
        told += part
    os.close(reading)
    os.kill(child, signal.SIGKILL)
    _pid, status = os.waitpid(child, 0)
    if told.startswith(b"\0"):
        return told[1:].decode(errors="replace")
    if os.WIFSIGNALED(status):
        return DIED.get(signal.Signals(os.WTERMSIG(status)), f"signal {os.WTERMSIG(status)} ended it")
    return f"it ended the process with {os.waitstatus_to_exitcode(status)}"


def _confine() -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR, PROCESSOR + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, IMPORT)
    sys.addaudithook(_refuse)


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    import socket

    if event == "socket.connect" and args and getattr(args[0], "family", None) == socket.AF_UNIX:
        return
    if event in BLOCKED or (event == "socket.__new__" and args[1] not in (socket.AF_UNIX, -1)):
        raise PermissionError("a plugin reaches no network and starts no process while it is probed")


def examine(folder: Path, slug: str, tests: str = "") -> str:
    """What is wrong with a plugin's code, said by running it here; empty for nothing."""
    from fastapi import FastAPI

    from acm.kernel import discovery
    from acm.kernel.loader import LoadFailed, load

    try:
        generation = load(discovery.examine(folder, slug))
    except LoadFailed as error:
        return str(error)
    signal.setitimer(signal.ITIMER_REAL, 0)
    for given in generation.contributions:
        if given.point == "router":
            app = FastAPI()
            app.include_router(given.value.router)
            app.openapi()
    templates = generation.templates
    for name in templates.list_templates(filter_func=lambda name: name.startswith(f"plugin:{slug}/")):
        templates.get_template(name)
    return _quick_tests(generation.package, Path(tests)) if tests else ""


def _quick_tests(package: str, folder: Path) -> str:
    """The functions ``test_*`` without parameters in ``tests/test_quick*.py``; the first that fails, with its line."""
    for file in sorted(folder.glob("test_quick*.py")):
        module = ModuleType(f"{package}.tests.{file.stem}")
        module.__package__, module.__file__ = f"{package}.tests", str(file)
        tests = ModuleType(f"{package}.tests")
        tests.__path__ = [str(folder)]
        sys.modules[tests.__name__] = tests
        try:
            exec(compile(file.read_text(encoding="utf-8"), file, "exec"), vars(module))  # noqa: S102 - a plugin's own
            for name, test in list(vars(module).items()):
                if name.startswith("test_") and callable(test) and not test.__code__.co_argcount:
                    test()
        except Exception as error:  # a stranger's test
            places = [one for one in traceback.extract_tb(error.__traceback__) if one.filename == str(file)]
            line = places[-1].lineno if places else 1
            return f"tests/{file.name}, line {line}: {type(error).__name__}: {error}"
    return ""


if __name__ == "__main__":
    main()
