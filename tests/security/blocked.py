"""An error that comes while a request is being sent: a signal handler's, or a cancellation."""

from __future__ import annotations

import select
import signal
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import anyio

from tests.unary.support import failure
from tests.worlds import World

from .canary import CANARY, Texts

LONG = "x" * (12 << 20)
"""Longer than what two sockets hold of what nobody reads."""
LIMIT = 10.0


class Interrupted(Exception):
    """What a signal handler raises, as that of a job queue's soft time limit does."""


def shown_while_it_is_sent(world: World) -> str:
    texts = Texts()
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as stack:
        listener.settimeout(LIMIT)

        def wait_for_it() -> None:
            peer, _ = listener.accept()
            stack.callback(peer.close)
            assert select.select([peer], [], [], LIMIT)[0]

        client = world.client(
            f"http://127.0.0.1:{listener.getsockname()[1]}",
            token=f"t-{CANARY}",
            headers={"X-Api-Key": f"k-{CANARY}"},
        )
        interrupt = _cancelled if world.is_async else _signalled
        error = interrupt(world, client.workflows, wait_for_it)
    frames = {frame.name for frame in traceback.extract_tb(error.__traceback__)}
    assert "perform" in frames, frames
    texts.error(error)
    return texts.check()


def _signalled(_: World, workflows: Any, wait_for_it: Callable[[], None]) -> BaseException:
    main = threading.get_ident()

    def interrupt() -> None:
        wait_for_it()
        signal.pthread_kill(main, signal.SIGUSR1)

    with _raising():
        thread = threading.Thread(target=interrupt, daemon=True)
        thread.start()
        error = failure(workflows.invoke, "w", input=LONG)
        thread.join(LIMIT)
    assert isinstance(error, Interrupted), error
    return error


@contextmanager
def _raising() -> Iterator[None]:
    def interrupt(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def _cancelled(world: World, workflows: Any, wait_for_it: Callable[[], None]) -> BaseException:
    caught: list[BaseException] = []

    async def invoke() -> None:
        try:
            await workflows.real.invoke("w", input=LONG)
        except BaseException as error:
            caught.append(error)
            raise

    async def interrupted() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(invoke)
            await anyio.to_thread.run_sync(wait_for_it)
            group.cancel_scope.cancel()

    assert world.portal is not None
    world.portal.call(interrupted)
    return caught[0]
