"""The ``acm`` command. Exit codes: 0 done, 1 failed with a sentence, 2 wrong use.

What a command needs beyond the database is imported when it runs, so that those that find nothing to do end at once.
"""

from __future__ import annotations

import gc
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from acm import clock, migrating
from acm.db import Database
from acm.errors import Problem
from acm.i18n import Message
from acm.people import setup
from acm.people.models import Person
from acm.people.passwords import check_strength, hash_password
from acm.settings import Settings, from_environment

if TYPE_CHECKING:
    from acm.web.runtime import Runtime

cli = typer.Typer(
    no_args_is_help=True, add_completion=False, help="ACM: everything is a page; a case is a page with a plan."
)
user = typer.Typer(no_args_is_help=True, help="People with a login.")
cli.add_typer(user, name="user")
plugin = typer.Typer(no_args_is_help=True, help="Plugins: what there is, on and off.")
cli.add_typer(plugin, name="plugin")
console = Console()


def main() -> None:
    """Entry of the console script: a problem is one sentence on stderr and exit code 1."""
    try:
        cli(standalone_mode=True)
    except Problem as problem:
        said = Message(problem.detail, problem.params) if problem.detail else problem.title
        Console(stderr=True).print(f"[red]acm:[/red] {escape(str(said))}", highlight=False, soft_wrap=True)
        sys.exit(1)


def open_runtime() -> Runtime:
    """The parts of this process; refuses a database that was not migrated."""
    from acm import composition

    settings = from_environment()
    database = Database(settings.url)
    if not migrating.is_current(database):
        raise Problem("The database is not at this version: run `acm migrate` first")
    return composition.create_runtime(settings, database)


@cli.command()
def migrate() -> None:
    """Bring the database to this version's schema."""
    database = Database(from_environment().url)
    if not migrating.is_current(database):
        migrating.migrate(database)
        console.print("Database migrated")


@cli.command()
def run(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
) -> None:
    """Migrate, build the demo company where there is none, and serve it: what `make run` runs, in one process."""
    from acm.demo.marks import is_built

    migrate()
    if not is_built(from_environment()):  # apart, so that the memory it took is given back
        built = subprocess.run([sys.executable, "-c", "from acm.cli import main; main()", "demo"], check=False)
        if built.returncode:
            raise typer.Exit(built.returncode)
    serve(host, port)


@cli.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(help="Processes that answer requests.")] = 1,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Leave jobs to `acm worker`.")] = False,
    safe_mode: Annotated[
        bool, typer.Option("--safe-mode", help="Load no plugin: for when one breaks the house.")
    ] = False,
    develop: Annotated[
        bool, typer.Option("--develop", help="Follow changes of plugin folders and of templates.")
    ] = False,
) -> None:
    """Serve the application; a thread of each process runs jobs and the search index."""
    import uvicorn

    from acm import logs

    gc.disable()  # while all is loaded; `serving` turns it on
    for name, wanted in (("NO_WORKER", no_worker), ("SAFE_MODE", safe_mode), ("DEVELOP", develop)):
        if wanted:
            os.environ[f"ACM_{name}"] = "1"
    settings = from_environment()
    _require_schema(settings)
    logs.configure()
    _announce(settings, host, port)
    if workers > 1:
        _fork_workers()
        logging.getLogger("uvicorn.error").setLevel(logging.INFO)  # of the parent: which process died
    uvicorn.run(
        "acm.app:serving", factory=True, host=host, port=port, workers=workers if workers > 1 else None,
        log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=5,
    )  # fmt: skip


def _fork_workers() -> None:
    """Let uvicorn fork its workers from a process that has imported :mod:`acm.preload` and does nothing else: one that
    died is replaced sooner, and what is imported lies in memory once. macOS bears no fork: there they start anew."""
    if sys.platform == "darwin":
        return
    import multiprocessing

    import uvicorn._subprocess

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["acm.preload"])
    uvicorn._subprocess.spawn = context  # type: ignore[assignment]


@cli.command()
def worker() -> None:
    """Run jobs and the consumers of the journal, alone, until interrupted."""
    from acm import composition, logs

    logs.configure()
    runtime = open_runtime()
    thread, follower = composition.worker(runtime), composition.follower(runtime)
    follower.start()
    try:
        thread.run()
    except KeyboardInterrupt:
        thread.stop()
    finally:
        follower.stop()


