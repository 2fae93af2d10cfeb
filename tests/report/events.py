"""Events of runs and trees of spans, as briefly as a table needs them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from flue_client_ext._report.run_tree import run_tree
from flue_client_ext._report.span import Span, walk

Json = dict[str, Any]
_BEGIN = datetime(2026, 11, 22, 5, 29, 47, tzinfo=UTC)


def at(milliseconds: float) -> str:
    """A time so long after the beginning of all runs here."""
    moment = _BEGIN + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event(type: str, time: float, **fields: Any) -> Json:
    return {"type": type, "timestamp": at(time), "v": 3, "eventIndex": 0, **fields}


def run_start(time: float = 0, **fields: Any) -> Json:
    known = {"runId": "run_1", "workflowName": "research", "startedAt": at(time)}
    return event("run_start", time, **known, **fields)


def run_end(time: float, **fields: Any) -> Json:
    return event(
        "run_end", time, **{"runId": "run_1", "isError": False, "durationMs": time, **fields}
    )


def usage(input: float, output: float, cost: float = 0) -> Json:
    counts = {"input": input, "output": output, "cacheRead": 0, "cacheWrite": 0}
    return {**counts, "totalTokens": input + output, "cost": {"total": cost}}


def turn(time: float, id: str, took: float, *content: Json, **fields: Any) -> Json:
    """The event of a turn that has ended with a message of the given content."""
    response = {"output": {"role": "assistant", "content": [*content]}, "usage": usage(10, 5)}
    known = {"turnId": id, "purpose": "agent", "durationMs": took, "isError": False}
    return event("turn", time, **{**known, "request": {}, "response": response, **fields})


def text(said: str) -> Json:
    return {"type": "text", "text": said}


def outline(root: Span) -> list[str]:
    """A line a span: depth, kind, name, duration and status."""
    return [line(depth, span) for depth, span in walk(root)]


def line(depth: int, span: Span) -> str:
    took = "-" if span.duration is None else f"{span.duration:g}"
    return f"{'  ' * depth}{span.kind} {span.name or '-'} {took} {span.status or '-'}"


def tree(*events: Json, record: Json | None = None) -> Span:
    return run_tree(record or {}, events)


def of_kind(root: Span, kind: str) -> Span:
    """The first span of a kind."""
    return next(span for _, span in walk(root) if span.kind == kind)


def said(span: Span) -> list[tuple[str, str]]:
    """The blocks of a span."""
    return [(block.label, block.text) for block in span.blocks]


def deep(count: int) -> Iterable[Json]:
    """Tasks in operations in tasks, so many of each, all unfinished."""
    for number in range(count):
        inside = {"taskId": f"t{number - 1}"} if number else {}
        yield event("operation_start", number, operationId=f"o{number}", **inside)
        yield event("task_start", number, taskId=f"t{number}", operationId=f"o{number}", prompt="p")
