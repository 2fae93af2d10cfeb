"""Takes a stream's batches inside a larger flow."""

from __future__ import annotations

from collections.abc import Callable

from .._values.steps import POLL, Batch, DeadlineExceeded, Emit, Flow, Note, Read, T, TimeLeft


def nothing() -> Flow[None]:
    yield from ()


def never() -> bool:
    return False


def for_each_batch(
    stream: Flow[T],
    take: Callable[[Batch], Flow[None]],
    before_wait: Callable[[], Flow[None]] = nothing,
    wants_more: Callable[[], bool] = never,
) -> Flow[T]:
    """Run `stream`, passing all its steps on, except that `take` gets its batches. A deadline that
    passes in `take` is raised in the stream, which knows how to say where.

    `before_wait` runs before each step that may wait, and at the end: all batches that came with
    one read have been taken then. While `wants_more` returns true, bytes that have arrived already
    are read first.
    """
    try:
        step = next(stream)
        while True:
            if isinstance(step, Emit):
                try:
                    yield from take(step.batch)
                except DeadlineExceeded as passed:
                    step = stream.throw(passed)
                else:
                    step = stream.send(None)
                continue
            try:
                reply = (yield POLL) if isinstance(step, Read) and wants_more() else None
                if reply is None:
                    if not isinstance(step, Note | TimeLeft):
                        yield from before_wait()
                    reply = yield step
            except DeadlineExceeded as passed:
                step = stream.throw(passed)
            else:
                step = stream.send(reply)
    except StopIteration as stop:
        result: T = stop.value
    finally:
        stream.close()
    yield from before_wait()
    return result
