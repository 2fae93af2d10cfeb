"""Throughput and CPU on loopback, from a server that is faster than any client reads."""

from __future__ import annotations

from benchmarks import corpus
from benchmarks.certificates import certificates
from benchmarks.children import Server
from benchmarks.contest import Result, Results, compete
from benchmarks.options import Options
from benchmarks.parties import Contestant, Peers
from benchmarks.report import Section, Table, Target

SSE = Contestant("ours", "sse", 'ours, `stream(live="sse")`')
BATCHES = Contestant("ours", "sse_batches", 'ours, `stream(live="sse").batches()`')
ASYNC_SSE = Contestant("ours", "async_sse", 'ours, async, `stream(live="sse")`')
EVENTS = Contestant("ours", "events", "ours, `events()`")
ASYNC_EVENTS = Contestant("ours", "async_events", "ours, async, `events()`")
POLLS = Contestant("ours", "polls", "ours, long-poll, `pages_only`")
ASYNC_POLLS = Contestant("ours", "async_polls", "ours, async, long-poll, `pages_only`")
OVER = Contestant(
    "ours", "sse_over_httpx", 'ours, `stream(live="sse")` over the user\'s `httpx.Client`'
)
RAW = Contestant("raw", "sse", "raw socket + msgspec, SSE, untyped")
LISTED = Contestant("raw", "events", "raw socket + msgspec, SSE, untyped, kept in a list")

OURS = (SSE, BATCHES, OVER, ASYNC_SSE, EVENTS, ASYNC_EVENTS, POLLS, ASYNC_POLLS)
SDK = (
    Contestant("sdk", "events", "TypeScript SDK, `events()`"),
    Contestant("sdk", "not_live", "TypeScript SDK, `stream`, `live: false`"),
    Contestant("sdk", "polls", "TypeScript SDK, `stream`, long-poll"),
    Contestant("sdk", "sse", "TypeScript SDK, `stream`, SSE"),
)
OTHERS = (
    Contestant("plain_httpx", "pages", "httpx page loop + json, untyped"),
    Contestant("durable", "not_live", "durable-streams (PyPI), catch-up, untyped"),
    Contestant("durable", "polls", "durable-streams (PyPI), long-poll, untyped"),
    Contestant("durable", "sse", "durable-streams (PyPI), SSE, untyped"),
    RAW,
    LISTED,
)
OVER_TLS = (SSE, ASYNC_SSE, RAW)

RUN_UP = 0.5
"""Seconds."""


def measure(options: Options) -> Section:
    count = options.scaled(50_000)
    with Server("replay") as server, Peers() as peers:
        results = compete(
            peers,
            (*OURS, *SDK, *OTHERS),
            server.url,
            corpus.run_id(count),
            count,
            rounds=options.rounds,
            run_up=RUN_UP,
        )
    secure = _over_tls(count, options.rounds)
    return Section(
        "Throughput on loopback, and CPU per event",
        f"{count:,} events of about 340 bytes from the replay server; medians of {options.rounds}"
        f" rounds after a warm-up. Before a reading that counts, its contestant reads for {RUN_UP}"
        " seconds what does not: the others' turns have left it a cold processor, and a reading may"
        " take no more than a twentieth of a second. CPU is user and system time of the client's"
        " process; the peak memory includes the interpreter. `x SDK` compares with the SDK's best"
        " mode. Below: the same over TLS.",
        [_table(results), _tls_table(secure)],
        [*_targets(results), *_tls_targets(secure)],
    )


def _over_tls(count: int, rounds: int) -> Results:
    with (
        certificates() as made,
        Server("replay", "--tls", str(made.own)) as server,
        Peers(made.environment) as peers,
    ):
        url = f"https://localhost:{server.port}"
        run = corpus.run_id(count)
        return compete(peers, OVER_TLS, url, run, count, rounds=rounds, run_up=RUN_UP)


def _table(results: Results) -> Table:
    best = results.fastest("sdk")
    return Table(
        ("reader", "wall s", "events/s", "x SDK", "CPU us/event", "peak MB"),
        [_row(result, best) for result in sorted(results.all, key=lambda result: result.wall)],
    )


def _row(result: Result, best: Result) -> list[str]:
    return [
        result.contestant.label,
        f"{result.wall:.3f}",
        f"{result.rate:,.0f}",
        f"{best.wall / result.wall:.2f}",
        f"{result.cpu_per_event:.2f}",
        f"{result.rss / 1024:.0f}",
    ]


def _targets(results: Results) -> list[Target]:
    best = results.fastest("sdk")
    least_cpu = min(result.cpu for result in results.of("sdk"))
    sdk = "the SDK's best mode"

    def speed(contestant: Contestant) -> float:
        return best.wall / results[contestant].wall

    return [
        Target(f"sync SSE against {sdk} (aim 3.5)", 3.0, speed(SSE)),
        Target(f"async SSE against {sdk} (aim 3)", 2.5, speed(ASYNC_SSE)),
        Target(f"sync SSE over the user's `httpx.Client` against {sdk}", 3.0, speed(OVER)),
        Target(f"sync `events()` against {sdk}", 2.3, speed(EVENTS)),
        Target(f"async `events()` against {sdk}", 2.0, speed(ASYNC_EVENTS)),
        Target(f"long-poll paging against {sdk}", 1.5, speed(POLLS)),
        *_raw_targets(results),
        Target("`events()` against raw sockets", 0.5, _of_raw(results, EVENTS)),
        Target(
            "CPU of sync SSE, of the SDK's least in any mode",
            0.35,
            results[SSE].cpu / least_cpu,
            at_least=False,
        ),
    ]


def _raw_targets(results: Results, where: str = "") -> list[Target]:
    return [
        Target(f"sync SSE against raw sockets{where}", 0.65, _of_raw(results, SSE)),
        Target(f"async SSE against raw sockets{where}", 0.55, _of_raw(results, ASYNC_SSE)),
    ]


def _tls_targets(results: Results) -> list[Target]:
    """By CPU as well: over TLS the server may be what the wall time waits for."""
    raw = results[RAW].cpu
    return [
        *_raw_targets(results, " over TLS"),
        Target("the same of sync SSE by CPU", 0.65, raw / results[SSE].cpu),
        Target("the same of async SSE by CPU", 0.55, raw / results[ASYNC_SSE].cpu),
    ]


def _of_raw(results: Results, contestant: Contestant) -> float:
    return results[RAW].wall / results[contestant].wall


def _tls_table(results: Results) -> Table:
    return Table(
        ("reader, over TLS", "wall s", "events/s", "x raw", "CPU us/event", "peak MB"),
        [_row(result, results[RAW]) for result in sorted(results.all, key=lambda each: each.wall)],
    )
