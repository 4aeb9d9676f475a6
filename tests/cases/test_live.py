"""The talk arrives while one looks at it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from acm.app import Application

PATIENCE = 8.0


@pytest.fixture
def server(app: Application) -> Iterator[tuple[str, uvicorn.Server]]:
    """The application behind a real port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=3))
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}", running
    running.should_exit = True
    thread.join()


class Listener(threading.Thread):
    """Somebody who keeps the page open."""

    def __init__(self, url: str, cookie: str) -> None:
        super().__init__(daemon=True)
        self.url, self.cookie = url, cookie
        self.text, self.status, self.ended = "", 0, False
        self.connected = threading.Event()

    def run(self) -> None:
        try:
            with httpx.stream("GET", self.url, cookies={"acm": self.cookie}, timeout=PATIENCE) as answer:
                self.status = answer.status_code
                self.connected.set()
                for part in answer.iter_text():
                    self.text += part
        except httpx.HTTPError:
            pass
        self.connected.set()
        self.ended = True

    def hears(self, words: str) -> bool:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and words not in self.text and not self.ended:
            time.sleep(0.05)
        return words in self.text


@pytest.fixture
def listen(server, browse):
    def run(login: str, number: str) -> Listener:
        listener = Listener(f"{server[0]}/cases/{number}/live", browse(login).cookies["acm"])
        listener.start()
        listener.connected.wait(PATIENCE)
        return listener

    return run


def test_a_comment_arrives_by_itself_drawn_as_a_press_would_draw_it(listen, browse, open_request):
    case = open_request(owner="oleg")
    pavel = listen("pavel", case.number)

    browse("oleg").submit(f"/cases/{case.number}/comments", {"text": "Key **replaced**", "to": "team"})

    assert pavel.hears("<strong>replaced</strong>")
    assert 'id="thread"' in pavel.text
    assert 'hx-target="#case-top"' in pavel.text


def test_who_may_not_work_a_case_cannot_listen(listen, open_request):
    case = open_request()

    assert listen("maria", case.number).status == 403
    assert listen("lev", case.number).status == 404


def test_who_loses_the_right_to_see_a_case_hears_no_more(listen, browse, open_request, session):
    case = open_request(owner="oleg", to="it-desk", unit="hr", by="vera")
    oleg = listen("oleg", case.number)
    pavel = browse("pavel")

    pavel.submit(f"/cases/{case.number}/assignment", {"owner": "pavel"})
    pavel.submit(f"/cases/{case.number}/comments", {"text": "among us", "to": "team"})
    oleg.join(PATIENCE)

    assert oleg.ended
    assert "among us" not in oleg.text


def test_listening_ends_when_the_server_stops(server, listen, open_request):
    pavel = listen("pavel", open_request().number)

    server[1].should_exit = True
    pavel.join(PATIENCE)

    assert pavel.ended
