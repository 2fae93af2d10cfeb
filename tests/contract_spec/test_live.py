"""Every answer that the genuine server can be made to give fits openapi.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract_spec.fixtures import answers_fit_the_contract
from tests.contract_spec.test_document import EVENT_TYPES
from tests.contract_spec.validation import validate_response
from tests.servers.flue import FlueServer
from tests.servers.http import client_of

__all__ = ["answers_fit_the_contract"]

WORKFLOWS: dict[str, dict[str, Any]] = {
    "bare": {},
    "compaction": {},
    "echo": {"json": {"any": ["json", None, 1.5, "é世🎉"]}},
    "fail": {"json": {}},
    "flood": {"json": {"n": 350}},
    "operations": {},
    "research": {},
    "summarize": {"json": {"text": "hello big wide world"}},
    "unicode": {"json": {}},
}
NOT_EMITTED = {"run_resume", "submission_settled"}

BAD_READS: list[dict[str, Any]] = [
    {"tail": 0},
    {"tail": -1},
    {"tail": "1.5"},
    {"tail": ["1", "2"]},
    {"offset": ["-1", "now"]},
    {"offset": "5"},
    {"offset": ""},
    {"live": "sse"},
    {"offset": "-1", "live": "forever"},
]
BAD_INVOCATIONS: list[tuple[str, dict[str, Any], int]] = [
    ("echo?wait=foo", {}, 400),
    ("echo", {"content": "{", "headers": {"content-type": "application/json"}}, 400),
    ("echo", {"data": {"a": "b"}}, 415),
    ("echo", {"content": "5"}, 415),
    ("nope", {}, 404),
    ("%20", {}, 400),
    ("bare", {"json": None, "content": "1", "headers": {"content-type": "application/json"}}, 500),
    ("summarize", {"json": {}}, 500),
    ("summarize?wait=result", {"json": {}}, 500),
    ("fail?wait=result", {"json": {}}, 500),
]


@pytest.fixture
def api(genuine: FlueServer) -> Iterator[httpx.Client]:
    with client_of(genuine.url, timeout=60) as client:
        yield client


def ended_run(api: httpx.Client, workflow: str) -> str:
    """Start a run and wait for its end."""
    run = str(api.post(f"/workflows/{workflow}", **WORKFLOWS[workflow]).json()["runId"])
    read_stream(api, run)
    return run


def read_stream(api: httpx.Client, run: str, **params: Any) -> None:
    params = {"offset": "-1", "live": "sse", **params}
    answer = api.get(f"/runs/{run}", params=params)
    assert answer.text.endswith('"streamClosed":true}\n\n')


def read_pages(api: httpx.Client, run: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    offset = "-1"
    while True:
        answer = api.get(f"/runs/{run}", params={"offset": offset, **params})
        if answer.status_code == 204:
            return found
        found += answer.json()
        offset = answer.headers["stream-next-offset"]
        if "stream-up-to-date" in answer.headers:
            return found


def test_every_view_of_every_kind_of_run_fits(api: httpx.Client) -> None:
    types: set[str] = set()
    for workflow, input_ in WORKFLOWS.items():
        run = ended_run(api, workflow)
        pages = read_pages(api, run)
        assert read_pages(api, run, live="long-poll") == pages
        types |= {event["type"] for event in pages}
        read_stream(api, run, offset="now")
        read_stream(api, run, tail=3)
        assert api.get(f"/runs/{run}?meta").json()["runId"] == run
        assert api.head(f"/runs/{run}").status_code == 200
        assert api.post(f"/workflows/{workflow}?wait=result", **input_).status_code in (200, 500)
    assert types == EVENT_TYPES - NOT_EMITTED


def test_an_active_run_and_one_that_was_resumed_fit(api: httpx.Client, genuine: FlueServer) -> None:
    key = uuid4().hex
    run = api.post("/workflows/gate", json={"key": key}).json()["runId"]
    genuine.emit(key, count=2)
    assert api.get(f"/runs/{run}?meta").json()["status"] == "active"
    head = api.head(f"/runs/{run}").headers["stream-next-offset"]
    for offset in ("-1", "now", head):
        assert "stream-closed" not in api.get(f"/runs/{run}", params={"offset": offset}).headers
    genuine.recover(run)
    assert "run_resume" in [event["type"] for event in read_pages(api, run)]


def test_reads_at_and_beyond_the_end_fit(api: httpx.Client) -> None:
    run = ended_run(api, "bare")
    end = api.head(f"/runs/{run}").headers["stream-next-offset"]
    for offset in ("now", end, "0000000000000000_0000000000009999"):
        assert api.get(f"/runs/{run}", params={"offset": offset}).json() == []
        read_stream(api, run, offset=offset)
        polled = api.get(f"/runs/{run}", params={"offset": offset, "live": "long-poll"})
        assert polled.status_code == 204


def test_an_unchanged_history_fits(api: httpx.Client) -> None:
    run = ended_run(api, "echo")
    tag = api.get(f"/runs/{run}").headers["etag"]
    again = api.get(f"/runs/{run}", headers={"If-None-Match": tag})
    assert again.status_code == 304


@pytest.mark.parametrize("params", BAD_READS, ids=str)
def test_a_refused_read_fits(api: httpx.Client, params: dict[str, Any]) -> None:
    assert api.get(f"/runs/{ended_run(api, 'bare')}", params=params).status_code == 400


@pytest.mark.parametrize(("target", "arguments", "status"), BAD_INVOCATIONS)
def test_a_refused_invocation_fits(
    api: httpx.Client, target: str, arguments: dict[str, Any], status: int
) -> None:
    assert api.post(f"/workflows/{target}", **arguments).status_code == status


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reads_of_a_run_that_does_not_exist_or_is_not_readable_fit(
    api: httpx.Client, method: str
) -> None:
    hidden = api.post("/workflows/hidden").json()["runId"]
    for run in (hidden, "run_nope"):
        for query in ("", "?meta", "?offset=-1&live=sse"):
            assert api.request(method, f"/runs/{run}{query}").status_code == 404


def test_the_refusal_of_a_method_fits(api: httpx.Client) -> None:
    run = ended_run(api, "bare")
    for method, path, template in (
        ("DELETE", f"/runs/{run}", "/runs/{runId}"),
        ("GET", "/workflows/echo", "/workflows/{name}"),
    ):
        answer = api.request(method, path)
        described = "GET" if method == "DELETE" else "POST"
        validate_response(described, template, 405, answer.headers, None, answer.content)
        assert answer.status_code == 405
