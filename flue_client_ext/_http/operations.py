"""The contract between a connection's flow and the socket that carries it.

| operation | the reply |
|---|---|
| `Connect(host, port)` | `None`, once connected |
| `Send(data)` | `None`, once the kernel has all of it |
| `RECEIVE` | some bytes, `b""` at the end of the connection |
| `RECEIVE_NOW` | the same, `None` where it would have to wait |
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
    data: memoryview
    """A view, whose `repr` shows nothing: error trackers show the local variables of a traceback,
    and a request holds credentials."""


class Receive:
    pass


class ReceiveNow:
    pass


class Established:
    pass


class Yield:
    pass


RECEIVE = Receive()
RECEIVE_NOW = ReceiveNow()
ESTABLISHED = Established()
YIELD = Yield()

Operation: TypeAlias = Connect | Send | Receive | ReceiveNow | Established | Yield
T = TypeVar("T")
ByteFlow: TypeAlias = Generator[Operation, Any, T]


class HttpCut(Exception):  # becomes a Failure
    """The connection ended before the response did, or carried bytes that are not HTTP. `status`
    and `retry_after` (the header) are those of a proxy that refused a tunnel."""

    def __init__(self, message: str, retry_after: str = "", status: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.status = status


class Unreachable(HttpCut):
    """No connection to the server can be opened, and a retry does not change that."""


def without_waiting(flow: ByteFlow[T]) -> ByteFlow[T | None]:
    """Run `flow`, and close it where it would have to wait for bytes; the result is `None` then."""
    reply: Any = None
    try:
        while True:
            operation = flow.send(reply)
            if operation is RECEIVE:
                reply = yield RECEIVE_NOW
                if reply is None:
                    return None
            else:
                reply = yield operation
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        flow.close()
