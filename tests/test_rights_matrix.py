"""The rights matrix: every route of the application × every sort of person × own, foreign and confidential objects.

Generated from the routers: a route without an entry in ``tests/rights.py`` fails, and so does an entry without a route.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from acm import clock, composition
from acm.cases.models import Approval
from acm.cases.opening import Opening, open_case
from acm.catalog.definitions import ServiceDefinition
from acm.catalog.publishing import publish
from acm.catalog.request_type import REQUEST
from acm.journal import Origin
from acm.notify.webhooks import Wish, add_webhook, ping
from acm.pages.comments import add_comment
from acm.pages.kinds import ANNOUNCEMENT, ARTICLE
from acm.pages.links import link_pages
from acm.pages.models import Announcement, Article, File
from acm.pages.terms import add_to_page
from acm.pages.writing import Writing, create_page
from acm.people.models import ApiToken, SignIn
from acm.people.passwords import token_hash
from acm.taxonomy.definitions import TermDefinition, VocabularyDefinition
from acm.taxonomy.vocabularies import find_term, sync_vocabulary
from acm.web import csrf
from tests.cast import MONDAY
from tests.rights import CASES, PEOPLE, ROUTES, SEES, WORKS

SECRET, INTERNAL = "Zebrafish", "Quokkasaurus"
TOPICS = VocabularyDefinition(
    key="category", names={"en": "Topics"}, tree=True, terms=(TermDefinition(key="it", names={"en": "IT"}),)
)
VPN = {
    "id": "IT-004", "domain": "it", "category": "network", "type": "service_request", "department": "it", "icon": "key",
    "name": {"ru": "Доступ", "en": "VPN access"}, "description": {"ru": "Из дома", "en": "From home"},
    "owner_group": "it-net", "sla": {"calendar": "8x5", "response_hours": 1, "resolve_hours": 8},
    "form": [{"key": "reason", "kind": "text", "label": {"ru": "Зачем", "en": "Why"}}],
}  # fmt: skip

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the door itself is tested on both


def routes_of(routes: list[object], prefix: str = "") -> Iterator[str]:
    """Method and path of every route, also of routers within routers."""
    for route in routes:
        if hasattr(route, "original_router"):
            yield from routes_of(route.original_router.routes, prefix + (route.include_context.prefix or ""))
        else:
            yield from (f"{method} {prefix}{route.path}" for method in sorted(route.methods))


ALL_ROUTES = sorted({route for router in composition.routers() for route in routes_of(router.routes)})


KNOWN_ROUTES = [route for route in ALL_ROUTES if route in ROUTES]
SEARCHING = {
    route for route in ALL_ROUTES if route.endswith(("/search", "/suggest", "/cases", "/pages", "/people", "/kb"))
}


class World:
    """The objects of the matrix and the values of path parameters for each."""

    def __init__(self) -> None:
        self.values: dict[str, dict[str, object]] = {}

    def path(self, route: str, thing: str) -> str:
        path = route.split(" ", 1)[1].replace(":path}", "}")
        known = {**self.values[""], **self.values.get(thing, {})}
        if path.startswith(("/queues/", "/admin/plugins/", "/api/v1/plugins/", "/p/", "/api/p/")):
            known["slug"] = "nowhere"
        if "/properties/" in path:
            known["name"] = "priority"
        if path.startswith("/api/v1/taxonomies/"):
            known["key"] = "category"
        for area, key in (("departments", "it"), ("branches", "MOW")):
            if path.startswith(f"/admin/{area}/"):
                known["key"] = key
        if path.startswith("/announcements/"):
            known["number"] = "NW-1"
        if path.startswith("/feeds/"):
            known |= {"plugin": "nowhere", "name": "due", "token": "x"}
        return path.format_map(known)


@pytest.fixture
def world(session, person, group, department) -> World:
    """Write the objects; see ``tests/rights.py`` for who may do what to them."""
    made = World()
    maria, oleg, vera = person("maria"), person("oleg"), person("vera")
    service = publish(session, ServiceDefinition.model_validate(VPN), Origin(None, MONDAY))
    sync_vocabulary(session, TOPICS)
    topic = find_term(session, "category", "it")
    pages = {
        number: open_case(
            session, REQUEST, Opening(title=title, requester=asked, group=group(owner), department=department("it"),
            series="IT", service=service, confidential=secret, language="en"), Origin(asked, clock.now()), ZoneInfo("UTC"),
        )
        for number, title, asked, owner, secret in (
            ("IT-1", "VPN fails", maria, "it-net", False), ("IT-2", SECRET, vera, "legal", True),
        )
    }  # fmt: skip
    for public in (True, False):
        texts = {"en": {"title": "Article", "body": "## One\n\nText"}}
        writing = Writing(texts=texts, department=department("it"), public=public, owner=oleg, state="draft")
        article = create_page(session, Article, ARTICLE, writing, Origin(oleg, MONDAY))
        pages[article.number] = article
        add_to_page(session, article, topic, Origin(oleg, MONDAY))
    told = Writing(texts={"en": {"title": "News", "body": ""}}, department=department("it"), public=True, owner=oleg)
    create_page(session, Announcement, ANNOUNCEMENT, told, Origin(oleg, MONDAY))
    workers = {"IT-1": oleg, "IT-2": person("lev")}
    for number in CASES:
        made.values[number] = _hung_on(session, pages[number], workers[number], pages["KB-1"])
    session.add(
        Approval(page_id=pages["IT-1"].id, step=1, role="line_manager", approver_id=person("anna").id, state="pending")
    )
    session.flush()
    made.values |= {number: {"name": number, "number": number} for number in ("KB-1", "KB-2")}
    made.values[""] = {
        **_of_maria(session, maria), "person_id": vera.id, "login": "maria", "key": "it-net", "vocabulary": "category",
        "term": "it", "term_id": topic.id, "version": 1, "slug": "it-004", "panel": "nowhere", "widget": "nothing",
        "step": session.scalars(select(Approval.id)).one(), "number": "NW-1", "link_id": 0, "comment_id": 0,
        "rest": "form", "role": "line_manager", **_webhook_of(session, person("ada")),
    }  # fmt: skip
    session.commit()
    return made


def _hung_on(session, case, worker, article) -> dict[str, object]:
    """What hangs on a case: an internal comment, the worker's own public one, a file of each audience, a link."""
    origin = Origin(worker, clock.now())
    add_comment(session, case, INTERNAL, origin, audience="internal")
    said = add_comment(session, case, "We look into it", origin)
    link = link_pages(session, case, article, "relates", origin)
    file = File(
        page_id=case.id, name="log.txt", media_type="text/plain", size=3, sha256="0" * 64, at=MONDAY,
        author_id=case.requester_id,
    )  # fmt: skip
    hidden = File(
        page_id=case.id, name=f"{INTERNAL}.txt", media_type="text/plain", size=3, sha256="0" * 64, at=MONDAY,
        author_id=worker.id, audience="internal",
    )  # fmt: skip
    session.add_all([file, hidden])
    session.flush()
    session.info["runtime"].files.path("0" * 64).parent.mkdir(parents=True, exist_ok=True)
    session.info["runtime"].files.path("0" * 64).write_bytes(b"log")
    return {
        "number": case.number, "file_id": file.id, "hidden_file_id": hidden.id, "comment_id": said.id, "link_id": link.id,
    }  # fmt: skip


