"""Reading long conversations by the public calls: over a long way, and as fast as it goes."""

from __future__ import annotations

from typing import Any

from benchmarks.catchup import ONE_WAY
from benchmarks.children import Server
from benchmarks.contest import Result, Results, compete
from benchmarks.conversation_growth import growth
from benchmarks.options import Options
from benchmarks.parties import Contestant, Peers
from benchmarks.report import Section, Table, Target

_TRANSFER = Contestant(
    "raw", "conversation_transfer", "one round trip plus transfer (bare socket, SSE bytes)"
)
_UPDATES = Contestant("conversing", "updates", "ours, `updates(live=False)`")
_ASYNC_UPDATES = Contestant("conversing", "async_updates", "ours, async, `updates(live=False)`")
_OBSERVE = Contestant("conversing", "observe", "ours, `observe()`")
_ASYNC_OBSERVE = Contestant("conversing", "async_observe", "ours, async, `observe()`")
_OURS = (_UPDATES, _ASYNC_UPDATES, _OBSERVE, _ASYNC_OBSERVE)
_OBSERVERS = (_OBSERVE, _ASYNC_OBSERVE)
_WAIT = Contestant("sdk2", "wait", "TypeScript SDK 2.0.3, `wait`, each update")
_SDK_OBSERVERS = (
    Contestant("sdk2", "observe_polls", "TypeScript SDK 2.0.3, `observe`, long-poll"),
    Contestant("sdk2", "observe_sse", "TypeScript SDK 2.0.3, `observe`, SSE"),
)
_SDK = (_WAIT, *_SDK_OBSERVERS)


def measure(options: Options) -> Section:
    count, rounds = options.scaled(50_000), options.rounds
    slow_rounds = 1 if options.quick else 2
    behind, whole = f"agents/behind/{count}", f"agents/whole/{count}"
    bare: Any = {"uncounted": (_TRANSFER,)}
    with Server("replay") as server, Peers() as peers:
        with Server("delay", str(server.port), str(ONE_WAY)) as wire:
            path: Any = {"url": wire.url, "run": behind, "events": count}
            warm: Any = {"warm_up": (server.url, behind)}
            slow = compete(peers, _SDK, **path, rounds=slow_rounds, **warm)
            fast = compete(peers, (_TRANSFER, *_OURS), **path, rounds=rounds, **warm, **bare)
            observers = (*_OBSERVERS, *_SDK_OBSERVERS)
            opened = compete(peers, observers, wire.url, whole, count, rounds=rounds)
        everyone = (_TRANSFER, *_OURS, *_SDK)
        near = compete(peers, everyone, server.url, behind, count, rounds=rounds, **bare)
        grown = growth(server.url, options)
    far = Results([*fast.all, *slow.all])
    return Section(
        "Long conversations",
        f"{count:,} updates, in replies of 100, from the replay server: over a 50 ms round trip (as"
        f" `catchup`; medians of {rounds} rounds, {slow_rounds} of the SDK), and on loopback. Who"
        " observes has read an empty history and is all of them behind, as after a long absence;"
        " `wait` of the SDK hands each update over. `x SDK` compares `observe` with the SDK's best"
        " `observe`, and `updates` with its `wait`. The round trips are what the 50 ms add. Then"
        " the first state of a conversation whose history has all of it, over the 50 ms. Last,"
        " longer and longer conversations on loopback: the least CPU of all rounds, and the memory"
        " that is taken.",
        [
            _table("over 50 ms", far, near),
            _table("loopback", near),
            _table("first state, over 50 ms", opened),
            *grown.tables(),
        ],
        [*_targets(far, near), *grown.targets()],
    )


def _table(where: str, results: Results, near: Results | None = None) -> Table:
    """`near`: the same on loopback, which tells how many round trips were waited for."""
    rows = [
        [
            result.contestant.label,
            f"{result.wall:.3f}",
            f"{_ratio(results, result):.1f}",
            *([] if near is None else [f"{_round_trips(result, near):.0f}"]),
            f"{result.cpu:.2f}",
            f"{result.rss / 1024:.0f}",
        ]
        for result in sorted(results.all, key=lambda result: result.wall)
    ]
    waited = [] if near is None else ["round trips"]
    return Table((where, "wall s", "x SDK", *waited, "CPU s", "peak MB"), rows)


def _ratio(results: Results, result: Result) -> float:
    """How many times as fast as the SDK: at handing over updates, or at observing."""
    peers = [each for each in results.of("sdk2") if each.contestant in _SDK_OBSERVERS]
    if result.contestant in (_UPDATES, _ASYNC_UPDATES, _WAIT, _TRANSFER):
        peers = [each for each in results.of("sdk2") if each.contestant == _WAIT]
    return min(peer.wall for peer in peers) / result.wall


def _round_trips(result: Result, near: Results) -> float:
    return (result.wall - near[result.contestant].wall) / (2 * ONE_WAY)


def _targets(far: Results, near: Results) -> list[Target]:
    most = max(_round_trips(far[each], near) for each in _OURS)
    return [
        *(
            Target(f"over 50 ms: {each.label}, against the SDK", 20, _ratio(far, far[each]))
            for each in _OURS
        ),
        Target("over 50 ms: round trips that ours wait for, at most", 4, most, "", False),
        *(
            Target(f"loopback: {each.label}, against the SDK (aim 5)", 3, _ratio(near, near[each]))
            for each in _OBSERVERS
        ),
    ]
