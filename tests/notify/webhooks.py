"""A receiver of webhooks: a real HTTP server of this machine, and a world in which it is told things."""

from __future__ import annotations

import base64
import hmac
import json
import threading
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Heard:
    """One message as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, object]:
        return json.loads(self.body)

    def is_signed_with(self, secret: str) -> bool:
        """The check of Standard Webhooks, written anew from its text."""
        signed = b".".join([self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), self.body])
        key = base64.b64decode(secret.removeprefix("whsec_"))
        expected = "v1," + base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()
        return expected in self.headers["webhook-signature"].split(" ")


@dataclass
class Receiver:
    """Answers with ``code``; waits for ``held`` first, where a test holds it."""

    code: int = 204
    answer: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    held: threading.Event | None = None
    server: ThreadingHTTPServer = field(init=False)

    def __post_init__(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.heard.append(Heard({k.lower(): v for k, v in self.headers.items()}, body))
                if receiver.held is not None:
                    receiver.held.wait(10)
                self.send_response(receiver.code)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(receiver.answer)))
                self.end_headers()
                self.wfile.write(receiver.answer)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.place}/hooks"

    def kinds(self) -> list[str]:
        return [str(one.said["type"]) for one in self.heard]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