def _of_maria(session, maria) -> dict[str, object]:
    """A session and a token of Maria's that somebody else may try to end."""
    now = clock.now()
    times = {"created_at": now, "expires_at": now + timedelta(days=1)}
    row = SignIn(person_id=maria.id, token_hash=token_hash("elsewhere"), seen_at=now, **times)
    token = ApiToken(person_id=maria.id, token_hash=token_hash("token"), scopes=["read"], **times)
    session.add_all([row, token])
    session.flush()
    return {"session_id": row.id, "token_id": token.id}


def _webhook_of(session, owner) -> dict[str, object]:
    """A webhook with a message that failed once."""
    origin = Origin(owner, clock.now())
    wish = Wish("Chat", "https://chat.example/hooks/1")
    webhook, _secret = add_webhook(session, session.info["settings"], wish, origin)
    delivery = ping(session, webhook, origin)
    delivery.attempts = 1
    session.flush()
    return {"webhook_id": webhook.id, "delivery_id": delivery.id}


BODIES: dict[str, dict[str, object]] = {
    "/comments": {"text": "hello"},
    "/links": {"page": "KB-1", "kind": "relates"},
    "/terms": {"vocabulary": "category", "term": "it"},
    "/properties": {"name": "title", "value": "VPN is slow"},
}
JSON: dict[str, dict[str, object]] = {
    "/comments": {"json": {"body": "hello"}},
    "/links": {"json": {"kind": "relates", "number": "KB-1"}},
    "/files": {"files": {"file": ("log.txt", b"log", "text/plain")}},
}


def send(browser, route, path):
    """Ask as the screens or programs do: with a body that is not refused before the rights are."""
    method, last = route.split(" ", 1)[0], "/" + path.rsplit("/", 1)[1]
    if path.startswith("/api/"):
        body = {} if method == "GET" else JSON.get(last, {"json": {}})
        return browser.request(method, path, headers={"accept": "application/json", "if-match": '"1"'}, **body)
    headers = {"hx-request": "true"} if last == "/peek" else {}
    return browser.request(method, path, headers=headers, data=BODIES.get(last, {}) if method == "POST" else None)


