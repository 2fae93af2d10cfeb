"""The vocabulary between a connection's flow and a socket, and where a connection leads.

| operation | the reply |
|---|---|
| `Connect(host, port)` | `None`, connected |
| `Send(data)` | `None`, all of it is with the kernel |
| `RECEIVE` | some bytes, `b""` at the end |
| `YIELD` | `None`; an event loop lets others run first |
| `ESTABLISHED` | `None`; from here the answer's own time limit counts |

Socket errors are thrown into the flow as `OSError`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

from attrs import field, frozen

from .host import without_zone

if TYPE_CHECKING:
    import ssl


class Connect(NamedTuple):
    host: str
    port: int


class Send(NamedTuple):
    data: bytes


class Receive:
    pass


class Established:
    pass


class Yield:
    pass


RECEIVE = Receive()
ESTABLISHED = Established()
YIELD = Yield()

Operation: TypeAlias = Connect | Send | Receive | Established | Yield
T = TypeVar("T")
ByteFlow: TypeAlias = Generator[Operation, Any, T]


@frozen
class Proxy:
    """An HTTP proxy; `authorization` is the value of its Proxy-Authorization header, `variable` the
    environment's that names it."""

    host: str
    port: int
    tls: bool
    authorization: str | None = field(repr=False)
    variable: str = ""

    @property
    def label(self) -> str:
        """What an error calls it."""
        source = f", from {self.variable}" if self.variable else ""
        return f"{_authority(self.host, self.port)}{source}"


class Route(NamedTuple):
    """How to reach an origin. `tls_context` makes or returns the shared context; called late.
    `trust` names the setting that it obeys, if any."""

    host: str
    port: int
    tls: bool
    proxy: Proxy | None
    tls_context: Callable[[], ssl.SSLContext]
    trust: Callable[[], str] = str

    @property
    def authority(self) -> str:
        """`host:port`, with brackets around an IPv6 address."""
        return _authority(self.host, self.port)


def _authority(host: str, port: int) -> str:
    return f"[{without_zone(host)}]:{port}" if ":" in host else f"{host}:{port}"
