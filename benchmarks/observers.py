"""Many conversations that live, observed at once in one process."""

from __future__ import annotations

from benchmarks.crowds import EVENTS, EVERY_MS, crowd_table, gather
from benchmarks.options import Options
from benchmarks.parties import Contestant
from benchmarks.report import Section, Target

_OURS = Contestant("watching", "crowd", "ours, async")
_THREADS = Contestant("watching", "threads", "ours, sync, in threads")
_SDK = Contestant("sdk2", "crowd", "TypeScript SDK 2.0.3, SSE")


def measure(options: Options) -> Section:
    many, threads = options.scaled(1000), options.scaled(300)
    rounds = min(options.rounds, 3)
    ours = gather("live_agents", _OURS, many, rounds)
    sdk = gather("live_agents", _SDK, many, rounds)
    threaded = gather("live_agents", _THREADS, threads, rounds)
    return Section(
        "Many conversations observed at once",
        f"`observe` of that many conversations in one process, measured as the streams of `scale`:"
        f" each has a question and an answer, which grows when it is opened and, after a pause,"
        f" {EVENTS} times more, once each {EVERY_MS} ms; with the last chunk it settles. The memory"
        " includes that little content. The lag is from the append to the state that has it."
        f" {rounds} rounds, in processes of their own.",
        [crowd_table([ours, sdk, threaded])],
        [
            Target(f"memory of each of {ours.streams}", 60, ours.kilobytes, "kB", False),
            Target("none starved: worst lag of all", EVERY_MS, ours.worst_ms, "ms", False),
            Target(
                f"{threaded.streams} sync ones in threads: memory of each",
                60,
                threaded.kilobytes,
                "kB",
                False,
            ),
            Target(
                f"{threaded.streams} sync ones in threads: worst lag",
                EVERY_MS,
                threaded.worst_ms,
                "ms",
                False,
            ),
        ],
    )
