"""Latency: from the append on the server to the consumer's loop."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from benchmarks.children import Server
from benchmarks.contest import note
from benchmarks.options import Options
from benchmarks.parties import Contestant, Peers
from benchmarks.report import Section, Table, Target

EVERY_MS = 7
_BARE = Contestant("raw", "lags", "bare socket")
_READERS = (
    _BARE,
    Contestant("ours", "lags", "ours"),
    Contestant("ours", "async_lags", "ours, async"),
    Contestant("sdk", "lags", "TypeScript SDK"),
)
_MODES = ("sse", "long-poll")


@frozen
class Lags:
    """All lags of one reader in one mode, in microseconds, sorted."""

    reader: Contestant
    mode: str
    lags: list[float]

    def quantile(self, share: float) -> float:
        return self.lags[min(int(len(self.lags) * share), len(self.lags) - 1)]

    @property
    def median(self) -> float:
        return self.quantile(0.5)

    @property
    def p99(self) -> float:
        return self.quantile(0.99)


def measure(options: Options) -> Section:
    count = options.scaled(400)
    found: dict[tuple[str, Contestant], list[float]] = {}
    with Server("live") as server, Peers() as peers:
        for number in range(options.rounds + 1):
            for mode in _MODES:
                for place, reader in enumerate(_READERS):
                    run = f"live_{mode.replace('-', '')}{number}x{place}_{count}_{EVERY_MS}_300"
                    answer = peers.ask(reader, url=server.url, run=run, live=mode)
                    if len(answer["result"]) != count + 1:
                        raise RuntimeError(f"{reader.label} missed events")
                    if number:
                        lags = [lag / 1e3 for lag in answer["result"][1:]]
                        found.setdefault((mode, reader), []).extend(lags)
            note(f"round {number} of {options.rounds}" if number else "warmed up")
    results = [Lags(reader, mode, sorted(lags)) for (mode, reader), lags in found.items()]
    return Section(
        "Latency: from the append to the consumer's loop",
        f"One event each {EVERY_MS} ms, {count * options.rounds:,} a reader and mode, stamped by"
        " the server when it is appended; microseconds. The bare socket receives and searches for"
        " the stamp, no more.",
        [_table(results)],
        [target for mode in _MODES for target in _targets(results, mode)],
    )


def _table(results: Sequence[Lags]) -> Table:
    rows = [
        [
            f"{each.reader.label}, {each.mode}",
            f"{each.median:.0f}",
            f"{each.p99:.0f}",
            f"{each.lags[-1]:.0f}",
            f"{each.median - _bare(results, each.mode).median:.0f}",
            f"{each.p99 - _bare(results, each.mode).median:.0f}",
        ]
        for each in results
    ]
    return Table(
        ("reader", "median", "p99", "most", "median added", "p99 added to the bare median"), rows
    )


def _bare(results: Sequence[Lags], mode: str) -> Lags:
    return next(each for each in results if each.reader == _BARE and each.mode == mode)


def _targets(results: Sequence[Lags], mode: str) -> list[Target]:
    bare = _bare(results, mode)
    targets = []
    for each in results:
        if each.reader.peer == "ours" and each.mode == mode:
            name = f"{each.reader.label}, {mode}"
            median, p99 = each.median - bare.median, each.p99 - bare.median
            targets.append(Target(f"{name}: median added", 1, median / 1e3, "ms", at_least=False))
            targets.append(
                Target(f"{name}: p99 added to the bare median", 5, p99 / 1e3, "ms", at_least=False)
            )
    return targets
