"""SIGTERM and SIGHUP end a command as Ctrl-C does: the position is saved, the terminal is restored,
and stderr says how to go on. Where Ctrl-C does not end the program, these do all the same."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGTERM", "SIGHUP")
_heard: list[int] = []


@contextmanager
def terminable() -> Generator[None]:
    """Take the signals, except those that are ignored already (`nohup`)."""
    before: dict[int, signal.Handlers] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name) for name in _NAMES if hasattr(signal, name)):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _hear)
                before[number] = signal.SIG_DFL
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def terminated() -> int:
    """Return the number of the signal that came, 0 before one."""
    return _heard[0] if _heard else 0


def _hear(number: int, frame: FrameType | None) -> None:
    _heard.append(number)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background of a script
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)
