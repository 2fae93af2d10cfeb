"""A storm of cancellations: thousands of calls of every kind are cut off at random moments.

Threads are stopped by an abort from another thread, by `AbortSignal.timeout` and by `timeout=`;
tasks are cancelled. Each must end soon after, by a documented error or because it was done; at the
end no thread, task or socket is left, and the same clients answer as before.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from flue_client_ext import FlueClient
from flue_client_ext.testing import demo_server
from tests.servers.tls import tls_in_front_of

from .leaks import Leftovers
from .options import Broken, Options
from .storm_calls import Endpoint, Seen, Target, plans
from .storm_tasks import cancel_tasks
from .storm_threads import abort_threads

END_LIMIT = 5.0
"""Seconds within which a call must have ended after it was cut off."""
MEDIAN_LIMIT = 1.0
"""Seconds within which half of them must have."""
HOLD = 1.0
"""Seconds for which the servers hold a long-poll. Over a user's httpx client the thread of a call
that was cut off before its answer is free when that comes (docs/configuration.md)."""
PATIENCE = 4
"""How many times as long it may take in a quick run, beside other tests on a busy machine."""
Channel = Literal["plain", "TLS", "httpx"]
"""The client's own connections, or those of a user's httpx client."""
CHANNELS: tuple[Channel, ...] = ("plain", "TLS", "httpx")


class Part(NamedTuple):
    """Who is stopped, and over what."""

    world: str
    channel: Channel


PARTS = [Part(world, each) for world in ("threads", "asyncio", "trio") for each in CHANNELS]


def _row(part: Part, seen: Seen) -> str:
    waits = (f"{seconds * 1000:.1f} ms" for seconds in (seen.median, seen.longest))
    counts = (seen.outcomes.total(), len(seen.waits), seen.ended_anyway)
    return f"| {' | '.join((*part, *(f'{count:,}' for count in counts), *waits))} |"


def experiment(options: Options) -> str:
    """Run the storm in each world, over each channel; the report, or `Broken`."""
    count, patience = (40, PATIENCE) if options.quick else (3000, 1)
    rows = [
        "| world | connection | calls | cut off | of them done | median time to end | most |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    outcomes: Counter[str] = Counter()
    for part in PARTS:
        seen = Seen()
        cuts = plans(count, random.Random(f"{options.seed} {part}"))
        with target(part.channel) as reached:
            if part.world == "threads":
                abort_threads(reached, cuts, seen, END_LIMIT * patience)
            else:
                cancel_tasks(part.world, reached, cuts, seen, END_LIMIT * patience)
        _check(part, seen, patience)
        rows.append(_row(part, seen))
        outcomes += seen.outcomes
    told = ", ".join(f"{name} {count:,}" for name, count in outcomes.most_common())
    return "\n".join([*rows, "", f"Outcomes: {told}."])


def _check(part: Part, seen: Seen, patience: int) -> None:
    if not seen.waits:
        raise Broken(f"{part}: no call was cut off: {seen.outcomes}")
    if seen.longest > END_LIMIT * patience or seen.median > MEDIAN_LIMIT * patience:
        late = f"ended {seen.longest:.1f} s after it was cut off, half of them {seen.median:.1f} s"
        raise Broken(f"{part}: a call {late}")


@contextmanager
def target(channel: Channel) -> Iterator[Target]:
    """Serve runs and conversations; when the storm is over, nothing of it may be left."""
    with ExitStack() as running:
        urls = [
            running.enter_context(demo_server(generation=generation, hold=HOLD).run())
            for generation in ("beta.8", "2")
        ]
        with FlueClient(urls[0], token=None) as client:
            endless = client.workflows.invoke("countdown", input={"start": 1, "seconds": 3600})
            next(event for event in client.runs.stream(endless.run_id) if event.type == "log")
        runs, agents = (Endpoint(url, None) for url in urls)
        if channel == "TLS":
            ports = [urlsplit(url).port or 0 for url in urls]
            fronts = [running.enter_context(tls_in_front_of(port)) for port in ports]
            runs, agents = (Endpoint(*front) for front in fronts)
        before = Leftovers()
        yield Target(runs, agents, endless.run_id, channel == "httpx")
        before.check()
