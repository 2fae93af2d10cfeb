"""Longer and longer conversations: what the time and the memory of reading them grow with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from benchmarks.contest import note
from benchmarks.options import Options
from benchmarks.parties import Contestant, Peers
from benchmarks.report import Table, Target

_LENGTHS = (5_000, 50_000, 500_000)
_UPDATES = Contestant("conversing", "updates", "`updates(live=False)`")
_OBSERVE = Contestant("conversing", "observe", "`observe()`")
_MEMORY_OF_UPDATES = Contestant("conversing", "memory_of_updates", "memory")
_MEMORY_OF_STATE = Contestant("conversing", "memory_of_state", "memory")
_READERS = {
    "`updates(live=False)`": (_UPDATES, "behind"),
    "`observe()`": (_OBSERVE, "behind"),
    "`observe()` of one text": (_OBSERVE, "text"),
}


@frozen
class Growth:
    """`cpus`: seconds for each length, by reader. `flat`: the process's bytes at each tenth of the
    longest one's updates. `states`: bytes and messages of the state of each length."""

    lengths: Sequence[int]
    cpus: dict[str, list[float]]
    flat: list[int]
    states: list[tuple[int, int]]

    def tables(self) -> list[Table]:
        lengths = [f"{length:,}" for length in self.lengths]
        tenths = [f"{10 * tenth} %" for tenth in range(len(self.flat))]
        rows = [
            [
                label,
                *(
                    f"{cpu / length * 1e6:.2f}"
                    for cpu, length in zip(cpus, self.lengths, strict=True)
                ),
            ]
            for label, cpus in self.cpus.items()
        ]
        each = [f"{size / 1e3 / messages:.2f}" for size, messages in self.states]
        return [
            Table(("CPU, us an update", *lengths), rows),
            Table(
                (f"`updates` of {lengths[-1]}", *tenths),
                [["MB", *(f"{size / 1e6:.1f}" for size in self.flat)]],
            ),
            Table(("`observe()`", *lengths), [["kB a message", *each]]),
        ]

    def targets(self) -> list[Target]:
        grown = (max(self.flat[2:]) - self.flat[1]) / 1e6
        (small, few), (large, many) = self.states[-2:]
        return [
            *(
                Target(f"10 x the updates, {label}: the time", 12, self._tenfold(cpus), "x", False)
                for label, cpus in self.cpus.items()
            ),
            Target("memory of `updates` grows, after its first tenth, by", 1, grown, "MB", False),
            Target(
                "10 x the messages: memory of `observe()`, of 10 x as much",
                1.2,
                large / many * few / small,
                "x",
                False,
            ),
        ]

    def _tenfold(self, cpus: Sequence[float]) -> float:
        """The mean factor over all lengths."""
        steps = math.log10(self.lengths[-1] / self.lengths[0])
        return math.pow(cpus[-1] / cpus[0], 1 / steps)


def growth(url: str, options: Options) -> Growth:
    lengths = [options.scaled(length) for length in _LENGTHS]
    cpus: dict[str, list[float]] = {label: [] for label in _READERS}
    with Peers() as peers:
        for length in lengths:
            for label, (reader, kind) in _READERS.items():
                run = f"agents/{kind}/{length}"
                rounds = max(min(options.rounds, 3), 50_000 // length)
                answers = [peers.ask(reader, url=url, run=run) for _ in range(rounds + 1)]
                cpus[label].append(min(answer["cpu"] for answer in answers[1:]))
            note(f"{length:,} updates")
    flat = _alone(_MEMORY_OF_UPDATES, url, lengths[-1])
    states = [_alone(_MEMORY_OF_STATE, url, length) for length in lengths]
    return Growth(lengths, cpus, flat, states)


def _alone(reader: Contestant, url: str, length: int) -> Any:
    """What `reader` returns in a process of its own that has read a short conversation."""
    with Peers() as peers:
        peers.ask(reader, url=url, run="agents/behind/1000")
        return peers.ask(reader, url=url, run=f"agents/behind/{length}")["result"]
