"""One request of the doctor, and how far it came. Values only."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from .._http.host import without_zone
from .._http.route import Proxy, Route
from .._values.http import Head, Request
from .._values.jsoncodec import NotJson, decode
from ..errors import FlueApiError


@frozen
class Exchange:
    """`error`: an `HttpCut` or an `OSError` of the transport; beside a `head`, the body was cut."""

    request: Request = field(repr=False)
    route: Route = field(repr=False)
    head: Head | None = None
    body: bytes = field(default=b"", repr=False)
    error: Exception | None = None
    address: str = ""
    """The IP address that was connected to; empty if there was no connection."""
    sent: bool = False
    """Whether the request may have left: the connection, tunnel and TLS included, was there."""
    tls_host: str = ""
    """The peer of the latest TLS handshake; empty if there was none."""
    trusted: str = ""
    """Where the certificates that TLS trusts come from, in words."""
    connected_after: float = 0.0
    """Seconds until the connection was there."""
    answered_after: float = 0.0
    """Seconds from then until the head of the response, or until the error."""
    answered_at: float = 0.0
    """The wall clock at that time, in seconds since 1970."""

    @property
    def peer(self) -> str:
        """The peer of the connection, in words."""
        return f"the proxy {self.route.proxy.label}" if self.route.proxy else self.server

    @property
    def tls_peer(self) -> str:
        """The peer of the latest TLS handshake, in words."""
        proxy = self.route.proxy
        return self.peer if proxy and proxy.tls and proxy.host == self.tls_host else self.server

    @property
    def server(self) -> str:
        return f"the server {self.route.authority}"

    @property
    def target(self) -> dict[str, Any]:
        """The facts about the peer of the connection."""
        first: Proxy | Route = self.route.proxy or self.route
        facts: dict[str, Any] = {"host": without_zone(first.host), "port": first.port}
        if self.route.proxy:
            facts["proxy_variable"] = self.route.proxy.variable
        return facts

    @property
    def status(self) -> int | None:
        return None if self.head is None else self.head.status

    @property
    def error_type(self) -> str | None:
        """The type in Flue's error envelope, if the response has one."""
        if self.head is None or self.head.status < 400:
            return None
        return FlueApiError(self.head.response(self.body)).type

    @property
    def json(self) -> Any:
        """The decoded body; `None` for one that is not JSON."""
        try:
            return decode(self.body)
        except NotJson:
            return None

    def header(self, name: str) -> str:
        return "" if self.head is None else self.head.headers.get(name, "").strip()


@frozen
class Listening:
    """An event stream that was open for a while. Without `first_after`, no byte of its body came;
    with `ended_after`, it ended by itself. Both in seconds since its head."""

    exchange: Exchange
    first_after: float | None = None
    ended_after: float | None = None
    watched: float = 0.0
    silence: float = 0.0
    """The longest time without a byte since the first one, in seconds."""
