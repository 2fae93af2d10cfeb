"""The SSE framer beside the parser of the WHATWG standard, line for line, and beside sseclient-py.

`sseclient-py` reads some streams in another way than the standard says. `comparable` names the
reasons; streams for which none holds must read the same in all three."""

from __future__ import annotations

from random import Random

import sseclient

from flue_client_ext._stream.sse import Framer, parse_frame
from tests.core import whatwg
from tests.reliability.options import Broken

from .cuts import HOSTILE, chances, pieces

PIECES = [
    *(b"data:", b"data: ", b"data", b"event:", b"event: ", b"data", b"control", b"id: 1", b"retry"),
    *(b":", b" ", b"x", b"\n", b"\n", b"\n\n", b"\r\n", b"\r\n\r\n", b"\r", b"\r\r", b"\n\r\n"),
    *(b'[{"a":1}]', b"event: data\ndata:[1]\n\n", b'event: control\ndata:{"streamNextOffset":"a"}'),
    *(
        "é世🎉\u2028\u2029\x0c".encode(),
        b"\xe2\x82",
        b"\xf0\x9f",
        b"event",
        b"data: a\ndata: b\n\n",
    ),
    *HOSTILE,
]


CLEAN = [
    *(b"data: a", b"data:[1]", b"data:  b", b"event: x", b"event:y", b"event: data", b"id: 1"),
    *(b"retry: 5", b": hi", b":", b"foo: 1", b"foo", b"data: a:b", "data: é世🎉".encode()),
]
"""Lines that sseclient-py reads as the standard says."""


def stream(chance: Random) -> bytes:
    if chance.random() < 0.2:
        ends = (b"\n", b"\n", b"\n\n")
        lines = (chance.choice(CLEAN) + chance.choice(ends) for _ in range(chance.randrange(1, 20)))
        return b"".join(lines) + b"\n"
    return b"".join(chance.choice(PIECES) for _ in range(chance.randrange(1, 30)))


def ours(chunks: list[bytes]) -> whatwg.Events:
    framer = Framer()
    return [
        (name, data.decode("utf-8", "replace"))
        for chunk in chunks
        for frame in framer.feed(chunk)
        for name, data in parse_frame(frame)
    ]


def by_sseclient(raw: bytes) -> whatwg.Events:
    return [(event.event, event.data) for event in sseclient.SSEClient(iter([raw])).events()]


def comparable(raw: bytes) -> bool:
    """Whether sseclient-py reads `raw` as the standard says. It keeps a byte order mark, drops
    events whose data is empty, fails on bytes that are no UTF-8, dispatches a frame that is cut
    off, knows a blank line by one kind of line ending alone, and skips lines of blanks."""
    text = raw.decode("utf-8", "replace")
    lines = text.split("\n")
    return (
        text.encode() == raw
        and "\ufeff" not in text
        and "\r" not in text
        and text.endswith("\n\n")
        and not any(line in ("data", "data:", "data: ") for line in lines)
        and not any(line != "" and not line.strip() for line in lines)
        and not any(len(line.encode().splitlines()) > 1 for line in lines)
    )


def check(chance: Random) -> bool:
    """Try one stream; return whether sseclient-py was compared as well."""
    raw = stream(chance)
    chunks = pieces(chance, raw)
    expected = whatwg.parse(raw)
    # The standard drops an event without data; an empty control frame is an error of the protocol.
    found = [event for event in ours(chunks) if event != ("control", "")]
    if found != [event for event in expected if event != ("control", "")]:
        raise Broken(f"{chunks!r} reads as {found!r}, and the standard says {expected!r}")
    if not comparable(raw):
        return False
    if (other := by_sseclient(raw)) != expected:
        raise Broken(f"{raw!r} reads as {other!r} by sseclient-py, and as {expected!r}")
    return True


def run(seed: int, count: int) -> str:
    compared = sum(check(chance) for _, chance in chances(seed, count))
    return f"{count:,} streams as WHATWG's parser reads them, {compared:,} of them as sseclient-py"
