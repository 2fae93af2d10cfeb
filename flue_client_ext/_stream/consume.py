"""Consuming a stream's batches inside a larger conversation."""

from __future__ import annotations

from collections.abc import Callable

from .._values.steps import Batch, Conversation, DeadlineExceeded, Deliver, T


def consume(
    stream: Conversation[T], take: Callable[[Batch], Conversation[None]]
) -> Conversation[T]:
    """Run `stream`, passing all its steps on, except that `take` gets its batches."""
    try:
        step = next(stream)
        while True:
            if isinstance(step, Deliver):
                yield from take(step.batch)
                step = stream.send(None)
                continue
            try:
                reply = yield step
            except DeadlineExceeded as passed:
                step = stream.throw(passed)
            else:
                step = stream.send(reply)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        stream.close()
