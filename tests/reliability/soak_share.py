"""The process of one world's share of the soak; it prints its `Report` as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, contextmanager
from typing import Any, TypedDict
from urllib.parse import urlsplit

import anyio
import trio

from flue_client_ext import AsyncFlueClient, FlueClient
from flue_client_ext._values.limits import LIMITS
from tests.servers.cutting import CuttingProxy

from . import unclosed
from .blocking import Blocking, finish
from .footprint import Footprint, footprint
from .soak_units import MESSAGES, Reader, Sender

Urls = dict[str, str]
"""Of servers, or of the proxies in front of them, by the server's name."""


class Order(TypedDict):
    world: str
    seed: int
    faults: int
    sends: int
    units: int
    """How many read at the same time; as many send."""
    rounds: int
    servers: Urls


class Report(TypedDict):
    counts: dict[str, int]
    struck: dict[str, int]
    """The faults, by their kinds."""
    wrong: list[str]
    rounds: list[Footprint]
    """After each."""
    before: Footprint
    after: Footprint


class Share:
    """Rounds of work through proxies, which strike; on the same clients all the time."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._proxies: list[CuttingProxy] = []
        self._begun = 0
        self._lock = threading.Lock()
        self._round = 0

    @property
    def struck(self) -> Counter[str]:
        return sum((proxy.struck for proxy in self._proxies), Counter[str]())

    @contextmanager
    def proxies(self) -> Iterator[Urls]:
        """Put a proxy in front of each server; yield their URLs."""
        with ExitStack() as stack:
            urls = {}
            for number, (name, url) in enumerate(self.order["servers"].items()):
                parts = urlsplit(url)
                target = (parts.hostname or "", parts.port or 0)
                proxy = stack.enter_context(CuttingProxy(target, self.order["seed"] + number))
                self._proxies.append(proxy)
                urls[name] = proxy.url
            yield urls

    @property
    def starts_received(self) -> int:
        return sum(proxy.starts for proxy in self._proxies)

    def rounds(self, faulty: Any) -> Iterator[list[tuple[Any, str]]]:
        """Yield the units of each round, with their names; take in what they have seen."""
        for number in range(1, self.order["rounds"] + 1):
            self._round = number
            units: list[Any] = []
            for _ in range(self.order["units"]):
                units.append(Reader(faulty, self.order["servers"], self._reads_on))
                units.append(Sender(faulty, self.order["servers"], self._sends_on))
            prefix = f"{self.order['world']}-{self.order['seed']}-{self._round}"
            yield [(unit, f"{prefix}-{index}") for index, unit in enumerate(units)]
            for unit in units:
                unit.check()
                self.counts.update(unit.counts)
                self.wrong += unit.wrong
            if self.starts_received > self.counts["starts"]:
                starts = f"{self.counts['starts']} runs started"
                self.wrong.append(f"{starts} by {self.starts_received} POSTs")
            state = f"{self.order['world']}: {number} of {self.order['rounds']} rounds"
            print(f"{state}, {self.struck.total()} faults", file=sys.stderr, flush=True)

    def _reads_on(self) -> bool:
        due = self.order["faults"] * self._round / self.order["rounds"]
        return self.struck.total() < due and not self.wrong

    def _sends_on(self) -> bool:
        due = self.order["sends"] * self._round / self.order["rounds"]
        with self._lock:
            goes_on = self._begun < due
            self._begun += MESSAGES * goes_on
        return goes_on


def run_blocking(share: Share, urls: Urls) -> list[Footprint]:
    found = []
    with ExitStack() as stack:
        clients = {
            name: Blocking(stack.enter_context(FlueClient(url, token=None)))
            for name, url in urls.items()
        }
        for units in share.rounds(clients):
            with ThreadPoolExecutor(len(units)) as pool:
                for done in [pool.submit(finish, unit.work(name)) for unit, name in units]:
                    done.result()
            found.append(footprint())
    return found


async def run_async(share: Share, urls: Urls, count_tasks: Callable[[], int]) -> list[Footprint]:
    found, tasks = [], count_tasks()
    async with AsyncExitStack() as stack:
        clients = {
            name: await stack.enter_async_context(AsyncFlueClient(url, token=None))
            for name, url in urls.items()
        }
        for units in share.rounds(clients):
            async with anyio.create_task_group() as group:
                for unit, name in units:
                    group.start_soon(unit.work, name)
            found.append(footprint(count_tasks()))
    share.counts["tasks left"] = count_tasks() - tasks
    return found


def run(order: Order) -> Report:
    LIMITS.read = 5.0  # beyond what servers take that do all of this at once
    LIMITS.poll_pace = 0.0
    share = Share(order)
    before = footprint()
    with share.proxies() as urls:
        if order["world"] == "sync":
            rounds = run_blocking(share, urls)
        elif order["world"] == "asyncio":
            rounds = anyio.run(run_async, share, urls, lambda: len(asyncio.all_tasks()))
        else:
            rounds = anyio.run(run_async, share, urls, _trio_tasks, backend="trio")
    after = _settled(before, share.counts.pop("tasks left", 0))
    return Report(
        counts=dict(share.counts),
        struck=dict(share.struck),
        wrong=[*share.wrong, *unclosed.take()][:10],
        rounds=rounds,
        before=before,
        after=after,
    )


def _settled(before: Footprint, tasks: int) -> Footprint:
    """Return the footprint once the helper threads have ended: half a second after a last job."""
    until = time.monotonic() + 10.0
    while True:
        now = footprint(tasks)
        same = all(now[what] <= before[what] for what in ("threads", "sockets"))
        if same or time.monotonic() > until:
            return now
        time.sleep(0.1)


def _trio_tasks() -> int:
    return trio.lowlevel.current_statistics().tasks_living


if __name__ == "__main__":
    unclosed.watch()
    print(json.dumps(run(json.loads(sys.argv[1]))))
