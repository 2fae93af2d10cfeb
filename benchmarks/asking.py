"""Asking an agent on loopback: from the call to the whole reply, on a genuine server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.contest import note
from benchmarks.options import Options
from benchmarks.parties import Contestant, Peers
from benchmarks.report import Section, Table, Target
from tests.servers.flue2 import Flue2Server

_BLOCK = 20
"""Questions before it is the next one's turn."""
_BARE = Contestant("raw", "asks", "bare socket, SSE, to the settlement")
_OURS = (
    Contestant("conversing", "asks", "ours, `ask`"),
    Contestant("conversing", "asks_sse", 'ours, `ask(live="sse")`'),
    Contestant("conversing", "async_asks", "ours, async, `ask`"),
    Contestant("conversing", "async_asks_sse", 'ours, async, `ask(live="sse")`'),
)
_SDK = Contestant("sdk2", "asks", "TypeScript SDK 2.0.3, `send` and `read`")
_ASKERS = (_BARE, *_OURS, _SDK)


class Durations:
    """How long the questions of one asker took, and the CPU of its process, in milliseconds."""

    def __init__(self, asker: Contestant) -> None:
        self.asker = asker
        self._all: list[float] = []
        self._cpu = 0.0

    def add(self, answer: dict[str, Any]) -> None:
        self._all = sorted([*self._all, *(taken / 1e6 for taken in answer["result"])])
        self._cpu += answer["cpu"] * 1e3

    def quantile(self, share: float) -> float:
        return self._all[min(int(len(self._all) * share), len(self._all) - 1)]

    @property
    def median(self) -> float:
        return self.quantile(0.5)

    @property
    def p99(self) -> float:
        return self.quantile(0.99)

    @property
    def cpu(self) -> float:
        """Of one question."""
        return self._cpu / len(self._all)


def measure(options: Options) -> Section:
    blocks = options.scaled(5 * options.rounds)
    results = [Durations(asker) for asker in _ASKERS]
    with Flue2Server() as server, Peers() as peers:
        for number in range(blocks + 1):
            for place, result in enumerate(results):
                run = f"agents/echo/bench-{number}-{place}"
                answer = peers.ask(result.asker, url=server.url, run=run, times=_BLOCK)
                if number:
                    result.add(answer)
            note(f"block {number} of {blocks}" if number else "warmed up")
    return Section(
        "Asking an agent on loopback",
        f"A question and its answer, {blocks * _BLOCK:,} each of an agent that answers at once,"
        " every one in a conversation of its own on the genuine server, milliseconds from the call"
        " to the reply. Most of it is the server's. The bare socket sends the POST on a kept"
        " connection and reads SSE until the submission has settled, no more; the others read the"
        " reply from the history after that, in another request. CPU is that of the asker's"
        " process, for a question.",
        [_table(results)],
        [
            Target(
                f"{result.asker.label}: median over the bare socket's",
                2,
                result.median - results[0].median,
                "ms",
                at_least=False,
            )
            for result in results
            if result.asker in _OURS
        ],
    )


def _table(results: Sequence[Durations]) -> Table:
    bare = results[0]
    rows = [
        [
            result.asker.label,
            f"{result.median:.2f}",
            f"{result.p99:.2f}",
            f"{result.median - bare.median:.2f}",
            f"{result.p99 - bare.median:.2f}",
            f"{result.cpu:.2f}",
        ]
        for result in results
    ]
    columns = ("median", "p99", "median added", "p99 added to the bare median", "CPU")
    return Table(("asker", *columns), rows)
