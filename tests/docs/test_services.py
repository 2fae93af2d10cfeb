"""The blocks of `docs/services.md` and `docs/observability.md`: scripts, a service, tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from flue_client_ext import FlueClient
from flue_client_ext.testing import LocalFlue, demo_server, faults

from .blocks import DOCS, blocks

SERVICES = DOCS / "services.md"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalFlue]:
    """A server on which the pages' conversation has begun."""
    server = demo_server(delta_hold=0)
    with server.run() as url, FlueClient(url) as client:
        client.agents.conversation("assistant", "ticket-42").ask("hello")
        monkeypatch.setenv("FLUE_BASE_URL", url)
        yield server
    server.close()


def module(mark: str) -> dict[str, Any]:
    """The names that the one block with this mark defines."""
    (block,) = [block for block in blocks(SERVICES) if block.mark == mark]
    names: dict[str, Any] = {"__name__": mark}
    exec(compile(block.code, f"{mark}.py", "exec"), names)
    return names


def test_the_service_accepts_answers_and_says_what_has_failed(server: LocalFlue) -> None:
    app = module("app")["app"]

    async def browse() -> None:
        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://service") as browser,
        ):
            asked = await browser.post("/tickets/t-1/questions", params={"question": "6 * 7"})
            assert asked.status_code == 202
            answer = await browser.get(f"/tickets/t-1/answers/{asked.json()['submission']}")
            assert answer.json()["text"].endswith("The answer is 42.")
            server.inject(faults.Status(401))
            refused = await browser.get("/tickets/t-1/answers/any")
            assert (refused.status_code, refused.json()) == (502, {"detail": "FlueApiError"})

    asyncio.run(asyncio.wait_for(browse(), 60))


def test_the_tasks_send_once_and_read(server: LocalFlue) -> None:
    names = module("tasks")
    send, read = names["send"], names["read"]
    names["app"].conf.task_always_eager = True
    once = {"args": ("t-2", "What is 6 * 7?"), "task_id": "task-1"}
    admissions = [send.apply(**once).get() for _ in range(2)]
    assert len(server.submission_ids("assistant", "t-2")) == 1
    for admission in admissions:
        assert read.apply((admission, "t-2")).get()["text"].endswith("The answer is 42.")
    names["flue"]().close()
