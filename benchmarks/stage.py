"""A long conversation on a genuine server whose last answer grows, and its readers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from attrs import frozen

from benchmarks.catchup import ONE_WAY
from benchmarks.children import Child
from benchmarks.parties import Contestant, start
from benchmarks.wire import Path, Wire
from flue_client_ext import FlueClient
from tests.servers.flue2 import Flue2Server

EVERY = 1.2
"""Seconds from word to word: the server collects those that come within one."""
PATHS = (
    Path("closed", 0.0, "close"),
    Path("cut", 0.0, "reset"),
    Path("closed, over 50 ms", ONE_WAY, "close"),
    Path("cut, over 50 ms", ONE_WAY, "reset"),
)
_PLACES = (0.0, 0.96)
"""How far a chunk has come when it is lost: it has just set out, or has nearly arrived."""
_QUIET = (Path("quiet", 0.0, "close"), Path("quiet, over 50 ms", ONE_WAY, "close"))
BARE = Contestant("raw", "watch", "bare socket")
_RUN = "agents/slow/long"
_REPLY = "The file has 1,204 lines, of which 31 are empty; most of them are comments. " * 3


@frozen
class Outcome:
    """What one reader met on one path. `needed`: bytes of one history and of the chunks.
    `lost`: chunks that a close has lost on their way. `lags`: milliseconds by which each chunk
    came later than on a quiet path of the same length."""

    size: int
    needed: int
    histories: int
    lost: int
    lags: list[float]


class Stage:
    """The conversation and the processes of its readers; a context manager. Connections are closed
    `closes` times while an answer grows."""

    def __init__(self, server: Flue2Server, closes: int) -> None:
        self._server = server
        self._closes = closes
        self._stack = ExitStack()
        self._children: dict[tuple[str, Path], Child] = {}
        client = self._stack.enter_context(FlueClient(server.url, token=None))
        self._conversation = client.agents.conversation(path=_RUN)

    def build(self, messages: int) -> None:
        """Fill the conversation."""
        for number in range(messages // 2):
            admission = self._conversation.send(f"question-{number}")
            self._server.end(f"question-{number}", _REPLY)
            self._conversation.wait(admission)

    def play(self, reader: Contestant, mark: str) -> list[Outcome]:
        """Let an answer grow, of words that begin with `mark`, while `reader` observes it on each
        of the paths."""
        words = {"run": _RUN, "mark": f"{mark}-", "last": self._closes + 2}
        with ExitStack() as stack:
            wires, quiet = (
                [stack.enter_context(Wire(self._server.port, path)) for path in paths]
                for paths in (PATHS, _QUIET)
            )
            pool = stack.enter_context(ThreadPoolExecutor(len(PATHS) + len(_QUIET)))
            seen = [self._begin(pool, reader, wire, **words) for wire in wires]
            bare = [self._begin(pool, BARE, wire, **words) for wire in quiet]
            for wire in (*wires, *quiet):
                wire.wait_for_reader()
            self._grow(mark, wires)
            times = {wire.path.delay: each.result() for wire, each in zip(quiet, bare, strict=True)}
            return [
                Outcome(
                    wire.bytes_to_client,
                    quiet[0].bytes_to_client,
                    wire.histories,
                    wire.lost,
                    _lags(each.result(), times[wire.path.delay]),
                )
                for wire, each in zip(wires, seen, strict=True)
            ]

    def _begin(
        self, pool: ThreadPoolExecutor, reader: Contestant, wire: Wire, **words: Any
    ) -> Future[list[int]]:
        """Let `reader` observe the answer over `wire`, in a process of its own for that path."""
        key = (f"{reader.peer}/{reader.call}", wire.path)
        if key not in self._children:
            self._children[key] = self._stack.enter_context(start(reader.peer))
        child = self._children[key]

        def watch() -> list[int]:
            times: list[int] = child.ask(call=reader.call, url=wire.url, **words)["result"]
            return times

        return pool.submit(watch)

    def _grow(self, mark: str, wires: Sequence[Wire]) -> None:
        """Say the words. With each but the first and the last, every connection is closed: at first
        while it is on its way, later half-way to the next."""
        key = f"question-{mark}"
        self._conversation.send(key)
        begun = time.monotonic()
        for number in range(self._closes + 2):
            word = f"{mark}-{number} "
            _sleep_until(begun + number * EVERY)
            if 1 <= number <= self._closes // 2:
                for wire in wires:
                    wire.cut_chunk(word, _PLACES[number % 2])
            self._server.say(key, word)
            if self._closes // 2 < number <= self._closes:
                _sleep_until(begun + (number + 0.5) * EVERY)
                for wire in wires:
                    wire.cut_all()
        self._server.end(key)

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _lags(times: Sequence[int], undisturbed: Sequence[int]) -> list[float]:
    """Milliseconds of each word; that of the first is the time that the reader takes to begin."""
    return [(late - due) / 1e6 for late, due in zip(times, undisturbed, strict=True)][1:]


def _sleep_until(due: float) -> None:
    time.sleep(max(due - time.monotonic(), 0))
