"""Everyone in turn, several rounds: what each needed, as medians."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from statistics import median

from attrs import field, frozen

from benchmarks.parties import Contestant, Peers


@frozen
class Result:
    """The medians of one contestant: seconds of wall and CPU for `events`, peak memory in kB."""

    contestant: Contestant
    events: int
    wall: float
    cpu: float
    rss: int
    walls: list[float] = field(repr=False)

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.wall

    @property
    def cpu_per_event(self) -> float:
        """Microseconds."""
        return self.cpu / self.events * 1e6


class Results:
    """All results of a contest, by contestant."""

    def __init__(self, results: Iterable[Result]) -> None:
        self.all = list(results)
        self._by = {result.contestant: result for result in self.all}

    def __getitem__(self, contestant: Contestant) -> Result:
        return self._by[contestant]

    def of(self, peer: str) -> list[Result]:
        return [result for result in self.all if result.contestant.peer == peer]

    def fastest(self, peer: str) -> Result:
        return min(self.of(peer), key=lambda result: result.wall)


def compete(
    peers: Peers,
    contestants: Sequence[Contestant],
    url: str,
    run: str,
    events: int,
    *,
    rounds: int,
    warm_up: tuple[str, str] | None = None,
    uncounted: Sequence[Contestant] = (),
    run_up: float = 0.0,
) -> Results:
    """Let everyone read `run` once a round, in turn, after reading the warm-up's (url, run).

    Whoever does not deliver all the events is an error, not a result, except the `uncounted`.
    Before a reading that counts, each reads for `run_up` seconds what does not count.
    """
    warm_url, warm_run = warm_up or (url, run)
    samples: dict[Contestant, list[dict[str, float]]] = {each: [] for each in contestants}
    for number in range(rounds + 1):
        for each in contestants:
            where, what = (url, run) if number else (warm_url, warm_run)
            begin_at = time.monotonic() + run_up
            while time.monotonic() < begin_at:
                peers.ask(each, url=where, run=what)
            answer = peers.ask(each, url=where, run=what)
            if number and answer["result"] != events and each not in uncounted:
                raise RuntimeError(f"{each.label} delivered {answer['result']} of {events} events")
            if number:
                samples[each].append(answer)
        note(f"round {number} of {rounds}" if number else "warmed up")
    return Results(_result(each, events, samples[each]) for each in contestants)


def _result(contestant: Contestant, events: int, samples: list[dict[str, float]]) -> Result:
    walls = [sample["wall"] for sample in samples]
    cpu = median(sample["cpu"] for sample in samples)
    rss = round(max(sample["rss"] for sample in samples))
    return Result(contestant, events, median(walls), cpu, rss, walls)


def note(text: str) -> None:
    """Tell whoever waits how far it is."""
    print(f"  {text}", file=sys.stderr, flush=True)
