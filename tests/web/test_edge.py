"""What every answer passes at the edge: headers, limits of bodies, errors that show a number and no more."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from acm.app import create_app
from acm.web.middleware import HEADERS
from tests.cast import PASSWORD

PATHS = (
    "/login",
    "/",
    "/requests/IT-9",
    "/api/v1/me",
    "/api/v1/nowhere",
    "/nowhere",
    "/openapi.json",
    "/p/x/y",
    "/healthz",
)
MEGABYTE = b"x" * (1 << 20)


@pytest.fixture
def client(settings, database):
    """``client(base_url="https://acm.test")`` asks an application with these settings."""
    opened = []

    def ask(base_url="http://testserver", **changes):
        app = create_app(settings.model_copy(update={"base_url": base_url, **changes}), database=database)
        opened.append(TestClient(app, base_url=base_url, raise_server_exceptions=False, follow_redirects=False))
        return opened[-1]

    yield ask
    for one in opened:
        one.close()


def test_every_answer_bears_the_policy_and_is_kept_by_nobody(client):
    browser = client()
    for path in PATHS:
        headers = browser.get(path).headers
        assert {name: headers.get(name) for name in HEADERS} == HEADERS, path
        assert "no-store" in headers["cache-control"], path
        assert "strict-transport-security" not in headers, "not over plain http"
        assert not {"server", "x-powered-by"} & set(headers), path


def test_over_https_the_session_is_bound_to_this_host_alone(client):
    browser = client("https://acm.test")
    page = browser.get("/login")
    token = page.text.split('name="csrf-token" content="')[1].split('"')[0]

    answer = browser.post("/login", data={"login": "oleg", "password": PASSWORD, "csrf_token": token})

    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("__Host-acm="))
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "secure", "path=/", "samesite=lax"} <= parts
    assert not any(part.startswith("domain") for part in parts)
    assert answer.headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/api/v1/cases", {"content-type": "application/json", "authorization": "Bearer x"}),
     ("/login", {"content-type": "application/x-www-form-urlencoded"}),
     ("/login", {"content-type": "multipart/form-data; boundary=b"})],
    ids=["json", "form", "files"],
)  # fmt: skip
def test_a_body_past_the_limit_is_refused_whether_or_not_it_says_its_length(client, path, headers):
    browser, begin = client(body_limit_mb=1), b'--b\r\ncontent-disposition: form-data; name="f"; filename="a"\r\n\r\n'

    def in_pieces():
        yield begin
        for _piece in range(40):
            yield MEGABYTE

    said = browser.post(path, content=begin + MEGABYTE, headers=headers)
    silent = browser.post(path, content=in_pieces(), headers=headers)

    assert (said.status_code, silent.status_code) == (413, 413)


def test_an_error_of_ours_shows_its_number_and_nothing_of_the_inside(client, monkeypatch):
    browser = client()

    def break_down(*_args, **_options):
        raise RuntimeError("/secret/path: the key is hunter2")

    monkeypatch.setattr("acm.people.routes._login_page", break_down)
    for accept in ("text/html", "application/json"):
        answer = browser.get("/login", headers={"accept": accept})
        assert answer.status_code == 500
        assert answer.headers["x-request-id"] in answer.text
        assert not any(word in answer.text for word in ("hunter2", "RuntimeError", "Traceback", "/secret"))
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
