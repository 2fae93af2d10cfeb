"""The same runs read by upstream's own TypeScript SDK: the same events, the same final offset."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from flue_client_ext import FlueClient
from tests.servers.flue import FlueServer
from tests.servers.sdk import SdkMode, SdkRead, sdk_read
from tests.worlds import World

from .reading import dicts

INPUTS: dict[str, Any] = {
    "research": None,
    "flood": {"n": 330},
    "unicode": {"bytes": 3000},
    "fail": {"message": "no"},
}
LIVE: dict[SdkMode, Any] = {"stream-false": False, "stream-longpoll": True, "stream-sse": "sse"}
MODES: tuple[SdkMode, ...] = ("events", *LIVE)
STARTS: dict[str, dict[str, Any]] = {
    "all": {},
    "-1": {"offset": "-1"},
    "now": {"offset": "now"},
    "a tail of 1": {"tail": 1},
    "a tail of 150": {"tail": 150},
    "a saved offset": {"offset": "saved"},
    "a saved offset and a tail": {"offset": "saved", "tail": 2},
}
CASES = [
    *((run, mode, "all") for run in INPUTS for mode in MODES),
    *(("flood", mode, start) for mode in MODES for start in STARTS if start != "all"),
]


@pytest.fixture(scope="module")
def runs(genuine: FlueServer) -> dict[str, str]:
    """A finished run of each workflow."""
    started: dict[str, str] = {}
    with FlueClient(genuine.url, token=None) as client:
        for name, input in INPUTS.items():
            options = {} if input is None else {"input": input}
            started[name] = client.workflows.invoke(name, **options).run_id
            for _ in client.runs.stream(started[name]):
                pass
    return started


@pytest.fixture(scope="module")
def starts(genuine: FlueServer, runs: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The options of each start; the saved offset is that behind the first page of `flood`."""
    url = f"{genuine.url}/runs/{runs['flood']}?offset=-1"
    saved = httpx.get(url, trust_env=False).headers["stream-next-offset"]
    given = {name: dict(options) for name, options in STARTS.items()}
    for options in given.values():
        if options.get("offset") == "saved":
            options["offset"] = saved
    return given


@pytest.fixture(scope="module")
def upstream(
    genuine: FlueServer, runs: dict[str, str], starts: dict[str, dict[str, Any]]
) -> Iterator[dict[tuple[str, SdkMode, str], SdkRead]]:
    """What the SDK has read, in every case."""

    def read(case: tuple[str, SdkMode, str]) -> SdkRead:
        run, mode, start = case
        return sdk_read(genuine.url, runs[run], mode, **starts[start])

    with ThreadPoolExecutor(4) as pool:
        yield dict(zip(CASES, pool.map(read, CASES), strict=True))


def test_every_read_is_that_of_upstream(
    any_world: World,
    genuine: FlueServer,
    runs: dict[str, str],
    starts: dict[str, dict[str, Any]],
    upstream: dict[tuple[str, SdkMode, str], SdkRead],
) -> None:
    client = any_world.client(genuine.url)
    for (run, mode, start), theirs in upstream.items():
        if mode == "events":
            events = client.runs.events(runs[run], **starts[start])
            assert dicts(events) == theirs.events, (run, mode, start)
            continue
        stream = client.runs.stream(runs[run], live=LIVE[mode], **starts[start])
        assert dicts(stream) == theirs.events, (run, mode, start)
        assert stream.offset == theirs.offset, (run, mode, start)


def test_the_comparison_is_not_empty(
    upstream: dict[tuple[str, SdkMode, str], SdkRead],
) -> None:
    sizes = {case: len(read.events) for case, read in upstream.items()}
    assert sizes["flood", "events", "all"] == sizes["flood", "stream-sse", "-1"] == 332
    assert sizes["flood", "stream-sse", "a tail of 150"] == 150
    assert sizes["flood", "stream-longpoll", "a saved offset and a tail"] == 232
    assert sizes["flood", "stream-longpoll", "now"] == 0
    assert sizes["research", "events", "all"] > 30


@pytest.mark.parametrize(("mode", "live"), [("stream-longpoll", True), ("stream-sse", "sse")])
def test_a_run_that_both_follow_while_it_goes_on(
    any_world: World, genuine: FlueServer, mode: SdkMode, live: Any
) -> None:
    client = any_world.client(genuine.url)
    run = client.workflows.invoke("ticker", input={"n": 120, "ms": 5}).run_id
    with ThreadPoolExecutor(1) as pool:
        theirs = pool.submit(sdk_read, genuine.url, run, mode)
        stream = client.runs.stream(run, live=live)
        ours = dicts(stream)
        assert ours == theirs.result().events
        assert stream.offset == theirs.result().offset
