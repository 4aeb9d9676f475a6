"""The one client for requests that leave the house: it reaches public addresses and what an administrator listed.

A name is resolved here, every address it has must be public, and the connection goes to an address that was checked:
there is no second look-up that could answer otherwise. Only http and https, ports 80 and 443; redirects are not
followed, and where a caller does follow them each hop is checked alike. The whole exchange has one deadline, and an
answer may be 1 MiB. Exceptions stand in ``ACM_OUTBOUND_ALLOW``; no proxy of the environment is used.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import unquote

import httpcore
import httpx

from acm.i18n import Message, _
from acm.settings import Settings

SECONDS = 5.0
LARGEST = 1 << 20
PORTS = {"http": 80, "https": 443}
METADATA = frozenset({IPv4Address("168.63.129.16")})  # a cloud's own service behind an address that looks public
GLOBAL_UNICAST = IPv6Network("2000::/3")
TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64: the last four bytes are an IPv4 address

Resolve = Callable[[str, int], Sequence[str]]


class OutboundRefused(httpx.TransportError):
    """A request we do not send, or an answer we do not read. ``reason`` is a message for people."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


def guarded_client(
    settings: Settings,
    *,
    allow: Sequence[str] | None = None,
    seconds: float = SECONDS,
    largest: int = LARGEST,
    resolve: Resolve | None = None,
) -> httpx.Client:
    """A client for one caller; close it after use.

    ``allow`` narrows it to addresses below these (``https://stock.example/api/``), as a plugin's manifest lists them;
    it never widens. ``seconds`` bounds one request from the look-up of the name to the last byte of the answer,
    ``largest`` the answer in bytes. Raises :class:`OutboundRefused` and what ``httpx`` raises for faults of the net.
    """
    transport = GuardedTransport(
        listed(settings), allow=allow, seconds=seconds, largest=largest, resolve=resolve or resolved
    )
    return httpx.Client(transport=transport, trust_env=False, follow_redirects=False, timeout=seconds)


def listed(settings: Settings) -> frozenset[tuple[str, int]]:
    """The exceptions of ``ACM_OUTBOUND_ALLOW`` as (host, port)."""
    entries = (entry.rsplit(":", 1) for entry in settings.outbound_allow.replace(",", " ").split())
    return frozenset((_plain(host), int(port)) for host, port in entries)


def is_public(address: str) -> bool:
    """Whether an address belongs to the internet at large: not this machine, a private net, a group or a relay."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif ip in TRANSLATED:
            ip = IPv4Address(int(ip) & 0xFFFFFFFF)
        elif ip not in GLOBAL_UNICAST or ip.sixtofour is not None or ip.teredo is not None:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and ip not in METADATA


def resolved(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system knows them."""
    return list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


