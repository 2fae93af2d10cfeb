"""A server whose runs have ended, and whose agents have answered, when they are first looked at.

It costs so little that its clients are what is measured. `POST /workflows/...` starts a run, `POST`
to a conversation below `/agents/` sends a message; JSON only. `GET /requests` tells how many
requests came since it was asked last. One event loop; a process of its own that prints its port and
ends with its standard input.
"""

from __future__ import annotations

import asyncio
import itertools
import re

from benchmarks import live
from benchmarks.conversation import CHECKPOINT, CONVERSATION, EMPTY, encoded
from benchmarks.corpus import STAMP, offset

_REQUEST = re.compile(rb"(GET|POST) (\S*) HTTP[^\0]*?\r\n\r\n")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_NEWS = (
    f"Stream-Next-Offset: {offset(9)}\r\nStream-Up-To-Date: true\r\nStream-Cursor: 1\r\n"
).encode()
_CLOSED = b"Stream-Closed: true\r\n"

_numbers = itertools.count()


def _run(path: str) -> bytes:
    """The latest event of a run, its end."""
    event = {"type": "run_end", "runId": path.split("/")[2], "v": 3, "eventIndex": 9}
    ended = {"result": {"words": 7}, "isError": False, "durationMs": 5, "timestamp": STAMP}
    return encoded([event | ended])


def _updates(path: str) -> bytes:
    """What came after the message: its settlement."""
    settled = {**_settlement(path), "type": "submission-settled"}
    position = {"conversationId": CONVERSATION, "position": {"batch": 9, "index": 0}}
    return b"[" + CHECKPOINT + b"," + encoded(settled | position) + b"]"


def _history(path: str) -> bytes:
    messages = [_message(path, "user", "hello"), _message(path, "assistant", "You said: hello")]
    conversation = {"offset": offset(9), "messages": messages, "settlements": [_settlement(path)]}
    return encoded(EMPTY | conversation)


def _message(path: str, role: str, text: str) -> dict[str, object]:
    parts = [{"type": "text", "text": text, "state": "done"}]
    shown = {"role": role, "purpose": role, "display": "visible"}
    return {"id": f"entry_{role}", **shown, "submissionId": _submission(path), "parts": parts}


def _settlement(path: str) -> dict[str, object]:
    return {"submissionId": _submission(path), "outcome": "completed"}


def _submission(path: str) -> str:
    """The submission of a conversation, which has one."""
    return "sub_" + path.split("/")[-1]


def _started(path: str) -> bytes:
    return encoded({"runId": f"run_{next(_numbers):026d}"})


def _admitted(path: str) -> bytes:
    admission = {"submissionId": _submission(path), "offset": offset(8), "uid": "uid_1"}
    return encoded({**admission, "streamUrl": path})


class Answering(live.Reader):
    """One connection."""

    requests = 0

    def __init__(self) -> None:
        super().__init__()
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        found = _REQUEST.match(self._received)
        if found is None:
            return
        length = _LENGTH.search(self._received, 0, found.end())
        end = found.end() + (int(length[1]) if length else 0)
        if len(self._received) >= end:
            self._received = self._received[end:]
            self._respond(found[1] == b"POST", found[2].decode())

    def _respond(self, is_post: bool, target: str) -> None:
        path, _, query = target.partition("?")
        if path == "/requests":
            count, Answering.requests = Answering.requests, 0
            self._write(200, encoded(count))
            return
        Answering.requests += 1
        if is_post:
            self._write(202, (_started if path.startswith("/workflows/") else _admitted)(path))
        elif path.startswith("/runs/"):
            self._write(200, _run(path), _NEWS + _CLOSED)
        elif "view=updates" in query:
            self._write(200, _updates(path), _NEWS)
        else:
            self._write(200, _history(path), _NEWS)

    def _write(self, status: int, body: bytes, headers: bytes = b"") -> None:
        head = (
            f"HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\nKeep-Alive: timeout=60\r\n"
            f"Connection: keep-alive\r\nContent-Length: {len(body)}\r\n"
        )
        self._transport.write(head.encode() + headers + b"\r\n" + body)


if __name__ == "__main__":
    asyncio.run(live.serve(Answering))
