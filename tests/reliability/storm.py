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
from typing import NamedTuple
from urllib.parse import urlsplit

from flue_client_ext import FlueClient
from flue_client_ext.testing import demo_server
from tests.servers.tls import tls_in_front_of

from .leaks import Leftovers
from .options import Broken, Options
from .storm_calls import Place, Seen, Target, plans
from .storm_tasks import cancel_tasks
from .storm_threads import abort_threads

END_LIMIT = 10.0
"""Seconds within which a call must have ended after it was cut off: the machine may be busy."""


class Part(NamedTuple):
    """Who is stopped, and over what."""

    world: str
    tls: bool


PARTS = [Part(world, tls) for world in ("threads", "asyncio", "trio") for tls in (False, True)]


def _row(part: Part, seen: Seen) -> str:
    waits = sorted(seen.waits)
    median, most = (f"{waits[n] * 1000:.1f} ms" for n in (len(waits) // 2, -1))
    over = "TLS" if part.tls else "plain"
    calls, cut = f"{seen.outcomes.total():,}", f"{len(waits):,}"
    return f"| {' | '.join((part.world, over, calls, cut, median, most))} |"


def experiment(options: Options) -> str:
    """Run the storm in each world, plain and over TLS; the report, or `Broken`."""
    count = 60 if options.quick else 3000
    rows = [
        "| world | connection | calls | cut off | median time to end | most |",
        "|---|---|--:|--:|--:|--:|",
    ]
    outcomes: Counter[str] = Counter()
    for part in PARTS:
        seen = Seen()
        cuts = plans(count, random.Random(f"{options.seed} {part}"))
        with target(tls=part.tls) as reached:
            if part.world == "threads":
                abort_threads(reached, cuts, seen, END_LIMIT)
            else:
                cancel_tasks(part.world, reached, cuts, seen, END_LIMIT)
        if not seen.waits:
            raise Broken(f"{part}: no call was cut off: {seen.outcomes}")
        rows.append(_row(part, seen))
        outcomes += seen.outcomes
    told = ", ".join(f"{name} {count:,}" for name, count in outcomes.most_common())
    return "\n".join([*rows, "", f"Outcomes: {told}."])


@contextmanager
def target(*, tls: bool) -> Iterator[Target]:
    """Serve runs and conversations; when the storm is over, nothing of it may be left."""
    with ExitStack() as running:
        urls = [
            running.enter_context(demo_server(generation=generation).run())
            for generation in ("beta.8", "2")
        ]
        with FlueClient(urls[0], token=None) as client:
            endless = client.workflows.invoke("countdown", input={"start": 1, "seconds": 3600})
            next(event for event in client.runs.stream(endless.run_id) if event.type == "log")
        places = [Place(url, None) for url in urls]
        if tls:
            ports = [urlsplit(url).port or 0 for url in urls]
            places = [Place(*running.enter_context(tls_in_front_of(port))) for port in ports]
        before = Leftovers()
        yield Target(places[0], places[1], endless.run_id)
        before.check()
