"""Plugins switched under load: enable, memory over cycles, hot swaps, how fast workers follow, deaths, a hundred plugins.

    python -m benchmarks.plugins [--only NAME] [--quick] [--swaps N] [--cycles N] [--workers N] [--plugins N] [--clients N]

Parts: enable, cycles, swaps, follow, deaths, many. On a temporary SQLite database; each prints its figure beside its budget.
"""

from __future__ import annotations

import argparse
import http.client
import json
import logging
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from sqlalchemy import func, select

from acm import clock, migrating, tables
from acm.app import Application, create_app
from acm.db import Database
from acm.journal import Origin
from acm.kernel import lifecycle
from acm.kernel.models import Plugin, PluginWorkerState
from acm.people import setup
from acm.people.signin import issue_token
from acm.settings import Settings
from benchmarks.asking import Asker

ROOT = Path(__file__).parents[1]
SERVE = "from acm.cli import main; main()"
MANIFEST = '[plugin]\nslug = "{slug}"\nname = {{ en = "{slug}" }}\nversion = "{version}"\n'
CODE = """
import asyncio
from fastapi import APIRouter
from pydantic import BaseModel
from acm.sdk import router

VERSION = "{version}"
pages, api = router(), APIRouter()

class Answer(BaseModel):
    first: str
    then: str

@api.get("/long")
async def long() -> Answer:
    await asyncio.sleep(0.02)
    from .later import VERSION as then
    return Answer(first=VERSION, then=then)

@api.get("/short")
def short() -> Answer:
    return Answer(first=VERSION, then=VERSION)

def register(p):
    p.router(pages)
    p.router(api, at="api")
"""


KILLS = """
import os
from fastapi import APIRouter

api = APIRouter()

@api.get("/die")
def die() -> None:
    os._exit(9)

def register(p):
    p.router(api, at="api")
"""


