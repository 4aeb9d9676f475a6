"""The rights matrix of the plugins that are delivered: every address they serve × people × open and secret pages.

Generated from their routers: a route without an entry fails. Beside it, for the core's routes and theirs: no GET
writes, and nothing is taken that rides on a cookie without the form's token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from acm import clock
from acm.app import create_app
from acm.composition import create_runtime
from acm.db import Database
from acm.journal import Origin
from acm.kernel import lifecycle
from acm.pages.types import CaseType
from acm.sdk import Context
from acm.settings import Settings
from tests import databases
from tests.crm.conftest import add_sellers
from tests.rights import ROUTES
from tests.test_rights_matrix import World, world

__all__ = ["world"]

BUNDLED = Path(__file__).parents[1] / "plugins"
PLUGINS = ("crm", "hr_onboarding", "itsm", "legal")
SECRET = "Zebrafish"
DESK, SALES, EVERYBODY = {"sonya", "karim"}, {"sonya"}, {"sonya", "karim", "maria", "irina", "ada"}
EXPECTED = {
    "/p/legal/powers": EVERYBODY, "/p/legal/contracts": EVERYBODY, "/p/legal/hearings": EVERYBODY,
    "/p/legal/insiders/new": EVERYBODY, "/p/legal/insiders": EVERYBODY, "/p/legal/terms": EVERYBODY,
    "/p/legal/contracts/{number}/versions": SALES, "/p/legal/court/{number}": SALES,
    "/p/hr_onboarding/steps": EVERYBODY,
    "/p/crm/complaints": DESK, "/p/crm/complaints/{number}/steps": {"karim"},
    "/p/crm/deals": SALES, "/p/crm/deals/new": SALES, "/p/crm/deals/{number}/stage": SALES,
    "/p/crm/leads": SALES, "/p/crm/leads/new": SALES, "/p/crm/leads/{number}/conversion": SALES,
    "/p/crm/talks/new": DESK, "/p/crm/talks": DESK,
    "/p/crm/duplicates/{kind}": SALES, "/p/crm/merges/{number}/undoing": SALES,
    "/p/crm/segments": SALES, "/p/crm/segments/new": SALES, "/p/crm/segments/{number}": SALES,
    "/p/crm/segments/{number}/edit": SALES, "/p/crm/segments/{number}/refreshing": SALES,
    "/p/crm/{kind}": DESK, "/p/crm/{kind}/new": DESK, "/p/crm/{kind}/{number}": DESK,
    "/p/crm/{kind}/{number}/edit": DESK,
}  # fmt: skip
"""Who may use an address; the others are refused, or it does not exist for them."""
ON_CORE = ("/", "/cases", "/my", "/people/vera", "/queues", "/requests", "/api/v1/pages")
TYPE_OF = {"complaints": "crm.complaint", "deals": "crm.deal", "leads": "crm.lead", "segments": "crm.segment",
           "merges": "crm.merge", "contracts": "legal.contract", "court": "legal.court_case"}  # fmt: skip


@pytest.fixture(scope="module")
def enabled(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A template in which all four are enabled: probing them takes seconds."""
    folder = tmp_path_factory.mktemp("plugins")
    url = databases.make_template("sqlite", folder)
    runtime = create_runtime(settings_in(folder, url), Database(url))
    with runtime.db.writing(runtime.snapshot) as session:
        add_sellers(session)
    for slug in PLUGINS:
        with runtime.db.writing(runtime.snapshot) as session:
            lifecycle.enable(session, runtime, slug, Origin(None, clock.now()))
        lifecycle.publish(runtime)
    with runtime.db.write_engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    runtime.db.dispose()
    return url


def settings_in(folder: Path, url: str) -> Settings:
    return Settings(
        data_dir=folder, database_url=url, language="en", secret_key="of no value", search="sqlite",
        plugin_path=BUNDLED,
    )  # fmt: skip


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with databases.copied(request.getfixturevalue("enabled"), tmp_path) as copy:
        yield copy


