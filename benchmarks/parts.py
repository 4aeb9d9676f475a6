"""What is measured: pages of the product beside the floor, and the processes it runs in."""

from __future__ import annotations

import gc
import os
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from sqlalchemy import func, select

from acm import clock
from acm.app import create_app
from acm.cases.models import Case
from acm.db import Database
from acm.kpi.periods import read_choice
from acm.pages.models import Comment
from acm.pages.visibility import unrestricted
from acm.people.models import Department, GroupMember, Person
from acm.people.signin import open_session
from acm.web import csrf
from benchmarks.asking import Answer, Asker
from benchmarks.floor import floor
from benchmarks.seeding import settings
from tests.statements import listening

PEOPLE = ("employee", "agent", "head")
COLD = (
    "import time; t = time.process_time(); from acm.app import create_app; create_app(); print(time.process_time() - t)"
)
SERVE = "from acm.cli import main; main()"


@dataclass
class Figure:
    """Milliseconds of CPU and of the clock (medians) and the statements of one part; the floor's likewise."""

    cpu: float
    wall: float
    floor_cpu: float
    statements: int


@dataclass
class Part:
    """One measured thing: asks the product, and the floor for the same rows. ``most`` are the statements allowed."""

    name: str
    ask: Callable[[], Answer]
    plain: Callable[[], Answer]
    prepare: Callable[[], object] = field(default=lambda: None)
    most: int = 12
    ratio: float | None = None


def parts(folder: Path) -> Iterator[Part]:
    """The parts on the installation of a folder, with their people signed in."""
    given = settings(folder)
    database = Database(given.url)
    app = create_app(given, database=database)
    bare = Asker(floor(database))
    gc.collect()
    gc.freeze()  # as a serving process does
    asks = {login: _signed_in(app, database, login) for login in PEOPLE}
    with database.reading() as session:
        me = session.scalars(select(Person).where(Person.login == "employee")).one()
        agent = session.scalars(select(Person).where(Person.login == "agent")).one()
        it = session.scalars(select(Department.id).where(Department.key == "it")).one()
        mine = select(GroupMember.group_id).where(GroupMember.person_id == agent.id)
        busiest = select(Case.group_id).where(Case.group_id.in_(mine), Case.is_open.is_(True))
        group = session.scalar(
            unrestricted(busiest.group_by(Case.group_id).order_by(func.count().desc()).limit(1), "bench")
        )
        told = select(Case).join(Comment, Comment.page_id == Case.id).where(Case.group_id == group)
        talk = told.group_by(Case.id).order_by(func.count().desc(), Case.id).limit(1)
        case = session.scalars(unrestricted(talk, "bench")).one()
    queue = f"/cases?group={group}&category=open&priority=2,3,4"
    yield Part("portal", lambda: asks["employee"].get("/"), lambda: bare.get(f"/portal?person={me.id}"))
    yield Part("own requests", lambda: asks["employee"].get("/requests"), lambda: bare.get(f"/requests?person={me.id}"))
    yield Part(
        "queue", lambda: asks["agent"].get(queue), lambda: bare.get(f"/queue?person={agent.id}&group={group}"), ratio=2
    )
    yield Part(
        "case",
        lambda: asks["agent"].get(f"/cases/{case.number}"),
        lambda: bare.get(f"/case?person={agent.id}&number={case.number}"),
    )
    yield Part(
        "panel",
        lambda: asks["head"].get("/kpi/itsm"),
        lambda: bare.get(f"/panel?person={agent.id}&department={it}&days={_compared(clock.now().date())}"),
        ratio=2,
    )
    yield _filing(asks["employee"], bare, me.id, case.id)
    database.dispose()


def measure(part: Part, times: int) -> Figure:
    """Medians of some runs, product and floor by turns, after two that warm up."""
    cpu, wall, plain, sent = [], [], [], []
    for turn in range(times + 2):
        part.prepare()
        with listening() as heard:
            taken = _timed(part.ask, part.name)
        floored = _timed(part.plain, f"the floor of {part.name}")
        if turn > 1:
            cpu.append(taken[0])
            wall.append(taken[1])
            plain.append(floored[0])
            sent.append(len(heard))
    middle = statistics.median
    return Figure(middle(cpu), middle(wall), middle(plain), round(middle(sent)))


def cold_start(folder: Path) -> float:
    """Seconds of CPU to import everything and make the application, in a fresh process."""
    told = subprocess.run(
        [sys.executable, "-c", COLD], env=_environment(folder), check=True, capture_output=True, text=True
    )
    return float(told.stdout.split()[-1])


def idle_memory(folder: Path, seconds: float = 10) -> tuple[float, float]:
    """MiB resident in a process of ``acm serve`` with its worker: some seconds after one request, and at most."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", SERVE, "serve", "--port", str(port)]
    with subprocess.Popen(
        command, env=_environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}/login")
            time.sleep(seconds)
            status = Path(f"/proc/{process.pid}/status").read_text()
        finally:
            process.terminate()
    found = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if line.startswith("Vm")}
    return int(found["VmRSS"]) / 1024, int(found["VmHWM"]) / 1024


def _compared(today: date) -> str:
    """The first and last days of the two periods that a panel compares when nobody has chosen any."""
    choice = read_choice({}, today)
    return ",".join(day.isoformat() for period in (choice.now, choice.past) for day in (period.first, period.last))


def _timed(ask: Callable[[], Answer], name: str) -> tuple[float, float]:
    began, cpu = time.perf_counter(), time.process_time()
    answer = ask()
    taken = (time.process_time() - cpu) * 1000, (time.perf_counter() - began) * 1000
    if answer.status not in (200, 303):
        raise RuntimeError(f"{name} answered {answer.status}: {answer.text[:300]}")
    return taken


def _signed_in(app: Any, database: Database, login: str) -> Asker:
    given = app.runtime.settings
    with database.writing(app.runtime.snapshot) as session:
        person = session.scalars(select(Person).where(Person.login == login)).one()
        token = open_session(session, given, person, network="bench", agent="bench", now=clock.now())
    return Asker(app, {"cookie": f"acm={token}", "x-csrf-token": csrf.sign(given.key(), token)})


def _filing(asker: Asker, bare: Asker, person: int, like: int) -> Part:
    """The last press of the form of free words; the answers are typed beforehand, unmeasured."""
    state = {"key": "", "number": 0}
    form = "/services/other/new"

    def typed() -> None:
        where = form
        for _page in range(5):
            page = asker.get(where).text
            answers = {"subject": "A chair", "details": "The old one is broken.", "who": "me"}
            hidden = {"step": _hidden(page, "step") or "1", "asked": _hidden(page, "asked")}
            where = asker.post(form, {**answers, **hidden}).headers.get("location", "")
            if where.endswith("/check"):
                state["key"] = _hidden(asker.get(where).text, "key")
                return
        raise RuntimeError("the form of free words does not come to its end")

    def plain() -> Answer:
        state["number"] += 1
        return bare.post(f"/file?person={person}&number=floor-{time.monotonic_ns()}&like={like}", {})

    return Part(
        "file a request", lambda: asker.post("/services/other/requests", {"key": state["key"]}), plain, typed, 25
    )


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return unescape(found[1]) if found else ""


def _environment(folder: Path) -> dict[str, str]:
    given = settings(folder)
    names = ("data_dir", "secret_key", "search", "plugin_path")
    return {
        **os.environ,
        **{f"ACM_{name.upper()}": str(getattr(given, name)) for name in names},
        "ACM_DATABASE_URL": "",
    }


def _wait_for(address: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            with urlopen(Request(address)) as answer:
                answer.read()
            return
        except URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
