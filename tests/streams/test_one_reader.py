"""A stream has one reader at a time; threads that ask at the same moment are told apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flue_client_ext import FlueClient
from flue_client_ext._stream.states import SecondReader

from .conftest import Serve
from .reading import InThread, dicts
from .replay import RUN, Replay, whole_run


class SameMoment:
    """A context in which another thread asks, once, just before the first one's turn begins."""

    def __init__(self, ask: Callable[[], Any]) -> None:
        self._ask = ask
        self.other: InThread | None = None

    def run(self, function: Callable[[], Any]) -> Any:
        if self.other is None:
            self.other = InThread(self._ask)
            with pytest.raises(SecondReader):
                self.other.join()
        return function()


def test_of_two_threads_that_ask_at_the_same_moment_one_reads(serve: Serve) -> None:
    run = whole_run(7)
    with FlueClient(serve(Replay(run, page=2)).url, token=None) as client:
        stream = client.runs.stream(RUN, live=False)
        moment = stream._driver._context = SameMoment(lambda: next(stream))  # type: ignore[assignment]
        assert dicts(stream) == run
        assert moment.other is not None
