"""This client with the conversations of agents; `run` is the path of one.

Readers that catch up return how many updates they were handed, or how many made the state that
they were handed.
"""

from __future__ import annotations

import time
from typing import Any

from benchmarks.peers.clients import async_client, client, on_loop
from benchmarks.peers.crowd import resident
from flue_client_ext import AsyncConversation, Conversation, ConversationState, Reply


def _conversation(url: str, run: str) -> Conversation:
    return client(url).agents.conversation(path=run)


def _async_conversation(url: str, run: str) -> AsyncConversation:
    return async_client(url).agents.conversation(path=run)


def _place(state: ConversationState) -> int:
    """How many updates of a replayed conversation have made this state."""
    return int((state.offset or "_0").split("_")[1])


def _length(run: str) -> int:
    """How many updates a replayed conversation has."""
    return int(run.rpartition("/")[2])


def updates(url: str, run: str) -> int:
    count = 0
    for _ in _conversation(url, run).updates(live=False):
        count += 1
    return count


def async_updates(url: str, run: str) -> int:
    async def read() -> int:
        count = 0
        async for _ in _async_conversation(url, run).updates(live=False):
            count += 1
        return count

    return on_loop(read)


def observe(url: str, run: str) -> int:
    return _place(_tail_state(url, run))


def _tail_state(url: str, run: str) -> ConversationState:
    with _conversation(url, run).observe() as states:
        return next(state for state in states if _place(state) == _length(run))


def async_observe(url: str, run: str) -> int:
    async def read() -> int:
        async with _async_conversation(url, run).observe() as states:
            async for state in states:
                if _place(state) == _length(run):
                    return _place(state)
        return 0

    return on_loop(read)


def memory_of_updates(url: str, run: str) -> list[int]:
    """Read all updates; return the process's memory at every tenth of them."""
    sizes, tenth = [resident()], _length(run) // 10
    for seen, _ in enumerate(_conversation(url, run).updates(live=False), start=1):
        if seen % tenth == 0:
            sizes.append(resident())
    return sizes


def memory_of_state(url: str, run: str) -> tuple[int, int]:
    """Observe until the tail; return by how many bytes the process has grown then, and how many
    messages the state has."""
    before = resident()
    with _conversation(url, run).observe() as states:
        state = next(state for state in states if _place(state) == _length(run))
        return resident() - before, len(state.messages)


def asks(url: str, run: str, times: int, live: Any = True) -> list[int]:
    """Ask so many times, each in a conversation of its own; return the nanoseconds of each."""
    taken = []
    for number in range(times):
        conversation = _conversation(url, f"{run}-{number}")
        began = time.perf_counter_ns()
        reply = conversation.ask("hello", live=live)
        taken.append(time.perf_counter_ns() - began)
        _check(reply)
    return taken


def asks_sse(url: str, run: str, times: int) -> list[int]:
    return asks(url, run, times, "sse")


def async_asks(url: str, run: str, times: int, live: Any = True) -> list[int]:
    async def read() -> list[int]:
        taken = []
        for number in range(times):
            conversation = _async_conversation(url, f"{run}-{number}")
            began = time.perf_counter_ns()
            reply = await conversation.ask("hello", live=live)
            taken.append(time.perf_counter_ns() - began)
            _check(reply)
        return taken

    return on_loop(read)


def async_asks_sse(url: str, run: str, times: int) -> list[int]:
    return async_asks(url, run, times, "sse")


def _check(reply: Reply) -> None:
    if reply.text != "You said: hello":
        raise RuntimeError(f"the agent said {reply.text!r}")
