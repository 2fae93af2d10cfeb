"""What a share of the soak does all the time: it reads runs, and it talks in conversations.

Each unit is a coroutine, in the blocking world too (`blocking.py`). It compares what it saw through
the faults with what the server has, which it reads past them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from flue_client_ext import BackoffOptions, FlueApiError, FlueConnectionError

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
AGENTS = ("2.1.0", "local")


class Tally:
    """What one unit saw."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []

    def compare(self, what: str, kind: str, seen: list[Any], there: list[Any]) -> None:
        """Compare what came, in its order, with what the server has."""
        self.counts[kind] += len(there)
        if seen != there:
            times, expected = Counter(map(repr, seen)), Counter(map(repr, there))
            self.counts["lost"] += (expected - times).total()
            self.counts["twice"] += (times - expected).total()
            self.wrong.append(f"{what}: {len(seen)} {kind} seen, {len(there)} there")


class Unit:
    """Works with clients of the servers behind the faults, and asks them directly what is right."""

    def __init__(
        self, faulty: Mapping[str, Any], direct: Mapping[str, Any], goes_on: Callable[[], bool]
    ) -> None:
        self.tally = Tally()
        self._faulty, self._direct, self._goes_on = faulty, direct, goes_on


class Reader(Unit):
    """Reads runs, each in several modes: one that goes on, then one that has ended."""

    async def work(self, name: str) -> None:
        chance = random.Random(name)
        while self._goes_on():
            server = chance.choice(list(WORKFLOWS))
            workflow, input = chance.choice(WORKFLOWS[server])
            try:
                run = await self._faulty[server].workflows.invoke(
                    workflow, input=input, timeout=START_SECONDS
                )
            except (FlueConnectionError, FlueApiError):  # a start has no key to repeat it by
                self.tally.counts["starts without an answer"] += 1
                continue
            seen = {
                live: await self._read(server, run.run_id, live)
                for live in (*chance.sample(LIVE, len(LIVE)), False)
            }
            whole = await self._direct[server].runs.events(run.run_id, **THROUGH)
            there = [event.to_dict() for event in whole]
            for live, events in seen.items():
                self.tally.compare(f"{server} {run.run_id} {live}", "events", events, there)

    async def _read(self, server: str, run_id: str, live: Any) -> list[Any]:
        stream = self._faulty[server].runs.stream(run_id, live=live, **THROUGH)
        seen = [event.to_dict() async for event in stream]
        self.tally.counts["runs read"] += 1
        self.tally.counts["reconnects"] += stream.stats.reconnects
        return seen


class Talker(Unit):
    """Sends messages, and reads updates or replies; a conversation after another."""

    async def work(self, name: str) -> None:
        chance = random.Random(name)
        while self._goes_on():
            server, live = chance.choice(AGENTS), chance.choice(LIVE)
            id = f"{name}-{self.tally.counts['conversations']}"
            talk = self._faulty[server].agents.conversation("echo", id)
            direct = self._direct[server].agents.conversation("echo", id)
            texts = [f"{id} {number}" for number in range(MESSAGES)]
            if chance.random() < 0.25:
                await self._ask(talk, texts, live)
            else:
                await self._follow(talk, direct, texts, live, chance)
            self.tally.counts["conversations"] += 1
            messages = (await direct.history(**THROUGH)).messages
            said = [message.parts[0].text for message in messages if message.role == "user"]
            self.tally.compare(f"{server} {id} {live}", "messages", said, texts)

    async def _ask(self, talk: Any, texts: list[str], live: Any) -> None:
        for text in texts:
            reply = await talk.ask(text, live=live, **THROUGH)
            self.tally.counts["sends"] += 1
            self.tally.compare(talk.url, "replies", [reply.text], [f"You said: {text}"])

    async def _follow(
        self, talk: Any, direct: Any, texts: list[str], live: Any, chance: random.Random
    ) -> None:
        """Send a message or a few, and read updates until they are settled; and so on."""
        stream = talk.updates(live=live, **THROUGH)
        seen: list[Any] = []
        open_ids: set[str] = set()
        for text in texts:
            sent = await talk.send(text, **THROUGH)
            self.tally.counts["sends"] += 1
            self.tally.counts["sends answered as repeated"] += bool(sent.deduplicated)
            open_ids.add(sent.submission_id)
            while open_ids and (text == texts[-1] or chance.random() < 0.9):
                update = await anext(stream)
                seen.append(update.to_dict())
                if update.type == "submission-settled":
                    open_ids.discard(update.submission_id)
        self.tally.counts["reconnects"] += stream.stats.reconnects
        await stream.aclose()
        there = [update.to_dict() async for update in direct.updates(live=False, **THROUGH)]
        self.tally.compare(f"{talk.url} {live}", "updates", seen, there[: len(seen)])
