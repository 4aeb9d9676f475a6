"""The real application with a small demo company, and browsers of its people: headless Chromium that signs in."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, StorageState, expect, sync_playwright
from sqlalchemy import func, select, update

from acm import composition, migrating
from acm.app import Application, create_app
from acm.db import Database
from acm.demo.building import Building
from acm.journal import Consumer, Event
from acm.pages.visibility import unrestricted
from acm.people.models import Person
from acm.settings import Settings
from acm.web.runtime import Runtime
from tests.browser.screens import SCREENS, places, settle

PLUGINS = Path(__file__).parents[2] / "plugins"
CHROMIUM = os.environ.get("ACM_CHROMIUM") or "/usr/bin/chromium"
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PASSWORD = "demo"
CASES = 80
PATIENCE = 30_000
"""Milliseconds a browser waits for what it expects."""
LANGUAGES = {"ru": "ru-RU", "en": "en-GB"}


@dataclass
class Site:
    """The served application."""

    address: str
    runtime: Runtime
    browser: Browser
    addresses: dict[str, str]
    signed_in: dict[str, StorageState] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Application:
    """A demo company with its plugin, services, people, articles and a few dozen cases, counted and indexed."""
    folder = tmp_path_factory.mktemp("site")
    settings = Settings(data_dir=folder, secret_key="test key of no value", plugin_path=PLUGINS)
    database = Database(settings.url)
    migrating.migrate(database)
    made = create_app(settings, database=database)
    runtime = made.runtime
    Building(runtime, lambda words, done, total: None, count=CASES).build()
    worker = runtime.parts["worker"] = composition.worker(runtime)
    while worker.once() or not runtime.parts["search"].status().is_current:
        time.sleep(0.02)
    return made


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(app: Application, chromium: Browser) -> Iterator[Site]:
    """The application on a port of its own, with the worker beside it as ``acm serve`` has it."""
    with app.runtime.db.reading(app.runtime.snapshot) as session:
        found = places(session)
    addresses = {name: screen.path.format(**found) for name, screen in SCREENS.items()}
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(100)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield Site(f"http://127.0.0.1:{listening.getsockname()[1]}", app.runtime, chromium, addresses)
        server.should_exit = True
        thread.join(timeout=15)


Enter = Callable[..., Page]


@pytest.fixture
def enter(site: Site) -> Iterator[Enter]:
    """``enter("employee")`` is a page of that person's browser; ``enter()`` is nobody's.

    ``lang``, ``width``, ``height``, ``scripts`` and whatever else a context of Playwright takes can be chosen. The console has to stay
    silent: no error of a script, no breach of the security policy.
    """
    opened: list[BrowserContext] = []
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and "status of 422" not in message.text:
            complaints.append(f"{message.location.get('url')}: {message.text}")

    def open_page(
        login: str | None = None, *, lang: str = "ru", width: int = 1440, height: int = 900, scripts: bool = True,
        **options: object,
    ) -> Page:  # fmt: skip
        if login:
            prefer(site, login, lang)
        if login and login not in site.signed_in:
            site.signed_in[login] = _sign_in(site, login)
        state = site.signed_in[login] if login else None
        context = site.browser.new_context(
            base_url=site.address, locale=LANGUAGES[lang], storage_state=state, java_script_enabled=scripts,
            viewport={"width": width, "height": height}, reduced_motion="reduce", **options,
        )  # fmt: skip
        context.set_default_timeout(PATIENCE)
        context.on("console", hear)
        context.on("weberror", lambda error: complaints.append(f"{error.page and error.page.url}: {error.error}"))
        opened.append(context)
        return context.new_page()

    yield open_page
    for context in opened:
        context.close()
    assert not complaints, "the console of the browser complained"


def prefer(site: Site, login: str, lang: str) -> None:
    """Set the person's language, as the profile does."""
    with site.runtime.db.writing(site.runtime.snapshot) as session:
        session.execute(update(Person).where(Person.login == login).values(language=lang))


def _sign_in(site: Site, login: str) -> StorageState:
    """What the browser keeps after the person has signed in on the login page."""
    context = site.browser.new_context(base_url=site.address)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto("/login")
    page.locator("#login").fill(login)
    page.locator("#password").fill(PASSWORD)
    page.locator("form:has(#password) button").click()
    page.wait_for_url(f"{site.address}/")
    state = context.storage_state()
    context.close()
    return state


Counted = Callable[[], None]


@pytest.fixture(scope="session")
def counted(site: Site) -> Counted:
    """``counted()`` waits until the figures know all that has happened so far."""

    def wait() -> None:
        with site.runtime.db.reading() as session:
            newest = session.scalar(unrestricted(select(func.max(Event.id)), "tests"))
        ends = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < ends:
            with site.runtime.db.reading() as session:
                if session.get_one(Consumer, "kpi").event_id >= newest:
                    return
            time.sleep(0.05)
        raise AssertionError("the figures did not follow the journal")

    return wait


Look = Callable[..., Page]


@pytest.fixture(scope="session")
def addresses(site: Site) -> dict[str, str]:
    """The addresses of the main screens."""
    return site.addresses


@pytest.fixture
def look(enter: Enter, addresses: dict[str, str]) -> Look:
    """``look("portal", width=390)`` opens a main screen as the person whose screen it is."""

    def open_screen(name: str, **options: object) -> Page:
        page = enter(SCREENS[name].login, **options)
        answer = page.goto(addresses[name])
        assert answer is not None
        assert answer.status == 200, f"{addresses[name]}: {answer.status}"
        settle(page)
        return page

    return open_screen
