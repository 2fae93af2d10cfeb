"""What a share of the soak does all the time: it reads runs, and it sends to conversations.

Each unit is a coroutine, in the blocking world too (`blocking.py`). It keeps what it saw through
the faults. After the round, `check` compares that with what the server has (`soak_reference.py`).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flue_client_ext import BackoffOptions, FlueApiError, FlueConnectionError

from . import soak_reference

PATIENT = BackoffOptions(initial_delay=1e-3, max_delay=2e-2, max_retries=None)
DEADLINE = 600.0
"""Seconds for a call or a stream: none may hang."""
START_SECONDS = 10.0
"""For the start of a run: it is not repeated, and may meet a stall."""
THROUGH = {"backoff_options": PATIENT, "timeout": DEADLINE}
MESSAGES = 8
"""Of a conversation."""
LIVE: tuple[Any, ...] = ("long-poll", "sse", "auto")
LONG_RUNS = (("flood", {"n": 150, "bytes": 20}), ("ticker", {"n": 30, "ms": 4}))
WORKFLOWS: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "beta.5": LONG_RUNS,
    "beta.9": (("summarize", {"text": "one two three four"}),),
    "local": LONG_RUNS,
}
AGENT = "echo"
AGENTS = ("2.1.0", "local")


class Unit:
    """Works with clients of the servers behind the faults, until it need not go on."""

    def __init__(
        self, faulty: Mapping[str, Any], servers: Mapping[str, str], goes_on: Callable[[], bool]
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._faulty, self._servers, self._goes_on = faulty, servers, goes_on
        self._checks: list[Callable[[], None]] = []

    def check(self) -> None:
        """Compare all that was seen with what the servers have, which answer at once now."""
        for check in self._checks:
            check()
        self._checks.clear()

    def compare(self, what: str, kind: str, seen: list[Any], there: list[Any]) -> None:
        """Compare what came, in its order, with what the server has."""
        self.counts[kind] += len(there)
        if seen != there:
            times, expected = Counter(map(repr, seen)), Counter(map(repr, there))
            self.counts["lost"] += (expected - times).total()
            self.counts["twice"] += (times - expected).total()
            self.wrong.append(f"{what}: {len(seen)} {kind} seen, {len(there)} there")


class Reader(Unit):
    """Reads runs, each in several modes: one that goes on, then one that has ended."""

    async def work(self, name: str) -> None:
        chance = random.Random(name)
        while self._goes_on():
            server = chance.choice(list(WORKFLOWS))
            workflow, input = chance.choice(WORKFLOWS[server])
            self.counts["starts"] += 1
            self.counts[f"starts on {server}"] += 1
            try:
                run = await self._faulty[server].workflows.invoke(
                    workflow, input=input, timeout=START_SECONDS
                )
            except (FlueConnectionError, FlueApiError):  # a start has no key to repeat it by
                self.counts["starts without an answer"] += 1
                continue
            seen = {
                live: await self._read(server, run.run_id, live)
                for live in (*chance.sample(LIVE, len(LIVE)), False)
            }
            self._checks.append(partial(self._compare, server, run.run_id, workflow, input, seen))

    def _compare(
        self,
        server: str,
        run_id: str,
        workflow: str,
        input: Mapping[str, Any],
        seen: Mapping[Any, list[Any]],
    ) -> None:
        there = soak_reference.events(self._servers[server], run_id)
        if (workflow, input) in LONG_RUNS:
            logs = sum(event["type"] == "log" for event in there)
            indexes = [event["eventIndex"] for event in there]
            if logs != input["n"] or indexes != list(range(len(there))):
                self.wrong.append(f"{server} {run_id}: the server has {logs} logs, {indexes}")
        for live, events in seen.items():
            self.compare(f"{server} {run_id} {live}", "events", events, there)

    async def _read(self, server: str, run_id: str, live: Any) -> list[Any]:
        stream = self._faulty[server].runs.stream(run_id, live=live, **THROUGH)
        seen = [event.to_dict() async for event in stream]
        self.counts["runs read"] += 1
        self.counts["reconnects"] += stream.stats.reconnects
        return seen


class Sender(Unit):
    """Sends messages, and reads updates or replies; a conversation after another."""

    async def work(self, name: str) -> None:
        chance = random.Random(name)
        while self._goes_on():
            server, live = chance.choice(AGENTS), chance.choice(LIVE)
            id = f"{name}-{self.counts['conversations']}"
            conversation = self._faulty[server].agents.conversation(AGENT, id)
            texts = [f"{id} {number}" for number in range(MESSAGES)]
            seen: list[Any] = []
            if chance.random() < 0.25:
                await self._ask(conversation, texts, live)
            else:
                seen = await self._follow(conversation, texts, live, chance)
            self.counts["conversations"] += 1
            self._checks.append(partial(self._compare, server, id, live, texts, seen))

    def _compare(self, server: str, id: str, live: Any, texts: list[str], seen: list[Any]) -> None:
        what, url = f"{server} {id} {live}", self._servers[server]
        self.compare(what, "messages", soak_reference.messages(url, AGENT, id), texts)
        if seen:
            there = soak_reference.updates(url, AGENT, id)
            settled = sum(update["type"] == "submission-settled" for update in there)
            if settled != MESSAGES:
                self.wrong.append(f"{what}: the server has {settled} settlements")
            self.compare(what, "updates", seen, there[: len(seen)])

    async def _ask(self, conversation: Any, texts: list[str], live: Any) -> None:
        for text in texts:
            reply = await conversation.ask(text, live=live, **THROUGH)
            self.counts["sends"] += 1
            self.compare(conversation.url, "replies", [reply.text], [f"You said: {text}"])

    async def _follow(
        self, conversation: Any, texts: list[str], live: Any, chance: random.Random
    ) -> list[Any]:
        """Send a message or a few, and read updates until they are settled; and so on."""
        stream = conversation.updates(live=live, **THROUGH)
        seen: list[Any] = []
        open_ids: set[str] = set()
        for text in texts:
            sent = await conversation.send(text, **THROUGH)
            self.counts["sends"] += 1
            self.counts["sends answered as repeated"] += bool(sent.deduplicated)
            open_ids.add(sent.submission_id)
            while open_ids and (text == texts[-1] or chance.random() < 0.9):
                update = await anext(stream)
                seen.append(update.to_dict())
                if update.type == "submission-settled":
                    open_ids.discard(update.submission_id)
        self.counts["reconnects"] += stream.stats.reconnects
        await stream.aclose()
        return seen
