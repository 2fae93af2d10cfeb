"""Blocking calls in threads, cut off by an abort, by a signal's time or by a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import httpx

from flue_client_ext import AbortController, AbortSignal, FlueClient

from .options import Broken
from .storm_calls import CUT, ENDED, Clients, Plan, Seen, Target, conversation

THREADS = 16
Options = dict[str, Any]


def abort_threads(target: Target, plans: list[Plan], seen: Seen, limit: float) -> None:
    """Carry out `plans`, many at once; none may go on for `limit` seconds after it was cut off."""
    clients = target.clients(FlueClient, httpx.Client)
    conversation(clients, "begun").ask("Hello")
    stops = [STOPS[number % len(STOPS)] for number in range(len(plans))]
    with ThreadPoolExecutor(THREADS) as threads:
        calls = [
            threads.submit(_cut_off, clients, *both, seen)
            for both in zip(plans, stops, strict=True)
        ]
        _, hung = wait(calls, sum(plan.after for plan in plans) + limit)
        if hung:
            raise Broken(f"{len(hung)} calls have not ended")
        for call in calls:
            call.result()
    assert clients.runs.runs.get(target.run_id).status == "active"
    assert conversation(clients, "afterwards").ask("6 * 7").text.endswith("42.")
    clients.runs.close()
    clients.agents.close()
    if clients.own:
        clients.own.close()


def _cut_off(clients: Clients, plan: Plan, stop: Stop, seen: Seen) -> None:
    with stop(plan.after) as options:
        began = time.monotonic()
        try:
            _exhaust(plan.call(clients, plan.name, options))
            outcome = ENDED
        except CUT as error:
            outcome = type(error).__name__
        late = time.monotonic() - began - plan.after
    seen.add(outcome, late)


def _exhaust(result: Any) -> None:
    if hasattr(result, "__next__"):
        with result:
            for _ in result:
                pass


@contextmanager
def _by_another_thread(after: float) -> Iterator[Options]:
    controller = AbortController()
    timer = threading.Timer(after, controller.abort)
    timer.start()
    try:
        yield {"signal": controller.signal}
    finally:
        timer.cancel()
        timer.join()


Stop = Callable[[float], AbstractContextManager[Options]]
STOPS: list[Stop] = [
    _by_another_thread,
    lambda after: nullcontext({"signal": AbortSignal.timeout(after)}),
    lambda after: nullcontext({"timeout": after}),
]