class House:
    """The application on the world's database, which is set back before each request that may change it."""

    def __init__(self, app, browse, database, folder) -> None:
        self.app, self.database = app, database
        self.file, self.kept = Path(str(make_url(database.url).database)), folder / "kept.db"
        self.is_changed = False
        self.browsers = {login: browse(login) for login in PEOPLE}
        self.browsers["nobody"] = nobody = browse()
        nobody.cookies.set(csrf.ANONYMOUS_COOKIE, "ticket")
        nobody.headers["x-csrf-token"] = csrf.sign(app.runtime.settings.key(), "ticket")
        with database.write_engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
        shutil.copyfile(self.file, self.kept)

    def set_back(self) -> None:
        self.database.dispose()
        for rest in ("-wal", "-shm"):
            self.file.with_name(self.file.name + rest).unlink(missing_ok=True)
        shutil.copyfile(self.kept, self.file)

    def ask(self, login: str, route: str, path: str):
        if self.is_changed:
            self.set_back()
        answer = send(self.browsers[login], route, path)
        self.is_changed = not route.startswith("GET ") and answer.status_code < 400
        return answer


@pytest.fixture
def house(world, session, app, browse, database, tmp_path):
    session.close()
    return House(app, browse, database, tmp_path)


def test_every_route_has_its_expectations_and_every_expectation_its_route():
    assert set(ALL_ROUTES) - set(ROUTES) == set(), "say in tests/rights.py who may use the new routes"
    assert set(ROUTES) - set(ALL_ROUTES) == set()


@on_sqlite
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_every_route_answers_each_sort_of_person_as_expected(method, world, house):
    wrong = []
    for route in KNOWN_ROUTES:
        if not route.startswith(f"{method} "):
            continue
        rule = ROUTES[route]
        for thing in rule.objects:
            path = world.path(route, thing)
            answer = house.ask("nobody", route, path)
            asked_in = answer.status_code == 401 or answer.headers.get("location", "").startswith("/login")
            if not rule.anonymous and not asked_in and rule.sees[thing]:
                wrong.append(f"nobody → {method} {path}: {answer.status_code}")
            for login in PEOPLE:
                if rule.streams and login in rule.may[thing]:
                    continue
                status = house.ask(login, route, path).status_code
                if status not in rule.allows(login, thing):
                    wrong.append(f"{login} → {method} {path}: {status}, not one of {sorted(rule.allows(login, thing))}")
    assert not wrong, "\n".join(wrong)


@on_sqlite
def test_a_foreign_object_and_a_missing_one_get_the_same_words(world, house):
    wrong = []
    for route in KNOWN_ROUTES:
        rule = ROUTES[route]
        for thing in rule.objects if route.startswith("GET ") and "{number}" in route else ():
            for login in [login for login in PEOPLE if login not in rule.sees[thing]][:1]:
                path = world.path(route, thing)
                foreign = house.ask(login, route, path)
                missing = house.ask(login, route, path.replace(thing, "IT-99999"))
                same = foreign.text.replace(thing, "?") == missing.text.replace("IT-99999", "?")
                if not (foreign.status_code == missing.status_code == 404 and same):
                    wrong.append(f"{login} → {path}: {foreign.status_code}, missing: {missing.status_code}")
    assert not wrong, "\n".join(wrong)


@on_sqlite
def test_a_confidential_case_shows_in_no_list_no_count_no_search_and_no_feed(world, house):
    wrong = []
    for login in [person for person in PEOPLE if person not in SEES["IT-2"]]:
        for route, path in _shown(world):
            shown = house.ask(login, route, path).text
            found = house.ask(login, route, f"{path}?q={SECRET}").text if route in SEARCHING else ""
            if SECRET in shown or "IT-2" in shown or "IT-2" in found:
                wrong.append(f"{login} → {path}")
    assert not wrong, "\n".join(wrong)


@on_sqlite
def test_what_is_for_own_people_reaches_the_requester_by_no_route(world, house):
    wrong = [path for route, path in _shown(world) if INTERNAL in house.ask("maria", route, path).text]

    assert not wrong, "\n".join(wrong)
    assert INTERNAL in house.browsers["oleg"].get("/cases/IT-1").text, "those who work the case read it"


def _shown(world) -> Iterator[tuple[str, str]]:
    """Every page and feed that can be read, but the confidential case itself."""
    for route in KNOWN_ROUTES:
        if route.startswith("GET ") and not ROUTES[route].streams:
            yield from ((route, world.path(route, thing)) for thing in ROUTES[route].objects if thing != "IT-2")


@on_sqlite
def test_a_file_for_own_people_is_read_by_those_who_work_the_case_alone(world, house):
    for thing in CASES:
        path = f"/files/{world.values[thing]['hidden_file_id']}"
        readers = {login for login in PEOPLE if house.browsers[login].get(path).status_code == 200}
        assert readers == WORKS[thing]