@pytest.fixture
def app(tmp_path: Path, database: Database):
    return create_app(settings_in(tmp_path / "var", database.url), database=database)


@pytest.fixture
def pages(app, session, person, group, department) -> dict[str, list[str]]:
    """Numbers by type: an open page first, then a secret one, that Legal alone may see; both name one company."""
    session.info["snapshot"] = app.runtime.snapshot
    made: dict[str, list[str]] = {}
    company = None
    for slug in ("crm", "legal"):
        ctx = Context(slug, session, app.runtime.snapshot)
        keys = sorted(ctx.own_types, key=lambda key: key != "crm.company")
        for key in keys:
            desk = "legal" if slug == "legal" else "care" if key == "crm.complaint" else "sales"
            for secret in (False, True):
                known = {"owner": None, "group": group("legal"), "confidential": True} if secret else {
                    "owner": person("karim" if key == "crm.complaint" else "sonya"), "group": group("client-care" if desk == "care" else desk),
                }  # fmt: skip
                known["department"] = department(desk)
                title = SECRET if secret else "Pumps"
                fields = {"company": company} if company is not None and _names_company(ctx, key) else {}
                if key == "crm.interaction":
                    fields |= {"about": company, "kind": "call", "direction": "out", "held_on": ctx.today()}
                if key == "crm.merge":
                    fields = {"kept": company, "gone": company}
                if key == "crm.segment":
                    fields = {"rule": "industry = trade"}
                if key == "crm.membership":
                    continue
                if isinstance(ctx.own_type(key), CaseType):
                    page = ctx.cases.open(key, title=title, fields=fields, **known)
                else:
                    tokens = [f"d:{department('sales').id}", f"d:{department('care').id}"]
                    page = ctx.pages.create(key, title=title, fields=fields, audience=tokens, **known)
                made.setdefault(key, []).append(page.number)
                company = company if company is not None or key != "crm.company" else page
    session.commit()
    return made


def _names_company(ctx: Context, key: str) -> bool:
    return ctx.own_type(key).field("company") is not None


def served(snapshot) -> Iterator[tuple[str, str]]:
    """Method and path of every address that plugins serve."""
    for given in snapshot.each("router"):
        prefix = ("/api/p/" if given.key.endswith(":api") else "/p/") + given.plugin
        for path, methods in flat(given.value.router.routes):
            yield from ((method, prefix + path) for method in sorted(methods - {"HEAD"}))


def flat(routes, prefix=""):
    for route in routes:
        if hasattr(route, "original_router"):
            yield from flat(route.original_router.routes, prefix + (route.include_context.prefix or ""))
        else:
            yield prefix + route.path, route.methods


def addresses(path: str, pages: dict[str, list[str]], place: int) -> Iterator[str]:
    """The address for the open page (place 0) or the secret one (1) of the type that it is about."""
    if "{" not in path:
        yield path
        return
    for kind, key in (("companies", "crm.company"), ("contacts", "crm.contact")):
        if "{kind}" in path or key == "crm.company":
            key = next((k for part, k in TYPE_OF.items() if f"/{part}/" in path), key)
            yield path.format(kind=kind, number=pages[key][place])


class Writes:
    """The statements that change something, from now on."""

    AFTERWARDS = re.compile(
        r"UPDATE (sign_in SET seen_at|notification SET read_at)|(INSERT INTO|UPDATE|DELETE FROM) plugin_(cost|failure)"
    )
    READS = re.compile(r"\s*(SELECT|WITH|PRAGMA|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|SHOW)\b", re.IGNORECASE)

    def __enter__(self) -> list[str]:
        self.sent: list[str] = []
        event.listen(Engine, "before_cursor_execute", self._note)
        return self.sent

    def _note(self, _connection, _cursor, statement, *_rest) -> None:
        if not self.READS.match(statement) and not self.AFTERWARDS.match(statement):
            self.sent.append(statement)

    def __exit__(self, *_error) -> None:
        event.remove(Engine, "before_cursor_execute", self._note)


