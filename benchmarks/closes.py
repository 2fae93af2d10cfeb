"""A live conversation whose connection is closed again and again while an answer grows."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from attrs import frozen

from benchmarks.catchup import ONE_WAY
from benchmarks.contest import note
from benchmarks.options import Options
from benchmarks.parties import Contestant
from benchmarks.report import Section, Table, Target
from benchmarks.stage import BARE, EVERY, PATHS, Outcome, Stage
from benchmarks.wire import Path
from tests.servers.flue2 import Flue2Server

_OURS = (
    Contestant("watching", "watch", "ours"),
    Contestant("watching", "async_watch", "ours, async"),
)
_READERS = (
    *_OURS,
    Contestant("sdk2", "watch_sse", "TypeScript SDK 2.0.3, SSE"),
    Contestant("sdk2", "watch_polls", "TypeScript SDK 2.0.3, long-poll"),
    BARE,
)
_LAG_MS = 10


@frozen
class Result:
    """What one reader met on one path: medians of the rounds, and all its lags, in milliseconds.
    `lost`: chunks that never came the first time, in the round with the fewest. `beyond`: bytes a
    close beyond one history and the chunks."""

    reader: Contestant
    path: Path
    size: float
    histories: float
    lost: int
    beyond: float
    lags: list[float]


def measure(options: Options) -> Section:
    messages, closes = options.scaled(1000), options.scaled(20)
    rounds = 1 if options.quick else 2
    with Flue2Server() as server, Stage(server, closes) as stage:
        stage.build(messages)
        note(f"{messages:,} messages")
        stage.play(BARE, "warm")  # whoever comes first meets a server that stalls now and then
        found: dict[Contestant, list[list[Outcome]]] = {reader: [] for reader in _READERS}
        for number in range(rounds):
            for place, reader in enumerate(_READERS):
                found[reader].append(stage.play(reader, f"w{number}{place}"))
                note(f"{reader.label}, round {number + 1} of {rounds}")
    results = [
        _result(reader, path, outcomes, closes)
        for reader, plays in found.items()
        for path, *outcomes in zip(PATHS, *plays, strict=True)
    ]
    return Section(
        "A live conversation whose connection is closed",
        f"`observe` of a conversation of {messages:,} messages on the genuine server, whose last"
        f" answer grows by a word each {EVERY} s; {rounds} rounds. {closes} times, all connections"
        " of the reader are closed (an event stream by its last chunk) or cut (reset): half of the"
        " times so that a chunk is lost on its way (over 50 ms in turn when it has just set out and"
        " when it has nearly arrived), then half-way between two. A reader is on the four paths at"
        " the same time, in a process and through a counting proxy for each. `lost`: chunks that"
        " were. `beyond`: bytes a close beyond one history and the chunks. The lag is from the"
        " moment the chunk came to a bare socket on a path of the same length that nobody closes."
        " A lost chunk must be asked for again, so that one round trip and the server's time to"
        " answer are the least that its lag can be: see the bare socket, which connects again at"
        " once.",
        [_table(results)],
        [target for reader in _OURS for target in _targets(results, reader, closes)],
    )


def _result(reader: Contestant, path: Path, outcomes: Sequence[Outcome], closes: int) -> Result:
    return Result(
        reader,
        path,
        median(each.size for each in outcomes),
        median(each.histories for each in outcomes),
        min(each.lost for each in outcomes),
        median((each.size - each.needed) / closes for each in outcomes),
        [lag for each in outcomes for lag in each.lags],
    )


def _table(results: Sequence[Result]) -> Table:
    rows = [
        [
            each.path.label,
            each.reader.label,
            f"{each.size / 1e3:,.0f}",
            f"{each.histories:g}",
            f"{each.lost}",
            f"{each.beyond:,.0f}",
            f"{median(each.lags):.1f}",
            f"{max(each.lags):.1f}",
        ]
        for path in PATHS
        for each in results
        if each.path == path
    ]
    columns = (
        "path",
        "reader",
        "kB",
        "histories",
        "lost",
        "beyond",
        "median lag, ms",
        "worst lag, ms",
    )
    return Table(columns, rows)


def _targets(results: Sequence[Result], reader: Contestant, closes: int) -> list[Target]:
    own = [each for each in results if each.reader == reader]
    near, far = (
        _worst(results, reader, delay) - _worst(results, BARE, delay) for delay in (0.0, ONE_WAY)
    )
    return [
        Target(
            f"{reader.label}: bytes a close beyond one history and the chunks, any path",
            1000,
            max(each.beyond for each in own),
            "B",
            False,
        ),
        Target(
            f"{reader.label}: histories, any path",
            1,
            max(each.histories for each in own),
            "",
            False,
        ),
        Target(
            f"{reader.label}: chunks lost, any path",
            closes // 2,
            min(each.lost for each in own),
            "",
        ),
        Target(f"{reader.label}: worst lag beyond the bare socket's", _LAG_MS, near, "ms", False),
        Target(f"{reader.label}: the same over 50 ms", _LAG_MS, far, "ms", False),
    ]


def _worst(results: Sequence[Result], reader: Contestant, delay: float) -> float:
    """The worst lag of `reader` on the paths with that delay."""
    return max(
        max(each.lags) for each in results if each.reader == reader and each.path.delay == delay
    )
