"""Batches: a thousand runs, and a thousand questions, over a long way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from statistics import median
from typing import Any
from urllib.request import urlopen

from attrs import frozen

from benchmarks.catchup import ONE_WAY
from benchmarks.children import Server
from benchmarks.contest import note
from benchmarks.options import Options
from benchmarks.parties import Contestant, Peers
from benchmarks.report import Section, Table, Target

_CONCURRENCY = 64
_ROUND_TRIP = 2 * ONE_WAY


@frozen
class Kind:
    """What is done many times, with so many requests one after another; ours, and by hand."""

    name: str
    requests: int
    ours: Sequence[Contestant]
    by_hand: Contestant


_KINDS = (
    Kind(
        "runs",
        2,
        (
            Contestant("mapping", "runs", "ours, `workflows.map`"),
            Contestant("mapping", "async_runs", "ours, async, `workflows.map`"),
        ),
        Contestant("mapping", "httpx_runs", "asyncio, a shared `httpx.AsyncClient`: runs"),
    ),
    Kind(
        "questions",
        3,
        (
            Contestant("mapping", "asks", "ours, `agents.map`"),
            Contestant("mapping", "async_asks", "ours, async, `agents.map`"),
        ),
        Contestant("mapping", "httpx_asks", "asyncio, a shared `httpx.AsyncClient`: questions"),
    ),
)


@frozen
class Taken:
    """Medians of one contestant: seconds of wall and CPU, and how many requests it sent."""

    label: str
    wall: float
    cpu: float
    requests: int
    bound: float
    """The seconds that the round trips of the requests take at least."""


def measure(options: Options) -> Section:
    size = options.scaled(1000)
    found: list[tuple[Kind, list[Taken]]] = []
    with Server("answering") as server, Peers() as peers:
        for kind in _KINDS:
            found.append((kind, _compete(kind, server, peers, size, options.rounds)))
    return Section(
        "Batches over a 50 ms round trip",
        f"{size:,} runs and as many questions, {_CONCURRENCY} at a time, to a server that has the"
        " result when it is asked for, through a proxy that delays every byte by 25 ms each way;"
        f" medians of {options.rounds} rounds after a warm-up without the delay. The bound is what"
        " the round trips take: two requests a run (start, follow to the end), three a question"
        " (send, follow to the settlement, read the reply). By hand it is the same requests, and"
        " none is ever repeated. CPU is that of the client's process.",
        [_table(size, [taken for _, all in found for taken in all])],
        [target for kind, all in found for target in _targets(kind, all)],
    )


def _compete(kind: Kind, server: Server, peers: Peers, size: int, rounds: int) -> list[Taken]:
    contestants = (*kind.ours, kind.by_hand)
    samples: dict[Contestant, list[dict[str, Any]]] = {each: [] for each in contestants}
    with Server("delay", str(server.port), str(ONE_WAY)) as far:
        for number in range(rounds + 1):
            for each in contestants:
                url = (far if number else server).url
                answer = peers.ask(each, url=url, size=size, concurrency=_CONCURRENCY)
                if answer["result"] != size:
                    raise RuntimeError(f"{each.label}: {answer['result']} of {size} results")
                with urlopen(f"{server.url}/requests") as counted:
                    answer["requests"] = json.load(counted)
                samples[each] += [answer] * (number > 0)
            note(f"{kind.name}, round {number} of {rounds}" if number else f"{kind.name}: warm")
    bound = kind.requests * _ROUND_TRIP * size / _CONCURRENCY
    return [_taken(each, samples[each], bound) for each in contestants]


def _taken(contestant: Contestant, samples: list[dict[str, Any]], bound: float) -> Taken:
    wall, cpu, requests = (
        median(sample[name] for sample in samples) for name in ("wall", "cpu", "requests")
    )
    return Taken(contestant.label, wall, cpu, round(requests), bound)


def _table(size: int, all: Sequence[Taken]) -> Table:
    return Table(
        ("caller", "wall s", "x bound", "CPU s", "CPU ms each", "requests"),
        [
            [
                each.label,
                f"{each.wall:.2f}",
                f"{each.wall / each.bound:.2f}",
                f"{each.cpu:.2f}",
                f"{each.cpu / size * 1e3:.2f}",
                f"{each.requests:,}",
            ]
            for each in all
        ],
    )


def _targets(kind: Kind, all: Sequence[Taken]) -> list[Target]:
    *ours, by_hand = all
    return [
        target
        for each in ours
        for target in (
            Target(f"{each.label}: of the round trips", 1.2, each.wall / each.bound, "x", False),
            Target(f"{each.label}: CPU, of that by hand", 0.5, each.cpu / by_hand.cpu, "x", False),
        )
    ]
