"""What can go wrong with an answer, and the line on which it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.servers.connection import Connection

Framing = Literal["chunked", "length", "close"]


@dataclass(frozen=True)
class Fault:
    """What becomes of one answer.

    `after` bytes of it (head included; of the body when `of_body`) are sent, then `how` happens.
    `status` replaces the answer; `twice` repeats every batch; `framing` and `extra_length` say how
    the body's length is announced.
    """

    after: int | None = None
    of_body: bool = False
    how: Literal["close", "reset", "stall"] = "close"
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    twice: bool = False
    framing: Framing | None = None
    extra_length: int = 0


class Cut(Exception):
    """The fault has struck."""


class Line:
    """What the answer is written to: it lets `left` bytes pass."""

    def __init__(self, connection: Connection, fault: Fault, strike: Callable[[], None]) -> None:
        self.connection = connection
        self.fault = fault
        self.strike = strike
        self.left = None if fault.of_body else fault.after

    def body_begins(self) -> None:
        if self.fault.of_body:
            self.left = self.fault.after

    def send(self, data: bytes) -> None:
        if self.left is None or len(data) < self.left:
            self.connection.send(data)
            self.left = None if self.left is None else self.left - len(data)
            return
        if self.left:
            self.connection.send(data[: self.left])
        self.strike()
        if self.fault.how == "stall":
            self.connection.wait_closed(60)
        elif self.fault.how == "reset":
            self.connection.reset()
        else:
            self.connection.close()
        raise Cut


def framed(framing: Framing, length: int) -> dict[str, str]:
    if framing == "chunked":
        return {"transfer-encoding": "chunked"}
    return {"content-length": str(length)} if framing == "length" else {"connection": "close"}


def head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Reason\r\n{lines}\r\n".encode("latin-1")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
