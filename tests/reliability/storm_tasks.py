"""Tasks that are cancelled: by asyncio's own cancellation, and by scopes on trio."""

from __future__ import annotations

import asyncio
import time
import warnings
from typing import Any

import anyio
import httpx

from flue_client_ext import AsyncFlueClient

from .leaks import PATIENCE
from .options import Broken
from .storm_calls import ENDED, Clients, Plan, Seen, Target, conversation

TASKS = 16


def cancel_tasks(backend: str, target: Target, plans: list[Plan], seen: Seen, limit: float) -> None:
    """Carry out `plans`, many at once; all must be done `limit` seconds after the last cut."""
    with warnings.catch_warnings():
        # httpx leaves the iterator over a request's body to the collector where it is cancelled.
        message = "Async generator 'httpx._content.ByteStream.__aiter__' was garbage collected"
        warnings.filterwarnings("ignore", message, ResourceWarning)
        anyio.run(_storm, target, plans, seen, limit, backend == "asyncio", backend=backend)


async def _storm(target: Target, plans: list[Plan], seen: Seen, limit: float, native: bool) -> None:
    clients = target.clients(AsyncFlueClient, httpx.AsyncClient)
    await conversation(clients, "begun").ask("Hello")
    cut_off = _by_task if native else _by_scope
    limiter = anyio.CapacityLimiter(TASKS)
    with anyio.fail_after(sum(plan.after for plan in plans) + limit):
        async with anyio.create_task_group() as group:
            for plan in plans:
                group.start_soon(_one, limiter, cut_off, clients, plan, seen)
    if native and (left := await _left()):
        raise Broken(f"tasks are left: {left}")
    assert (await clients.runs.runs.get(target.run_id)).status == "active"
    assert (await conversation(clients, "afterwards").ask("6 * 7")).text.endswith("42.")
    await clients.runs.aclose()
    await clients.agents.aclose()
    if clients.own:
        await clients.own.aclose()


async def _left() -> set[asyncio.Task[Any] | None]:
    """Return the tasks that do not end: what closes an exchange of httpx may take a moment."""
    until = time.monotonic() + PATIENCE
    while (left := asyncio.all_tasks() - {asyncio.current_task()}) and time.monotonic() < until:
        await anyio.sleep(0.002)
    return {*left}


async def _one(
    limiter: anyio.CapacityLimiter, cut_off: Any, clients: Clients, plan: Plan, seen: Seen
) -> None:
    async with limiter:
        began = time.monotonic()
        cancelled = await cut_off(clients, plan)
        late = time.monotonic() - began - plan.after
    seen.add("cancelled" if cancelled else ENDED, late)


async def _by_task(clients: Clients, plan: Plan) -> bool:
    task = asyncio.create_task(_exhaust(clients, plan))
    asyncio.get_running_loop().call_later(plan.after, task.cancel)
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
    return task.cancelled()


async def _by_scope(clients: Clients, plan: Plan) -> bool:
    with anyio.move_on_after(plan.after) as scope:
        await _exhaust(clients, plan)
    return scope.cancelled_caught


async def _exhaust(clients: Clients, plan: Plan) -> None:
    result = plan.call(clients, plan.name, {})
    if hasattr(result, "__anext__"):
        async with result:
            async for _ in result:
                pass
    else:
        await result