@cli.command()
def reindex(
    backend: Annotated[str, typer.Option(help="Engine to index for; the one in use if not given.")] = "",
) -> None:
    """Write the search index anew; the old one answers until the new one is complete."""
    from acm.search import commands as search_commands

    settings = from_environment()
    _require_schema(settings)
    database = Database(settings.url)
    done = search_commands.reindex(settings, database, console, backend=backend)
    console.print(f"Indexed {done} documents")


@cli.command()
def rebuild(
    what: Annotated[str, typer.Argument(help="kpi or search: what is made anew from the journal and the pages.")],
) -> None:
    """Make anew what is derived from the journal; what is there answers meanwhile."""
    from acm.kpi import commands as kpi_commands

    if what == "search":
        return reindex()
    if what != "kpi":
        raise typer.BadParameter("choose kpi or search")
    done = kpi_commands.recount(open_runtime(), console)
    console.print(f"Counted {done} cases")
    return None


@cli.command()
def demo(
    reset: Annotated[bool, typer.Option("--reset", help="Empty the demo's database and build it anew.")] = False,
) -> None:
    """Build the demo company in an empty database; what is there already is left alone."""
    from acm.demo.marks import is_built

    settings = from_environment()
    if not reset and is_built(settings):
        return
    from acm.demo import commands as demo_commands

    if reset:
        demo_commands.reset(settings)
    demo_commands.build(open_runtime(), console)


@cli.command("import")
def import_(
    format_: Annotated[str, typer.Argument(metavar="FORMAT", help="people, services, or what a plugin reads.")],
    file: Annotated[Path, typer.Argument(help="The file to read.")],
) -> None:
    """Bring in a file: all right or nothing, twice is once, with a report at the end."""
    from acm.jobs import importing

    runtime = open_runtime()
    zone = runtime.settings.timezone
    for line in importing.bring_in(runtime.db, runtime.snapshot, format_, file, timezone=zone, console=console):
        console.print(line, highlight=False, markup=False)


@cli.command("doctor")
def doctor_command(
    audit: Annotated[
        bool, typer.Option("--audit", help="Walk the whole journal and name every row that was tampered with.")
    ] = False,
) -> None:
    """Is everything well? Each line says good, or what to do."""
    from acm import doctor

    ill = False
    for finding in doctor.examine(open_runtime(), clock.now(), deep=audit):
        ill = ill or not finding.is_well
        mark = "[green]good[/green]" if finding.is_well else "[red]look[/red]"
        console.print(f"{mark}  {finding.subject:<9} {escape(finding.words)}", highlight=False, soft_wrap=True)
    if ill:
        sys.exit(1)


@user.command("add")
def user_add(login: str, given: str = "", family: str = "", email: str = "") -> None:
    """Add a person with a login; the password is read from the terminal."""
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    check_strength(password)
    runtime = open_runtime()
    with runtime.db.writing(runtime.snapshot) as session:
        setup.ensure_roles(session)
        person = setup.add_person(session, login=login, given=given, family=family, email=email, now=clock.now())
        person.password_hash = hash_password(password)
    console.print(f"Added {login}")


@user.command("password")
def user_password(login: str) -> None:
    """Set a new password and end all sessions of the person."""
    from acm.people.signin import end_sessions, find_person

    password = typer.prompt("New password", hide_input=True, confirmation_prompt=True)
    check_strength(password)
    runtime = open_runtime()
    with runtime.db.writing(runtime.snapshot) as session:
        person: Person = find_person(session, login)
        person.password_hash = hash_password(password)
        end_sessions(session, person, clock.now())
    console.print(f"Password of {login} changed, sessions ended")


@user.command("token")
def user_token(
    login: str,
    name: Annotated[str, typer.Option(help="What the token is for.")] = "",
    days: Annotated[int, typer.Option(help="Days until it ends; 0 for no end.")] = 90,
    read_only: Annotated[bool, typer.Option("--read-only", help="May read, not write.")] = False,
) -> None:
    """Make a bearer token for the API and print it once."""
    from acm.people.signin import find_person, issue_token

    runtime = open_runtime()
    scopes = ["read"] if read_only else ["read", "write"]
    with runtime.db.writing(runtime.snapshot) as session:
        token = issue_token(
            session, find_person(session, login), name=name, scopes=scopes, days=days or None, now=clock.now()
        )
    print(token)  # noqa: T201 - the token alone, for scripts