@dataclass
class Installation:
    """An installation in a folder with an administrator, and plugins written at need."""

    folder: Path
    settings: Settings = field(init=False)
    token: str = field(init=False)

    def __post_init__(self) -> None:
        self.settings = Settings(
            data_dir=self.folder / "var",
            secret_key="a key of no value",
            search="sqlite",
            plugin_path=self.folder / "plugins",
        )
        self.settings.plugin_path.mkdir(parents=True)
        tables.load()
        database = Database(self.settings.url)
        migrating.migrate(database)
        with database.writing() as session:
            setup.ensure_roles(session)
            setup.close(session, clock.now())
            admin = setup.add_person(session, login="bench", given="B", family="B", email="", now=clock.now())
            scopes = ["read", "write"]
            self.token = issue_token(session, admin, name="bench", scopes=scopes, days=None, now=clock.now())
        database.dispose()

    def write(self, slug: str, version: str, code: str = CODE) -> None:
        folder = self.settings.plugin_path / slug
        folder.mkdir(exist_ok=True)
        (folder / "plugin.toml").write_text(MANIFEST.format(slug=slug, version=version))
        (folder / "__init__.py").write_text(code.replace("{version}", version))
        (folder / "later.py").write_text(f'VERSION = "{version}"\n')

    def switch(self, app: Application, slug: str, version: str = "", *, off: bool = False) -> None:
        runtime, origin = app.runtime, Origin(None, clock.now())
        with runtime.db.writing(runtime.snapshot) as session:
            if off:
                lifecycle.disable(session, runtime, slug, origin)
            else:
                lifecycle.enable(session, runtime, slug, origin, version=version)
        lifecycle.publish(runtime)

    @contextmanager
    def serving(self, workers: int) -> Iterator[int]:
        """``acm serve`` on a free port, until the end of the block."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        names = ("data_dir", "secret_key", "search", "plugin_path")
        given = {f"ACM_{name.upper()}": str(getattr(self.settings, name)) for name in names}
        command = [sys.executable, "-c", SERVE, "serve", "--port", str(port), "--workers", str(workers), "--no-worker"]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(command, env={**os.environ, **given}, stdout=quiet, stderr=quiet, cwd=ROOT) as process:
            try:
                until(lambda: answers(port), 120)
                yield port
            finally:
                process.terminate()


def answers(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False


def until(holds: Callable[[], bool], seconds: float, pause: float = 0.05) -> None:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("what was waited for did not come")
        time.sleep(pause)


class Client(threading.Thread):
    """Asks by turns until it is told to stop; counts what it got."""

    def __init__(self, port: int, token: str, paths: tuple[str, ...]) -> None:
        super().__init__(daemon=True)
        self.port, self.paths, self.headers = port, paths, {"authorization": f"Bearer {token}"}
        self.stopping = threading.Event()
        self.asked = self.failed = self.mixed = 0
        self.milliseconds: list[float] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.stopping.is_set():
            for path in self.paths:
                self._ask(connection, path)

    def ask(self, path: str) -> int:
        """One request; 0 when nobody answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path, headers=self.headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0

    def _ask(self, connection: http.client.HTTPConnection, path: str) -> None:
        began = time.perf_counter()
        self.asked += 1
        try:
            connection.request("GET", path, headers=self.headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self.failed += 1
            connection.close()
            return
        self.milliseconds.append((time.perf_counter() - began) * 1000)
        self.failed += answer.status != 200
        if path.startswith("/api/p/") and answer.status == 200:
            told = json.loads(body)
            self.mixed += told["first"] != told["then"]


@contextmanager
def load(place: Installation, port: int, clients: int, paths: tuple[str, ...]) -> Iterator[list[Client]]:
    running = [Client(port, place.token, paths) for _each in range(clients)]
    for client in running:
        client.start()
    yield running
    for client in running:
        client.stopping.set()
    for client in running:
        client.join(timeout=60)


def enable(place: Installation, given: argparse.Namespace) -> None:
    app = create_app(place.settings)
    taken, worked = [], []
    for turn in range(11):
        place.write("timed", f"1.0.{turn}")
        began, before = time.perf_counter(), sum(os.times()[:4])
        place.switch(app, "timed")
        taken.append(time.perf_counter() - began)
        worked.append(sum(os.times()[:4]) - before)
    print(
        f"enable: {taken[0]:.2f} s the first time ({worked[0]:.2f} s of processor, the probe's too), "
        f"{statistics.median(taken[1:]):.2f} s later ({statistics.median(worked[1:]):.2f}); budget 1 s"
    )


def cycles(place: Installation, given: argparse.Namespace) -> None:
    app = create_app(place.settings)
    asker = Asker(app, {"authorization": f"Bearer {place.token}"})
    world = app.runtime.parts["world"]
    place.write("cycled", "1.0.0")
    warm, resident = given.cycles // 5, []
    for _cycle in range(given.cycles):
        place.switch(app, "cycled")
        if asker.get("/api/p/cycled/short").status != 200:
            raise RuntimeError("the plugin did not answer")
        place.switch(app, "cycled", off=True)
        world.sweep()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        resident.append(pages * os.sysconf("SC_PAGE_SIZE") / 1024)
    slope = statistics.linear_regression(range(given.cycles - warm), resident[warm:]).slope
    print(f"memory: {slope:.1f} KiB a cycle over cycles {warm} to {given.cycles}; budget 20 KiB over 200 to 1,000")


def swaps(place: Installation, given: argparse.Namespace) -> None:
    app = create_app(place.settings)
    for version in ("1.0.0", "2.0.0"):
        place.write("swapped", version)
        place.switch(app, "swapped")
    place.write("other", "1.0.0")
    place.switch(app, "other")
    paths = ("/api/p/swapped/long", "/api/p/swapped/short", "/api/p/other/short", "/healthz")
    with place.serving(given.workers) as port:
        began = time.perf_counter()
        with load(place, port, given.clients, paths) as clients:
            for turn in range(given.swaps):
                place.switch(app, "swapped", ("1.0.0", "2.0.0")[turn % 2])
                _followed(app, "swapped", 1, 30)
        took = time.perf_counter() - began
    asked, failed, mixed = (sum(getattr(c, name) for c in clients) for name in ("asked", "failed", "mixed"))
    slow = sorted(ms for client in clients for ms in client.milliseconds)
    p50, p99 = slow[len(slow) // 2], slow[len(slow) * 99 // 100]
    print(
        f"swaps: {given.swaps} in {took:.0f} s on {given.workers} worker(s), {given.clients} clients, {asked} requests, "
        f"{failed} failed, {mixed} mixed; p50 {p50:.0f} ms, p99 {p99:.0f} ms; budget 0 failed, 0 mixed"
    )


def follow(place: Installation, given: argparse.Namespace) -> None:
    app = create_app(place.settings)
    for version in ("1.0.0", "2.0.0"):
        place.write("followed", version)
        place.switch(app, "followed")
    workers, taken = max(2, given.workers), []
    with place.serving(workers):
        _followed(app, "followed", workers, 60)
        for turn in range(given.times):
            place.switch(app, "followed", ("1.0.0", "2.0.0")[turn % 2])
            began = time.perf_counter()
            _followed(app, "followed", workers, 30)
            taken.append(time.perf_counter() - began)
    taken.sort()
    p95 = taken[min(len(taken) - 1, len(taken) * 95 // 100)]
    print(
        f"follow: the last of {workers} workers after p50 {taken[len(taken) // 2]:.2f} s, p95 {p95:.2f} s; budget p95 1 s"
    )


def _followed(app: Application, slug: str, workers: int, seconds: float) -> None:
    """Wait until so many processes report the version that is enabled."""

    def all_there() -> bool:
        with app.runtime.db.reading() as session:
            wanted = select(Plugin.hash).where(Plugin.slug == slug).scalar_subquery()
            there = select(func.count()).where(PluginWorkerState.slug == slug, PluginWorkerState.hash == wanted)
            return (session.scalar(there) or 0) >= workers

    until(all_there, seconds, 0.01)


def deaths(place: Installation, given: argparse.Namespace) -> None:
    """A plugin ends the process that calls it: how long until a new one serves, and until nobody calls it any more."""
    app = create_app(place.settings)
    place.write("kills", "1.0.0", KILLS)
    place.switch(app, "kills")
    workers, back, starved = max(4, given.workers), [], []
    with place.serving(workers) as port, load(place, port, given.clients, ("/healthz",)) as clients:
        _followed(app, "kills", workers, 120)
        for _death in range(2):
            there = _processes(app)
            Client(port, place.token, ()).ask("/api/p/kills/die")
            began = time.perf_counter()
            until(lambda there=there: bool(_processes(app) - there), 120, 0.02)  # type: ignore[misc]
            back.append(time.perf_counter() - began)
            starved.append(max(map(_starved, _processes(app) - there)))
        until(lambda: _state(app, "kills") == "in_repair", 120)
        kept = time.perf_counter() - began
        until(lambda: Client(port, place.token, ()).ask("/api/p/kills/die") == 503, 30)
    lost = sum(client.failed for client in clients)
    print(
        f"deaths: one of {workers} workers killed twice by a plugin, a new one serves after {back[0]:.1f} and {back[1]:.1f} s, "
        f"of which it had no processor for {starved[0]:.1f} and {starved[1]:.1f} s; "
        f"the plugin is in repair {kept:.1f} s after the second death; {lost} requests lost of {sum(c.asked for c in clients)}; "
        "budget 6 s"
    )


def _processes(app: Application) -> set[str]:
    with app.runtime.db.reading() as session:
        return set(session.scalars(select(PluginWorkerState.worker).where(PluginWorkerState.slug == "")))


def _starved(worker: str) -> float:
    """Seconds that a process was ready to run and had no processor."""
    return int(Path(f"/proc/{worker.rpartition(':')[2]}/schedstat").read_text().split()[1]) / 1e9


def _state(app: Application, slug: str) -> str:
    with app.runtime.db.reading() as session:
        return session.scalar(select(Plugin.state).where(Plugin.slug == slug)) or ""


def many(place: Installation, given: argparse.Namespace) -> None:
    rates = []
    app = create_app(place.settings)
    for number in (0, given.plugins):
        for one in range(number):
            place.write(f"one_of_many_{one}", "1.0.0")
            place.switch(app, f"one_of_many_{one}")
        with place.serving(1) as port:
            with load(place, port, given.clients, ("/services", "/healthz")):
                time.sleep(2)
            with load(place, port, given.clients, ("/services", "/healthz")) as clients:
                time.sleep(given.seconds)
        rates.append(sum(client.asked - client.failed for client in clients) / given.seconds)
    share = rates[1] / rates[0]
    print(
        f"many: {rates[0]:.0f} core requests/s with 0 plugins, {rates[1]:.0f} with {given.plugins}: {share:.0%}; budget 90 %"
    )


PARTS = {"enable": enable, "cycles": cycles, "swaps": swaps, "follow": follow, "deaths": deaths, "many": many}


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS, help="one part")
    parser.add_argument("--quick", action="store_true", help="short runs of each part")
    for name, usual, means in (
        ("swaps", 1000, "hot swaps under load"),
        ("cycles", 1000, "times on and off"),
        ("workers", 1, "processes that answer"),
        ("plugins", 100, "plugins enabled at once"),
        ("clients", 8, "clients that ask at once"),
        ("times", 40, "switches that workers follow"),
        ("seconds", 10, "length of a run under load"),
    ):
        parser.add_argument(f"--{name}", type=int, default=usual, help=means)
    given = parser.parse_args()
    if given.quick:
        given.swaps, given.cycles, given.plugins, given.times, given.seconds = 20, 40, 20, 8, 3
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    for name, part in PARTS.items():
        if given.only in (None, name):
            with tempfile.TemporaryDirectory() as folder:
                part(Installation(Path(folder)), given)


if __name__ == "__main__":
    main()
