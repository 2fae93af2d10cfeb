"""The same runs read by upstream's own TypeScript SDK: the same events, the same final offset."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from flue_client_ext import FlueClient
from tests.servers.flue import FlueServer
from tests.servers.sdk import SdkMode, SdkRead, sdk_read
from tests.worlds import NAMES, World, world

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
Case = tuple[str, SdkMode, str]
CASES: list[Case] = [
    *((run, mode, "all") for run in INPUTS for mode in MODES if mode != "stream-false"),
    *(("flood", mode, start) for mode in MODES for start in STARTS if start not in ("all", "-1")),
    ("flood", "stream-false", "all"),
    ("flood", "stream-sse", "-1"),
]


def finished_runs(genuine: FlueServer) -> dict[str, str]:
    """A finished run of each workflow."""
    started: dict[str, str] = {}
    with FlueClient(genuine.url, token=None) as client:
        for name, input in INPUTS.items():
            options = {} if input is None else {"input": input}
            started[name] = client.workflows.invoke(name, **options).run_id
            for _ in client.runs.stream(started[name]):
                pass
    return started


def starts(genuine: FlueServer, run: str) -> dict[str, dict[str, Any]]:
    """The options of each start; the saved offset is that after the first page of `run`."""
    answer = httpx.get(f"{genuine.url}/runs/{run}?offset=-1", trust_env=False)
    given = {name: dict(options) for name, options in STARTS.items()}
    for options in given.values():
        if options.get("offset") == "saved":
            options["offset"] = answer.headers["stream-next-offset"]
    return given


def test_every_read_is_that_of_upstream(genuine: FlueServer) -> None:
    runs = finished_runs(genuine)
    options = starts(genuine, runs["flood"])

    def read(case: Case) -> SdkRead:
        run, mode, start = case
        return sdk_read(genuine.url, runs[run], mode, **options[start])

    with ThreadPoolExecutor(4) as pool:
        theirs = dict(zip(CASES, pool.map(read, CASES), strict=True))
    for name in NAMES:
        with world(name) as entered:
            client = entered.client(genuine.url, token=None)
            for case in CASES:
                events, offset = our_read(client, runs[case[0]], case[1], options[case[2]])
                assert events == theirs[case].events, (name, case)
                assert offset == theirs[case].offset, (name, case)
    sizes = {case: len(read.events) for case, read in theirs.items()}
    assert sizes["flood", "events", "all"] == sizes["flood", "stream-sse", "-1"] == 332
    assert sizes["flood", "stream-sse", "a tail of 150"] == 150
    assert sizes["flood", "stream-longpoll", "a saved offset and a tail"] == 232
    assert sizes["flood", "stream-longpoll", "now"] == 0
    assert sizes["research", "events", "all"] > 30


def our_read(
    client: Any, run: str, mode: SdkMode, options: dict[str, Any]
) -> tuple[list[Any], str | None]:
    if mode == "events":
        return dicts(client.runs.events(run, **options)), None
    stream = client.runs.stream(run, live=LIVE[mode], **options)
    return dicts(stream), stream.offset


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