@plugin.command("list")
def plugin_list() -> None:
    """Every plugin with its state."""
    from acm.kernel import commands

    commands.list_plugins(open_runtime())


@plugin.command("enable")
def plugin_enable(
    plugin: Annotated[str, typer.Argument(help="Its name in the plugin directory, or a folder: `./loans`.")],
) -> None:
    """Enable a plugin; running processes follow by themselves."""
    from acm.kernel import commands

    commands.enable(open_runtime(), plugin)


@plugin.command("upgrade")
def plugin_upgrade(
    slug: str,
    to: Annotated[
        str, typer.Option(help="A stored version, or the beginning of its hash; else what its folder holds.")
    ] = "",
) -> None:
    """Swap an enabled plugin for another version, or back for an older one; no request fails."""
    from acm.kernel import commands

    commands.upgrade(open_runtime(), slug, to)


@plugin.command("repair")
def plugin_repair(slug: str, reason: Annotated[str, typer.Option(help="What people read meanwhile.")] = "") -> None:
    """Take an enabled plugin into repair; `acm plugin enable` probes it again and brings it back."""
    from acm.kernel import commands

    commands.repair(open_runtime(), slug, reason)


@plugin.command("parked")
def plugin_parked(
    slug: str,
    again: Annotated[int, typer.Option(help="Number of the one to try again.")] = 0,
    go: Annotated[int, typer.Option(help="Number of the one to let go.")] = 0,
) -> None:
    """Jobs and reactors of a plugin that were given up after five tries."""
    from acm.kernel import commands

    if not (again or go):
        commands.list_parked(open_runtime(), slug)
    else:
        commands.decide_parked(open_runtime(), slug, again or go, again=bool(again))


@plugin.command("purge")
def plugin_purge(slug: str) -> None:
    """Erase what a plugin that is off holds, after it was written to a file; asks for its name."""
    from acm.kernel import commands

    confirmed = typer.prompt(f"Everything that {slug} holds is erased. Type its name")
    commands.purge(open_runtime(), slug, confirmed)


@plugin.command("disable")
def plugin_disable(slug: str) -> None:
    """Disable a plugin; its data stays."""
    from acm.kernel import commands

    commands.disable(open_runtime(), slug)


@plugin.command("new")
def plugin_new(
    path: Annotated[Path, typer.Argument(help="The folder to make; its name becomes the plugin's.")],
    declarative: Annotated[bool, typer.Option("--declarative", help="Descriptions alone, no Python.")] = False,
    en: Annotated[str, typer.Option(help="Its name in English.")] = "",
    ru: Annotated[str, typer.Option(help="Its name in Russian.")] = "",
    department: Annotated[str, typer.Option(help="Key of the department that does the work.")] = "it",
) -> None:
    """Write a plugin that runs, with tests, to begin from."""
    from acm.kernel import commands

    commands.new(path, declarative=declarative, en=en, ru=ru, department=department)


@plugin.command("check")
def plugin_check(
    path: Annotated[Path, typer.Argument(help="Folder of a plugin.")],
    cases: Annotated[int, typer.Option(help="How many cases its screens are drawn over.")] = 300,
    cycles: Annotated[int, typer.Option(help="How often it is switched off and on again.")] = 20,
) -> None:
    """Does a plugin keep its part of the contract? Tried in a house of its own; each line says good, or what to do."""
    from uvicorn.importer import import_from_string

    from acm.kernel import commands

    create_app = import_from_string("acm.app:create_app")

    def open_app(settings: Settings, database: Database) -> object:
        return create_app(settings, database=database)

    if not commands.check(path, open_app, from_environment().plugin_path, cases=cases, cycles=cycles):
        sys.exit(1)


def _require_schema(settings: Settings) -> None:
    if not migrating.is_current(Database(settings.url)):
        raise Problem("The database is not at this version: run `acm migrate` first")


def _announce(settings: Settings, host: str, port: int) -> None:
    from acm.people.routes import demo_logins

    with Database(settings.url).reading() as session:
        logins = demo_logins(session)
    console.print(f"\n  ACM serves on [bold]http://{host}:{port}[/bold]")
    if logins:
        console.print(f"  Demo logins (password [bold]demo[/bold]): {', '.join(logins)}", soft_wrap=True)
    if from_environment().safe_mode:
        console.print("  Safe mode: no plugin is loaded. Take the guilty one off under Plugins, then start as usual")
    console.print("  Stop with Ctrl+C\n")
