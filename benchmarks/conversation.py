"""The updates of a conversation, as pages of 100 batches of one chunk, a page a line of a file.

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


def write(file: Path, count: int, *, replies: bool) -> Path:
    """Write a conversation of `count` chunks, of many replies or of a single one."""
    source = _replies() if replies else _one_reply()
    chunks = [_placed(chunk, batch) for batch, chunk in enumerate(islice(source, count), 1)]
    checkpoint = {"type": "stream-checkpoint", "incarnation": EMPTY["incarnation"]}
    with open(file, "w") as target:
        for start in range(0, count, PAGE):
            target.write(json.dumps([checkpoint, *chunks[start : start + PAGE]]) + "\n")
    return file


def _placed(chunk: Json, batch: int) -> Json:
    position = {"batch": batch, "index": 0}
    return {"type": chunk["type"], "conversationId": CONVERSATION, **chunk, "position": position}


def _replies() -> Iterator[Json]:
    number = 0
    while True:
        number += 1
        yield from _reply(f"{number:026d}")


def _reply(number: str) -> Iterator[Json]:
    submission = {"submissionId": f"sub_{number}"}
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
