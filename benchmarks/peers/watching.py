"""This client while it observes conversations that live; `run` is the path of one."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.peers.clients import async_client, client, on_loop
from benchmarks.peers.crowd import Crowd, names
from flue_client_ext import AsyncConversation, Conversation, ConversationState


def _conversation(url: str, run: str) -> Conversation:
    return client(url).agents.conversation(path=run)


def _async_conversation(url: str, run: str) -> AsyncConversation:
    return async_client(url).agents.conversation(path=run)


class _Words:
    """When each of the `last` words of an answer has come that begin with `mark`."""

    def __init__(self, mark: str, last: int) -> None:
        self.times: list[int] = []
        self._mark = mark
        self._last = last

    def take(self, state: ConversationState) -> bool:
        """Note the words that are new in `state`; return whether that are all."""
        come = _text(state).count(self._mark)
        self.times += [time.monotonic_ns()] * (come - len(self.times))
        return come == self._last


def _text(state: ConversationState) -> str:
    """The text of the last message."""
    parts = state.messages[-1].to_dict()["parts"] if state.messages else []
    return "".join(part["text"] for part in parts if part["type"] == "text")


def watch(url: str, run: str, mark: str, last: int) -> list[int]:
    """Observe an answer until it has `last` words that begin with `mark`; return when each came."""
    words = _Words(mark, last)
    with _conversation(url, run).observe() as states:
        for state in states:
            if words.take(state):
                break
    return words.times


def async_watch(url: str, run: str, mark: str, last: int) -> list[int]:
    async def read() -> list[int]:
        words = _Words(mark, last)
        async with _async_conversation(url, run).observe() as states:
            async for state in states:
                if words.take(state):
                    break
        return words.times

    return on_loop(read)


class _Stamps:
    """Hands the stamps of one live answer on, each once: its text is stamps."""

    def __init__(self, noted: Crowd, number: int) -> None:
        self._noted = noted
        self._number = number
        self._taken = 0

    def take(self, state: ConversationState) -> bool:
        """Return whether the answer is at its end."""
        stamps = _text(state).split()
        for stamp in stamps[self._taken :]:
            self._noted.take(self._number, int(stamp))
        self._taken = len(stamps)
        return bool(state.settlements)


def crowd(url: str, prefix: str, size: int, plan: str) -> dict[str, Any]:
    """Observe `size` live conversations at once on one event loop."""
    noted = Crowd(size)

    async def follow(number: int, name: str) -> None:
        stamps = _Stamps(noted, number)
        async with _async_conversation(url, f"agents/{name}").observe() as states:
            async for state in states:
                if stamps.take(state):
                    break

    async def read() -> None:
        runs = names(prefix, size, plan)
        await asyncio.gather(*(follow(number, name) for number, name in enumerate(runs)))

    on_loop(read)
    return noted.report()


def threads(url: str, prefix: str, size: int, plan: str) -> dict[str, Any]:
    """Observe `size` live conversations at once, each in a thread of its own."""
    noted, lock = Crowd(size), threading.Lock()

    def follow(number: int, name: str) -> None:
        stamps = _Stamps(noted, number)
        with _conversation(url, f"agents/{name}").observe() as states:
            for state in states:
                with lock:
                    ended = stamps.take(state)
                if ended:
                    break

    with ThreadPoolExecutor(size) as pool:
        list(pool.map(follow, range(size), names(prefix, size, plan)))
    return noted.report()
