"""Catching up over a long way: a genuine server behind a wire of 25 ms each way."""

from __future__ import annotations

import http.client
import json
from typing import Any

from benchmarks.children import Server
from benchmarks.contest import Result, Results, compete
from benchmarks.options import Options
from benchmarks.parties import Contestant, Peers
from benchmarks.report import Section, Table, Target
from benchmarks.throughput import SDK
from tests.servers.flue import FlueServer

ONE_WAY = 0.025

EVENTS = Contestant("ours", "events", "ours, `events()`")
TRANSFER = Contestant("raw", "transfer", "one round trip plus transfer (bare socket, SSE bytes)")
OURS = (
    EVENTS,
    Contestant("ours", "async_events", "ours, async, `events()`"),
    Contestant("ours", "not_live", "ours, `stream(live=False)`"),
    Contestant("ours", "async_not_live", "ours, async, `stream(live=False)`"),
    Contestant("ours", "live", "ours, `stream()`, long-poll"),
    Contestant("ours", "async_live", "ours, async, `stream()`, long-poll"),
    Contestant("ours", "sse", 'ours, `stream(live="sse")`'),
    Contestant("ours", "async_sse", 'ours, async, `stream(live="sse")`'),
)
FAST = (TRANSFER, *OURS)


def measure(options: Options) -> Section:
    count = options.scaled(50_000)
    slow_rounds = 1 if options.quick else 2
    with FlueServer() as server, Peers() as peers:
        run, short = _run(server.url, count), _run(server.url, 2_000)
        target = str(server.port)
        with Server("delay", target, str(ONE_WAY)) as near:
            warm_up = (server.url, short)
            arguments: Any = (near.url, run, count)
            sdk = compete(peers, SDK, *arguments, rounds=slow_rounds, warm_up=warm_up)
            fast = compete(
                peers,
                FAST,
                *arguments,
                rounds=options.rounds,
                warm_up=(server.url, run),
                uncounted=(TRANSFER,),
            )
    results = Results([*fast.all, *sdk.all])
    return Section(
        "Catch-up over a 50 ms round trip",
        f"{count:,} events of about 340 bytes of one finished run on the genuine server, through a"
        f" proxy that delays every byte by 25 ms each way; medians of {options.rounds} rounds"
        f" ({slow_rounds} of the SDK, before the others, since each takes two minutes), after a"
        " warm-up without the delay. `x SDK` compares with the SDK's best mode.",
        [_table(results)],
        _targets(results),
    )


def _run(url: str, count: int) -> str:
    """Let the server make a finished run of `count` events; return its id."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=600)
    body = json.dumps({"n": count - 2, "bytes": 148})
    headers = {"content-type": "application/json"}
    connection.request("POST", "/workflows/flood?wait=result", body, headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return str(answer["runId"])


def _table(results: Results) -> Table:
    best, least = results.fastest("sdk"), results[TRANSFER]
    return Table(
        ("reader", "wall s", "x SDK", "x transfer", "CPU s"),
        [
            _row(result, best, least)
            for result in sorted(results.all, key=lambda result: result.wall)
        ],
    )


def _row(result: Result, best: Result, least: Result) -> list[str]:
    return [
        result.contestant.label,
        f"{result.wall:.3f}",
        f"{best.wall / result.wall:.1f}",
        f"{result.wall / least.wall:.2f}",
        f"{result.cpu:.2f}",
    ]


def _targets(results: Results) -> list[Target]:
    best, least = results.fastest("sdk").wall, results[TRANSFER].wall
    slow = max((results[each] for each in OURS), key=lambda result: result.wall)
    slowest, name = slow.wall, f"our slowest mode, {slow.contestant.label.removeprefix('ours, ')},"
    return [
        Target("`events()` against the SDK's best mode", 30, best / results[EVENTS].wall),
        Target(f"{name} against the SDK's best", 30, best / slowest),
        Target(
            "`events()`, of one round trip plus transfer",
            1.5,
            results[EVENTS].wall / least,
            at_least=False,
        ),
        Target(
            f"{name} of one round trip plus transfer",
            1.5,
            slowest / least,
            at_least=False,
        ),
    ]
