"""The updates of a conversation, in pages of 100 batches of one chunk.

Each reply has a step that reasons and calls a tool, and one that answers: 100 chunks in all, 88 of
them deltas. In a conversation of one reply, all but the first three chunks are deltas of one text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

PAGE = 100
Json = dict[str, Any]
CONVERSATION = "conv_01M8A1RZV1EG05E87PZ2J5JXJV"
EMPTY: Json = {
    "v": 1,
    "conversationId": CONVERSATION,
    "offset": "0",
    "messages": [],
    "settlements": [],
    "incarnation": "inc_01M8A1RZV0HNFJHMCEEP3ERPJ6",
}


def encoded(value: Any) -> bytes:
    """JSON without blanks, as JavaScript writes it."""
    return json.dumps(value, separators=(",", ":")).encode()


CHECKPOINT = encoded({"type": "stream-checkpoint", "incarnation": EMPTY["incarnation"]})


def submission_id(number: int) -> str:
    """Name the submission that reply `number` answers; the first is 1."""
    return f"sub_{number:026d}"


def write(file: Path, count: int, *, replies: bool) -> Path:
    """Write a conversation of `count` chunks, of many replies or of a single one: a page a line."""
    with open(file, "wb") as target:
        for chunks in bodies(count, replies=replies):
            target.write(page(chunks) + b"\n")
    return file


def bodies(count: int, *, replies: bool) -> Iterator[bytes]:
    """Yield the chunks of each page as a JSON array."""
    source = enumerate(islice(_replies() if replies else _one_reply(), count), 1)
    while chunks := [_placed(chunk, batch) for batch, chunk in islice(source, PAGE)]:
        yield encoded(chunks)


def page(chunks: bytes) -> bytes:
    """Return the answer to a read that `chunks`, a JSON array, are the news of."""
    return b"[" + CHECKPOINT + b"," + chunks[1:]


def _placed(chunk: Json, batch: int) -> Json:
    position = {"batch": batch, "index": 0}
    return {"type": chunk["type"], "conversationId": CONVERSATION, **chunk, "position": position}


def _replies() -> Iterator[Json]:
    number = 0
    while True:
        number += 1
        yield from _reply(number)


def _reply(place: int) -> Iterator[Json]:
    number = f"{place:026d}"
    submission = {"submissionId": submission_id(place)}
    id = {"messageId": f"entry_{number}"}
    call = {"toolCallId": f"call_{number}"}
    metadata = {"model": "m1", "usage": {"input": 10, "output": 5, "totalTokens": 15}}
    yield {"type": "message-appended", "message": _question(number)}
    yield {"type": "message-started", **id, **submission, "turnId": f"turn_{number}a"}
    yield from _deltas(id, "reasoning", 20)
    yield from _deltas(id, "text", 8)
    yield {"type": "tool-input", **id, **call, "toolName": "t", "input": {"expression": "7*6"}}
    yield {"type": "message-completed", **id}
    yield {"type": "data-part", **id, "name": "progress", "data": {"pct": 50}}
    yield {"type": "data-part", **id, "name": "progress", "data": {"pct": 100}}
    yield {"type": "tool-output", **call, "output": "7*6=42", "durationMs": 19}
    yield {"type": "message-started", **id, **submission, "turnId": f"turn_{number}b"}
    yield from _deltas(id, "text", 60)
    yield {"type": "message-completed", **id}
    yield {"type": "message-metadata", **id, "metadata": metadata}
    yield {"type": "submission-settled", **submission, "outcome": "completed"}
    yield {"type": "message-completed", **id}


def _one_reply() -> Iterator[Json]:
    id = {"messageId": f"entry_{1:026d}"}
    yield {"type": "message-appended", "message": _question("1")}
    yield {"type": "message-started", **id, "submissionId": "sub_1"}
    while True:
        yield from _deltas(id, "text", 100)


def _deltas(id: Json, kind: str, count: int) -> Iterator[Json]:
    for number in range(count):
        yield {"type": "message-delta", **id, "kind": kind, "delta": f"word {number} "}


def _question(number: str) -> Json:
    parts = [{"type": "text", "text": "What is seven times six?", "state": "done"}]
    shown = {"role": "user", "purpose": "user", "display": "visible"}
    return {"id": f"entry_u{number}", **shown, "submissionId": f"sub_{number}", "parts": parts}
