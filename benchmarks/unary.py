"""Unary calls: `runs.get` beside a bare `httpx.Client.get` and `json`."""

from __future__ import annotations

from statistics import median

from benchmarks import corpus
from benchmarks.children import Server
from benchmarks.contest import note
from benchmarks.options import Options
from benchmarks.parties import Contestant, Peers
from benchmarks.report import Section, Table, Target

_OURS = Contestant("ours", "gets", "ours, `runs.get`")
_ASYNC = Contestant("ours", "async_gets", "ours, async, `runs.get`")
_OVER = Contestant("ours", "gets_over_httpx", "ours, `runs.get` over the user's `httpx.Client`")
_ASYNC_OVER = Contestant(
    "ours", "async_gets_over_httpx", "ours, async, over the user's `httpx.AsyncClient`"
)
_HTTPX = Contestant("plain_httpx", "gets", "`httpx.Client.get` + `json`")
_ASYNC_HTTPX = Contestant("plain_httpx", "async_gets", "`httpx.AsyncClient.get` + `json`")
_READERS = (_OURS, _OVER, _HTTPX, _ASYNC, _ASYNC_OVER, _ASYNC_HTTPX)


def measure(options: Options) -> Section:
    times = options.scaled(1000)
    walls: dict[Contestant, list[float]] = {reader: [] for reader in _READERS}
    cpus: dict[Contestant, list[float]] = {reader: [] for reader in _READERS}
    with Server("replay") as server, Peers() as peers:
        for number in range(options.rounds + 1):
            for reader in _READERS:
                answer = peers.ask(reader, url=server.url, run=corpus.run_id(10), times=times)
                if number:
                    walls[reader].append(answer["wall"] / times * 1e6)
                    cpus[reader].append(answer["cpu"] / times * 1e6)
            note(f"round {number} of {options.rounds}" if number else "warmed up")
    wall = {reader: median(found) for reader, found in walls.items()}
    cpu = {reader: median(found) for reader, found in cpus.items()}
    return Section(
        "Unary calls",
        f"{times:,} calls one after another over one kept connection, a run record each; medians of"
        f" {options.rounds} rounds, microseconds a call. The wall time includes the server's.",
        [
            Table(
                ("caller", "wall", "CPU"),
                [[each.label, f"{wall[each]:.0f}", f"{cpu[each]:.0f}"] for each in _READERS],
            )
        ],
        [
            _target("wall of `runs.get`, of httpx's", 1.2, wall, _OURS, _HTTPX),
            _target("CPU of `runs.get`, of httpx's", 1.2, cpu, _OURS, _HTTPX),
            _target("wall of async `runs.get`, of httpx's", 1.2, wall, _ASYNC, _ASYNC_HTTPX),
            _target("CPU of async `runs.get`, of httpx's", 1.2, cpu, _ASYNC, _ASYNC_HTTPX),
            _target("wall over the user's client, of httpx's", 1.3, wall, _OVER, _HTTPX),
            _target("CPU over the user's client, of httpx's", 1.3, cpu, _OVER, _HTTPX),
            _target(
                "wall over the user's async client, of httpx's",
                1.5,
                wall,
                _ASYNC_OVER,
                _ASYNC_HTTPX,
            ),
            _target(
                "CPU over the user's async client, of httpx's", 1.5, cpu, _ASYNC_OVER, _ASYNC_HTTPX
            ),
        ],
    )


def _target(
    what: str,
    limit: float,
    measured: dict[Contestant, float],
    ours: Contestant,
    httpx: Contestant,
) -> Target:
    return Target(what, limit, measured[ours] / measured[httpx], at_least=False)
