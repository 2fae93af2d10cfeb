"""The conversations of the replay server: whole HTTP answers, as a server of 2.x gives them.

`/agents/{kind}/{count}` has `count` updates. The history of a `whole` one has them all. That of the
others is empty: whoever observes such a conversation is all of them behind, as after
a long absence. `behind` has replies of 100 updates, `text` a single one.
"""

from __future__ import annotations

import json
import re
import socket
from functools import cache

from benchmarks import corpus
from benchmarks.conversation import CHECKPOINT, EMPTY, PAGE, bodies, encoded, page
from flue_client_ext._flue.fold import Fold

_REQUEST = re.compile(rb"GET /agents/(whole|behind|text)/(\d+)(?:\?(\S*))? HTTP")
_OFFSET = re.compile(rb"(?:^|&)offset=([^&]+)")
_FIRST_FRAME = corpus.chunk(b"event: data\ndata:[" + CHECKPOINT + b"]\n\n")


def answer(sock: socket.socket, request: bytes) -> bool:
    """Answer a request for a conversation; return whether it is one."""
    found = _REQUEST.match(request)
    if found is None:
        return False
    count, query, replies = int(found[2]), found[3] or b"", found[1] != b"text"
    given = _OFFSET.search(query)
    if given is None:
        sock.sendall(_history(count if found[1] == b"whole" else 0))
        return True
    place = 0 if given[1] == b"-1" else int(given[1].split(b"_")[1])
    if b"live=sse" in query:
        body, starts = _event_stream(count, replies)
        sock.sendall(corpus.SSE_HEAD + _FIRST_FRAME)
        sock.sendall(memoryview(body)[starts[place // PAGE] :])
    elif place < count or b"live=" not in query:
        sock.sendall(_pages(count, replies)[place // PAGE])
    return True  # a long-poll at the tail waits until its reader leaves


def offset(place: int) -> str:
    """The offset behind so many updates."""
    return corpus.offset(place)


@cache
def _history(count: int) -> bytes:
    fold = Fold(EMPTY)
    for chunks in bodies(count, replies=True):
        fold.apply_batch(json.loads(chunks), "")
    return _answer(encoded({**fold.snapshot(), "offset": offset(count)}), count, at_tail=True)


@cache
def _pages(count: int, replies: bool) -> list[bytes]:
    """The answers to page reads, in order; the last one is that of a read at the tail."""
    answers = []
    for place, chunks in _placed(count, replies):
        answers.append(_answer(page(chunks), place, at_tail=place == count))
    return [*answers, _answer(b"[" + CHECKPOINT + b"]", count, at_tail=True)]


@cache
def _event_stream(count: int, replies: bool) -> tuple[bytes, list[int]]:
    """The chunked body of an SSE answer, and where the frames of each page begin in it."""
    parts: list[bytes] = []
    starts = [0]
    for place, chunks in _placed(count, replies):
        data = corpus.chunk(b"event: data\ndata:" + chunks + b"\n\n")
        parts.append(data + _control(place, at_tail=place == count))
        starts.append(starts[-1] + len(parts[-1]))
    return b"".join((*parts, _control(count, at_tail=True))), starts


def _control(place: int, *, at_tail: bool) -> bytes:
    control = {"streamNextOffset": offset(place), **({"upToDate": True} if at_tail else {})}
    return corpus.chunk(b"event: control\ndata:" + encoded(control) + b"\n\n")


def _placed(count: int, replies: bool) -> list[tuple[int, bytes]]:
    """The chunks of each page, with how many updates have been told after it."""
    pages = enumerate(bodies(count, replies=replies), 1)
    return [(min(number * PAGE, count), chunks) for number, chunks in pages]


def _answer(body: bytes, place: int, *, at_tail: bool) -> bytes:
    tail = "Stream-Up-To-Date: true\r\n" if at_tail else ""
    head = (
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncache-control: no-store\r\n"
        f"Stream-Next-Offset: {offset(place)}\r\n{tail}"
        f"Connection: keep-alive\r\nKeep-Alive: timeout=60\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
