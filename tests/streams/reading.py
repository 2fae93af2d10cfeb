"""A stream that is read in a thread of its own, so that the test can watch it and stop it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any


class InThread:
    """Runs `work` in a thread; `result`, `error` and `seconds` tell how it ended."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self.result: Any = None
        self.error: BaseException | None = None
        self.ended_at = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self._work()
        except BaseException as error:
            self.error = error
        self.ended_at = time.monotonic()

    def join(self, timeout: float = 10.0) -> Any:
        """Return what `work` returned, or raise what it raised."""
        self._thread.join(timeout)
        assert not self._thread.is_alive(), "it is still blocked"
        if self.error is not None:
            raise self.error
        return self.result


class Reader(InThread):
    """Reads a stream to its end, item by item; `items` grows meanwhile."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.items: list[Any] = []
        self._changed = threading.Condition()
        super().__init__(self._read)

    def _read(self) -> list[Any]:
        for item in self.stream:
            with self._changed:
                self.items.append(item)
                self._changed.notify_all()
        return self.items

    def wait_items(self, count: int, timeout: float = 10.0) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self.items) >= count, timeout)


def dicts(events: Any) -> list[Any]:
    """What each event was on the wire."""
    return [event.to_dict() for event in events]
