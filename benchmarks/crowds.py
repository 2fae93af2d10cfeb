"""Many live streams at once in one process: what they take, and how late the slowest is."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from attrs import frozen

from benchmarks.children import Server
from benchmarks.contest import note
from benchmarks.parties import Contestant, start
from benchmarks.report import Table

EVERY_MS, PAUSE_MS = 1000, 8000
EVENTS = 15


@frozen
class Gathering:
    """Medians over the rounds of one reader's many streams."""

    reader: Contestant
    streams: int
    cpu: float
    kilobytes: float
    middle_ms: float
    worst_ms: float


def gather(server: str, reader: Contestant, streams: int, rounds: int) -> Gathering:
    """Let one reader follow many streams of a live server, each round in a process of its own."""
    answers = []
    for number in range(rounds):
        with Server(server) as running, start(reader.peer) as child:
            common: dict[str, Any] = {"call": reader.call, "url": running.url}
            child.ask(**common, prefix="warm", size=20, plan="2_10_10")
            plan = f"{EVENTS}_{EVERY_MS}_{PAUSE_MS}"
            answer = child.ask(**common, prefix="main", size=streams, plan=plan)
        if {answer["result"]["fewest"], answer["result"]["most"]} != {EVENTS + 1}:
            raise RuntimeError(f"{reader.label} missed or repeated events")
        answers.append(answer)
        note(f"{reader.label}, round {number + 1} of {rounds}")
    results = [answer["result"] for answer in answers]
    return Gathering(
        reader,
        streams,
        median(answer["cpu"] for answer in answers),
        median(result["bytes_each"] for result in results) / 1e3,
        median(median(result["worst_ms"]) for result in results),
        median(max(result["worst_ms"]) for result in results),
    )


def crowd_table(crowds: Sequence[Gathering]) -> Table:
    return Table(
        (
            "reader",
            "streams",
            "CPU s",
            "kB each",
            "median of their worst lags, ms",
            "worst lag of all, ms",
        ),
        [
            [
                each.reader.label,
                f"{each.streams}",
                f"{each.cpu:.2f}",
                f"{each.kilobytes:.0f}",
                f"{each.middle_ms:.1f}",
                f"{each.worst_ms:.1f}",
            ]
            for each in crowds
        ],
    )
