"""Scale: many live streams at once, and very long ones."""

from __future__ import annotations

import math
from collections.abc import Sequence

from attrs import frozen

from benchmarks import corpus
from benchmarks.children import Server
from benchmarks.contest import note
from benchmarks.crowds import EVENTS, EVERY_MS, Gathering, crowd_table, gather
from benchmarks.options import Options
from benchmarks.parties import Contestant, Peers
from benchmarks.report import Section, Table, Target

_OURS = Contestant("ours", "crowd", "ours, async")
_POLLS = Contestant("ours", "crowd_of_polls", "ours, async, long-polls")
_BARE = Contestant("bare_crowd", "crowd", "bare sockets of asyncio")
_BARE_POLLS = Contestant("bare_crowd", "crowd_of_polls", "bare sockets of asyncio, long-polls")
_SHARED = Contestant("plain_httpx", "crowd", "one shared `httpx.AsyncClient`, no limits")
_OWN = Contestant(
    "plain_httpx", "crowd_own", "an `httpx` transport (and no TLS context) for each stream"
)
_THREADS = Contestant("ours", "threads", "ours, sync, in threads")


def measure(options: Options) -> Section:
    many, threads = options.scaled(1000), options.scaled(300)
    rounds = min(options.rounds, 3)
    crowds = [
        gather("live", _OURS, many, rounds),
        gather("live", _POLLS, many, rounds),
        gather("live", _BARE, many, rounds),
        gather("live", _BARE_POLLS, many, rounds),
        gather("live", _SHARED, many, rounds),
        gather("live", _OWN, many, rounds),
        gather("live", _THREADS, threads, rounds),
    ]
    lengths = [1_000, 10_000, 100_000, *([] if options.quick else [1_000_000])]
    growth, flat = _long(lengths, options.rounds)
    return Section(
        "Scale",
        "Live streams at once in one process, over SSE if nothing else is said: each gets an event"
        f" when it opens and, after a pause, {EVENTS} more, one each {EVERY_MS} ms. CPU is the"
        " process's for all of it; the memory is what the process grew by until all were"
        " open, for each stream; the lag is from"
        f" the append to the consumer, the worst of each stream. {rounds} rounds, in processes of"
        " their own. The bare sockets have the same decoder, and no typing, checks, time limits or"
        " resumption: each event of a long-poll is a request and a response for them, too."
        " Below: CPU time of reading longer and longer runs from the replay server; the"
        " least of 3 rounds (of 30 for the shortest), since every disturbance adds. The bare list"
        " is what a socket and the C decoder fill, without this client: what Python itself asks for"
        " keeping objects.",
        [
            crowd_table(crowds),
            _bare_table(crowds),
            _growth_table(growth),
            _memory_table(flat, lengths[-1]),
        ],
        _targets(crowds, growth, flat),
    )


@frozen
class Growth:
    """Seconds of CPU for so many events: read as a stream, as a list, and as a list of dicts."""

    events: int
    stream: float
    listed: float
    bare: float


def _long(lengths: Sequence[int], rounds: int) -> tuple[list[Growth], list[int]]:
    readers = [
        Contestant("ours", "sse", "stream"),
        Contestant("ours", "events", "list"),
        Contestant("raw", "events", "list of dicts"),
    ]
    growth = []
    with Server("replay") as server, Peers() as peers:
        for events in lengths:
            run = corpus.run_id(events)
            times: dict[Contestant, list[float]] = {reader: [] for reader in readers}
            for number in range(max(min(rounds, 3), 30_000 // events) + 1):
                for reader, found in times.items():
                    cpu = peers.ask(reader, url=server.url, run=run)["cpu"]
                    found += [cpu] * (number > 0)
            growth.append(Growth(events, *(min(times[reader]) for reader in readers)))
            note(f"{events:,} events")
        memory = Contestant("ours", "memory", "memory")
        answer = peers.ask(
            memory, url=server.url, run=corpus.run_id(lengths[-1]), count=lengths[-1]
        )
    return growth, answer["result"]


def _bare_table(crowds: Sequence[Gathering]) -> Table:
    """What a stream takes for each event, beside the same on bare sockets."""
    rows = [("SSE", crowds[0], crowds[2]), ("long-polls", crowds[1], crowds[3])]
    return Table(
        ("CPU us an event", "ours", "bare sockets", "ours, of bare"),
        [
            [
                mode,
                *(f"{each.cpu / each.streams / (EVENTS + 1) * 1e6:.0f}" for each in (ours, bare)),
                f"{ours.cpu / bare.cpu:.2f}",
            ]
            for mode, ours, bare in rows
        ],
    )


def _growth_table(growth: Sequence[Growth]) -> Table:
    return Table(
        (
            "events",
            *("`stream`, SSE: CPU s", "us/event"),
            *("`events()`: CPU s", "us/event"),
            *("bare list of dicts: CPU s", "us/event"),
        ),
        [
            [
                f"{each.events:,}",
                *(
                    cell
                    for cpu in (each.stream, each.listed, each.bare)
                    for cell in (f"{cpu:.4f}", f"{cpu / each.events * 1e6:.2f}")
                ),
            ]
            for each in growth
        ],
    )


def _memory_table(sizes: Sequence[int], events: int) -> Table:
    columns = [f"{tenth * 10} %" for tenth in range(len(sizes))]
    return Table(
        (f"of {events:,} events", *columns), [["MB", *(f"{size / 1e6:.1f}" for size in sizes)]]
    )


def _targets(
    crowds: Sequence[Gathering], growth: Sequence[Growth], sizes: Sequence[int]
) -> list[Target]:
    ours, polls, bare, bare_polls, shared, _, threads = crowds
    first, last = growth[0], growth[-1]
    tenfold = math.log10(last.events / first.events)
    stream = (last.stream / first.stream) ** (1 / tenfold)
    listed = (last.listed / first.listed) ** (1 / tenfold)
    grown = (max(sizes[2:]) - sizes[1]) / 1e6
    return [
        Target(f"memory of each of {ours.streams} streams", 60, ours.kilobytes, "kB", False),
        Target(
            "their CPU, of the shared `httpx` client's (aim 25)",
            40,
            ours.cpu / shared.cpu * 100,
            "%",
            False,
        ),
        Target("none starved: worst lag of all", EVERY_MS, ours.worst_ms, "ms", False),
        Target("long-polls: CPU, of that of SSE", 1, polls.cpu / ours.cpu, at_least=False),
        Target(
            "the same, both of bare sockets",
            1,
            polls.cpu / bare_polls.cpu / (ours.cpu / bare.cpu),
            at_least=False,
        ),
        Target(
            "long-polls: memory of each, of that of SSE",
            1,
            polls.kilobytes / ours.kilobytes,
            at_least=False,
        ),
        Target("long-polls: worst lag of all", EVERY_MS, polls.worst_ms, "ms", False),
        Target(
            f"{threads.streams} sync streams in threads: worst lag",
            EVERY_MS,
            threads.worst_ms,
            "ms",
            False,
        ),
        Target(
            "10 x the events: the time of `stream`, mean over all lengths", 12, stream, "x", False
        ),
        Target("the same of `events()`", 12, listed, "x", False),
        Target(
            f"CPU of `events()` of {last.events:,}, of that of the bare list",
            1.3,
            last.listed / last.bare,
            at_least=False,
        ),
        Target("a long stream's memory grows, after its first tenth, by", 1, grown, "MB", False),
    ]
