"""Thousands of random faults over a run of 2,000 events: nothing is lost, nothing comes twice.

The server makes these faults inside its answers: framing, lengths, repeated batches. What the wire
does to genuine servers is in `tests/reliability/soak.py`. `FLUE_SOAK_FAULTS` is the number of
faults (2,000 by default), `FLUE_SOAK_SEED` the seed.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections import Counter
from typing import Any

import pytest

from flue_client_ext import AsyncFlueClient, BackoffOptions, FlueClient
from tests.servers.raw import RawServer, Request
from tests.worlds import NAMES, world

from .conftest import set_limits
from .reading import dicts
from .replay import RUN, Fault, Replay, offset_at, query, whole_run
from .test_reconnection import PASSING

FAULTS = int(os.environ.get("FLUE_SOAK_FAULTS", "2000"))
SEED = int(os.environ.get("FLUE_SOAK_SEED", "20261122"))
EVENTS = 2000
PAGE = 10
MODES: list[dict[str, Any]] = [
    {"live": "long-poll"},
    {"live": "sse"},
    {"live": "auto"},
    {"live": False},
    {"live": False, "pages_only": True},
]


class Weather:
    """Random faults for most requests, counted by kind."""

    def __init__(self, seed: int) -> None:
        self.struck: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Fault | None:
        with self._lock:
            chance = self._chance
            sse = query(request).get("live") == "sse"
            if not sse and chance.random() < 0.25:
                return None
            kind = chance.choices(list(KINDS), list(KINDS.values()))[0]
            self.struck[kind] += 1
            # An event stream holds all remaining events: it is cut within the next batches.
            return self._fault(kind, chance.randrange(2800 if sse else 1500), chance)

    def _fault(self, kind: str, after: int, chance: random.Random) -> Fault:
        if kind == "status":
            return Fault(status=chance.choice(PASSING), body=b"<html>")
        if kind == "repeated batch":
            return Fault(twice=True, after=after * 3)
        if kind == "too long a length":
            return Fault(extra_length=1 + after, framing="length", after=after, of_body=True)
        if kind == "before the head":
            return Fault(after=0, how=chance.choice(["close", "reset"]))
        if kind == "stall":
            return Fault(after=after, how="stall")
        framing = {"cut chunk": "chunked", "cut at the end": "close"}.get(kind)
        how = "reset" if kind == "reset" else "close"
        return Fault(after=after, how=how, framing=framing)  # type: ignore[arg-type]


KINDS = {
    "cut": 25,
    "reset": 20,
    "cut chunk": 15,
    "cut at the end": 10,
    "status": 12,
    "before the head": 8,
    "repeated batch": 5,
    "too long a length": 4,
    "stall": 0.5,
}


def read_sync(url: str, options: dict[str, Any]) -> tuple[list[Any], str, Any]:
    with FlueClient(url, token=None) as client:
        stream = client.runs.stream(RUN, **options)
        return dicts(stream), stream.offset, stream.stats


async def read_async(url: str, options: dict[str, Any]) -> tuple[list[Any], str, Any]:
    async with AsyncFlueClient(url, token=None) as client:
        stream = client.runs.stream(RUN, **options)
        events = [event.to_dict() async for event in stream]
        return events, stream.offset, stream.stats


def test_soak(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    set_limits(monkeypatch, read=0.25, start=0.25, poll_pace=0.0)
    run = whole_run(EVENTS)
    backoff = BackoffOptions(initial_delay=1e-5, max_delay=1e-4, max_retries=None)
    weather = Weather(SEED)
    began = time.monotonic()
    reads = reconnects = dropped = lost = repeated = 0
    while sum(weather.struck.values()) < FAULTS or reads < len(MODES):
        options = {**MODES[reads % len(MODES)], "backoff_options": backoff}
        name = NAMES[reads % len(NAMES)]
        with RawServer(Replay(run, page=PAGE, faults=weather)) as server, world(name) as entered:
            if entered.portal is None:
                events, offset, stats = read_sync(server.url, options)
            else:
                events, offset, stats = entered.portal.call(read_async, server.url, options)
        seen = Counter(event["eventIndex"] for event in events)
        lost += sum(event["eventIndex"] not in seen for event in run)
        repeated += sum(count - 1 for count in seen.values())
        reconnects += stats.reconnects
        dropped += stats.duplicates_dropped
        reads += 1
        assert events == run, (name, options)
        assert offset == offset_at(EVENTS)
    seconds = time.monotonic() - began
    assert (lost, repeated) == (0, 0)
    assert set(weather.struck) == set(KINDS)
    with capsys.disabled():
        print(
            f"\nsoak: {sum(weather.struck.values())} faults ({dict(weather.struck)}) in {reads} "
            f"reads of {EVENTS} events, {reconnects} reconnects, {dropped} duplicates dropped, "
            f"{lost} lost, {repeated} repeated, {seconds:.0f} s, seed {SEED}",
            file=sys.stderr,  # which is seen from a worker of xdist, too
        )
