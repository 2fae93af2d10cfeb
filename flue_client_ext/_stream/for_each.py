"""Takes a stream's batches inside a larger flow."""

from __future__ import annotations

from collections.abc import Callable

from .._values.steps import Batch, DeadlineExceeded, Emit, Flow, T


def for_each_batch(stream: Flow[T], take: Callable[[Batch], Flow[None]]) -> Flow[T]:
    """Run `stream` and yield its steps, except `Emit`: `take` gets the batch."""
    try:
        step = next(stream)
        while True:
            if isinstance(step, Emit):
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
    finally:  # now, not when the garbage collector finds the generator
        stream.close()
