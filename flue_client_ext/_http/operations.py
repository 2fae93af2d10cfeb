"""The contract between a connection's flow and the socket that carries it.

| operation | the reply |
|---|---|
| `Connect(host, port)` | `None`, once connected |
| `Send(data)` | `None`, once the kernel has all of it |
| `RECEIVE` | some bytes, `b""` at the end of the connection |
| `YIELD` | `None`; an event loop runs other tasks first |
| `ESTABLISHED` | `None`; the time limit of connecting ends here, that of the response begins |

An error of the socket is thrown into the flow as an `OSError`. A flow ends with an `OSError` or an
`HttpCut`. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple, TypeAlias, TypeVar


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


class HttpCut(Exception):  # becomes a Failure
    """The connection ended before the response did, or carried bytes that are not HTTP.
    `retry_after` is the Retry-After header of a proxy that refused a tunnel."""

    def __init__(self, message: str, retry_after: str = "") -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unreachable(HttpCut):
    """No connection to the server can be opened, and a retry does not change that."""
