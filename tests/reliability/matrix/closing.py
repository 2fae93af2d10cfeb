"""A proxy that closes every connection after some time, whatever it carries."""

from __future__ import annotations

import threading
import time

import attrs

from flue_client_ext._values.limits import LIMITS

from .strikes import Stage, Strike

LIFE = 10
"""A connection lives for so many times the seconds after which an end is routine, where the fault
is a proxy that closes every one after 60 s."""
CLOSES = 3


@attrs.frozen
class Closing(Strike):
    """Every connection is closed after some seconds; some of them bring nothing meanwhile."""

    def prepare(self, stage: Stage) -> None:
        threading.Thread(target=self._close, args=(stage,), daemon=True).start()

    def _close(self, stage: Stage) -> None:
        born: dict[int, float] = {}
        while not stage.over.wait(0.01):
            if stage.posts < stage.call.posts:  # one that is cut is another fault
                continue
            now, life = time.monotonic(), LIFE * LIMITS.routine_life
            for number, connection in list(stage.server.open.items()):
                if now - born.setdefault(number, now) > life and not connection.closed:
                    connection.close()
                    stage.count()
                    if stage.struck == CLOSES:
                        stage.go_on()
