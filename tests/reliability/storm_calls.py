"""The calls that the storm cuts off, once for both surfaces, and what may come of them."""

from __future__ import annotations

import itertools
import random
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from flue_client_ext import FlueAbortError, FlueTimeoutError, InvokeOutcomeUnknownError

LONGEST = 0.06
"""Seconds after which a call is cut off, at most; most calls would take longer."""

ENDED = "ended"
CUT = (FlueAbortError, FlueTimeoutError, InvokeOutcomeUnknownError)
"""The documented ends of a call that was cut off in a thread, of a POST at its deadline too."""


class Clients(NamedTuple):
    """Of one surface: a client of the runs and one of the agents, a run that has no end, and the
    user's own httpx client, if these are its connections."""

    runs: Any
    agents: Any
    run_id: str
    own: Any


class Endpoint(NamedTuple):
    """A server, and what trusts its certificate."""

    url: str
    context: ssl.SSLContext | None


class Target(NamedTuple):
    """The server of the runs, that of the agents, and a run that has no end."""

    runs: Endpoint
    agents: Endpoint
    run_id: str
    over_httpx: bool

    def clients(self, kind: type[Any], httpx_kind: type[Any]) -> Clients:
        own = httpx_kind(trust_env=False) if self.over_httpx else None
        made: list[Any] = []
        for each in (self.runs, self.agents):
            channel: dict[str, Any] = {"http_client": own} if own else {"ssl_context": each.context}
            made.append(kind(each.url, token=None, **channel))
        return Clients(made[0], made[1], self.run_id, own)


Call = Callable[[Clients, str, dict[str, Any]], Any]
"""Of the clients, a name that was not used before, and the options that cut the call off."""

CALLS: dict[str, Call] = {
    "runs.get": lambda at, _, options: at.runs.runs.get(at.run_id, **options),
    "runs.events": lambda at, _, options: at.runs.runs.events(at.run_id, **options),
    "runs.stream": lambda at, _, options: at.runs.runs.stream(at.run_id, **options),
    "runs.stream, SSE": lambda at, _, options: at.runs.runs.stream(
        at.run_id, live="sse", **options
    ),
    "runs.wait": lambda at, _, options: at.runs.runs.wait(at.run_id, **options),
    "workflows.invoke": lambda at, _, options: at.runs.workflows.invoke(
        "research", input={"pace": 0.01}, wait="result", **options
    ),
    "workflows.run": lambda at, _, options: at.runs.workflows.run(
        "research", input={"pace": 0.01}, **options
    ),
    "history": lambda at, _, options: conversation(at, "begun").history(**options),
    "updates": lambda at, _, options: conversation(at, "begun").updates(**options),
    "observe": lambda at, _, options: conversation(at, "begun").observe(**options),
    "send": lambda at, name, options: conversation(at, name).send("Hello", **options),
    "ask": lambda at, name, options: conversation(at, name).ask("6 * 7", **options),
    "ask_stream": lambda at, name, options: conversation(at, name).ask_stream("6 * 7", **options),
}


class Plan(NamedTuple):
    """A call under a name of its own, to be cut off after so many seconds."""

    call: Call
    name: str
    after: float


def plans(count: int, chance: random.Random) -> list[Plan]:
    """`count` calls in random order, each kind equally often, cut off at random moments."""
    kinds = [call for _, call in zip(range(count), itertools.cycle(CALLS.values()), strict=False)]
    chance.shuffle(kinds)
    return [Plan(call, f"t{n}", chance.uniform(0, LONGEST)) for n, call in enumerate(kinds)]


def conversation(clients: Clients, name: str) -> Any:
    return clients.agents.agents.conversation("assistant", name)


class Seen:
    """What came of the calls: counted by outcome, with the wait of each after it was cut off."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.waits: list[float] = []
        self.ended_anyway = 0
        """How many of those that were cut off ended as if they were not."""
        self._lock = threading.Lock()

    @property
    def longest(self) -> float:
        return max(self.waits)

    @property
    def median(self) -> float:
        return sorted(self.waits)[len(self.waits) // 2]

    def add(self, outcome: str, late: float) -> None:
        """Count a call that ended `late` seconds after it was to be cut off: below 0, it was done
        before."""
        with self._lock:
            self.outcomes[outcome] += 1
            if late > 0:
                self.waits.append(late)
                self.ended_anyway += outcome == ENDED