class GuardedTransport(httpx.BaseTransport):
    """Sends each request over a connection of its own, to a checked address, until a deadline."""

    def __init__(
        self,
        exceptions: frozenset[tuple[str, int]],
        *,
        allow: Sequence[str] | None,
        seconds: float,
        largest: int,
        resolve: Resolve,
    ) -> None:
        self.exceptions = exceptions
        self.allowed = None if allow is None else [httpx.URL(one) for one in allow]
        self.seconds, self.largest, self.resolve = seconds, largest, resolve

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send and read to the end: what is returned holds its whole body."""
        self._check(request.url)
        request.headers["Accept-Encoding"] = "identity"  # a packed answer could grow beyond every limit
        wire = Wire(self, time.monotonic() + self.seconds)
        try:
            with httpcore.ConnectionPool(
                ssl_context=_trust(), network_backend=wire, max_keepalive_connections=0
            ) as pool:
                return self._exchange(pool, request)
        except httpcore.TimeoutException as error:
            raise httpx.TimeoutException("no answer in time", request=request) from error
        except httpcore.ProtocolError as error:
            raise httpx.RemoteProtocolError(str(error), request=request) from error
        except httpcore.NetworkError as error:
            raise httpx.NetworkError(str(error), request=request) from error

    def checked(self, host: str, port: int) -> list[str]:
        """The addresses of a host, all of which may be reached."""
        try:
            found = self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"no address is known for {host}") from error
        if (_plain(host), port) not in self.exceptions and not all(is_public(address) for address in found):
            raise OutboundRefused(_("The address %(host)s is not public", host=host))
        return list(found)

    def _check(self, url: httpx.URL) -> None:
        """Refuse by what the address itself says, before any look-up."""
        if url.scheme not in PORTS or not url.host:
            raise OutboundRefused(_("Only addresses of http and https can be reached"))
        port = url.port or PORTS[url.scheme]
        if port not in PORTS.values() and (_plain(url.host), port) not in self.exceptions:
            raise OutboundRefused(_("The port %(port)s cannot be reached: 80 and 443 can", port=port))
        if self.allowed is not None and not any(_below(url, base) for base in self.allowed):
            raise OutboundRefused(_("The address %(host)s is not among those that may be reached", host=url.host))

    def _exchange(self, pool: httpcore.ConnectionPool, request: httpx.Request) -> httpx.Response:
        url = request.url
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        assert isinstance(request.stream, Iterable)
        asked = httpcore.Request(request.method, target, headers=request.headers.raw, content=request.stream)
        answer = pool.handle_request(asked)
        try:
            headers = httpx.Headers(answer.headers)
            if headers.get("content-encoding", "identity").lower() != "identity":
                raise OutboundRefused(_("The answer is packed, which we asked it not to be"))
            body = bytearray()
            for chunk in answer.iter_stream():
                body += chunk
                if len(body) > self.largest:
                    raise OutboundRefused(_("The answer is too large"))
        finally:
            answer.close()
        return httpx.Response(answer.status, headers=headers, stream=httpx.ByteStream(bytes(body)))


class Wire(httpcore.NetworkBackend):
    """Connects to checked addresses alone; everything on it ends at the deadline (of the monotonic clock)."""

    def __init__(self, guard: GuardedTransport, deadline: float) -> None:
        self.guard, self.deadline = guard, deadline
        self.inner = httpcore.SyncBackend()

    def left(self) -> float:
        """Seconds until the deadline."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("no answer in time")
        return left

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """The first address that answers, of those that were checked."""
        failed: Exception = httpcore.ConnectError(f"no address is known for {host}")
        for address in self.guard.checked(host, port):
            try:
                stream = self.inner.connect_tcp(address, port, self.left(), local_address, socket_options)
                return Bounded(stream, self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed


class Bounded(httpcore.NetworkStream):
    """A stream on which nothing takes longer than what is left."""

    def __init__(self, inner: httpcore.NetworkStream, wire: Wire) -> None:
        self.inner, self.wire = inner, wire

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.inner.read(max_bytes, self.wire.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.inner.write(buffer, self.wire.left())

    def close(self) -> None:
        self.inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return Bounded(self.inner.start_tls(ssl_context, server_hostname, self.wire.left()), self.wire)

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)


@cache
def _trust() -> ssl.SSLContext:
    """Whose certificates count: the authorities httpx comes with, or those of ``SSL_CERT_FILE``."""
    return httpx.create_ssl_context()


def _plain(host: str) -> str:
    return host.lower().strip("[]").rstrip(".")


def _below(url: httpx.URL, base: httpx.URL) -> bool:
    """Whether an address lies below another one: the same origin, and a path inside its path."""
    port, base_port = (one.port or PORTS.get(one.scheme) for one in (url, base))
    same = (url.scheme, _plain(url.host), port) == (base.scheme, _plain(base.host), base_port)
    inside = base.path.rstrip("/") + "/"
    steps = unquote(url.path).replace("\\", "/").split("/")
    return same and ".." not in steps and (url.path + "/").startswith(inside)
