"""A genuine server that crashes and comes back while its runs are followed."""

from __future__ import annotations

import asyncio
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from flue_client_ext import AsyncFlueClient, BackoffOptions, FlueApiError, FlueClient
from tests.servers.flue import FlueServer

from .reading import Reader, dicts

PATIENT = BackoffOptions(initial_delay=0.02, max_delay=0.2, max_retries=None)


def test_streams_go_on_after_the_server_has_crashed_and_come_back(tmp_path: Path) -> None:
    options: dict[str, Any] = {"backoff_options": PATIENT}
    with (
        FlueServer(database=tmp_path / "runs.sqlite3") as server,
        FlueClient(server.url, token=None) as client,
    ):
        old = client.workflows.run("flood", input={"n": 250}).run_id
        expected = dicts(client.runs.events(old))
        open_run = client.workflows.invoke("gate", input={"key": "crash"}).run_id
        followers = [
            client.runs.stream(open_run, live=live, **options)
            for live in ("long-poll", "sse", "auto")
        ]
        readers = [Reader(stream) for stream in followers]
        assert all(reader.wait_items(2) for reader in readers)
        halves = [client.runs.stream(old, live=live, **options) for live in (True, "sse", False)]
        begun = [dicts(islice(stream, 50)) for stream in halves]

        server.restart(crash=True)

        rest = [dicts(stream) for stream in halves]
        assert [one + two for one, two in zip(begun, rest, strict=True)] == [expected] * 3
        server.recover(open_run)
        for reader, stream in zip(readers, followers, strict=True):
            types = [event.type for event in reader.join(60)]
            assert types[:2] == ["run_start", "log"]
            assert types[-1] == "run_end"
            assert types.count("run_start") == types.count("log") == 1
            assert stream.stats.reconnects >= 1
        assert asyncio.run(final_offset(server.url, open_run)) == followers[0].offset


async def final_offset(url: str, run: str) -> str:
    async with AsyncFlueClient(url, token=None) as client:
        stream = client.runs.stream(run)
        async for _ in stream:
            pass
        return stream.offset


def test_a_run_that_the_server_has_lost_is_an_error() -> None:
    with FlueServer() as server, FlueClient(server.url, token=None) as client:
        run = client.workflows.invoke("gate", input={"key": "lost"}).run_id
        readers = [
            Reader(client.runs.stream(run, live=live, backoff_options=PATIENT))
            for live in ("long-poll", "sse")
        ]
        assert all(reader.wait_items(2) for reader in readers)
        server.restart(crash=True)
        for reader in readers:
            with pytest.raises(FlueApiError) as caught:
                reader.join(60)
            assert (caught.value.status, caught.value.type) == (404, "run_not_found")
            assert caught.value.run_id == run
