"""The probe: a plugin's code runs in a process of its own first, before anything changes.

It is imported and registers; its routers, their description and its templates are built; its quick tests and stories
run. The process has 1 GiB more than this one, 10 s of processor, 15 s of the clock (3 s for the import), no network
and no open file of ours, and what happens to it happens to nobody else.

It is forked from this process, which has the product imported already: a new one would import for two seconds, and one
kept ready would hold forty megabytes. What another thread held locked at that moment stays locked in a fork; so where
it did not end, the probe is made again in a process that was started anew, and that answer holds.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acm.kernel.loader import Generation

MEMORY, PROCESSOR, CLOCK, IMPORT = 1 << 30, 10, 15.0, 3.0
LONGEST = STARTING = 60.0
MOST_FILES = 65_536
IMPORTED = b"\1"
AT_WORK = 0.5
"""A fork that used less of its time than this share was waiting for something."""
BLOCKED = ("socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec",
           "os.posix_spawn", "os.fork")  # fmt: skip
DIED = {
    signal.SIGALRM: "its import took longer than 3 s",
    signal.SIGXCPU: "it used more than 10 s of the processor",
    signal.SIGKILL: "it took longer than 15 s or more memory than there is",
    signal.SIGSEGV: "it crashed the interpreter",
}


class StoodStill(Exception):
    """A fork used its time and no processor: it waits for something, perhaps for a lock that nobody will open."""


class ProbeFailed(ValueError):
    """The plugin did not pass; the text is for the administrator."""


def probe(folder: Path, slug: str, tests: Path | None = None) -> None:
    """Probe the files in a folder, with the quick tests in another; raises :class:`ProbeFailed`."""
    asked = [str(folder), slug, str(tests or "")]
    try:
        fault = forked(lambda imported: examine(folder, slug, asked[2], imported))
    except StoodStill:
        fault = _anew(asked)
    if fault:
        raise ProbeFailed(fault)


def _anew(asked: list[str]) -> str:
    """The same, forked from a process that was started for it and has no threads."""
    begun = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "acm.kernel.probe", *asked], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, timeout=STARTING + CLOCK,
        check=False,
    )  # fmt: skip
    return str(json.loads(begun.stdout)["fault"]) if begun.stdout else "the process that probes plugins does not start"


def main() -> None:
    """One probe: folder, slug and folder of tests are given, the fault is answered on stdout."""
    from acm.kernel import loader, world  # noqa: F401 - what a plugin will need

    folder, slug, tests = sys.argv[1:]
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a plugin prints goes where errors go
    try:
        fault = forked(lambda imported: examine(Path(folder), slug, tests, imported))
    except StoodStill as error:
        fault = str(error)
    with answer:
        answer.write(json.dumps({"fault": fault}))


def forked(work: Callable[[Callable[[], None]], str]) -> str:
    """What ``work`` returns, called in a fork within the limits; or how the fork came to its end. It calls what it is
    given once the import is over. Raises :class:`StoodStill`."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            _confine(writing)
            said = work(lambda: _tell(writing, IMPORTED))
        except BaseException as error:  # whatever a stranger raises
            said = f"{type(error).__name__}: {error}"
        _tell(writing, b"\0" + said.encode()[:4000])
        os._exit(0)
    os.close(writing)
    try:
        told = _told(child, reading).removeprefix(IMPORTED)
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        _pid, status = os.waitpid(child, 0)
    if told.startswith(b"\0"):
        return told[1:].decode(errors="replace")
    if os.WIFSIGNALED(status):
        return DIED.get(signal.Signals(os.WTERMSIG(status)), f"signal {os.WTERMSIG(status)} ended it")
    return f"it ended the process with {os.waitstatus_to_exitcode(status)}"


def _told(child: int, reading: int) -> bytes:
    """What the fork says until it ends, or until its time is over: that in which it waited for a busy processor does
    not count."""
    told, began = b"", time.monotonic()
    while True:
        took = time.monotonic() - began
        clock, ends = (CLOCK, signal.SIGKILL) if told.startswith(IMPORTED) else (IMPORT, signal.SIGALRM)
        ran, waited = _times(child)
        left = min(clock - took + waited, LONGEST - took)
        if left <= 0 and ran < AT_WORK * clock:
            raise StoodStill(DIED[ends])
        if left <= 0:
            os.kill(child, ends)
            return b""
        if select.select([reading], [], [], min(left, 0.25))[0]:
            part = os.read(reading, 4096)
            if not part:
                return told
            told += part


def _tell(answers: int, words: bytes) -> None:
    os.write(answers, words)


def _times(child: int) -> tuple[float, float]:
    """Seconds that a process has run, and that it was ready to run and had no processor."""
    try:
        ran, waited = Path(f"/proc/{child}/schedstat").read_text().split()[:2]
    except (OSError, ValueError):
        return 0.0, 0.0
    return int(ran) / 1e9, int(waited) / 1e9


def _confine(answers: int) -> None:
    """Leave this process nothing of the one it was forked from but its memory and the place where errors go."""
    from acm.kernel import isolation

    gc.freeze()  # a collection that walked all of this process would copy its memory
    isolation.detach()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdout = sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115 - as long as the process
    os.closerange(3, answers)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    os.closerange(answers + 1, MOST_FILES if most == resource.RLIM_INFINITY else most)
    with suppress(OSError):  # macOS has no /proc, and keeps no limit of addresses either
        memory = MEMORY + int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR, PROCESSOR + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    sys.addaudithook(_refuse)


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    import socket

    if event == "socket.connect" and args and getattr(args[0], "family", None) == socket.AF_UNIX:
        return
    if event in BLOCKED or (event == "socket.__new__" and args[1] not in (socket.AF_UNIX, -1)):
        raise PermissionError("a plugin reaches no network and starts no process while it is probed")


def examine(folder: Path, slug: str, tests: str, imported: Callable[[], None]) -> str:
    """What is wrong with a plugin's code, said by running it here; empty for nothing."""
    from fastapi import FastAPI

    from acm.kernel import discovery
    from acm.kernel.loader import LoadFailed, load

    try:
        generation = load(discovery.examine(folder, slug))
    except LoadFailed as error:
        return str(error)
    imported()
    for given in generation.contributions:
        if given.point == "router":
            app = FastAPI()
            app.include_router(given.value.router)
            app.openapi()
    templates = generation.templates
    for name in templates.list_templates(filter_func=lambda name: name.startswith(f"plugin:{slug}/")):
        templates.get_template(name)
    return (_quick_tests(generation.package, Path(tests)) if tests else "") or _stories(generation)


def _stories(generation: Generation) -> str:
    """What its stories expect and do not get, a line each."""
    from acm.kernel import stories

    told, faults = stories.read(generation.found.path)
    return "\n".join([str(fault) for fault in faults] or list(stories.alone(generation, told) if told else ()))


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
