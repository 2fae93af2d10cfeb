"""JSON of any shape: values out of nowhere, and recorded ones in which some values are others."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from tests.contract_spec import exchanges, samples

DEEP = 800
"""Levels that a JSON decoder takes and Python code that calls itself does not."""

_ATOMS: list[Any] = [
    *(None, True, False, 0, 1, -1, 3, 2**53, 2**64, -(10**300), 1e308, -1e308, 5e-324, 0.5, 1e15),
    *("", "x", "-1", "now", "type", "text", "assistant", "user", "completed", "failed", "data-"),
    *("\ud83c", "\udf89", "\x00\x1b[2J", "\u202e\u2028", "__proto__", "constructor", "é世🎉"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-25T19:23:05.466Z"),
    *("x" * 5000, [], {}, [[]], [None], [{}], {"": None}, {"type": []}),
]
_KEYS = [
    *(
        "type",
        "v",
        "eventIndex",
        "timestamp",
        "submissionId",
        "conversationId",
        "position",
        "batch",
    ),
    *("index", "messageId", "message", "messages", "settlements", "parts", "text", "delta", "kind"),
    *("toolCallId", "toolName", "input", "output", "errorText", "durationMs", "state", "outcome"),
    *(
        "error",
        "meta",
        "issues",
        "path",
        "key",
        "name",
        "usage",
        "cost",
        "total",
        "metadata",
        "role",
    ),
    *(
        "id",
        "data",
        "snapshot",
        "offset",
        "incarnation",
        "result",
        "content",
        "request",
        "response",
    ),
    *("isError", "operationId", "turnId", "taskId", "__proto__", "constructor", ""),
]


def deep(levels: int = DEEP, *, objects: bool = False) -> Any:
    """Arrays or objects within one another."""
    value: Any = 1
    for _ in range(levels):
        value = {"a": value} if objects else [value]
    return value


def copied(value: Any) -> Any:
    """A copy of any depth that JSON has; `copy.deepcopy` goes less deep."""
    return json.loads(json.dumps(value))


def value(chance: Random, depth: int = 3) -> Any:
    """Any JSON value."""
    kind = chance.random()
    if kind < 0.01:
        return deep(objects=chance.random() < 0.5)
    if depth == 0 or kind < 0.5:
        return copied(chance.choice(_ATOMS))
    if kind < 0.7:
        return [value(chance, depth - 1) for _ in range(chance.randrange(4))]
    return {chance.choice(_KEYS): value(chance, depth - 1) for _ in range(chance.randrange(5))}


def changed(chance: Random, known: Any) -> Any:
    """A copy of `known` in which one to three values are any others, are missing, or are new."""
    copy = copied(known)
    for _ in range(chance.randrange(1, 4)):
        copy = _changed_once(chance, copy)
    return copy


def _changed_once(chance: Random, known: Any) -> Any:
    inside = known
    while isinstance(inside, dict | list) and inside:
        keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        key = chance.choice(keys)
        if not isinstance(inside[key], dict | list) or chance.random() < 0.4:
            _change(chance, inside, key)
            return known
        inside = inside[key]
    return value(chance)


def _change(chance: Random, container: Any, key: Any) -> None:
    match chance.randrange(6):
        case 0:
            del container[key]
        case 1 if isinstance(container, dict):
            container[chance.choice(_KEYS)] = value(chance)
        case 2 if isinstance(container, list):
            container.insert(key, copied(container[key]))
        case _:
            container[key] = value(chance)


EVENTS: list[Any] = samples.events()
CHUNKS: list[Any] = exchanges.chunks()
SNAPSHOTS: list[Any] = exchanges.snapshots()
ERRORS: list[Any] = [
    {"error": {"type": "action_input_validation", "message": "m", "details": "d", "meta": meta}}
    for meta in (
        {"issues": [{"path": ["a", 0, {"key": "b"}], "message": "no"}]},
        {"reason": "beyond the head", "nextOffset": "a"},
    )
]


def some(chance: Random, known: list[Any], most: int = 12) -> list[Any]:
    """Some of these in their order, most of them as they are, others changed, some any JSON."""
    start = chance.randrange(len(known))
    chosen: list[Any] = []
    for each in known[start : start + chance.randrange(1, most)]:
        kind = chance.random()
        chosen.append(
            value(chance) if kind < 0.1 else changed(chance, each) if kind < 0.5 else each
        )
    return chosen
