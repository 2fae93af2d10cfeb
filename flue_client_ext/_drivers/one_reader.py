"""Tells threads apart that ask for the next batch of one reading at the same moment.

Each of them may find the state `IDLE`, since a thread that reads it and one that writes it are not
ordered; most of all without the GIL. Once a reader has begun, the state refuses all others."""

from __future__ import annotations

from threading import get_ident

from .._stream.states import SECOND, SecondReader


class OneReader:
    """A context manager that one thread can be in; another one gets `SecondReader`.

    It holds no lock: one that is held when a process forks, or when Ctrl-C comes just after it was
    acquired, is never released. Each operation is one of a dict, which is atomic; and a thread that
    Ctrl-C has kept from leaving may enter again.
    """

    def __init__(self) -> None:
        self._thread: dict[None, int] = {}

    def __enter__(self) -> None:
        if self._thread.setdefault(None, get_ident()) != get_ident():
            raise SecondReader(SECOND.words)

    def __exit__(self, *_: object) -> None:
        self._thread.clear()
