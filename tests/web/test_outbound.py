"""Requests that leave the house: public addresses and what is listed, nothing else, and never for long."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from pydantic import ValidationError

from acm.settings import Settings
from acm.web.outbound import OutboundRefused, guarded_client, is_public

Serve = Callable[[Callable[[BaseHTTPRequestHandler], None]], int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """``serve(answer)`` runs an HTTP server on 127.0.0.1 and says its port."""
    servers: list[ThreadingHTTPServer] = []

    def run(answer: Callable[[BaseHTTPRequestHandler], None]) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return int(server.server_address[1])

    yield run
    for server in servers:
        server.shutdown()
        server.server_close()


def say(status: int, body: bytes = b"", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def allowing(*places: str) -> Settings:
    return Settings(outbound_allow=", ".join(places))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://127.1/", "http://127.0.1/", "http://2130706433/", "http://0x7f000001/",
        "http://0x7f.1/", "http://0177.0.0.1/", "http://localhost/", "http://LOCALHOST/", "http://0/",
        "http://0.0.0.0/", "http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://[fe80::1]/",
        "http://[fd00:ec2::254]/", "http://169.254.169.254/", "http://10.0.0.1/", "http://172.16.0.1/",
        "http://192.168.1.1/", "http://100.64.0.1/", "http://100.100.100.200/", "http://168.63.129.16/",
        "http://224.0.0.1/", "http://255.255.255.255/", "http://240.0.0.1/", "http://user:word@127.0.0.1/",
        "https://127.0.0.1/", "http://127.0.0.1:80/#@example.com/",
    ],
)  # fmt: skip
def test_no_spelling_of_an_inner_address_is_reached(url: str) -> None:
    with guarded_client(Settings()) as client, pytest.raises((OutboundRefused, httpx.InvalidURL)):
        client.get(url)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", ["ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "http:///x"])
def test_only_http_and_https_are_spoken(url: str) -> None:
    with guarded_client(Settings()) as client, pytest.raises((OutboundRefused, httpx.UnsupportedProtocol)):
        client.get(url)


@pytest.mark.parametrize("port", [22, 25, 5432, 6379, 8000])
def test_a_port_that_is_not_listed_is_not_reached(port: int) -> None:
    with guarded_client(Settings()) as client, pytest.raises(OutboundRefused):
        client.get(f"http://example.com:{port}/")


def test_what_is_listed_is_reached_and_its_neighbours_are_not(serve: Serve) -> None:
    port, other = serve(say(200, b"in")), serve(say(200, b"out"))

    with guarded_client(allowing(f"127.0.0.1:{port}")) as client:
        assert client.get(f"http://127.0.0.1:{port}/").text == "in"
        with pytest.raises(OutboundRefused):
            client.get(f"http://127.0.0.1:{other}/")


def test_one_inner_address_among_the_addresses_of_a_name_is_enough_to_refuse() -> None:
    both = ["93.184.216.34", "127.0.0.1"]

    with guarded_client(Settings(), resolve=lambda _host, _port: both) as client, pytest.raises(OutboundRefused):
        client.get("http://rebound.example/")


def test_a_name_is_looked_up_once_and_the_checked_address_is_the_one_reached(serve: Serve) -> None:
    hosts: list[str] = []
    port = serve(lambda handler: (hosts.append(handler.headers["host"]), say(200, b"here")(handler)))  # type: ignore[arg-type, func-returns-value]
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    with guarded_client(allowing(f"hook.example:{port}"), resolve=resolve) as client:
        assert client.get(f"http://hook.example:{port}/").text == "here"

    assert (asked, hosts) == (["hook.example"], [f"hook.example:{port}"])


def test_a_redirect_is_not_followed_and_cannot_lead_inside(serve: Serve) -> None:
    port = serve(say(302, location="http://169.254.169.254/latest/meta-data/"))

    with guarded_client(allowing(f"127.0.0.1:{port}")) as client:
        assert client.get(f"http://127.0.0.1:{port}/").status_code == 302
        with pytest.raises(OutboundRefused):
            client.get(f"http://127.0.0.1:{port}/", follow_redirects=True)


def test_an_answer_without_end_is_cut_off(serve: Serve) -> None:
    def pour(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65_536)
        except OSError:
            pass

    port = serve(pour)

    with guarded_client(allowing(f"127.0.0.1:{port}"), seconds=30) as client, pytest.raises(OutboundRefused):
        client.get(f"http://127.0.0.1:{port}/")


def test_a_packed_answer_is_not_unpacked(serve: Serve) -> None:
    port = serve(say(200, gzip.compress(b"0" * 10_000_000), content_encoding="gzip"))

    with guarded_client(allowing(f"127.0.0.1:{port}")) as client, pytest.raises(OutboundRefused):
        client.get(f"http://127.0.0.1:{port}/")


def test_an_answer_in_drops_ends_at_the_deadline(serve: Serve) -> None:
    gone = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while not gone.wait(0.05):
                handler.wfile.write(b".")
        except OSError:
            pass

    port = serve(drip)
    with guarded_client(allowing(f"127.0.0.1:{port}"), seconds=0.5) as client, pytest.raises(httpx.TimeoutException):
        client.get(f"http://127.0.0.1:{port}/")
    gone.set()


def test_a_place_where_nobody_listens_is_a_fault_of_the_net() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with guarded_client(allowing(f"127.0.0.1:{port}")) as client, pytest.raises(httpx.NetworkError):
        client.get(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("path", "fine"),
    [("/api/items", True), ("/api", True), ("/apiary", False), ("/other", False), ("/api/%2e%2e/other", False)],
)
def test_a_narrowed_client_stays_below_its_addresses(serve: Serve, path: str, fine: bool) -> None:
    port = serve(say(200))
    base = f"http://127.0.0.1:{port}"

    with guarded_client(allowing(f"127.0.0.1:{port}"), allow=[f"{base}/api/"]) as client:
        if fine:
            assert client.get(base + path).status_code == 200
        else:
            with pytest.raises(OutboundRefused):
                client.get(base + path)


def test_what_a_caller_is_narrowed_to_opens_nothing_inside() -> None:
    with guarded_client(Settings(), allow=["http://127.0.0.1/"]) as client, pytest.raises(OutboundRefused):
        client.get("http://127.0.0.1/")


def test_proxies_of_the_environment_are_not_asked(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{serve(say(200, b'proxy'))}")
    port = serve(say(200, b"direct"))

    with guarded_client(allowing(f"127.0.0.1:{port}")) as client:
        assert client.get(f"http://127.0.0.1:{port}/").text == "direct"


@pytest.mark.parametrize("text", ["somewhere", "host:port", "host:80;other:80", "host:123456"])
def test_a_list_of_exceptions_that_cannot_be_read_stops_the_start(text: str) -> None:
    with pytest.raises(ValidationError):
        allowing(text)