def test_every_address_of_a_plugin_has_its_expectation(app):
    known = {path for _method, path in served(app.runtime.snapshot)}

    assert known == set(EXPECTED), "say in EXPECTED who may use the new addresses of plugins"


def test_an_address_of_a_plugin_is_for_those_it_is_for_and_shows_nobody_what_is_secret(app, pages, browse):
    wrong = []
    for login in sorted(EVERYBODY):
        browser = browse(login)
        for method, path in served(app.runtime.snapshot):
            for place in (0, 1):
                for address in addresses(path, pages, place):
                    answer = browser.request(method, address) if method != "GET" else browser.get(address)
                    status, about = answer.status_code, f"{login} → {method} {address}: {answer.status_code}"
                    secret = place == 1 and "{number}" in path
                    if status >= 500 or SECRET in answer.text:
                        wrong.append(f"{about}, shown: {SECRET in answer.text}")
                    elif (secret or login not in EXPECTED[path]) and status not in (403, 404):
                        wrong.append(f"{about}, not for them")
                    elif not secret and login in EXPECTED[path] and status in (401, 403):
                        wrong.append(f"{about}, refused")
    assert not wrong, "\n".join(wrong)


def test_what_is_secret_shows_nowhere_on_the_core_with_the_plugins_on_it(app, pages, browse):
    panels = [f"/kpi/{given.key}" for given in app.runtime.snapshot.each("panel")]
    queues = [f"/queues/{given.key}" for given in app.runtime.snapshot.each("queue")]
    open_ones = [f"/pages/{numbers[0]}" for numbers in pages.values()]
    shown = []
    for login in sorted(EVERYBODY):
        browser = browse(login)
        for path in (*ON_CORE, *panels, *queues, *open_ones):
            answer = browser.get(path, follow_redirects=True)
            if answer.status_code >= 500 or SECRET in answer.text:
                shown.append(f"{login} → {path}: {answer.status_code}")
    assert not shown, "\n".join(shown)
    assert SECRET in browse("lev").get(f"/cases/{pages['crm.deal'][1]}").text, "those who may see it, do"


def test_no_get_writes(app, world: World, pages, browse):
    asked = [(path, path) for method, path in served(app.runtime.snapshot) if method == "GET"]
    asked = [(route, address) for route, path in asked for address in addresses(path, pages, 0)]
    core = [route for route in ROUTES if route.startswith("GET ") and not ROUTES[route].streams]
    asked += [(route, world.path(route, thing)) for route in core for thing in ROUTES[route].objects[:1]]
    people = {login: browse(login) for login in ("sonya", "oleg", "ada")}
    wrote = []
    for route, address in asked:
        for login in ("sonya",) if address.startswith("/p/") else ("oleg", "ada"):
            people[login].get("/ui/keys")  # what was begun before has ended
            with Writes() as sent:
                people[login].get(address)
            wrote += [f"{login} → {route}: {statement[:120]}" for statement in sent]
    assert not wrote, "\n".join(wrote)


def test_nothing_is_taken_without_the_token_of_the_form(app, world: World, pages, browse):
    asked = [(m, a) for m, path in served(app.runtime.snapshot) if m != "GET" for a in addresses(path, pages, 0)]
    for route in ROUTES:
        method = route.split(" ", 1)[0]
        if method != "GET":
            asked.append((method, world.path(route, ROUTES[route].objects[0])))
    browser = browse("ada")
    token = browser.headers.pop("x-csrf-token")
    json, elsewhere = {"accept": "application/json"}, {"origin": "https://evil.example", "x-csrf-token": token}
    taken = []
    with Writes() as sent:
        for method, address in asked:
            for headers in (json, json | {"x-csrf-token": "0" * 64}, json | elsewhere):
                if (status := browser.request(method, address, headers=headers).status_code) != 403:
                    taken.append(f"{method} {address}: {status}")
    assert not taken, "\n".join(taken)
    assert not sent
