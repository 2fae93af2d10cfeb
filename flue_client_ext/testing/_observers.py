"""A user's functions that are told what happens: in a thread of their own, in the order of events.

They may ask the server for anything, over HTTP even, so they are called by no thread that holds a
lock or serves requests.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

_log = logging.getLogger("flue_client.testing")


#: An agent, a conversation's id, a chunk.
What = tuple[str, str, dict[str, Any]]


class Observers(list[Callable[[str, str, dict[str, Any]], None]]):
    """The functions, to which users add theirs."""

    def __init__(self) -> None:
        super().__init__()
        self._queue: queue.SimpleQueue[What | threading.Event] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def tell(self, *what: *What) -> None:
        """Call each function with this, soon."""
        if not self:
            return
        self._queue.put(what)
        if self._thread is None or not self._thread.is_alive():  # dead in a forked child
            self._thread = threading.Thread(target=self._run, name="flue-observers", daemon=True)
            self._thread.start()

    def wait(self, timeout: float | None) -> None:
        """Block until all that was told has been heard, or for so long; not in an observer."""
        if self._thread is not None and self._thread is not threading.current_thread():
            heard = threading.Event()
            self._queue.put(heard)
            heard.wait(timeout)

    def _run(self) -> None:
        while True:
            what = self._queue.get()
            if isinstance(what, threading.Event):
                what.set()
            else:
                self._call(what)

    def _call(self, what: What) -> None:
        for function in list(self):
            try:
                function(*what)
            except Exception:
                _log.exception("an observer failed")
