"""A body that is written to a file as it comes, and kept only when it is whole.

Knows the file by what is done with it: opened, written, begun anew, committed, discarded."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from .._stream.call import check_size, read_body
from .._stream.failures import overdue
from .._values.http import Head, Request
from .._values.steps import Call, DeadlineExceeded, Failure, Flow, Outcome, Read

Aside = Callable[[Callable[[], object]], Callable[[], Any]]
"""Makes of a function that waits for the disk one that a driver may call."""


class File(Protocol):
    def open(self) -> None: ...
    def write(self, content: bytes) -> None: ...
    def restart(self) -> None: ...
    def commit(self) -> None: ...
    def discard(self) -> None: ...


class Download:
    """One file under way."""

    def __init__(self, file: File, aside: Aside) -> None:
        self._file = file
        self._aside = aside

    def run(self, fetch: Flow[None]) -> Flow[None]:
        """Keep the file if `fetch`, which reads the answer by `body`, comes to a good end."""
        try:
            yield from self._do(self._file.open)
            yield from fetch
            yield from self._do(self._file.commit)
        except DeadlineExceeded:  # of the file: what is read knows its own deadline
            self._file.discard()
            raise overdue(None, "while the file was opened or completed") from None
        except BaseException:
            self._file.discard()
            raise

    def body(
        self, request: Request, head: Head, limit: Callable[[], float | None]
    ) -> Flow[bytes | Failure]:
        """Write the body of an answer to the file; return that of an error instead."""
        if head.status != 200:
            return (yield from read_body(request, head, limit))
        yield from self._do(self._file.restart)
        size = 0
        while True:
            part: bytes | Failure = yield Read(limit())
            if isinstance(part, Failure) or not part:
                return part
            size += len(part)
            check_size(request, head, size)
            yield from self._do(partial(self._file.write, part))

    def _do(self, function: Callable[[], object]) -> Flow[None]:
        outcome: Outcome = yield Call(self._aside(function))
        outcome.get()
