"""How a connection reaches its origin: host and port, TLS, and the proxy between.

Values only. Nothing is resolved, opened or loaded here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from attrs import field, frozen

from .host import without_zone

if TYPE_CHECKING:
    import ssl


@frozen
class Proxy:
    """An HTTP proxy. `authorization` is the value of the Proxy-Authorization header, `variable` the
    environment variable that names the proxy."""

    host: str
    port: int
    tls: bool
    authorization: str | None = field(repr=False)
    variable: str = ""

    @property
    def label(self) -> str:
        """The name of the proxy in an error message, without credentials."""
        source = f", from {self.variable}" if self.variable else ""
        return f"{_authority(self.host, self.port)}{source}"


class Route(NamedTuple):
    """The route to an origin. `tls_context` returns the TLS context, and is called when a
    connection needs it; `trust` names the setting that chose the trusted certificates, if any."""

    host: str
    port: int
    tls: bool
    proxy: Proxy | None
    tls_context: Callable[[], ssl.SSLContext]
    trust: Callable[[], str] = str

    @property
    def authority(self) -> str:
        """`host:port`, with brackets around an IPv6 address (RFC 3986 section 3.2.2)."""
        return _authority(self.host, self.port)

    @property
    def forwarded_by(self) -> Proxy | None:
        """The proxy that reads the requests and may answer them; none where it opens a tunnel."""
        return None if self.tls else self.proxy


def _authority(host: str, port: int) -> str:
    return f"[{without_zone(host)}]:{port}" if ":" in host else f"{host}:{port}"
